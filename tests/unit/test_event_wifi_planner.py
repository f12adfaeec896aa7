"""Planning an event's WiFi: what is wished, what is left alone, and what cannot be planned."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provisioner.drivers.network import Reading, Ssid, TrunkMember, Vlan, Wish
from provisioner.errors import Retriable, StepFailure
from provisioner.facts.event_wifi import EventWifiFacts
from provisioner.plans.claims import HeldClaim, Ledger
from provisioner.plans.diff import difference
from provisioner.plans.model import Plan
from provisioner.services.booking import rfc3339
from provisioner.texts import say
from tests.unit.wifi_world import (
    CAMPUS,
    CORE,
    DETAILS,
    END,
    HOUR,
    NOW,
    PENDOPO,
    START,
    Campus,
    host,
    hosts,
    inventory,
    ledger,
    made,
    planning,
    refused,
    subject,
)


def wishes(plan: Plan, name: str) -> list[Wish]:
    return [Wish.from_json(wish) for wish in plan.steps[0].params["wishes"][name]]


def test_every_device_on_the_way_is_wished_what_it_needs_and_no_other() -> None:
    plan = made()
    assert list(plan.steps[0].params["wishes"]) == [
        "ap-pendopo-1", "ap-pendopo-2", "sw-pendopo-1", "sw-core-1",
    ]  # fmt: skip
    assert wishes(plan, CORE) == [
        Wish(Vlan(301, "PROV-WIFI-2026-0001")),
        Wish(TrunkMember("GigabitEthernet1/0/1", 301)),
        Wish(TrunkMember("GigabitEthernet1/0/24", 301)),
    ]
    assert {wish.intent.key for wish in wishes(plan, PENDOPO)} == {
        "vlan 301", "trunk GigabitEthernet1/0/1 vlan 301", "trunk GigabitEthernet1/0/2 vlan 301",
        "trunk GigabitEthernet1/0/24 vlan 301",
    }  # fmt: skip
    ssid = Ssid("WIFI-2026-0001", "Festival", "wpa2-personal", 301, "eth0", True)
    assert wishes(plan, "ap-pendopo-1") == [Wish(ssid)]
    assert plan.steps[0].params["waves"] == [
        ["ap-pendopo-1", "ap-pendopo-2"], [PENDOPO], [CORE],
    ]  # fmt: skip
    assert plan.steps[0].params["tolerant"] is False
    assert [step.kind for step in plan.steps] == ["network.change", "wifi.prove"]
    assert plan.steps[1].params["wishes"] == plan.steps[0].params["wishes"]
    told = {str(change.object) for change in plan.steps[0].changes}
    assert "VLAN 301 on trunk GigabitEthernet1/0/24 of switch sw-core-1" in told


def test_the_claims_tell_what_is_taken_and_when() -> None:
    plan = made()
    network, *objects = plan.claims
    assert (network.kind, network.scope, network.key) == (
        "event_network", "event-1", "WIFI-2026-0001",
    )  # fmt: skip
    assert network.amounts == {
        "from": rfc3339(START), "to": rfc3339(END), "place": "aula-pendopo", "ssid": "Festival",
        "users": 80,
    }  # fmt: skip
    assert {(c.scope, c.key) for c in objects} >= {
        ("sw-core-1", "trunk GigabitEthernet1/0/24 vlan 301 WIFI-2026-0001"),
        ("ap-pendopo-1", "ssid WIFI-2026-0001 WIFI-2026-0001"),
    }
    assert all(c.amounts["from"] == rfc3339(START) for c in objects)


def test_a_plan_survives_its_json_and_is_the_same_for_the_same_world() -> None:
    plan = made()
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))).digest == plan.digest
    assert made(lead=timedelta(seconds=99)).digest == plan.digest
    assert made(pinned=json.loads(json.dumps(plan.choices))).digest == plan.digest


def test_what_stands_already_is_left_as_it_is() -> None:
    campus = Campus()
    trunk = TrunkMember("GigabitEthernet1/0/24", 301)
    campus.put(CORE, Vlan(301, "ACARA"), trunk)
    plan = made(campus)
    assert wishes(plan, CORE)[0] == Wish(Vlan(301, "ACARA"))
    expected = plan.steps[0].params["expected"][CORE]
    assert expected["vlan 301"] == {"kind": "Vlan", "intent": {"id": 301, "name": "ACARA"}}
    assert expected[trunk.key] == {
        "kind": "TrunkMember",
        "intent": {"port": trunk.port, "vlan": 301},
    }
    assert expected["trunk GigabitEthernet1/0/1 vlan 301"] is None
    assert plan.objects[f"{CORE} vlan 301"] == "ACARA"
    claimed = {c.amounts.get("object") for c in plan.claims if c.scope == CORE}
    assert claimed == {"trunk GigabitEthernet1/0/1 vlan 301"}
    assert not any("GigabitEthernet1/0/24 of switch sw-core-1" in str(c.object)
                   for c in plan.steps[0].changes)  # fmt: skip


def test_what_bears_our_mark_counts_as_absent() -> None:
    """An earlier attempt left a VLAN and an SSID; a port without mark may be anybody's."""
    campus = Campus()
    first = made(campus)
    for name, there in (("ap-pendopo-1", 0), (CORE, 0)):
        campus.put(name, wishes(first, name)[there].intent)
    assert made(campus).digest == first.digest
    campus.put(CORE, wishes(first, CORE)[1].intent)
    assert made(campus).digest != first.digest


def test_what_other_requests_of_ours_put_there_counts_as_absent() -> None:
    """Two events one after the other on one network; the first one's VLAN was there before."""
    campus = Campus()
    campus.put(CORE, Vlan(301, "ACARA"))
    early: dict[str, Any] = {
        "ssid": "Pagi",
        "starts_at": rfc3339(NOW - HOUR),
        "ends_at": rfc3339(NOW + HOUR),
    }
    first = made(campus, "WIFI-2026-0002", **early)
    expected = made(campus, data=inventory(only_first())).digest
    campus.carry_out(first)
    books = ledger(("WIFI-2026-0002", first))
    assert made(campus, books=books, data=inventory(only_first())).digest == expected
    foreign = made(campus, data=inventory(only_first()))
    assert foreign.digest != expected, "without the ledger it cannot be told"


def only_first() -> dict[str, Any]:
    return {**CAMPUS, "event_networks": {"event-1": CAMPUS["event_networks"]["event-1"]}}


def test_a_stranger_on_the_trunk_shows_in_the_difference() -> None:
    campus = Campus()
    plan = made(campus)
    campus.put(CORE, Vlan(301, "GUDANG"))
    campus.put(CORE, Vlan(77, "LAIN"), TrunkMember("GigabitEthernet1/0/24", 77))
    changed = made(campus, pinned=plan.choices)
    rows = difference(plan, changed).view("en")["rows"]
    assert {"what": "sw-core-1 vlan 301", "before": None, "after": "GUDANG"} in rows
    assert not any("77" in str(row) for row in rows)
    assert len(rows) == 1


def test_a_port_that_is_no_trunk_is_named_with_its_remedy() -> None:
    key = "trunk GigabitEthernet1/0/1 vlan 301"
    campus = Campus(problems={PENDOPO: {key: say("the node is offline")}})
    told, extra = refused("not-plannable", campus=campus)
    assert extra == {"device": PENDOPO, "port": "GigabitEthernet1/0/1"}
    assert "links of network.yml" in told
    elsewhere = Campus(problems={PENDOPO: {key.replace("301", "302"): say("the node is offline")}})
    made(elsewhere)


def test_an_access_point_speaks_for_the_network_that_it_was_asked_about() -> None:
    """It says that VLAN 301 is in use there: by a stranger, or by an event that is on now."""
    used = {"ssid WIFI-2026-0001": say("the node is offline")}
    campus = Campus(problems={"ap-pendopo-1": used})
    assert refused("not-plannable", campus=campus)[1] == {"device": "ap-pendopo-1"}
    now: dict[str, Any] = {"ssid": "Kini", "starts_at": rfc3339(NOW - HOUR)}
    same = made(number="WIFI-2026-0002", **now, ends_at=rfc3339(END))
    assert made(campus, books=ledger(("WIFI-2026-0002", same))).choices["network"] == "event-2"
    before = made(number="WIFI-2026-0002", **now, ends_at=rfc3339(NOW + HOUR))
    books = ledger(("WIFI-2026-0002", before))
    assert made(campus, books=books).choices["network"] == "event-1"
    assert refused("not-plannable", campus=campus, pinned=made().choices)[1]


def test_a_device_without_a_timer_is_refused_or_a_high_risk() -> None:
    campus = Campus(no_timer={CORE: say("the node is offline")})
    told, extra = refused("not-plannable", campus=campus)
    assert extra == {"device": CORE}
    assert "archive / path flash:prov-archive" in told
    lax = {**hosts(), CORE: host(CORE, dead_man="best_effort")}
    plan = made(campus, devices=lax)
    assert plan.risks[0].level == "high"
    assert CORE in str(plan.risks[0].text)


def test_a_device_that_needs_no_change_needs_no_timer() -> None:
    campus = Campus(no_timer={CORE: say("the node is offline")})
    ports = (TrunkMember("GigabitEthernet1/0/1", 301), TrunkMember("GigabitEthernet1/0/24", 301))
    campus.put(CORE, Vlan(301, "ACARA"), *ports)
    made(campus)


def test_the_failure_of_a_device_is_raised_as_it_is() -> None:
    failure = Retriable(say("w"), meaning=say("m"), next=say("n"))
    failures: dict[str, StepFailure] = {PENDOPO: failure}
    with pytest.raises(Retriable) as caught:
        made(Campus(failures=failures))
    assert caught.value is failure


def test_only_the_pinned_network_is_read_again() -> None:
    campus = Campus()
    plan = made(campus)
    assert {i.key for i in campus.asked[-1][CORE]} >= {"vlan 301", "vlan 302"}
    made(campus, pinned=plan.choices)
    assert not any("302" in i.key for i in campus.asked[-1][CORE])


def test_a_pinned_plan_that_no_longer_holds_says_so() -> None:
    plan = made()
    other = HeldClaim(
        "event_network", "event-1", "W", "WIFI-2026-0009", amounts=plan.claims[0].amounts
    )
    assert (
        "WIFI-2026-0009" in refused("plan-changed", pinned=plan.choices, books=Ledger((other,)))[0]
    )
    gone = inventory({**CAMPUS, "event_networks": {}})
    assert "event-1" in refused("plan-changed", pinned=plan.choices, data=gone)[0]
    moved = [
        link if "ap-pendopo-1:eth0" not in link
        else ["ap-pendopo-1:eth0", "sw-pendopo-1:GigabitEthernet1/0/9"]
        for link in CAMPUS["links"]
    ]  # fmt: skip
    told, _ = refused(
        "plan-changed", pinned=plan.choices, data=inventory({**CAMPUS, "links": moved})
    )
    assert "path" in told


def test_an_event_that_is_over_or_not_offered_cannot_be_planned() -> None:
    past = {"starts_at": rfc3339(NOW - 2 * HOUR), "ends_at": rfc3339(NOW - HOUR)}
    assert "over" in refused("not-plannable", **past)[0]
    assert "ssid" in refused("not-plannable", ssid=" x")[0]
    empty = inventory({**CAMPUS, "event_networks": {}})
    assert "event_networks" in refused("not-plannable", data=empty)[0]


def test_risks_are_told() -> None:
    def levels(**kwargs: Any) -> dict[str, str]:
        return {str(risk.text): risk.level for risk in made(**kwargs).risks}

    assert not [text for text, level in levels().items() if level != "low"]
    crowd = levels(expected_users=121)
    assert any("61 for each" in text and level == "medium" for text, level in crowd.items())
    assert any("everybody near" in text for text in levels(security="open"))
    assert any("WPA3" in text for text in levels(security="wpa3-personal"))
    assert not any("5 Mbit/s" in text for text in levels(rate_limit_mbps=5)), "it is set"
    strange = {**hosts(), "rt-core-1": host("rt-core-1", platform="vyos")}
    noted = levels(rate_limit_mbps=5, devices=strange)
    assert any("5 Mbit/s" in text and "vyos" in text for text in noted)
    soon = {"starts_at": rfc3339(NOW + timedelta(minutes=1))}
    assert any("late" in text for text in levels(lead=timedelta(minutes=2), **soon))
    other = made(number="WIFI-2026-0002", place="alun-alun")
    shared = levels(books=ledger(("WIFI-2026-0002", other)))
    assert any("WIFI-2026-0002" in text and CORE in text for text in shared)


def test_the_measured_duration_is_expected_and_otherwise_the_offers() -> None:
    assert made(lead=timedelta(seconds=44)).expected_seconds == 44
    assert made(data=inventory(default_lead_seconds=90)).expected_seconds == 90


def test_planning_looks_at_nothing_and_keeps_no_passphrase() -> None:
    service = planning(Campus())
    asked = subject()
    plan = service.plan(asked, replace(service.read(asked), at=NOW), Ledger())
    assert service.objections(plan) == ()
    assert "passphrase" not in json.dumps(plan.to_json()["steps"]).replace(
        "open, without a passphrase", ""
    )
    assert DETAILS["event"] not in json.dumps(plan.to_json()["steps"])


def test_a_reading_is_asked_for_every_object_of_the_plan() -> None:
    campus = Campus()
    plan = made(campus)
    for name, device in plan.steps[0].params["expected"].items():
        assert set(device) <= {intent.key for intent in campus.asked[-1][name]}
    facts = planning(campus).read(subject())
    assert isinstance(facts, EventWifiFacts)
    assert all(isinstance(reading, Reading) for reading in facts.readings.values())
