"""The service desk under hostile and clumsy hands: told clearly, never an error of ours."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.acceptance.office import PATIENCE, Office
from tests.acceptance.test_hostile import refused, sent

pytestmark = pytest.mark.xdist_group("acceptance-hostile")

NASTY = "=cmd|' /C calc'!A0 <script>alert(1)</script> {{7*7}} %(name)s </style> \u0645\u0631\u062d"
NO_TIMES = (
    "0001-01-01T00:00:00+07:00", "1900-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    "2026-11-20T10:00:00", "2026-02-31T10:00:00+07:00", "kemarin", "-1", True,
)  # fmt: skip
FAR = ("0001-01-01", "9999-12-31", "2026-02-31", "9" * 30, "-1", "%00", "%F0%9F%92%A9")
ASKED = (
    "/audit?since={}", "/audit?until={}", "/audit.csv?until={}", "/audit?older_than={}.1",
    "/api/v1/audit?since={}", "/api/v1/audit?until={}", "/api/v1/calendar/what-if?day={}",
    "/api/v1/calendar?year={}", "/calendar?year={}", "/reports/{}", "/reports/2026-10?revision={}",
    "/letters/{}", "/letters?before={}", "/complaints/{}", "/complaints/register?month={}",
    "/supervision?month={}", "/?q={}", "/verify/{}", "/requests/{}/receipt.pdf",
)  # fmt: skip
ELSEWHERE = ("//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example")


@pytest.fixture(autouse=True)
def no_surprise(office: Office) -> Iterator[None]:
    """Nothing was logged as unexpected."""
    logged = office.log.read_text()
    yield
    assert "Error at" not in office.log.read_text().removeprefix(logged)


@pytest.fixture
def browser(office: Office) -> Iterator[httpx.Client]:
    """Nobody's browser."""
    with httpx.Client(base_url=office.url, timeout=PATIENCE, trust_env=False) as client:
        yield client


def sign_in(office: Office, client: httpx.Client, who: str, **more: str) -> httpx.Response:
    form = {"username": who, "password": office.passwords[who], **more}
    return client.post("/sign-in", data=form)


def complaint(**more: Any) -> dict[str, Any]:
    return {"kind": "complaint", "channel": "phone", "text": "Layanan lambat sekali", **more}


@pytest.mark.parametrize("at", NO_TIMES)
def test_when_it_was_received(office: Office, at: Any) -> None:
    said = sent(office, "POST", "/complaints", complaint(received_at=at), "rina")
    refused(said, "/received_at")
    number = office.draft()
    refused(sent(office, "PATCH", f"/requests/{number}", {"received_at": at}, "rina"))


def test_strange_days_and_numbers_in_addresses(office: Office, browser: httpx.Client) -> None:
    assert sign_in(office, browser, "arif").status_code == 303
    wrong = []
    for path in ASKED:
        for odd in FAR:
            address = path.format(odd)
            client = office["arif"] if path.startswith("/api/") else browser
            answer = client.get(address.removeprefix("/api/v1"))
            if answer.status_code >= 500:
                wrong.append((address, answer.status_code))
    assert not wrong


def test_a_formula_stays_a_text_in_tables(office: Office, browser: httpx.Client) -> None:
    body = complaint(text=NASTY, name=NASTY[:60], summary=NASTY[:100])
    said = sent(office, "POST", "/complaints", body, "rina")
    assert said.status_code == 201, said.text
    assert sign_in(office, browser, "rina").status_code == 303
    page = browser.get(f"/complaints/{said.json()['number']}")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    table = browser.get("/complaints/register.csv")
    assert table.status_code == 200
    cells = [c for row in csv.reader(io.StringIO(table.text.lstrip("\ufeff"))) for c in row]
    assert any("alert(1)" in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]


def test_what_was_typed_is_kept_and_harmless(office: Office, browser: httpx.Client) -> None:
    """A form whose session ran out, with names and values that would be markup."""
    typed = {'reason"><script>alert(1)</script>': NASTY, "reason": "</textarea>" + NASTY}
    kept = browser.post("/requests/VPS-2026-0001/cancel", data=typed)
    assert kept.status_code == 401
    assert "<script>alert" not in kept.text
    assert "alert(1)" in kept.text
    evil = {"kept-path": "//evil.example/x", "kept:a": "1"}
    answer = sign_in(office, browser, "sari", **evil)
    assert answer.status_code == 303
    assert "evil.example" not in answer.text + answer.headers["location"]


def test_nobody_is_led_to_another_site(office: Office, browser: httpx.Client) -> None:
    for next in ELSEWHERE:
        assert sign_in(office, browser, "sari", next=next).headers["location"] == "/"
    cross = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    for path in ("/sign-in", "/sign-out", "/language", "/complain", "/track", "/account/password"):
        assert browser.post(path, data={"kept-path": "/people"}, headers=cross).status_code == 403


def test_a_token_does_not_outgrow_itself(office: Office) -> None:
    for scope, may in (("read", 200), ("file", 403), ("approve", 403)):
        made = office["dewi"].post("/account/tokens", json={"label": "uji", "scopes": [scope]})
        assert made.status_code == 201, made.text
        headers = {"Authorization": f"Bearer {made.json()['token']}"}
        again = office["dewi"].post("/account/tokens", json={"scopes": []}, headers=headers)
        assert again.status_code == 403
        assert office["dewi"].get("/requests", headers=headers).status_code == may
        mail = {"email": "lain@evil.example"}
        assert office["dewi"].patch("/account", json=mail, headers=headers).status_code == 403


def test_a_contact_is_not_guessed(office: Office, browser: httpx.Client) -> None:
    number = office.draft()
    tries = [
        browser.post("/track", data={"number": number, "contact": f"0281 8910{n}"}).status_code
        for n in range(20, 32)
    ]
    assert tries == [404] * 10 + [429] * 2
    right = browser.post("/track", data={"number": number, "contact": "0281 891010"})
    assert right.status_code == 429


def test_the_same_click_many_times(office: Office) -> None:
    """Handed in once, whoever else clicks; the same key is one complaint."""
    number = office.submitted()

    def many(path: str, body: Any, **headers: str) -> list[httpx.Response]:
        with ThreadPoolExecutor(4) as at_once:
            calls = [at_once.submit(office["rina"].post, path, json=body, headers=headers)
                     for _ in range(4)]  # fmt: skip
            return [call.result() for call in calls]

    sent_back = many(f"/requests/{number}/return", {"reason": "Suratnya belum ditandatangani"})
    assert sorted(a.status_code for a in sent_back) == [200, 409, 409, 409]
    told = many("/complaints", complaint(), **{"Idempotency-Key": f"sekali-{number}"})
    assert {a.status_code for a in told} == {201}
    assert len({a.json()["number"] for a in told}) == 1
