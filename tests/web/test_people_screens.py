"""The people's pages in a real browser: what only a POST shows, checked with axe at both widths."""

from __future__ import annotations

import re

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.web.stage import PASSWORD, Stage

WIDTHS = (1366, 360)


def good(page: Page, name: str) -> None:
    """No violation, no sideways scrolling, one heading; a picture besides where one is wanted."""
    found = Axe().run(page)
    assert not found.response["violations"], (name, found.generate_report())
    wide = page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    assert not wide, name
    assert page.locator("h1").count() == 1, name


def sign_in(page: Page, url: str, who: str) -> None:
    page.goto(f"{url}/sign-in")
    page.fill("#username", who)
    page.fill("#password", PASSWORD)
    page.click("main button")


@pytest.mark.parametrize("width", WIDTHS)
def test_one_time_codes_from_setting_up_to_signing_in(
    stage: Stage, chromium: Browser, width: int
) -> None:
    who = f"lebar{width}"
    stage.people.add_person(who, "Wahyu Lebar", PASSWORD, ["technician"])
    context = chromium.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    sign_in(page, stage.url, who)
    page.goto(f"{stage.url}/account/code")
    good(page, "none")
    page.click("main form button")
    good(page, "begun")
    secret = page.locator("main code").inner_text().replace(" ", "")
    page.fill("#code", "000000")
    page.click("main form button")
    good(page, "wrong")
    page.fill("#code", pyotp.TOTP(secret).now())
    page.click("main form button")
    good(page, "recovery")
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 8
    context.clear_cookies()
    sign_in(page, stage.url, who)
    assert page.url.endswith("/sign-in/code?next=/")
    good(page, "code")
    page.fill("#code", "999999")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    good(page, "code-wrong")
    page.fill("#code", codes[0])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{stage.url}/")
    page.goto(f"{stage.url}/account/code")
    good(page, "on")
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_faulty_forms_and_what_is_shown_once(stage: Stage, chromium: Browser, width: int) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    sign_in(page, stage.url, "bagas")
    page.goto(f"{stage.url}/people/new")
    page.fill("#f-username", "Salah Nama")
    page.click("main form button")
    good(page, "new-faulty")
    assert "Kesalahan" in page.title()
    page.fill("#f-username", f"baru{width}")
    page.fill("#f-name", "Orang Baru")
    page.check("input[value=technician]")
    page.click("main form button")
    good(page, "invited")
    assert re.search(r"/invitation/[A-Za-z0-9_-]{43}", page.locator("main code").inner_text())
    page.goto(f"{stage.url}/people/bagas")
    page.uncheck("input[value=administrator]")
    page.check("input[value=technician]")
    page.locator("section[aria-labelledby=details] button").click()
    good(page, "last-administrator")
    page.goto(f"{stage.url}/account")
    page.locator("section[aria-labelledby=tokens] summary").click()
    page.locator("section[aria-labelledby=tokens] form[action='/account/tokens'] button").click()
    good(page, "token-faulty")
    page.fill("#f-label", "Pemantauan")
    page.locator("section[aria-labelledby=tokens] form[action='/account/tokens'] button").click()
    good(page, "token")
    page.goto(f"{stage.url}/account")
    page.fill("#f-old", "salah")
    page.fill("#f-password", "kata sandi baru")
    page.fill("#f-again", "kata sandi baru")
    page.locator("section[aria-labelledby=password] button").click()
    good(page, "password-faulty")
    context.close()
