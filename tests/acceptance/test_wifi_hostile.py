"""What nobody should hand in for an event's WiFi: refused at its field, or kept in its place."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest

from tests.acceptance.campus import Campus, at, event, new_wifi
from tests.acceptance.office import until

pytestmark = [pytest.mark.xdist_group("acceptance-wifi"), pytest.mark.timeout(300)]
ACTIONS = "/instances/{}/actions/{}"
NASTY = "'\"`$(id)`;|&%s{{7*7}}<b>\\!"
NASTY_TEXT = "Rapat '; reload\" $HOME {{ 7*7 }} {% raw %} <script>alert(1)</script> ñ日本"
REFUSED: list[tuple[str, Any]] = [
    ("ssid", "a" * 33), ("ssid", "é" * 17), ("ssid", "a\nb"), ("ssid", "a\x00b"), ("ssid", " a"),
    ("ssid", "a\u202eb"), ("ssid", 5), ("ssid", ["a"]), ("ssid", {"a": 1}), ("ssid", "\ud800"),
    ("event", "ab"), ("event", "Rapat\nreload"), ("event", "x" * 121), ("event", {"a": 1}),
    ("event", "Rapat $(reboot)"), ("event", "Rapat `id`"),
    ("place", "../aula"), ("place", "tidak-ada"), ("place", "aula-pendopo; reload"),
    ("place", 7), ("security", "wep"), ("security", ["open"]),
    ("passphrase", "pendek"), ("passphrase", "x" * 64), ("passphrase", "delapan\n8"),
    ("passphrase", "kata sandi ñ"), ("passphrase", 12345678), ("passphrase", {"a": "b"}),
    ("starts_at", "2026-12-01T08:00:00"), ("starts_at", "besok"), ("starts_at", 0),
    ("starts_at", "9999-12-31T23:59:59-14:00"), ("starts_at", "9999-01-01T00:00:00Z"),
    ("ends_at", "9999-12-31T23:59:59Z"), ("ends_at", "0001-01-01T00:00:00+14:00"),
    ("ends_at", "2026-02-30T00:00:00Z"), ("ends_at", at(-60)), ("ends_at", [1]),
    ("expected_users", 10**9), ("expected_users", 0), ("expected_users", -1),
    ("expected_users", 1.5), ("expected_users", True), ("expected_users", "1e3"),
    ("expected_users", 10**400), ("isolate_clients", "ya"), ("isolate_clients", 1),
    ("rate_limit_mbps", "cepat"), ("rate_limit_mbps", 0), ("lain", 1),
]  # fmt: skip


def refused_at(answer: httpx.Response, field: str) -> None:
    """A problem that names the field, and does not say back what was entered."""
    assert answer.status_code in {400, 422}, f"{field}: {answer.status_code} {answer.text}"
    assert answer.headers["content-type"].startswith("application/problem+json")
    errors = answer.json()["errors"]
    assert [e for e in errors if e["pointer"].startswith(f"/details/{field}")], answer.text
    assert all(e["message"] for e in errors)


def test_each_refusal_names_its_field(campus: Campus) -> None:
    before = campus.configurations()
    kept = len(campus.get("/requests?service=event_wifi", "sari")["items"])
    with_text: list[tuple[str, Any]] = [case for case in REFUSED if case[1] != "\ud800"]
    for field, value in with_text:
        body = new_wifi()
        body["details"][field] = value
        answer = campus["sari"].post("/requests", json=body)
        refused_at(answer, field)
        if field == "passphrase":
            assert str(value) not in answer.text
    for details in ([], "x", 5):
        answer = campus["sari"].post("/requests", json=new_wifi() | {"details": details})
        assert answer.status_code in {400, 422}, answer.text
        assert "/details" in answer.text
    torn = b'{"service": "event_wifi", "department": "dinkes", "details": {"ssid": "\\ud800"}}'
    answer = campus["sari"].post("/requests", content=torn)
    assert answer.status_code in {400, 422}, answer.text
    body = new_wifi(starts=600, lasts=-300)
    refused_at(campus["sari"].post("/requests", json=body), "ends_at")
    both = new_wifi(security="open", passphrase="rahasia sekali")
    refused_at(campus["sari"].post("/requests", json=both), "passphrase")
    after = len(campus.get("/requests?service=event_wifi", "sari")["items"])
    assert after == kept, "nothing half made"
    assert not campus.differs(before)


def test_what_is_kept_in_its_place(campus: Campus) -> None:
    """SSID, event and reason full of syntax: one object more on each device, and gone after."""
    before = campus.configurations()
    ssid = NASTY.ljust(32, "x")[:32]
    number, report = campus.on(ssid=ssid, event=NASTY_TEXT, place="alun-alun")
    assert campus.announced()["ap-alun-1"] == [ssid]
    standing = campus.configurations()
    for name in ("ap-pendopo-1", "ap-pendopo-2", "sw-pendopo-1"):
        assert standing[name] == before[name], "not on the way"
    gone = Counter(before["ap-alun-1"].splitlines()) - Counter(standing["ap-alun-1"].splitlines())
    assert not gone, "nothing that stood was changed"
    assert "NASTY" not in standing["sw-alun-1"]
    assert "Rapat" not in "".join(standing.values()), "the event's name reaches no device"
    page = campus["sari"].get(f"{campus.url}/requests/{number}").text
    assert "<script>alert(1)" not in page
    _, poster = campus.key_of(number)
    assert "<script>alert(1)" not in poster
    assert "49" not in poster.split("<h1>")[1].split("</h1>")[0]
    instance = report["instance"]["id"]
    actions_refused(campus, number, instance, ssid)
    two_ends_at_once(campus, instance)
    assert not campus.differs(before)


def actions_refused(campus: Campus, number: str, instance: str, ssid: str) -> None:
    """By strangers, on what is not there, and with what does not hold."""
    other = campus["tono"].post(ACTIONS.format(instance, "end"), json={"reason": "Iseng saja"})
    assert other.status_code == 404, other.text
    assert campus["tono"].get(f"/instances/{instance}").status_code == 404
    assert campus["arif"].post(ACTIONS.format(instance, "end"), json={}).status_code in {403, 409}
    for unknown in ("wifi-tidak-ada", "..%2f..", "x" * 5000):
        assert campus["sari"].post(ACTIONS.format(unknown, "end"), json={}).status_code == 404
    assert campus["sari"].post(ACTIONS.format(instance, "hapus"), json={}).status_code == 409
    for said in ({}, {"ends_at": "besok"}, {"ends_at": 5}, {"ends_at": at(-5)}):
        refused_at(campus["sari"].post(ACTIONS.format(instance, "extend"), json=said), "ends_at")
    refused_at(campus["sari"].post(ACTIONS.format(instance, "end"), json={"reason": [1]}), "reason")
    waiting = campus.get("/requests?service=event_wifi&state=draft", "sari")["items"]
    assert not waiting, "what was refused leaves nothing behind"
    smuggled = {"action": "extend", "instance": "lain", "passphrase": "rahasia sekali"}
    answer = campus["sari"].post(ACTIONS.format(instance, "end"), json=smuggled)
    assert answer.status_code in {400, 422}, answer.text
    foreign = new_wifi(department="x") | {"details": {"action": "end", "instance": instance}}
    foreign["details"].pop("department", None)
    direct = campus["tono"].post("/requests", json=foreign | {"department": "dindik"})
    if direct.status_code == 201:
        stolen = direct.json()["number"]
        campus["tono"].post(f"/requests/{stolen}/submit")
        planned = campus["rina"].post(f"/requests/{stolen}/plan")
        assert planned.status_code in {404, 409, 422}, "of another department"
    same = campus.submitted(ssid=ssid, place="alun-alun")
    twice = campus["rina"].post(f"/requests/{same}/plan")
    assert twice.status_code == 409, "the same name twice at one place"
    assert ssid.encode() in twice.content or "ssid" in twice.text.lower()


def two_ends_at_once(campus: Campus, instance: str) -> None:
    """Both planned and approved; one ends it, the other is answered, none breaks."""
    ends = []
    for _ in range(2):
        answer = campus["sari"].post(ACTIONS.format(instance, "end"), json={})
        if answer.status_code == 201:
            ends.append(answer.json()["number"])
    plans = [campus["rina"].post(f"/requests/{number}/plan") for number in ends]
    approved = []
    for number, plan in zip(ends, plans, strict=True):
        if plan.status_code == 201:
            body = {"digest": plan.json()["digest"]}
            answer = campus["dewi"].post(f"/requests/{number}/approve", json=body)
            assert answer.status_code in {202, 409}, answer.text
            approved += [number] if answer.status_code == 202 else []
    assert approved
    for number in approved:
        campus.request_is(number, "done", "attention", "planned")
    assert "done" in {campus.get(f"/requests/{number}")["state"] for number in approved}
    campus.instance_is(instance, "ended")
    late = campus["sari"].post(ACTIONS.format(instance, "extend"), json={"ends_at": at(9000)})
    assert late.status_code == 409, late.text
    until(lambda: not any(campus.announced().values()), "all off")


def test_a_draft_changed_later_keeps_what_it_was_told(campus: Campus) -> None:
    number = campus.draft(ssid="Diubah", passphrase="rahasia sekali")
    said = event(ssid="Diubah lagi")
    answer = campus["sari"].patch(f"/requests/{number}", json={"details": said})
    assert answer.status_code == 200, answer.text
    assert answer.json()["details"]["passphrase_given"] is True
    said = event(ssid="Diubah lagi", security="open")
    answer = campus["sari"].patch(f"/requests/{number}", json={"details": said})
    assert answer.status_code == 200, answer.text
    campus["sari"].post(f"/requests/{number}/cancel", json={"reason": "Hanya mencoba"})
