"""A form that is sent after its session has run out loses nothing."""

from __future__ import annotations

import re
from html import unescape

import httpx
from playwright.sync_api import Browser

from tests.web.stage import PASSWORD, Stage

REASON = 'Stempel "belum" ada,\nmohon <dilengkapi> & dikirim lagi.'


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page)
    return {unescape(name): unescape(value) for name, value in found}


def entered(client: httpx.Client, page: str, who: str, password: str = PASSWORD) -> httpx.Response:
    form = {**hidden(page), "username": who, "password": password}
    return client.post("/sign-in", data=form)


def test_the_typed_reason_goes_through_sign_in_to_its_request(stage: Stage) -> None:
    number = stage.submitted(hostname="sesi-habis")
    path = f"/requests/{number}/return"
    with stage.client() as client:
        cut = client.post(path, data={"reason": REASON})
        assert cut.status_code == 401
        assert hidden(cut.text)["kept:reason"] == REASON.replace("\n", "\r\n") or (
            hidden(cut.text)["kept:reason"] == REASON
        )
        wrong = entered(client, cut.text, "rina", "salah sekali")
        assert wrong.status_code == 401
        right = entered(client, wrong.text, "rina")
        assert right.status_code == 200
        assert stage["rina"].get(f"/api/v1/requests/{number}").json()["state"] == "submitted"
        [action] = re.findall(r'<form method="post" action="([^"]+)" class="card">', right.text)
        assert action == path
        assert client.post(action, data=hidden(right.text)).status_code == 303
    after = stage["rina"].get(f"/api/v1/requests/{number}").json()
    assert after["state"] == "needs_info"


def test_passwords_and_files_are_not_carried_and_that_is_said(stage: Stage) -> None:
    with stage.client() as client:
        form = {"old": "rahasia-lama", "password": "rahasia-baru", "details/passphrase": "wifi123"}
        cut = client.post("/account/password", data=form)
        assert cut.status_code == 401
        for secret in form.values():
            assert secret not in cut.text
        asked = entered(client, cut.text, "sari")
        assert "kept-path" not in asked.text
        assert "sandi" in asked.text.lower()
        number = stage.draft(hostname="berkas-habis")
        with stage.client() as nobody:
            sent = nobody.post(
                f"/requests/{number}/letter",
                files={"file": ("surat.pdf", b"%PDF-1.4 isi surat", "application/pdf")},
                data={"kind": "signed"},
            )
        assert sent.status_code == 401
        assert "isi surat" not in sent.text
        assert hidden(sent.text)["kept:kind"] == "signed"
        assert "kept-path-files" in sent.text


def test_a_form_of_another_site_is_not_kept(stage: Stage) -> None:
    with stage.client() as client:
        headers = {"Sec-Fetch-Site": "cross-site"}
        answer = client.post("/requests/X/return", data={"reason": "x"}, headers=headers)
        assert answer.status_code == 403
        assert "kept:" not in answer.text
        forged = {
            "username": "rina", "password": PASSWORD,
            "kept-path": "//elsewhere.example/", "kept:a": "b",
        }  # fmt: skip
        assert client.post("/sign-in", data=forged).headers["location"] == "/"


def test_htmx_is_told_to_show_the_whole_page(stage: Stage) -> None:
    with stage.client() as client:
        answer = client.post("/requests/new", data={"a": "b"}, headers={"HX-Request": "true"})
        assert answer.headers["HX-Retarget"] == "body"


def test_in_a_browser_without_scripts(stage: Stage, chromium: Browser) -> None:
    number = stage.submitted(hostname="tanpa-skrip")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{stage.url}/sign-in")
    page.fill("#username", "rina")
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.goto(f"{stage.url}/requests/{number}")
    page.locator("details.decide", has=page.locator(f"form[action$='{number}/return']")).locator(
        "summary"
    ).click()
    page.locator(f"form[action$='{number}/return'] textarea").fill(REASON)
    context.clear_cookies()
    page.locator(f"form[action$='{number}/return'] button").click()
    assert page.locator("#username").is_visible()
    page.fill("#username", "rina")
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.click("main form button")
    page.wait_for_url(f"{stage.url}/requests/{number}**")
    context.close()
    assert stage["rina"].get(f"/api/v1/requests/{number}").json()["state"] == "needs_info"
