"""Ending and prolonging an event's WiFi: only what is ours goes, and nobody else loses anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.drivers.network import TrunkMember, Vlan, Wish
from provisioner.errors import Conflict
from provisioner.facts.event_wifi import InstanceFacts
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.planner import Subject
from provisioner.services.booking import Bookings, Window, parse_time, rfc3339
from provisioner.services.event_wifi.ending import off_plan
from tests.unit.wifi_world import (
    CORE,
    END,
    HOUR,
    NOW,
    PENDOPO,
    START,
    Campus,
    ledger,
    planning,
    subject,
)

PORTS = {
    CORE: ["GigabitEthernet1/0/1", "GigabitEthernet1/0/24"],
    PENDOPO: ["GigabitEthernet1/0/1", "GigabitEthernet1/0/2", "GigabitEthernet1/0/24"],
}
A, B = "WIFI-2026-0001", "WIFI-2026-0002"


def event(campus: Campus, number: str, books: Ledger, at: datetime = NOW, **changes: Any) -> Plan:
    service = planning(campus)
    asked = subject(number, **changes)
    return service.plan(asked, replace(service.read(asked), at=at), books)


@st.composite
def foreign(draw: st.DrawFn) -> Campus:
    """A campus on which somebody made some of the objects already, and others of no concern."""
    campus = Campus()
    for switch, ports in PORTS.items():
        for vlan in (99, 301, 302):
            if draw(st.booleans()):
                campus.put(switch, Vlan(vlan, draw(st.sampled_from(["ACARA", "default", "X"]))))
            campus.put(switch, *(TrunkMember(p, vlan) for p in ports if draw(st.booleans())))
    return campus


@given(foreign())
def test_on_then_off_leaves_every_foreign_object(campus: Campus) -> None:
    before = campus.snapshot()
    on = event(campus, A, Ledger())
    campus.carry_out(on)
    for name, there in before.items():
        assert {k: v for k, v in campus.objects[name].items() if k in there} == there
    assert all(
        Wish.from_json(wish).holds(campus.objects[name].get(Wish.from_json(wish).intent.key))
        for name, wishes in on.steps[0].params["wishes"].items()
        for wish in wishes
    )
    campus.carry_out(off_plan(on, A, Ledger()))
    assert campus.snapshot() == before


@given(foreign(), st.booleans(), st.booleans(), st.integers(0, 8), st.integers(0, 8))
def test_two_events_at_one_place_never_remove_what_the_other_needs(
    campus: Campus, swap: bool, late_plan: bool, begin: int, length: int
) -> None:
    """Overlapping or one after the other, the second planned before or while the first is on."""
    before = campus.snapshot()
    first = event(campus, A, Ledger())
    times = {
        "starts_at": rfc3339(START + begin * 2 * HOUR),
        "ends_at": rfc3339(START + (begin * 2 + length + 1) * HOUR),
    }
    books = ledger((A, first))
    if late_plan:
        campus.carry_out(first)
    at = START if late_plan else NOW
    second = event(campus, B, books, at, ssid="Lain", **times)
    if not late_plan:
        campus.carry_out(first)
    overlap = begin * 2 <= 8
    if not overlap:
        campus.carry_out(off_plan(first, A, ledger((B, second))))
        campus.carry_out(second)
        assert all_stand(campus, second)
        campus.carry_out(off_plan(second, B, Ledger()))
        assert campus.snapshot() == before
        return
    campus.carry_out(second)
    order = [(A, first), (B, second)][:: -1 if swap else 1]
    (one, ending), (other, staying) = order
    campus.carry_out(off_plan(ending, one, ledger((other, staying)), at=START + HOUR))
    assert all_stand(campus, staying)
    campus.carry_out(off_plan(staying, other, Ledger()))
    assert campus.snapshot() == before


def all_stand(campus: Campus, plan: Plan) -> bool:
    return all(
        wish.intent.key in campus.objects[name]
        for name, wishes in plan.steps[0].params["wishes"].items()
        for wish in map(Wish.from_json, wishes)
    )


def test_an_end_made_up_for_late_leaves_what_the_next_event_uses() -> None:
    """An access point or switch was dead at the end; the next event has the network by now."""
    campus = Campus()
    first = event(campus, A, Ledger())
    campus.carry_out(first)
    later: dict[str, Any] = {
        "starts_at": rfc3339(END + HOUR), "ends_at": rfc3339(END + 3 * HOUR),
    }  # fmt: skip
    second = event(campus, B, ledger((A, first)), START + HOUR, **later)
    assert second.choices["network"] == first.choices["network"]
    campus.carry_out(second)
    late = off_plan(first, A, ledger((B, second)), at=END + 2 * HOUR)
    assert list(late.steps[0].params["wishes"]) == ["ap-pendopo-1", "ap-pendopo-2"]
    assert late.steps[1].params["announced_by_others"] == ["ap-pendopo-1", "ap-pendopo-2"]
    campus.carry_out(late)
    assert all_stand(campus, second)
    punctual = off_plan(first, A, ledger((B, second)))
    assert CORE in punctual.steps[0].params["wishes"]
    assert punctual.steps[1].params["announced_by_others"] == []


def test_the_off_plan_is_tolerant_and_takes_the_vlan_last() -> None:
    on = event(Campus(), A, Ledger())
    off = off_plan(on, A, Ledger())
    change, prove = off.steps
    assert (change.kind, prove.kind) == ("network.change", "wifi.prove_off")
    assert change.params["tolerant"] is True
    assert change.params["waves"] == on.steps[0].params["waves"]
    assert list(change.params["expected"][CORE])[-1] == "vlan 301"
    assert set(change.params["expected"][CORE].values()) == {None}
    assert not any(w["present"] for ws in change.params["wishes"].values() for w in ws)
    assert (off.claims, off.objects) == ((), {})
    assert Plan.from_json(off.to_json()).digest == off.digest
    assert all(c.after is None and c.before is not None for c in change.changes)


# ---------------------------------------------------------------- actions


def instance(plan: Plan, **changes: Any) -> InstanceFacts:
    ends_at = parse_time(str(plan.choices["ends_at"]))
    return replace(InstanceFacts("i-1", A, "dinkominfo", False, ends_at, plan.to_json()), **changes)


def act(
    stands: InstanceFacts | None,
    books: Ledger,
    details: Mapping[str, Any],
    pinned: Mapping[str, Any] | None = None,
) -> Plan:
    service = planning(Campus(), instances={"i-1": stands} if stands else {})
    asked = Subject("WIFI-2026-0007", "dinkominfo", details)
    return service.plan(asked, replace(service.read(asked), at=START + HOUR), books, pinned)


def extend(hours: float) -> dict[str, Any]:
    return {"action": "extend", "instance": "i-1", "ends_at": rfc3339(END + hours * HOUR)}


def test_an_extension_touches_no_device_and_claims_the_added_time() -> None:
    on = event(Campus(), A, Ledger())
    books = ledger((A, on))
    plan = act(instance(on), books, extend(2))
    (step,) = plan.steps
    assert (step.kind, step.params) == (
        "wifi.extend",
        {"instance": "i-1", "ends_at": rfc3339(END + 2 * HOUR)},
    )
    assert len(plan.claims) == len(on.claims)
    for claim in plan.claims:
        assert (claim.amounts["from"], claim.amounts["to"]) == (
            rfc3339(END), rfc3339(END + 2 * HOUR),
        )  # fmt: skip
        assert claim.amounts["for"] == A
    assert act(instance(on), books, extend(2), plan.choices).digest == plan.digest
    both = ledger((A, on), ("WIFI-2026-0007", plan))
    around = Window(END - HOUR, END + HOUR)
    assert len(Bookings(both, ()).most_at_once("ap-pendopo-1", around)) == 1
    off = off_plan(on, A, both, at=END + HOUR)
    assert off.steps[0].params["wishes"].keys() == on.steps[0].params["wishes"].keys()
    with pytest.raises(Conflict) as caught:
        event(Campus(), B, both, starts_at=rfc3339(END + HOUR), ends_at=rfc3339(END + 2 * HOUR))
    assert caught.value.extra["request"] == "WIFI-2026-0007"


def test_an_extension_into_another_event_is_refused() -> None:
    on = event(Campus(), A, Ledger())
    times: dict[str, Any] = {
        "starts_at": rfc3339(END + HOUR), "ends_at": rfc3339(END + 3 * HOUR),
    }  # fmt: skip
    books = ledger((A, on), (B, event(Campus(), B, ledger((A, on)), ssid="Lain", **times)))
    with pytest.raises(Conflict) as caught:
        act(instance(on), books, extend(1))
    assert (caught.value.slug, caught.value.extra["requests"]) == ("no-capacity", [B])
    act(instance(on), books, extend(0.5))


@pytest.mark.parametrize(
    ("stands", "details", "told"),
    [
        ({}, extend(0), "anyway"),
        ({}, extend(24 * 14), "14 days"),
        ({"ended": True}, extend(1), "ended already"),
        ({"department": "dinkes"}, extend(1), "no WiFi i-1"),
        ({"ended": True}, {"action": "end", "instance": "i-1"}, "ended already"),
    ],
)
def test_actions_that_cannot_be(stands: dict[str, Any], details: dict[str, Any], told: str) -> None:
    on = event(Campus(), A, Ledger())
    with pytest.raises(Conflict) as caught:
        act(instance(on, **stands), ledger((A, on)), details)
    assert (caught.value.slug, told in str(caught.value)) == ("not-plannable", True)


def test_an_early_end_is_the_off_plan_of_that_moment() -> None:
    on = event(Campus(), A, Ledger())
    plan = act(instance(on), ledger((A, on)), {"action": "end", "instance": "i-1"})
    same = off_plan(on, A, Ledger())
    assert plan.steps == same.steps
    assert plan.choices == {**same.choices, "instance": "i-1"}
    details = {"action": "end", "instance": "i-1"}
    assert act(instance(on), ledger((A, on)), details, plan.choices).digest == plan.digest
    with pytest.raises(Conflict):
        act(None, Ledger(), details)


def test_an_end_needs_no_device_to_answer() -> None:
    on = event(Campus(), A, Ledger())
    off = off_plan(on, A, Ledger())
    assert off.expected_seconds == on.expected_seconds
    assert timedelta(0) < timedelta(seconds=off.expected_seconds)
