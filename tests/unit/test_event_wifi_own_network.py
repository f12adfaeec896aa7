"""An event without a prepared network gets one of its own for its time; speed is really set."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provisioner.catalogue import Inventory
from provisioner.drivers.network import RateLimit, Scope, Ssid, TrunkMember, Vlan
from provisioner.errors import Conflict, Invalid
from provisioner.facts.event_wifi import InstanceFacts
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.planner import Subject
from provisioner.services.booking import Window, rfc3339
from provisioner.services.event_wifi.actions import after_change
from provisioner.services.event_wifi.details import ChangeDetails, parse_details
from provisioner.services.event_wifi.ending import off_plan
from provisioner.services.standing import standing
from provisioner.services.wishes import wishes_of
from provisioner.texts import render, say
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

ROUTER, NUMBER, LATER = "rt-core-1", "WIFI-2026-0001", "WIFI-2026-0009"
SEGMENT = {"vlans": ["400-403"], "cidr": "10.40.0.0/16", "dns": ["10.10.10.1"], "reserved": [400]}
OWN: dict[str, Any] = {
    **CAMPUS, "segments": {"acara": SEGMENT}, "event_networks": {},
    "routers": {ROUTER: {"outside": "ether1"}},
}  # fmt: skip
BOTH = {**OWN, "event_networks": CAMPUS["event_networks"]}
NOT_DRIVEN = {**hosts(), ROUTER: host(ROUTER, platform="vyos")}


def data(campus: dict[str, Any] = OWN) -> Inventory:
    return inventory(campus, segment="acara")


def wished(plan: Plan, name: str) -> list[Any]:
    return [wish.intent for wish in wishes_of(plan)[name]]


def test_the_event_gets_vlan_network_and_speed_for_its_time() -> None:
    plan = made(data=data(), rate_limit_mbps=40)
    scope, limit = wished(plan, ROUTER)
    assert isinstance(scope, Scope)
    assert (scope.vlan, scope.port, scope.gateway, scope.outside, scope.mark) == (
        401, "ether5", "10.40.1.1/24", "ether1", NUMBER,
    )  # fmt: skip
    assert limit == RateLimit(NUMBER, 401, "10.40.1.0/24", 40, 40)
    assert wished(plan, "ap-pendopo-1") == [
        Ssid(NUMBER, "Festival", "wpa2-personal", 401, "eth0", True)
    ]
    assert TrunkMember("GigabitEthernet1/0/24", 401) in wished(plan, CORE)
    assert plan.steps[0].params["waves"] == [
        ["ap-pendopo-1", "ap-pendopo-2"], [PENDOPO], [CORE], [ROUTER],
    ]  # fmt: skip
    chosen = plan.choices
    assert (chosen["network"], chosen["segment"], chosen["vlan"]) == ("acara:401", "acara", 401)
    claims = {(c.kind, c.scope, c.key): c.amounts for c in plan.claims}
    window = Window(START, END).amounts()
    assert claims["vlan", "acara", f"0401 {NUMBER}"] == {**window, "quarantine_hours": 24}
    assert claims["scope", "acara", f"10.40.1.0/24 {NUMBER}"] == {**window, "quarantine_hours": 24}
    assert claims["event_network", "acara:401", NUMBER]["ssid"] == "Festival"
    assert made(data=data(), rate_limit_mbps=40).digest == plan.digest
    kept = json.loads(json.dumps(chosen))
    assert made(data=data(), rate_limit_mbps=40, pinned=kept).digest == plan.digest


def test_without_a_speed_the_network_alone_is_set() -> None:
    assert [type(i) for i in wished(made(data=data()), ROUTER)] == [Scope]


def test_a_prepared_network_goes_first() -> None:
    plan = made(data=data(BOTH))
    assert plan.choices["network"] == "event-1"
    assert ROUTER not in wishes_of(plan)
    one = made(number="WIFI-2026-0002", ssid="A")
    two = made(number="WIFI-2026-0003", ssid="B", books=ledger(("WIFI-2026-0002", one)))
    full = ledger(("WIFI-2026-0002", one), ("WIFI-2026-0003", two))
    service = planning(Campus(), data(BOTH))
    service._books = lambda: full
    asked = subject()
    third = service.plan(asked, replace(service.read(asked), at=NOW), full)
    assert third.choices["network"] == "acara:401"
    told, _ = refused("no-capacity", books=full, data=data(BOTH), devices=NOT_DRIVEN)
    assert "No event network is free" in told
    told, extra = refused("not-plannable", data=data(), devices=NOT_DRIVEN)
    assert ("vyos" in told, extra) == (True, {"device": ROUTER})


def test_the_speed_of_a_prepared_network_is_set_where_the_router_is_driven() -> None:
    plan = made(rate_limit_mbps=25)
    assert wished(plan, ROUTER) == [RateLimit(NUMBER, 301, "10.31.1.0/24", 25, 25)]
    assert plan.steps[0].params["waves"][-1] == [ROUTER]
    noted = made(rate_limit_mbps=25, devices=NOT_DRIVEN)
    assert ROUTER not in wishes_of(noted)
    campus = Campus()
    campus.carry_out(plan)
    campus.carry_out(off_plan(plan, NUMBER, Ledger()))
    assert not campus.snapshot()


def test_two_events_share_a_vlan_only_with_the_rest_between_them() -> None:
    first = made(number="WIFI-2026-0002", data=data(), ssid="Pagi")
    books = ledger(("WIFI-2026-0002", first))
    assert made(data=data(), books=books).choices["vlan"] == 402
    after = {"starts_at": rfc3339(END + 25 * HOUR), "ends_at": rfc3339(END + 26 * HOUR)}
    assert made(data=data(), books=books, **after).choices["vlan"] == 401
    soon = {"starts_at": rfc3339(END + 20 * HOUR), "ends_at": rfc3339(END + 21 * HOUR)}
    assert made(data=data(), books=books, **soon).choices["vlan"] == 402


def test_what_stands_there_under_another_name_is_passed_over() -> None:
    campus = Campus()
    campus.put(PENDOPO, Vlan(401, "GUDANG"))
    campus.problems[ROUTER] = {f"scope {NUMBER}-402": say("the node is offline")}
    assert made(campus, data=data()).choices["vlan"] == 403
    campus.put(CORE, Vlan(403, "GUDANG"))
    told, _ = refused("no-capacity", campus=campus, data=data())
    assert "3 cannot be used" in told


def test_the_end_leaves_nothing() -> None:
    campus = Campus()
    plan = made(campus, data=data(), rate_limit_mbps=40)
    campus.carry_out(plan)
    off = off_plan(plan, NUMBER, Ledger())
    assert [type(i) for i in wished(off, ROUTER)] == [RateLimit, Scope]
    campus.carry_out(off)
    assert not campus.snapshot()


def stands(plan: Plan, **changes: Any) -> InstanceFacts:
    values: dict[str, Any] = {
        "id": "wifi-1", "number": NUMBER, "department": "dinkominfo", "ended": False,
        "ends_at": END, "plan": plan.to_json(), "details": DETAILS,
    }  # fmt: skip
    return InstanceFacts(**{**values, **changes})


def acted(campus: Campus, one: InstanceFacts, books: Ledger | None = None, **details: Any) -> Plan:
    service = planning(campus, details.pop("data", data()), instances={one.id: one})
    asked = Subject(LATER, "dinkominfo", {"instance": one.id, **details})
    return service.plan(asked, replace(service.read(asked), at=NOW), books or Ledger())


def test_an_extension_takes_the_network_longer_or_says_who_has_it() -> None:
    plan = made(data=data())
    until = rfc3339(END + 4 * HOUR)
    longer = acted(Campus(), stands(plan), action="extend", ends_at=until)
    claims = {(c.kind, c.key): c.amounts for c in longer.claims}
    assert claims["vlan", f"0401 {LATER}"]["to"] == until
    assert claims["vlan", f"0401 {LATER}"]["for"] == NUMBER
    assert ("event_network", LATER) in claims
    window = {"starts_at": rfc3339(END + 26 * HOUR), "ends_at": rfc3339(END + 30 * HOUR)}
    other = made(number="WIFI-2026-0002", data=data(), ssid="Lain",
                 books=ledger((NUMBER, plan)), **window)  # fmt: skip
    assert other.choices["vlan"] == 401
    books = ledger(("WIFI-2026-0002", other))
    with pytest.raises(Conflict) as caught:
        acted(Campus(), stands(plan), books, action="extend", ends_at=until)
    assert caught.value.slug == "no-capacity"


def test_a_change_sets_only_what_differs_and_goes_with_the_rest() -> None:
    campus = Campus()
    plan = made(campus, data=data())
    campus.carry_out(plan)
    one = stands(plan)
    change = acted(campus, one, action="change", rate_limit_mbps=15, isolate_clients=False)
    assert wished(change, ROUTER) == [RateLimit(NUMBER, 401, "10.40.1.0/24", 15, 15)]
    assert set(wishes_of(change)) == {"ap-pendopo-1", "ap-pendopo-2", ROUTER}
    assert [s.kind for s in change.steps] == ["network.change", "wifi.prove"]
    assert "ends_at" in change.steps[0].params
    (claim,) = change.claims
    assert (claim.key, claim.amounts["for"]) == (f"rate {NUMBER} {LATER}", NUMBER)
    assert change.picture["impact"]["score"] > 0
    campus.carry_out(change)
    whole = standing(plan, change)
    assert whole.choices["starts_at"] == plan.choices["starts_at"]
    again = stands(whole, details=after_change(DETAILS, {"rate_limit_mbps": 15,
                                                         "isolate_clients": False}))  # fmt: skip
    with pytest.raises(Conflict) as caught:
        acted(campus, again, action="change", rate_limit_mbps=15)
    assert render(caught.value.what, "id") != render(caught.value.what, "en")
    keyed = acted(campus, again, action="change", passphrase_given=True)
    assert set(wishes_of(keyed)) == {"ap-pendopo-1", "ap-pendopo-2"}
    assert keyed.steps[0].params["key_of"] == LATER
    assert keyed.steps[0].params["key_before"] == NUMBER
    campus.carry_out(off_plan(whole, NUMBER, Ledger()))
    assert not campus.snapshot()


def test_a_speed_that_cannot_be_set_is_told() -> None:
    one = stands(made(data=data(BOTH)))
    service = planning(Campus(), data(BOTH), NOT_DRIVEN, {one.id: one})
    asked = Subject(LATER, "dinkominfo", {"instance": one.id, "action": "change",
                                          "rate_limit_mbps": 5})  # fmt: skip
    with pytest.raises(Conflict) as caught:
        service.read(asked)
    assert "vyos" in render(caught.value.what, "en")


def test_the_form_of_a_change() -> None:
    given = {"action": "change", "instance": "wifi-1", "rate_limit_mbps": "5"}
    assert isinstance(parse_details(given, data()), ChangeDetails)
    with pytest.raises(Invalid) as caught:
        parse_details({"action": "change", "instance": "wifi-1"}, data())
    assert [fault.pointer for fault in caught.value.errors] == ["/details/action"]


def test_users_are_held_against_the_radios_and_against_other_events() -> None:
    assert "far more than 2" in refused("no-capacity", expected_users=481)[0]
    other = made(number="WIFI-2026-0002", ssid="Lain", expected_users=90)
    books = ledger(("WIFI-2026-0002", other))
    told = [render(r.text, "en") for r in made(books=books).risks if r.level == "medium"]
    assert any("WIFI-2026-0002 there are 85 users for each" in text for text in told)
    later = {"starts_at": rfc3339(END + HOUR), "ends_at": rfc3339(END + 2 * HOUR)}
    assert not [r for r in made(books=books, **later).risks if r.level == "medium"]
    assert timedelta(hours=8) == END - START
