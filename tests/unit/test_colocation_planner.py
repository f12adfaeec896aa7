"""A place in the data centre: never given twice, named when there is none, kept when pinned."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.drivers.network import AccessPort, TrunkMember, Vlan, Wish
from provisioner.errors import Retriable
from provisioner.plans.claims import HeldClaim, Ledger
from provisioner.plans.model import Plan
from provisioner.texts import render, say
from tests.unit.colocation_world import (
    CENTRE,
    CORE,
    NUMBER,
    TOP,
    Seat,
    hosts,
    inventory,
    made,
    made_or_full,
    planning,
    refused,
)
from tests.unit.wifi_world import Campus, host, ledger

PORT = "Gi1/0/1"
OURS = AccessPort(PORT, 140, f"PROV-{NUMBER} simpeg")


def claims(plan: Plan) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for claim in plan.claims:
        found.setdefault(claim.kind, []).append((claim.scope, claim.key))
    return found


def wishes(plan: Plan) -> dict[str, list[Any]]:
    step = plan.steps[0]
    return {h: [Wish.from_json(w).intent for w in its] for h, its in step.params["wishes"].items()}


def test_a_server_gets_units_feeds_port_and_address() -> None:
    plan = made()
    assert plan.choices == {
        "server": "simpeg", "rack": "r1", "units": [5, 6], "feeds": ["A", "B"],
        "switch": TOP, "port": PORT, "network": "colo-1", "address": "10.10.40.22",
        "path": [f"{TOP}:Gi1/0/24", f"{CORE}:Gi1/0/1", f"{CORE}:Gi1/0/24", "rt-core-1:ether5"],
        "ends_at": None,
    }  # fmt: skip
    assert [step.key for step in plan.steps] == [
        "network.change", "colocation.rack", "colocation.prove", "colocation.hand_over",
    ]  # fmt: skip
    found = claims(plan)
    assert found["rack_unit"] == [("r1", "05"), ("r1", "06")]
    assert found["rack_power"] == [("r1/A", NUMBER), ("r1/B", NUMBER)]
    assert found["switch_port"] == [(TOP, PORT)]
    assert found["address"] == [("colo-1", "10.10.40.22")]
    vlan = Vlan(140, "PROV-colo-1")
    assert wishes(plan) == {
        TOP: [vlan, OURS, TrunkMember("Gi1/0/24", 140)],
        CORE: [vlan, TrunkMember("Gi1/0/1", 140), TrunkMember("Gi1/0/24", 140)],
    }
    assert plan.steps[0].params["waves"] == [[TOP], [CORE]]
    assert Plan.from_json(plan.to_json()).digest == plan.digest == made().digest
    address = next(claim for claim in plan.claims if claim.kind == "address")
    assert address.amounts == {"quarantine_hours": 48}


@pytest.mark.parametrize(
    ("changes", "units"),
    [
        ({"units": 1}, [5]),
        ({"units": 4}, [5, 6, 7, 8]),
        ({"weight_kg": 25}, [3, 4]),
        ({"weight_kg": None, "units": 3}, [3, 4, 5]),
        ({"weight_kg": None, "units": 2}, [5, 6]),
    ],
)
def test_heavy_servers_go_low_and_leave_the_rest_to_light_ones(
    changes: dict[str, Any], units: list[int]
) -> None:
    assert made(**changes).choices["units"] == units


def test_light_servers_take_low_units_when_nothing_else_is_free() -> None:
    taken = [HeldClaim("rack_unit", "r1", f"{unit:02}", "COL-1") for unit in range(5, 12)]
    assert made(books=Ledger(tuple(taken))).choices["units"] == [3, 4]


def test_one_feed_is_the_one_with_most_left() -> None:
    assert made(power_feeds=1).choices["feeds"] == ["A"]
    drawn = HeldClaim("rack_power", "r1/A", "COL-1", "COL-1", amounts={"watts": 900})
    plan = made(power_feeds=1, books=Ledger((drawn,)))
    assert plan.choices["feeds"] == ["B"]
    assert any("one power feed" in str(risk.text) for risk in plan.risks)


def test_the_next_rack_is_taken_when_one_lacks_something() -> None:
    drawn = HeldClaim("rack_power", "r1/B", "COL-1", "COL-1", amounts={"watts": 1300})
    assert made(power_feeds=1, watts=1000, data=inventory(max_watts=1000)).choices["rack"] == "r1"
    books = Ledger((drawn,))
    assert made(power_feeds=1, watts=300, books=books).choices["rack"] == "r1"
    told = refused("no-capacity", books=books)
    assert "r1: 300 watts are not left" in told
    assert "r2: 300 watts are not left" in told  # it has one feed only
    ports = tuple(HeldClaim("switch_port", TOP, f"Gi1/0/{n}", "COL-9") for n in (1, 2, 3))
    second = made(power_feeds=1, books=Ledger(ports))
    assert (second.choices["rack"], second.choices["port"]) == ("r2", "Gi1/0/7")
    assert "COL-9" in refused("no-capacity", books=Ledger(ports))


def test_a_port_in_use_is_passed_over() -> None:
    campus = Campus()
    campus.put(TOP, AccessPort(PORT, 1, "milik orang"))
    campus.problems[TOP] = {
        "port Gi1/0/2": say("it is a VTP client: VLANs are made on its VTP server")
    }
    assert made(campus).choices["port"] == "Gi1/0/3"
    campus.put(TOP, AccessPort("Gi1/0/3", 140, "PROV-COL-2026-0007 lain"))
    told = refused("no-capacity", campus=campus)
    assert "milik orang" in told
    assert "VTP" in told
    own = Campus()
    own.put(TOP, OURS)
    assert made(own).steps[0].params["expected"][TOP][OURS.key] is None


def test_a_switch_that_does_not_answer_does_not_stop_the_others() -> None:
    away = Retriable(say("no connection"), meaning=say("done"), next=say("done"))
    campus = Campus(failures={TOP: away})
    assert made(campus, power_feeds=1).choices["rack"] == "r2"
    assert "does not answer" in refused("no-capacity", campus=campus)
    pinned = made().choices
    with pytest.raises(Retriable):
        made(campus, pinned=pinned)
    with pytest.raises(Retriable):
        made(Campus(failures={TOP: away, CORE: away}))


def test_no_way_to_the_router_is_named() -> None:
    centre = {**CENTRE, "links": CENTRE["links"][1:]}
    devices = hosts()
    assert made(data=inventory(centre), devices=devices, power_feeds=1).choices["rack"] == "r2"
    told = refused("no-capacity", data=inventory(centre), devices=devices)
    assert TOP in told
    alone = {**centre, "racks": {"r1": CENTRE["racks"]["r1"]}}
    assert "no cable" in refused("not-plannable", data=inventory(alone), devices=devices)
    assert "racks" in refused("not-plannable", data=inventory({**CENTRE, "racks": {}}))
    assert "vyos" in refused(
        "not-plannable",
        data=inventory({**CENTRE, "racks": {"r1": CENTRE["racks"]["r1"]}}),
        devices={**devices, TOP: host(TOP, platform="vyos")},
    )


def test_pinned_choices_are_kept_or_named() -> None:
    first = made()
    taken = Ledger((HeldClaim("rack_unit", "r1", "03", "COL-2"),))
    assert made(books=taken, pinned=first.choices).digest == first.digest
    for claim in first.claims[:6]:
        if claim.kind == "device_object":
            continue
        amounts = {"watts": 1500} if claim.kind == "rack_power" else {}
        held = HeldClaim(claim.kind, claim.scope, "x" if amounts else claim.key, "COL-2", False,
                         amounts)  # fmt: skip
        refused("plan-changed", books=Ledger((held,)), pinned=first.choices)
    told = refused("plan-changed", pinned=first.choices, seat=Seat({"10.10.40.22": "icmp"}))
    assert "icmp" in told
    gone = inventory({**CENTRE, "racks": {"r2": CENTRE["racks"]["r2"]}})
    assert "r1" in refused("plan-changed", pinned=first.choices, data=gone)


def test_a_stranger_at_the_address_is_an_objection() -> None:
    plan = made()
    (objection,) = planning(seat=Seat({"10.10.40.22": "tcp/443"})).objections(plan)
    assert (objection.claim.kind, objection.how) == ("address", "tcp/443")
    assert planning().objections(plan) == ()
    resting = HeldClaim("address", "colo-1", "10.10.40.22", "COL-3", quarantine=True)
    assert made(books=Ledger((resting,))).choices["address"] == "10.10.40.23"
    full = tuple(HeldClaim("address", "colo-1", f"10.10.40.{n}", "x") for n in range(22, 40))
    assert "no free address" in refused("no-capacity", books=Ledger(full))


def test_a_vlan_of_somebody_else_is_left_as_it_stands() -> None:
    campus = Campus()
    campus.put(CORE, Vlan(140, "KOLOKASI"), TrunkMember("Gi1/0/24", 140))
    plan = made(campus)
    expected = plan.steps[0].params["expected"][CORE]
    assert expected["vlan 140"]["intent"]["name"] == "KOLOKASI"
    assert expected["trunk Gi1/0/24 vlan 140"] is not None
    assert expected["trunk Gi1/0/1 vlan 140"] is None
    objects = {(c.scope, c.amounts["object"]) for c in plan.claims if c.kind == "device_object"}
    assert (CORE, "trunk Gi1/0/1 vlan 140") in objects
    assert (CORE, "vlan 140") not in objects
    campus.carry_out(plan)
    second = made(campus, "COL-2026-0002", ledger((NUMBER, plan)), server_name="dua")
    shared = {(c.scope, c.amounts["object"]) for c in second.claims if c.kind == "device_object"}
    assert (CORE, "trunk Gi1/0/1 vlan 140") in shared
    assert second.steps[0].params["expected"][CORE]["trunk Gi1/0/1 vlan 140"] is not None


def test_another_servers_run_in_between_changes_nothing() -> None:
    campus = Campus()
    first = made(campus)
    second = made(campus, "COL-2026-0002", ledger((NUMBER, first)))
    campus.carry_out(first)
    again = made(campus, "COL-2026-0002", ledger((NUMBER, first)), pinned=second.choices)
    assert again.digest == second.digest


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.integers(1, 4), st.integers(50, 800), st.sampled_from((1, 2)),
            st.one_of(st.none(), st.integers(1, 60)), st.booleans(),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_many_requests_never_overlap(asked: list[tuple[int, int, int, int | None, bool]]) -> None:
    """Whatever is asked, released and asked again: no unit, port or address twice, no feed over."""
    standing: dict[str, Plan] = {}
    for index, (units, watts, feeds, weight, leaves) in enumerate(asked):
        number = f"COL-2026-{index:04}"
        plan = made_or_full(
            number=number, books=ledger(*standing.items()),
            units=units, watts=watts, power_feeds=feeds, weight_kg=weight,
        )  # fmt: skip
        if plan is None:
            continue
        assert len(plan.choices["units"]) == units
        assert len(plan.choices["feeds"]) == feeds
        if leaves and standing:
            standing.pop(next(iter(standing)))
        standing[number] = plan
        everything = [
            (c.kind, c.scope, c.key)
            for held in standing.values()
            for c in held.claims
            if c.kind in ("rack_unit", "switch_port", "address")
        ]
        assert len(everything) == len(set(everything))
        assert not {("rack_unit", "r1", unit) for unit in ("01", "02", "12")} & set(everything)
        racks = inventory().network.racks
        for name, rack in racks.items():
            for feed, limit in rack.feeds.items():
                drawn = sum(
                    c.amounts["watts"]
                    for held in standing.values()
                    for c in held.claims
                    if c.kind == "rack_power" and c.scope == f"{name}/{feed}"
                )
                assert drawn <= limit.budget


def test_the_plan_says_what_changes_in_both_languages() -> None:
    plan = made(delivery_on=None)
    for text in (plan.summary, *(s.title for s in plan.steps), *(r.text for r in plan.risks)):
        assert render(text, "id") != render(text, "en")
    rack = plan.picture["rack"]
    assert rack["chosen"] == [5, 6]
    assert rack["feeds"]["B"] == {"budget": 2200, "now": 700, "after": 1000}
    assert rack["units"] == {"1": "UPS", "2": "UPS", "12": "-"}


def test_a_way_that_carries_no_vlans_is_passed_over() -> None:
    campus = Campus()
    campus.problems[TOP] = {
        "trunk Gi1/0/24 vlan 140": say("%(port)s is not set up as a trunk", port="Gi1/0/24")
    }
    assert made(campus, power_feeds=1).choices["rack"] == "r2"
    campus.problems[CORE] = {
        "trunk Gi1/0/24 vlan 140": say("%(port)s is not set up as a trunk", port="Gi1/0/24")
    }
    told = refused("no-capacity", campus=campus)
    assert "not set up as a trunk" in told
    assert CORE in told
