"""What readings prove of an event's WiFi, on and off, and what stands on its poster."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.drivers.network import Reading, Ssid, TrunkMember, Vlan, Wish
from provisioner.errors import Retriable, StepFailure
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.services.checks import check
from provisioner.services.event_wifi.acceptance import CHECKS, Judgement, judge
from provisioner.services.event_wifi.ending import off_plan
from provisioner.services.event_wifi.poster import poster, qr_payload, qr_svg
from provisioner.texts import render, say
from tests.unit.wifi_world import CORE, NOW, Campus, planning, subject


def on(**changes: Any) -> tuple[Campus, Plan]:
    """The campus with the event switched on."""
    campus = Campus()
    service, asked = planning(campus), subject(**changes)
    plan = service.plan(asked, replace(service.read(asked), at=NOW), Ledger())
    campus.carry_out(plan)
    return campus, plan


def readings(campus: Campus, params: Mapping[str, Any]) -> dict[str, Reading | StepFailure]:
    wanted = {
        name: [Wish.from_json(wish).intent for wish in wishes]
        for name, wishes in params["wishes"].items()
    }
    return dict(campus.read(wanted))


def failed(found: list[Judgement]) -> set[tuple[str, str]]:
    return {(j.check, j.target) for j in found if not j.passed}


def test_an_event_that_is_on_passes_every_check_on_every_device() -> None:
    campus, plan = on()
    params = plan.steps[1].params
    found = judge(params, readings(campus, params))
    assert not failed(found)
    assert [j.check for j in found] == (
        ["switch.vlan"] * 2 + ["trunk.vlan"] * 5 + ["ap.configured"] * 2 + ["wifi.announced"] * 2
        + ["wifi.key"] * 2
    )  # fmt: skip
    assert {j.target for j in found if j.check == "trunk.vlan"} >= {f"{CORE}:GigabitEthernet1/0/1"}
    heard = next(j.evidence for j in found if j.check == "wifi.announced")
    assert render(heard, "en") == "announced by the access point, not tried by a client"
    assert render(heard, "id") != render(heard, "en")


def test_an_open_network_has_no_key_to_prove() -> None:
    campus, plan = on(security="open")
    params = plan.steps[1].params
    assert "wifi.key" not in {j.check for j in judge(params, readings(campus, params))}


def test_each_thing_that_is_missing_fails_its_own_check() -> None:
    campus, plan = on()
    params = plan.steps[1].params
    ap = campus.objects["ap-pendopo-1"]
    (key,) = ap
    good = ap[key]
    assert isinstance(good, Ssid)
    ap[key] = replace(good, keyed=False)
    assert failed(judge(params, readings(campus, params))) == {("wifi.key", "ap-pendopo-1")}
    ap[key] = replace(good, isolate=False)
    assert failed(judge(params, readings(campus, params))) == {("ap.configured", "ap-pendopo-1")}
    del ap[key]
    assert failed(judge(params, readings(campus, params))) == {
        (name, "ap-pendopo-1") for name in ("ap.configured", "wifi.announced", "wifi.key")
    }
    ap[key] = good
    del campus.objects[CORE]["trunk GigabitEthernet1/0/24 vlan 301"]
    assert failed(judge(params, readings(campus, params))) == {
        ("trunk.vlan", f"{CORE}:GigabitEthernet1/0/24")
    }
    del campus.objects[CORE]["vlan 301"]
    assert ("switch.vlan", CORE) in failed(judge(params, readings(campus, params)))
    silent = readings(campus, params)
    look = silent["ap-pendopo-2"]
    assert isinstance(look, Reading)
    silent["ap-pendopo-2"] = replace(look, announced=frozenset())
    assert ("wifi.announced", "ap-pendopo-2") in failed(judge(params, silent))


def test_a_device_that_does_not_answer_fails_its_checks_with_the_reason() -> None:
    campus, plan = on()
    params = plan.steps[1].params
    found = readings(campus, params)
    found["ap-pendopo-1"] = Retriable(say("the node is offline"), meaning=say("m"), next=say("n"))
    del found[CORE]
    judged = judge(params, found)
    assert ("wifi.announced", "ap-pendopo-1") in failed(judged)
    assert ("switch.vlan", CORE) in failed(judged)
    evidence = {str(j.evidence) for j in judged if j.target == "ap-pendopo-1"}
    assert evidence == {"the node is offline"}
    assert len(judged) == len(judge(params, readings(campus, params)))


def test_an_event_that_is_off_is_proven_gone() -> None:
    campus, plan = on()
    params = off_plan(plan, "WIFI-2026-0001", Ledger()).steps[1].params
    before = judge(params, readings(campus, params))
    assert {j.check for j in before} == {"wifi.gone", "vlan.gone"}
    assert not any(j.passed for j in before)
    campus.carry_out(off_plan(plan, "WIFI-2026-0001", Ledger()))
    assert not failed(judge(params, readings(campus, params)))
    campus.announced["ap-pendopo-1"] = frozenset({"Festival"})
    assert failed(judge(params, readings(campus, params))) == {("wifi.gone", "ap-pendopo-1")}
    shared = {**params, "announced_by_others": ["ap-pendopo-1"]}
    assert not failed(judge(shared, readings(campus, params)))
    campus.put(CORE, Vlan(301, "GUDANG"))
    found = judge(params, readings(campus, params))
    assert any("GUDANG" in str(j.evidence) and j.passed for j in found)
    campus.put(CORE, TrunkMember("GigabitEthernet1/0/24", 301))
    assert ("vlan.gone", f"{CORE}:GigabitEthernet1/0/24") in failed(
        judge(params, readings(campus, params))
    )


def test_every_check_can_be_explained() -> None:
    for one in CHECKS:
        assert check(one.key) is one
        for text in (one.title, one.meaning, one.next):
            assert render(text, "id") != render(text, "en")


# ---------------------------------------------------------------- poster


def parsed(payload: str) -> dict[str, str]:
    """As a telephone reads it."""
    assert payload.startswith("WIFI:")
    assert payload.endswith(";;")
    fields = re.findall(r"([A-Z]):((?:[^\\;]|\\.)*);", payload[5:], re.DOTALL)
    return {key: re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL) for key, value in fields}


@given(st.text(min_size=1, max_size=32), st.text(min_size=8, max_size=63))
def test_a_telephone_reads_back_exactly_what_was_put_in(ssid: str, secret: str) -> None:
    assert parsed(qr_payload(ssid, "wpa2-personal", secret)) == {"T": "WPA", "S": ssid, "P": secret}
    assert parsed(qr_payload(ssid, "open", None)) == {"T": "nopass", "S": ssid}


def test_the_kinds_of_security_are_told_apart() -> None:
    assert qr_payload('a;b"', "wpa2-personal", "p:q,r\\s8") == (
        r"WIFI:T:WPA;S:a\;b\";P:p\:q\,r\\s8;;"
    )
    assert qr_payload("x", "wpa3-personal", "12345678") == "WIFI:T:WPA;R:1;S:x;P:12345678;;"


@pytest.mark.parametrize("security", ["wpa2-personal", "open"])
def test_a_poster_shows_name_place_and_time(security: Any) -> None:
    secret = None if security == "open" else "hkw-4trp-mzd-7xqc"
    made = poster(
        "Festival", "Aula Pendopo", "Fest", security, secret,
        datetime(2026, 11, 25, 1, tzinfo=UTC), datetime(2026, 11, 25, 9, tzinfo=UTC),
        ZoneInfo("Asia/Jakarta"),
    )  # fmt: skip
    rows = {render(label, "en"): render(value, "en") for label, value in made.rows}
    assert rows["When"] == "25 Nov 2026 08:00 WIB until 25 Nov 2026 16:00 WIB"
    assert rows.get("Passphrase") == secret
    for text in (made.scan, *made.notes, *(label for label, _ in made.rows)):
        assert render(text, "id") != render(text, "en")
    picture = ElementTree.fromstring(made.qr_svg)  # noqa: S314 — our own
    assert picture.tag.endswith("svg")
    assert picture.attrib["viewBox"]


def test_the_poster_of_a_permanent_wifi_has_no_begin() -> None:
    def when(ends_at: datetime | None) -> str | None:
        made = poster("SMP 1", "Ruang guru", "SMP", "wpa2-personal", "12345678", None, ends_at,
                      ZoneInfo("Asia/Jakarta"))  # fmt: skip
        rows = {render(label, "en"): render(value, "en") for label, value in made.rows}
        return rows.get("When")

    assert when(None) is None
    assert when(datetime(2026, 11, 25, 17, tzinfo=UTC)) == "until 26 Nov 2026 00:00 WIB"


def test_the_code_is_one_element_for_inside_a_page() -> None:
    picture = qr_svg("WIFI:T:nopass;S:é🎉;;")
    assert picture.startswith("<svg")
    assert "<?xml" not in picture
    assert not re.search(r"<script|https?://(?!www\.w3\.org)", picture)
