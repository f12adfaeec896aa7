"""Changing, prolonging and ending a connected site: differences only, and all of it goes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.drivers.network import AccessPort, RateLimit, Ssid, TrunkMember, Vlan, Wish
from provisioner.errors import Conflict
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.services.checks import check
from provisioner.services.internet.actions import after_change
from provisioner.services.internet.ending import off_plan
from provisioner.services.network_proving import CHECKS, judge
from provisioner.services.standing import standing
from provisioner.services.wishes import wishes_of
from provisioner.texts import render
from tests.unit.internet_world import (
    ANNEX,
    AP_1,
    AP_2,
    CORE,
    DETAILS,
    NUMBER,
    REGENCY,
    ROUTER,
    SCHOOL,
    WIFI,
    acted,
    carry_out,
    inventory,
    made,
    record,
)
from tests.unit.wifi_world import NOW, Campus, ledger

LATER = "NET-2026-0009"


def connected(campus: Campus, **changes: Any) -> Plan:
    plan = made(campus, **changes)
    carry_out(campus, plan)
    return plan


def changed(plan: Plan) -> dict[str, list[Any]]:
    return {host: [w.intent for w in wishes] for host, wishes in wishes_of(plan).items()}


def test_the_end_takes_away_exactly_what_was_added() -> None:
    campus = Campus()
    campus.put(CORE, TrunkMember("Gi1/0/24", 401), Vlan(99, "MGMT"))
    before = campus.snapshot()
    plan = connected(campus, **WIFI)
    off = off_plan(plan, NUMBER, Ledger(), at=NOW)
    assert off.steps[0].params["tolerant"] is True
    assert [step.kind for step in off.steps] == ["network.change", "site.prove_gone"]
    assert [type(i) for i in changed(off)[SCHOOL]][-1] is Vlan, "the VLAN goes last"
    assert off.claims == ()
    carry_out(campus, off)
    assert campus.snapshot() == before


@given(st.permutations(range(3)), st.permutations(range(3)))
def test_in_whatever_order_sites_come_and_go_nothing_is_left(
    come: list[int], go: list[int]
) -> None:
    campus, plans = Campus(), dict[str, Plan]()
    wishes: list[dict[str, Any]] = [dict(WIFI), {"site": "balai"}, {"poe": True}]
    for at in come:
        number = f"NET-2026-000{at + 1}"
        plans[number] = made(campus, number, ledger(*plans.items()), **wishes[at])
        carry_out(campus, plans[number])
    for at in go:
        number = f"NET-2026-000{at + 1}"
        plan = plans.pop(number)
        carry_out(campus, off_plan(plan, number, ledger(*plans.items()), at=NOW))
        for other in plans.values():
            for host, wanted in changed(other).items():
                assert all(campus.objects[host][i.key] == i for i in wanted)
    assert not campus.snapshot()


def test_another_speed_is_one_wish_on_the_router() -> None:
    campus = Campus()
    on = connected(campus, **WIFI)
    stands = record(on, details={**DETAILS, **WIFI})
    plan = acted(campus, stands, action="change", rate_limit_mbps=50)
    assert changed(plan) == {ROUTER: [RateLimit(NUMBER, 401, "10.40.1.0/24", 50, 50)]}
    expected = plan.steps[0].params["expected"][ROUTER][f"rate {NUMBER}"]
    assert expected["intent"]["down_mbps"] == 20, "taking it back brings it back"
    assert plan.steps[0].params["mark"] == NUMBER
    assert plan.steps[0].params["waves"] == [[ROUTER]]
    assert plan.claims == ()
    (told,) = plan.steps[0].changes
    assert (render(told.before or "", "en"), render(told.after or "", "en")) == (
        "20 Mbit/s down, 20 Mbit/s up", "50 Mbit/s down, 50 Mbit/s up",
    )  # fmt: skip
    assert "passphrase" not in json.dumps(plan.to_json())


def test_a_new_name_changes_the_access_points_alone() -> None:
    campus = Campus()
    stands = record(connected(campus, **WIFI), details={**DETAILS, **WIFI})
    plan = acted(campus, stands, action="change", ssid="SMP Satu", isolate_clients=False)
    ssid = Ssid(NUMBER, "SMP Satu", "wpa2-personal", 401, "eth0", False)
    assert changed(plan) == {AP_1: [ssid], AP_2: [ssid]}
    params = plan.steps[0].params
    assert (params["key_of"], params["key_before"]) == (NUMBER, NUMBER)


def test_a_new_passphrase_sets_every_ssid_again() -> None:
    campus = Campus()
    stands = record(
        connected(campus, **WIFI), details={**DETAILS, **WIFI}, keyed_by="NET-2026-0004"
    )
    plan = acted(campus, stands, action="change", passphrase_given=True)
    assert set(changed(plan)) == {AP_1, AP_2}
    params = plan.steps[0].params
    assert (params["key_of"], params["key_before"]) == (LATER, "NET-2026-0004")


def test_power_and_wifi_are_added_later_and_go_with_the_rest() -> None:
    campus = Campus()
    on = connected(campus)
    stands = record(on)
    wifi = {key: WIFI[key] for key in ("ssid", "security", "passphrase_given")}
    plan = acted(campus, stands, action="change", poe=True, **wifi)
    port = AccessPort("Gi1/0/5", 401, f"PROV-{NUMBER} smp-1", True)
    assert changed(plan)[SCHOOL] == [
        TrunkMember("Gi1/0/1", 401), TrunkMember("Gi1/0/2", 401), port,
    ]  # fmt: skip
    assert set(changed(plan)) == {AP_1, AP_2, SCHOOL}
    assert plan.steps[0].params["key_of"] == LATER
    assert {c.key for c in plan.claims} == {
        f"trunk Gi1/0/1 vlan 401 {LATER}", f"trunk Gi1/0/2 vlan 401 {LATER}",
        f"ssid {NUMBER} {LATER}",
    }  # fmt: skip
    assert all(c.amounts["for"] == NUMBER for c in plan.claims)
    carry_out(campus, plan)
    whole = standing(on, plan)
    assert whole.choices["ssid"] == "SMP 1"
    assert "instance" not in whole.choices
    again = record(whole, details=after_change(DETAILS, {**wifi, "poe": True}))
    with pytest.raises(Conflict) as caught:
        acted(campus, again, action="change", poe=True)
    assert "Nothing would change" in str(caught.value.what)
    off = off_plan(whole, NUMBER, Ledger(), at=NOW)
    assert off.steps[0].params["waves"][0] == [AP_1, AP_2]
    carry_out(campus, off)
    assert not campus.snapshot()


def test_a_change_that_cannot_be_is_told() -> None:
    campus = Campus()
    stands = record(connected(campus))
    for details, told in (
        ({"isolate_clients": True}, "no WiFi"),
        ({"ssid": "X"}, "secured"),
        ({"rate_limit_mbps": 20}, "Nothing would change"),
    ):
        with pytest.raises(Conflict) as caught:
            acted(campus, stands, action="change", **details)
        assert told in render(caught.value.what, "en")
        assert render(caught.value.what, "id") != render(caught.value.what, "en")


def test_a_port_that_left_the_file_is_told_before_a_change() -> None:
    campus = Campus()
    stands = record(connected(campus))
    sites = {**REGENCY["sites"], "smp-1": {**REGENCY["sites"]["smp-1"],
                                           "ports": [f"{ANNEX}:Gi1/0/5"]}}  # fmt: skip
    with pytest.raises(Conflict) as caught:
        acted(campus, stands, action="change", rate_limit_mbps=5,
              data=inventory({**REGENCY, "sites": sites}))  # fmt: skip
    assert "sites.smp-1.ports" in render(caught.value.what, "en")
    assert render(caught.value.what, "id") != render(caught.value.what, "en")


def test_a_later_end_touches_no_device() -> None:
    campus = Campus()
    on = connected(campus, until="2026-12-01")
    assert on.choices["ends_at"] == "2026-12-01T17:00:00Z", "the last day counts whole"
    ends = NOW + timedelta(days=9)
    plan = acted(campus, record(on, ends_at=ends), action="extend", until="2027-01-31")
    (step,) = plan.steps
    assert (step.kind, step.params["ends_at"]) == ("instance.extend", "2027-01-31T17:00:00Z")
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"ends_at": None}, {}), ({"ends_at": NOW + timedelta(days=200)}, {}),
        ({"ended": True}, {}), ({"department": "x"}, {}), ({"ends_at": ends}, {"max_days": 30}),
    ]  # fmt: skip
    for stands, offer in cases:
        with pytest.raises(Conflict):
            acted(
                campus, record(on, **stands), action="extend", until="2027-01-31",
                data=inventory(**offer),
            )  # fmt: skip


def test_the_end_by_request_names_instance_and_request() -> None:
    campus = Campus()
    on = connected(campus)
    plan = acted(campus, record(on), action="end")
    assert (plan.choices["ends"], plan.choices["instance"]) == (NUMBER, "site-1")
    assert "frees port sw-smp-1:Gi1/0/5" in render(plan.summary, "en")


def test_what_the_devices_answer_proves_it() -> None:
    campus = Campus()
    on = connected(campus, **WIFI)
    params = next(step.params for step in on.steps if step.key == "site.prove")
    wanted = {h: [Wish.from_json(w).intent for w in its] for h, its in params["wishes"].items()}
    found = judge(params, campus.read(wanted))
    assert all(one.passed for one in found)
    assert {one.check for one in found} == {
        "switch.vlan", "trunk.vlan", "access.port", "router.scope", "router.rate",
        "ap.configured", "wifi.announced", "wifi.key",
    }  # fmt: skip
    campus.put(ROUTER, RateLimit(NUMBER, 401, "10.40.1.0/24", 5, 5))
    red = [one for one in judge(params, campus.read(wanted)) if not one.passed]
    assert [(one.check, one.target) for one in red] == [("router.rate", ROUTER)]
    off = off_plan(on, NUMBER, Ledger(), at=NOW)
    gone = off.steps[1].params
    assert all(not one.passed for one in judge(gone, campus.read(wanted)))
    carry_out(campus, off)
    assert all(one.passed for one in judge(gone, campus.read(wanted)))
    campus.put(SCHOOL, AccessPort("Gi1/0/5", 12, "Printer"))
    assert all(one.passed for one in judge(gone, campus.read(wanted))), "not ours any more"


def test_every_check_can_be_explained() -> None:
    for one in (*CHECKS, check("site.fieldwork"), check("site.cleared")):
        assert check(one.key) == one
        for text in (one.title, one.meaning, one.next):
            assert render(text, "id") != render(text, "en")
