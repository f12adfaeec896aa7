"""How far a change reaches: what weighs, and when two people have to approve."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from provisioner.catalogue import Network
from provisioner.drivers.network import Intent, TrunkMember, Vlan
from provisioner.services.impact import impact, weighed
from provisioner.texts import from_json, render, say
from tests.unit.wifi_world import CAMPUS, CORE, NOW, PENDOPO, Campus, hosts, made

NETWORK = Network.model_validate({**CAMPUS, "management_vlan": 99})
UPLINK = "GigabitEthernet1/0/24"


def score(changed: dict[str, list[Intent]], devices: Any = None, readings: Any = None) -> int:
    known = devices or hosts()
    found = impact(changed, NETWORK, known, readings or {}, 50)
    for reason in found.reasons:
        assert render(reason, "id") != render(reason, "en")
    return found.score


def test_the_uplink_weighs_more_than_another_port() -> None:
    port = score({PENDOPO: [TrunkMember("GigabitEthernet1/0/1", 301)]})
    assert score({PENDOPO: [TrunkMember(UPLINK, 301)]}) > port


def test_the_management_vlan_always_needs_two() -> None:
    for intent in (Vlan(99, "x"), TrunkMember("GigabitEthernet1/0/1", 99)):
        found = impact({PENDOPO: [intent]}, NETWORK, hosts(), {}, 50)
        assert found.second
        assert PENDOPO in render(found.reasons[0], "en")


def test_more_people_behind_it_weigh_more() -> None:
    assert score({CORE: [Vlan(301, "x")]}) > score({PENDOPO: [Vlan(301, "x")]})


def test_a_router_and_a_device_without_timer_weigh() -> None:
    plain = score({PENDOPO: [Vlan(301, "x")]})
    blind = {**hosts(), PENDOPO: replace(hosts()[PENDOPO], dead_man="best_effort")}
    assert score({PENDOPO: [Vlan(301, "x")]}, blind) == plain + 25
    seen = {PENDOPO: replace(Campus().look(PENDOPO, []), no_timer=say("no archive"))}
    assert score({PENDOPO: [Vlan(301, "x")]}, None, seen) == plain + 25
    assert score({"rt-core-1": [Vlan(301, "x")]}) >= plain + 15


def test_many_devices_weigh() -> None:
    few = {f"sw-{n}": [Vlan(301, "x")] for n in range(4)}
    many: dict[str, list[Intent]] = {f"sw-{n}": [Vlan(301, "x")] for n in range(120)}
    assert not impact(few, NETWORK, hosts(), {}, 50).second
    assert impact(many, NETWORK, hosts(), {}, 50).second


def test_a_plan_shows_it_and_an_everyday_plan_needs_one_person() -> None:
    plan = made()
    told = plan.picture["impact"]
    assert told["second"] is False
    assert 0 < told["score"] <= told["limit"] == 50
    assert [render(from_json(reason), "en") for reason in told["reasons"]]
    assert "foreign" not in plan.picture
    assert plan.digest == replace(plan, picture={}).digest


def test_what_others_changed_is_a_risk_and_outside_the_digest() -> None:
    plan = made()
    foreign = [
        {"host": PENDOPO, "object": "interface x", "before": "a", "now": "b"},
        {"host": "sw-alun-1", "object": "interface y", "before": "a", "now": "b"},
    ]
    again = weighed(plan, NETWORK, hosts(), {}, foreign)
    assert again.digest == plan.digest
    assert again.picture["foreign"] == foreign[:1], "what is not concerned is not shown"
    assert again.risks[0].level == "high"
    assert f"{PENDOPO} was changed by somebody else" in render(again.risks[0].text, "en")
    assert NOW
