"""What counts as a difference on a device, and what the plan that settles it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provisioner.drivers.network import (
    AccessPort,
    Host,
    Intent,
    RateLimit,
    Reading,
    Scope,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.errors import Conflict, Retriable
from provisioner.plans.model import Plan, Step
from provisioner.services.network_findings import (
    NetworkFinding,
    NetworkRecord,
    network_findings,
    standing_of,
    state,
)
from provisioner.services.network_settling import SettleFacts, parse_settle, plan_settle
from provisioner.texts import render, say

NUMBER = "NET-2026-0001"
MARK = f"PROV-{NUMBER}"
SWITCH, ROUTER = "sw-smp-1", "rt-core-1"
VLAN = Vlan(412, MARK)
TRUNK = TrunkMember("GigabitEthernet1/0/24", 412)
PORT = AccessPort("GigabitEthernet1/0/5", 412, f"{MARK} smp-1")
SCOPE = Scope(NUMBER, 412, "ether5", "10.40.12.1/24", "10.40.12.10", "10.40.12.200")
RATE = RateLimit(NUMBER, 412, "10.40.12.0/24", 50, 50)
WISHED = {SWITCH: (VLAN, TRUNK, PORT), ROUTER: (SCOPE, RATE)}
HOSTS = {name: Host(name, "cisco_ios", frozenset(), name, 22, "u") for name in WISHED}


def plan_of(
    wishes: Mapping[str, Sequence[Wish]], expected: Mapping[str, Mapping[str, Intent | None]]
) -> Plan:
    params: dict[str, Any] = {
        "mark": NUMBER,
        "wishes": {host: [wish.to_json() for wish in its] for host, its in wishes.items()},
        "expected": {
            host: {wish.intent.key: state(expected.get(host, {}).get(wish.intent.key))
                   for wish in its}
            for host, its in wishes.items()
        },
        "waves": [[SWITCH], [ROUTER]],
    }  # fmt: skip
    step = Step("network.change", "network.change", say("x"), "smp-1", "network", params)
    return Plan("internet", {}, {}, say("x"), (step,), (), (), 1)


def record(**before: Intent) -> NetworkRecord:
    """``before``: what stood at the switch before us, by kind."""
    expected = {SWITCH: {each.key: each for each in before.values()}}
    made = plan_of({host: [Wish(i) for i in its] for host, its in WISHED.items()}, expected)
    return NetworkRecord(
        "site-1", NUMBER, "dinkes", "internet", "SMP 1", False, None,
        standing_of(NUMBER, [made]), {}, "NET-2026-0007",
    )  # fmt: skip


def reading(host: str, *gone: Intent, **instead: Intent) -> Reading:
    objects: dict[str, Intent | None] = {each.key: each for each in WISHED[host]}
    objects |= dict.fromkeys(each.key for each in gone)
    objects |= {each.key: each for each in instead.values()}
    return Reading(host, host, datetime.now(UTC), objects)


def found(*answers: Reading, of: NetworkRecord | None = None) -> dict[str, NetworkFinding]:
    by_host = {each.host: each for each in answers}
    return {one.key: one for one in network_findings(of or record(), by_host)}


def settle(facts: SettleFacts, how: str, *what: str, department: str = "dinkes") -> Plan:
    details = parse_settle(
        {"action": "settle", "instance": "site-1", "how": how, "what": list(what),
         "reason": "Disepakati"}
    )  # fmt: skip
    return plan_settle(department, details, facts, HOSTS)


def test_what_stands_gives_nothing_and_only_what_was_read_is_judged() -> None:
    assert found(reading(SWITCH), reading(ROUTER)) == {}
    assert set(found(reading(ROUTER, SCOPE))) == {f"{ROUTER} scope {NUMBER}"}


def test_missing_changed_and_taken() -> None:
    slower = replace(RATE, down_mbps=10)
    cctv = replace(PORT, vlan=77, description="CCTV gerbang")
    differences = found(reading(SWITCH, TRUNK, port=cctv), reading(ROUTER, SCOPE, rate=slower))
    assert {key: (one.kind, sorted(one.ways)) for key, one in differences.items()} == {
        f"{SWITCH} {TRUNK.key}": ("missing", ["accept", "restore"]),
        f"{SWITCH} {PORT.key}": ("taken", ["accept"]),
        f"{ROUTER} {SCOPE.key}": ("missing", ["accept", "restore"]),
        f"{ROUTER} {RATE.key}": ("changed", ["accept", "restore"]),
    }
    assert "10 Mbit/s" in render(differences[f"{ROUTER} {RATE.key}"].found, "en")
    assert [one.severity for one in differences.values()][-1] == "medium"


def test_a_difference_that_reads_the_same_is_told_apart() -> None:
    away = replace(SCOPE, nat=False)
    (one,) = found(reading(ROUTER, scope=away)).values()
    assert "nat=False" in render(one.found, "en")
    assert "nat=True" in render(one.expected, "en")


def test_a_vlan_that_another_request_of_ours_named_is_no_difference() -> None:
    assert found(reading(SWITCH, vlan=Vlan(412, "PROV-NET-2026-0002"))) == {}
    (one,) = found(reading(SWITCH, vlan=Vlan(412, "CCTV"))).values()
    assert one.kind == "taken"


def test_what_stood_before_us_is_restored_with_a_caution() -> None:
    theirs = Vlan(412, "OPD")
    stood = record(vlan=theirs)
    made = standing_of(NUMBER, [plan_of({SWITCH: [Wish(theirs)]}, {SWITCH: {theirs.key: theirs}})])
    stood = replace(stood, standing=made)
    (one,) = found(reading(SWITCH, theirs), of=stood).values()
    assert one.caution
    plan = settle(SettleFacts(stood, {SWITCH: reading(SWITCH, theirs)}), "restore", one.key)
    assert [risk.level for risk in plan.risks] == ["medium"]


def test_later_plans_count_before_earlier_ones() -> None:
    faster = replace(RATE, down_mbps=100)
    first = plan_of({host: [Wish(i) for i in its] for host, its in WISHED.items()}, {})
    second = plan_of(
        {ROUTER: [Wish(faster)], SWITCH: [Wish(TRUNK, present=False)]}, {ROUTER: {RATE.key: RATE}}
    )
    standing = standing_of(NUMBER, [first, second])
    assert [wish.intent for wish in standing.wishes[ROUTER]] == [SCOPE, faster]
    assert [wish.intent for wish in standing.wishes[SWITCH]] == [VLAN, PORT]
    assert standing.before[ROUTER][RATE.key] is None, "still ours"
    assert standing.waves == ((SWITCH,), (ROUTER,))


def test_restore_is_the_same_change_with_what_does_not_hold() -> None:
    answers = {SWITCH: reading(SWITCH, VLAN, TRUNK), ROUTER: reading(ROUTER, SCOPE)}
    keys = [f"{ROUTER} {SCOPE.key}", f"{SWITCH} {TRUNK.key}", f"{SWITCH} {VLAN.key}"]
    until = datetime.now(UTC) + timedelta(days=3)
    facts = SettleFacts(replace(record(), ends_at=until), answers)
    plan = settle(facts, "restore", *keys)
    (step,) = plan.steps
    params = step.params
    assert params["waves"] == [[SWITCH], [ROUTER]]
    wished = [Wish.from_json(wish).intent for wish in params["wishes"][SWITCH]]
    assert wished == [VLAN, TRUNK], "the VLAN before its trunk"
    assert params["expected"] == {
        SWITCH: {VLAN.key: None, TRUNK.key: None}, ROUTER: {SCOPE.key: None},
    }  # fmt: skip
    assert (params["mark"], params["key_of"], params["key_before"]) == (
        NUMBER, "NET-2026-0007", "NET-2026-0007",
    )  # fmt: skip
    assert params["ends_at"] == until.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert plan.claims == ()
    assert settle(facts, "restore", *reversed(keys)).digest == plan.digest
    one = settle(facts, "restore", keys[0])
    assert list(one.steps[0].params["wishes"]) == [ROUTER]


def test_a_device_without_a_timer_is_a_risk() -> None:
    bare = replace(reading(SWITCH, VLAN), no_timer=say("no archive"))
    plan = settle(SettleFacts(record(), {SWITCH: bare}), "restore", f"{SWITCH} {VLAN.key}")
    assert "high" in [risk.level for risk in plan.risks]


def test_what_cannot_be_settled_is_refused() -> None:
    answers = {SWITCH: reading(SWITCH, VLAN)}
    facts, key = SettleFacts(record(), answers), f"{SWITCH} {VLAN.key}"
    with pytest.raises(Conflict):
        settle(facts, "restore", key, department="dindik")
    with pytest.raises(Conflict):
        settle(SettleFacts(None), "restore", key)
    with pytest.raises(Conflict):
        settle(replace(facts, record=replace(record(), ended=True)), "restore", key)
    with pytest.raises(Conflict):
        settle(facts, "restore", f"{SWITCH} {PORT.key}")
    silent = Retriable(say("No answer."), meaning=say("?"), next=say("Wait."))
    with pytest.raises(Conflict):
        settle(SettleFacts(record(), {SWITCH: silent}), "accept", f"{SWITCH} silent")
