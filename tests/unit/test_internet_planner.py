"""Planning a connected site: what is wished on each device, and what cannot be planned."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.drivers.network import (
    AccessPort,
    RateLimit,
    Reading,
    Scope,
    Ssid,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.errors import Conflict, Retriable
from provisioner.plans.claims import HeldClaim, Ledger
from provisioner.plans.model import Plan
from provisioner.services.wishes import wishes_of
from provisioner.texts import render, say
from tests.unit import wifi_world
from tests.unit.internet_world import (
    ANNEX,
    AP_1,
    AP_2,
    CORE,
    NUMBER,
    REGENCY,
    ROUTER,
    SCHOOL,
    WIFI,
    hosts,
    inventory,
    made,
    refused,
)
from tests.unit.wifi_world import Campus, host, ledger


def wished(plan: Plan, name: str) -> list[Any]:
    return [wish.intent for wish in wishes_of(plan)[name]]


def params(plan: Plan, key: str) -> Any:
    return next(step.params for step in plan.steps if step.key == key)


def test_a_site_gets_port_vlan_network_and_speed() -> None:
    plan = made(poe=True, rate_limit_mbps=30)
    name = f"PROV-{NUMBER}"
    assert wished(plan, SCHOOL) == [
        Vlan(401, name),
        AccessPort("Gi1/0/5", 401, f"{name} smp-1", True),
        TrunkMember("Gi1/0/24", 401),
    ]
    assert wished(plan, CORE) == [
        Vlan(401, name), TrunkMember("Gi1/0/1", 401), TrunkMember("Gi1/0/24", 401),
    ]  # fmt: skip
    assert wished(plan, ROUTER) == [
        Scope(
            mark=NUMBER, vlan=401, port="ether5", gateway="10.40.1.1/24", first="10.40.1.2",
            last="10.40.1.254", dns=("10.10.10.1",), lease_seconds=7200, nat=True, outside="ether1",
            walls=("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        ),
        RateLimit(NUMBER, 401, "10.40.1.0/24", 30, 30),
    ]  # fmt: skip
    assert params(plan, "network.change")["waves"] == [[SCHOOL], [CORE], [ROUTER]]
    assert [s.kind for s in plan.steps] == ["network.change", "site.prove", "site.hand_over"]
    assert plan.choices["path"] == {
        SCHOOL: [f"{SCHOOL}:Gi1/0/24", f"{CORE}:Gi1/0/1", f"{CORE}:Gi1/0/24", f"{ROUTER}:ether5"]
    }
    assert plan.picture["path"] == plan.choices["path"]
    assert plan.picture["impact"]["score"] > 0
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))).digest == plan.digest


def test_what_is_taken_is_claimed() -> None:
    claims = {(c.kind, c.scope, c.key): c.amounts for c in made(**WIFI).claims}
    assert claims["vlan", "opd", "0401"] == {"quarantine_hours": 24}
    assert claims["scope", "opd", "10.40.1.0/24"] == {"quarantine_hours": 24}
    assert claims["switch_port", SCHOOL, "Gi1/0/5"]["site"] == "smp-1"
    assert claims["device_object", ROUTER, f"scope {NUMBER} {NUMBER}"] == {
        "object": f"scope {NUMBER}"
    }
    assert claims["device_object", AP_1, f"ssid {NUMBER} {NUMBER}"]["ssid"] == "SMP 1"


def test_wifi_reaches_every_access_point_of_the_site() -> None:
    plan = made(**WIFI)
    ssid = Ssid(NUMBER, "SMP 1", "wpa2-personal", 401, "eth0", True)
    assert wished(plan, AP_1) == wished(plan, AP_2) == [ssid]
    assert {w.key for w in wished(plan, SCHOOL)} >= {
        "trunk Gi1/0/1 vlan 401", "trunk Gi1/0/2 vlan 401", "port Gi1/0/5",
    }  # fmt: skip
    assert params(plan, "network.change")["waves"] == [[AP_1, AP_2], [SCHOOL], [CORE], [ROUTER]]
    prove = params(plan, "site.prove")
    assert (prove["ssid"], prove["hosts"], prove["port"], prove["scope"]) == (
        "SMP 1", [AP_1, AP_2], {"device": SCHOOL, "port": "Gi1/0/5"}, "10.40.1.0/24",
    )  # fmt: skip
    assert "passphrase" not in json.dumps(plan.to_json())


def test_the_speed_is_the_requests_then_the_segments_then_the_offers() -> None:
    def speed(**kwargs: Any) -> int:
        limit = wished(made(**kwargs), ROUTER)[1]
        assert isinstance(limit, RateLimit)
        return limit.down_mbps

    slow = {**REGENCY["segments"]["opd"], "rate_limit_mbps": 50}
    segment = {**REGENCY, "segments": {"opd": slow}}
    assert speed() == 20
    assert speed(data=inventory(default_mbps=7)) == 7
    assert speed(data=inventory(segment)) == 50
    assert speed(data=inventory(segment), rate_limit_mbps=90) == 90


def test_work_on_site_comes_first_with_team_and_list() -> None:
    plan = made(fieldwork="cabling", data=inventory(team="Tim jaringan", vehicle="Mobil 3"))
    first = plan.steps[0]
    assert (first.key, first.kind, first.params["team"]) == (
        "site.fieldwork", "manual.task", "Tim jaringan",
    )  # fmt: skip
    assert first.params["photo"] is True
    assert "Jalan Contoh 2, Ruang guru" in render(first.changes[0].after or "", "en")
    assert [item["key"] for item in first.params["checklist"]] == ["contact", "cable", "photo"]
    own = made(fieldwork="mounting", data=inventory(fieldwork_checklist=["Kabel rapi"]))
    assert own.steps[0].params["checklist"] == [{"key": "item-1", "text": "Kabel rapi"}]
    sites = {**REGENCY["sites"], "smp-1": {**REGENCY["sites"]["smp-1"], "team": "Tim timur"}}
    local = made(fieldwork="cabling", data=inventory({**REGENCY, "sites": sites}, team="Tim"))
    assert local.steps[0].params["team"] == "Tim timur"


def test_the_same_world_gives_the_same_plan_and_pinned_choices_are_kept() -> None:
    plan = made(**WIFI)
    assert made(**WIFI).digest == plan.digest
    pinned = json.loads(json.dumps(plan.choices))
    assert made(pinned=pinned, **WIFI).digest == plan.digest
    other = made(number="NET-2026-0002")
    told = refused("plan-changed", pinned=pinned, books=ledger(("NET-2026-0002", other)), **WIFI)
    assert "kept for NET-2026-0002" in told
    moved = {**REGENCY, "segments": {"opd": {**REGENCY["segments"]["opd"], "reserved": [400, 401]}}}
    told = refused("plan-changed", pinned=pinned, data=inventory(moved), **WIFI)
    assert "may no longer be given away" in told


def test_the_next_request_gets_the_next_of_everything() -> None:
    first = made()
    second = made(number="NET-2026-0002", books=ledger((NUMBER, first)))
    assert (second.choices["port"], second.choices["vlan"]) == ("Gi1/0/6", 402)
    both = ledger((NUMBER, first), ("NET-2026-0002", second))
    third = made(number="NET-2026-0003", books=both)
    assert (third.choices["switch"], third.choices["cidr"]) == (ANNEX, "10.40.3.0/24")
    every = Ledger((*both.claims, *ledger(("NET-2026-0003", third)).claims))
    told = refused("no-capacity", number="NET-2026-0004", books=every)
    assert "no free port" in told
    assert "NET-2026-0003" in told
    last = made(number="NET-2026-0004", books=every, site="balai")
    full = Ledger((*every.claims, *(c for c in ledger(("NET-2026-0004", last)).claims
                                    if c.kind != "switch_port")))  # fmt: skip
    told = refused("no-capacity", number="NET-2026-0005", books=full, site="balai")
    assert "Segment opd has nothing left: of 4" in told
    assert "4 are taken and 0 rest" in told


def test_what_rests_is_passed_over_also_ones_own() -> None:
    rests = HeldClaim("vlan", "opd", "0401", NUMBER, True, {"quarantine_hours": 24})
    assert made(books=Ledger((rests,))).choices["vlan"] == 402


def test_what_stands_under_another_name_is_passed_over() -> None:
    campus = Campus()
    campus.put(CORE, Vlan(401, "GUDANG"))
    campus.problems[ROUTER] = {f"scope {NUMBER}-402": say("the node is offline")}
    assert made(campus).choices["vlan"] == 403
    campus.put(CORE, *(Vlan(vlan, "X") for vlan in (402, 403, 404)))
    told = refused("no-capacity", campus=campus)
    assert "sw-core-1 has VLAN 401 under the name GUDANG" in told
    campus.objects.clear()
    campus.put(CORE, Vlan(401, "PROV-NET-2025-0009"))
    assert made(campus).choices["vlan"] == 401, "what we left there is used again"


def test_more_are_asked_about_where_none_of_the_first_is_clean() -> None:
    large = {**REGENCY["segments"]["opd"], "vlans": ["400-439"]}
    campus = Campus()
    campus.put(CORE, *(Vlan(vlan, "X") for vlan in range(400, 420)))
    plan = made(campus, data=inventory({**REGENCY, "segments": {"opd": large}}))
    assert plan.choices["vlan"] == 420
    assert len(campus.asked) == 2


def test_a_port_in_use_is_passed_over() -> None:
    campus = Campus()
    campus.put(SCHOOL, AccessPort("Gi1/0/5", 12, "Printer"))
    campus.problems[SCHOOL] = {"port Gi1/0/6": say("the node is offline")}
    assert made(campus).choices["switch"] == ANNEX
    campus.put(ANNEX, AccessPort("Gi1/0/5", 1, ""))
    told = refused("no-capacity", campus=campus)
    assert "Gi1/0/5 is in use (VLAN 12, Printer)" in told


def test_a_switch_that_does_not_answer_leaves_the_others() -> None:
    offline = Retriable(say("the node is offline"), meaning=say("m"), next=say("n"))
    assert made(Campus(failures={SCHOOL: offline})).choices["switch"] == ANNEX
    for name, more in ((CORE, {}), (ROUTER, {}), (AP_1, WIFI)):
        with pytest.raises(Retriable) as caught:
            made(Campus(failures={name: offline}), **more)
        assert caught.value is offline


def test_a_router_that_is_not_driven_is_named() -> None:
    strange = {**hosts(), ROUTER: host(ROUTER, platform="vyos")}
    told = refused("not-plannable", devices=strange)
    assert ROUTER in told
    assert "vyos" in told


def test_a_site_without_ports_is_named() -> None:
    assert "sites.dinkominfo" in refused("not-plannable", site="dinkominfo")


def test_a_name_that_is_on_the_air_is_refused() -> None:
    campus = Campus(announced={AP_1: frozenset({"SMP 1"})})
    assert "already announces" in refused("not-plannable", campus=campus, **WIFI)
    first = made(**WIFI)
    again = {"number": "NET-2026-0002", "books": ledger((NUMBER, first)), **WIFI}
    assert NUMBER in refused("not-plannable", **again)
    made(**{**again, "ssid": "Lain"})


def test_what_an_access_point_cannot_do_is_refused_before_anybody_approves() -> None:
    campus = Campus()
    (key,) = [intent.key for intent in wished(made(campus, **WIFI), AP_1)]
    campus.problems[AP_1] = {key: say("its radios know no WPA3")}
    assert "ap-smp-1 cannot take this change" in refused("not-plannable", campus=campus, **WIFI)


def test_a_site_and_an_event_do_not_share_a_name_on_one_access_point() -> None:
    """The site's WiFi is there for good; the event comes to the same access points."""
    site = ledger((NUMBER, made(**WIFI)))
    places = {"aula": {"site": "smp-1", "title": "Aula", "access_points": [AP_1]}}
    campus = {
        **REGENCY, "places": places, "event_networks": {"e": {"vlan": 301, "cidr": "10.31.1.0/24"}},
    }  # fmt: skip
    event = {"data": wifi_world.inventory(campus), "devices": hosts(), "place": "aula"}
    told, extra = wifi_world.refused("not-plannable", books=site, ssid="SMP 1", **event)
    assert extra["request"] == NUMBER
    plan = wifi_world.made(books=site, **event)
    told = refused("not-plannable", books=ledger(("WIFI-2026-0001", plan)),
                   **{**WIFI, "ssid": "Festival"})  # fmt: skip
    assert "WIFI-2026-0001" in told
    crowded = [
        HeldClaim("device_object", AP_1, f"ssid {n}", n, amounts={"object": f"ssid {n}"})
        for n in ("A", "B", "C", "D")
    ]
    assert "4 is the most" in refused("no-capacity", books=Ledger(tuple(crowded)), **WIFI)


def test_users_are_held_against_addresses_and_radios() -> None:
    def told(**kwargs: Any) -> str:
        return " ".join(f"{r.level}: {render(r.text, 'en')}" for r in made(**kwargs).risks)

    assert "high: 300 users are expected" in told(expected_users=300)
    assert "medium: 130 users on 2" in told(expected_users=130, **WIFI)
    assert "high: 250 users on 2" in told(expected_users=250, **WIFI)
    assert "far more than 2" in refused("no-capacity", expected_users=481, **WIFI)
    bare = {**REGENCY["segments"]["opd"], "walls": ["10.0.0.0/8"]}
    assert "172.16.0.0/12" in told(data=inventory({**REGENCY, "segments": {"opd": bare}}))


def test_planning_looks_at_nothing() -> None:
    campus = Campus()
    made(campus, **WIFI)
    (wanted,) = campus.asked
    reading = campus.look(ROUTER, wanted[ROUTER])
    assert isinstance(reading, Reading)
    assert {i.key for i in wanted[ROUTER]} >= {f"scope {NUMBER}", f"scope {NUMBER}-401"}


@given(st.lists(st.sampled_from(["smp-1", "balai"]), max_size=6), st.sets(st.integers(400, 404)))
def test_nothing_is_ever_given_twice(sites: list[str], strange: set[int]) -> None:
    campus = Campus()
    campus.put(CORE, *(Vlan(vlan, "X") for vlan in strange))
    claims: tuple[HeldClaim, ...] = ()
    slugs: set[str] = set()
    for count, site in enumerate(sites, start=1):
        number = f"NET-2026-{count:04}"
        try:
            plan = made(campus, number, Ledger(claims), site=site)
        except Conflict as refusal:
            slugs.add(refusal.slug)
            continue
        claims += ledger((number, plan)).claims
        assert plan.choices["vlan"] not in {400, *strange}
    keys = [(c.kind, c.scope, c.key) for c in claims]
    assert len(keys) == len(set(keys))
    assert slugs <= {"no-capacity"}


def test_the_plan_is_told_in_both_languages() -> None:
    plan = made(fieldwork="mounting", poe=True, **WIFI)
    texts = [plan.summary, *(s.title for s in plan.steps), *(r.text for r in plan.risks)]
    texts += [s.undo for s in plan.steps if s.undo]
    for text in texts:
        assert render(text, "id") != render(text, "en")
    assert Wish.from_json(params(plan, "network.change")["wishes"][AP_1][0]).present
