"""Who gets which event network, name and access point at what time."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.drivers.network import Vlan, Wish
from provisioner.errors import Conflict
from provisioner.plans.model import Plan
from provisioner.services.booking import rfc3339, window_of
from tests.unit.wifi_world import (
    CAMPUS,
    CORE,
    END,
    HOUR,
    START,
    Campus,
    inventory,
    ledger,
    made,
    refused,
)


def test_the_first_free_network_is_taken() -> None:
    other = made(number="WIFI-2026-0002", place="alun-alun")
    plan = made(books=ledger(("WIFI-2026-0002", other)))
    assert (other.choices["network"], plan.choices["network"]) == ("event-1", "event-2")
    first = plan.steps[0].params["wishes"][CORE][0]
    assert Wish.from_json(first) == Wish(Vlan(302, "PROV-WIFI-2026-0001"))


@pytest.mark.parametrize(("gap", "network"), [(14, "event-2"), (15, "event-1")])
def test_a_quarter_of_an_hour_lies_between_two_events(gap: int, network: str) -> None:
    end = START - timedelta(minutes=gap)
    other = made(number="WIFI-2026-0002", starts_at=rfc3339(end - HOUR), ends_at=rfc3339(end))
    books = ledger(("WIFI-2026-0002", other))
    assert made(books=books, ssid="Lain").choices["network"] == network


def test_when_all_networks_are_taken_their_holders_are_named() -> None:
    first = made(number="WIFI-2026-0002", place="alun-alun")
    books = ledger(("WIFI-2026-0002", first))
    second = made(number="WIFI-2026-0003", place="alun-alun", ssid="Lain", books=books)
    both = ledger(("WIFI-2026-0002", first), ("WIFI-2026-0003", second))
    told, extra = refused("no-capacity", books=both)
    assert "event-1: WIFI-2026-0002 (23 Nov 2026 16:00 WIB)" in told
    assert extra["networks"]["event-2"] == [{"request": "WIFI-2026-0003", "until": rfc3339(END)}]


def test_the_same_name_twice_at_one_place_is_refused() -> None:
    books = ledger(("WIFI-2026-0002", made(number="WIFI-2026-0002")))
    told, extra = refused("not-plannable", books=books)
    assert "WIFI-2026-0002" in told
    assert extra["pointer"] == "/details/ssid"
    assert made(books=books, place="alun-alun").choices["network"] == "event-2"
    later: dict[str, Any] = {"starts_at": rfc3339(END + HOUR), "ends_at": rfc3339(END + 2 * HOUR)}
    made(books=books, **later)


def test_a_name_that_a_stranger_announces_is_refused() -> None:
    campus = Campus(announced={"ap-pendopo-2": frozenset({"Festival"})})
    told, extra = refused("not-plannable", campus=campus)
    assert extra["device"] == "ap-pendopo-2"
    assert "not ours" in told
    own = Campus()
    own.carry_out(made(own))
    made(own)


def test_an_access_point_has_only_so_many_events_at_once() -> None:
    campus = {**CAMPUS, "event_networks": {
        f"event-{n}": {"vlan": 300 + n, "cidr": f"10.31.{n}.0/24"} for n in range(1, 9)
    }}  # fmt: skip
    data = inventory(campus, ssids_per_access_point=2)
    plans: list[tuple[str, Plan]] = []
    for n in (2, 3):
        number = f"WIFI-2026-000{n}"
        plans.append((number, made(number=number, data=data, books=ledger(*plans), ssid=f"S{n}")))
    told, extra = refused("no-capacity", data=data, books=ledger(*plans))
    assert "ap-pendopo-1 has 2 events" in told
    assert extra["requests"] == ["WIFI-2026-0002", "WIFI-2026-0003"]
    made(data=data, books=ledger(*plans), place="alun-alun")


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40), st.integers(1, 12), st.sampled_from(["aula-pendopo", "alun-alun"])
        ),
        max_size=8,
    )
)
def test_whatever_is_planned_nobody_shares_a_network(wanted: list[tuple[int, int, str]]) -> None:
    """Quarters of an hour from the first start; what does not fit is refused, never squeezed in."""
    data = inventory(ssids_per_access_point=1)
    quarter = timedelta(minutes=15)
    plans: list[tuple[str, Plan]] = []
    for n, (begin, length, place) in enumerate(wanted):
        times: dict[str, Any] = {
            "starts_at": rfc3339(START + begin * quarter),
            "ends_at": rfc3339(START + (begin + length) * quarter),
        }
        number = f"WIFI-2026-{n + 2:04}"
        try:
            plan = made(
                number=number, data=data, books=ledger(*plans), place=place, ssid=f"S{n}", **times
            )
        except Conflict as conflict:
            if conflict.slug != "no-capacity":
                raise
            continue
        plans.append((number, plan))
    for (_, one), (_, other) in combinations(plans, 2):
        shared = {c.scope for c in one.claims if c.kind == "event_network"} & {
            c.scope for c in other.claims if c.kind == "event_network"
        }
        apart = window_of(one.claims[0].amounts).meets(window_of(other.claims[0].amounts)) is False
        assert apart or (not shared and one.choices["place"] != other.choices["place"])
