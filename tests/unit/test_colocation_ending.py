"""Servers come and go: each end frees what nobody else needs, the last one leaves nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.drivers.network import AccessPort, TrunkMember, Vlan, Wish
from provisioner.errors import Conflict
from provisioner.facts.colocation import ServerRecord
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.planner import Subject
from provisioner.services.colocation.ending import off_plan
from provisioner.texts import render
from tests.unit.colocation_world import CORE, NUMBER, TOP, inventory, made, made_or_full, planning
from tests.unit.wifi_world import NOW, Campus, ledger

STANDING = {
    CORE: (Vlan(140, "KOLOKASI"), TrunkMember("Gi1/0/24", 140), AccessPort("Gi1/0/9", 7, "x")),
    TOP: (Vlan(99, "LAIN"),),
}


def removed(plan: Plan) -> set[tuple[str, str]]:
    wishes = plan.steps[0].params["wishes"]
    assert not any(Wish.from_json(w).present for its in wishes.values() for w in its)
    return {(h, Wish.from_json(w).intent.key) for h, its in wishes.items() for w in its}


def test_the_end_takes_away_what_was_added_and_asks_for_the_server() -> None:
    on = made()
    off = off_plan(Plan.from_json(on.to_json()), NUMBER, Ledger(), at=NOW)
    assert removed(off) == {
        (TOP, "vlan 140"), (TOP, "port Gi1/0/1"), (TOP, "trunk Gi1/0/24 vlan 140"),
        (CORE, "vlan 140"), (CORE, "trunk Gi1/0/1 vlan 140"), (CORE, "trunk Gi1/0/24 vlan 140"),
    }  # fmt: skip
    assert [step.key for step in off.steps] == [
        "network.change", "colocation.take_out", "colocation.prove_gone",
    ]  # fmt: skip
    change, manual, gone = (step.params for step in off.steps)
    assert change["tolerant"] is True
    assert change["waves"] == [[TOP], [CORE]]
    assert [point["key"] for point in manual["checklist"]] == ["off", "out", "returned"]
    assert gone["address"] == "10.10.40.22"
    assert off.claims == ()
    assert off.objects == {}
    for text in (off.summary, *(step.title for step in off.steps)):
        assert render(text, "id") != render(text, "en")


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False), st.booleans())
def test_in_whatever_order_they_come_and_go_the_last_leaves_nothing(
    chance: Any, by_hand: bool
) -> None:
    campus = Campus()
    for name, objects in STANDING.items() if by_hand else ():
        campus.put(name, *objects)
    before = campus.snapshot()
    standing: dict[str, Plan] = {}
    coming = [f"COL-2026-{index:04}" for index in range(4)]
    while coming or standing:
        if coming and (not standing or chance.random() < 0.6):
            number = coming.pop()
            feeds = chance.choice((1, 2))
            plan = made_or_full(
                campus, number, ledger(*standing.items()), server_name=f"s{len(coming)}",
                power_feeds=feeds, watts=100,
            )  # fmt: skip
            if plan is None:
                continue
            campus.carry_out(plan)
            standing[number] = plan
        else:
            number = chance.choice(sorted(standing))
            plan = standing.pop(number)
            campus.carry_out(off_plan(plan, number, ledger(*standing.items()), at=NOW))
        for number, plan in standing.items():
            for host, wishes in plan.steps[0].params["wishes"].items():
                for wish in map(Wish.from_json, wishes):
                    assert wish.holds(campus.objects[host].get(wish.intent.key)), (number, host)
    assert campus.snapshot() == before


def record(**changes: Any) -> ServerRecord:
    on = made()
    base = ServerRecord(
        "colocation-1", NUMBER, "dinkes", "simpeg", ended=False,
        ends_at=NOW + timedelta(days=10), plan=on.to_json(),
    )  # fmt: skip
    return replace(base, **changes)


def act(stands: ServerRecord | None, department: str = "dinkes", **details: Any) -> Plan:
    servers = {stands.id: stands} if stands else {}
    service = planning(servers=servers)
    asked = Subject("COL-2026-0009", department, {"instance": "colocation-1", **details})
    return service.plan(asked, service.read(asked), Ledger())


def test_an_extension_moves_the_end_and_nothing_else() -> None:
    plan = act(record(), action="extend", until="2027-06-30")
    (step,) = plan.steps
    assert step.kind == "instance.extend"
    assert step.params == {
        "instance": "colocation-1", "before": "2026-12-02T01:00:00Z",
        "ends_at": "2027-06-30T17:00:00Z",
    }  # fmt: skip
    assert plan.claims == ()
    assert planning().objections(plan) == ()


def test_the_end_by_request_names_instance_and_request() -> None:
    plan = act(record(), action="end", confirm="simpeg")
    assert plan.choices["instance"] == "colocation-1"
    assert plan.choices["ends"] == NUMBER
    assert len(removed(plan)) == 6


@pytest.mark.parametrize(
    ("stands", "details", "word"),
    [
        (None, {"action": "end", "confirm": "simpeg"}, "no server"),
        (record(department="dinsos"), {"action": "end", "confirm": "simpeg"}, "no server"),
        (record(ended=True), {"action": "end", "confirm": "simpeg"}, "already"),
        (record(), {"action": "end", "confirm": "simpeg2"}, "typed"),
        (record(ends_at=None), {"action": "extend", "until": "2027-06-30"}, "no end"),
        (record(), {"action": "extend", "until": "2026-12-01"}, "anyway"),
    ],
)
def test_what_cannot_be_done_is_told(
    stands: ServerRecord | None, details: dict[str, Any], word: str
) -> None:
    with pytest.raises(Conflict) as caught:
        act(stands, **details)
    assert caught.value.slug == "not-plannable"
    assert word in render(caught.value.what, "en")
    assert render(caught.value.what, "id") != render(caught.value.what, "en")


def test_the_last_day_counts_whole() -> None:
    plan = made(until=date(2027, 6, 30).isoformat())
    assert plan.choices["ends_at"] == "2027-06-30T17:00:00Z"  # midnight in Jakarta
    assert inventory().office.zone.key == "Asia/Jakarta"
