"""The console in a real browser: by keyboard alone, at 360 pixels, accessible, self-contained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from tests.web.keyboard import tab_to
from tests.web.screens import PARTS, open_screens
from tests.web.stage import PASSWORD, Stage

pytestmark = pytest.mark.browser
FRESH = 45_000
"""Milliseconds within which a live page has to show what happened."""


@pytest.fixture
def context(chromium: Browser, stage: Stage) -> Iterator[BrowserContext]:
    """A browser that fails the test when it asks any other host, or a script complains."""
    context = chromium.new_context(viewport={"width": 1366, "height": 900})
    strangers: list[str] = []
    complaints: list[str] = []

    def note(request: Request) -> None:
        if request.url.startswith("http") and not request.url.startswith(stage.url):
            strangers.append(request.url)

    context.on("request", note)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on(
        "console", lambda m: complaints.append(m.text) if "Content Security" in m.text else None
    )
    yield context
    context.close()
    assert not strangers
    assert not complaints


def _sign_in(page: Page, stage: Stage, who: str) -> None:
    page.goto(f"{stage.url}/sign-in")
    page.keyboard.type(who)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{stage.url}/")


def test_from_queue_to_proof_by_keyboard(context: BrowserContext, stage: Stage) -> None:
    number, _ = stage.planned()
    page = context.new_page()
    _sign_in(page, stage, "dewi")
    page.keyboard.press("/")
    page.keyboard.type(number)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"\?q="))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/requests/{number}")
    tab_to(page, ".next-step a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")
    tab_to(page, ".approve-button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/*")
    expect(page.locator(".now")).to_have_text(
        re.compile("Semuanya selesai dan terbukti"), timeout=FRESH
    )
    expect(page.locator(".step .tone-good, .step.tone-good").first).to_be_visible()
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1
    stage.request_until(number, "done")
    tab_to(page, ".buttons a")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/requests/{number}")
    assert page.locator(".proof .passed").count() >= 5


def test_the_request_page_follows_what_others_do(context: BrowserContext, stage: Stage) -> None:
    number = stage.submitted()
    page = context.new_page()
    _sign_in(page, stage, "sari")
    page.goto(f"{stage.url}/requests/{number}")
    expect(page.locator(".status .tag")).to_have_text(re.compile("Diajukan"))
    stage["rina"].post(f"/api/v1/requests/{number}/return", json={"reason": "Stempel belum ada"})
    expect(page.locator(".status .tag")).to_have_text(re.compile("Perlu dilengkapi"), timeout=FRESH)
    expect(page.get_by_text("Stempel belum ada").first).to_be_visible()


def test_a_page_whose_stream_is_cut_is_late_but_never_wrong(
    context: BrowserContext, stage: Stage
) -> None:
    context.route("**/events*", lambda route: route.abort())
    number, run = stage.approved()
    page = context.new_page()
    _sign_in(page, stage, "dewi")
    page.goto(f"{stage.url}/runs/{run}")
    expect(page.locator(".now")).to_have_text(
        re.compile("Semuanya selesai dan terbukti"), timeout=FRESH
    )
    assert stage.request_until(number, "done")["state"] == "done"


def test_a_page_that_lost_the_server_says_so_until_it_is_back(
    context: BrowserContext, stage: Stage
) -> None:
    number = stage.submitted()
    page = context.new_page()
    _sign_in(page, stage, "rina")
    page.goto(f"{stage.url}/requests/{number}")
    button = page.locator(".next-step button")
    expect(button).to_be_enabled()
    context.set_offline(True)
    expect(page.locator("#cut")).to_have_text(
        re.compile(r"Sambungan ke server terputus; .* \d\d:\d\d:\d\d"), timeout=FRESH
    )
    expect(button).to_be_disabled()
    context.set_offline(False)
    expect(page.locator("#cut")).to_be_hidden(timeout=FRESH)
    expect(button).to_be_enabled()


@pytest.mark.parametrize("script", [True, False])
def test_another_language_keeps_what_was_typed(
    chromium: Browser, stage: Stage, script: bool
) -> None:
    context = chromium.new_context(java_script_enabled=script)
    page = context.new_page()
    _sign_in(page, stage, "sari")
    page.goto(f"{stage.url}/requests/new?service=cloud_vps")
    page.fill("[name='details/purpose']", "Sudah diketik")
    page.fill("[name='details/hostname']", "Salah Nama")
    page.press("[name='details/hostname']", "Enter")
    expect(page.locator("#problems")).to_contain_text("Nama server")
    page.get_by_role("button", name="English (EN)").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New request: Cloud VPS")
    expect(page.locator("[name='details/purpose']")).to_have_value("Sudah diketik")
    expect(page.locator("#problems")).to_have_count(0)
    page.goto(f"{stage.url}/requests/new?service=cloud_vps")
    expect(page.get_by_role("heading", level=1)).to_have_text("New request: Cloud VPS")
    context.close()


def test_without_javascript_the_pages_are_whole(chromium: Browser, stage: Stage) -> None:
    number, _ = stage.planned()
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{stage.url}/sign-in")
    page.fill("#username", "dewi")
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.goto(f"{stage.url}/requests/{number}/review")
    page.click(".approve-button")
    page.wait_for_url("**/runs/*")
    stage.request_until(number, "done")
    page.reload()
    expect(page.locator(".now")).to_have_text(re.compile("selesai dan terbukti"))
    context.close()


def test_the_form_keeps_what_was_typed(context: BrowserContext, stage: Stage) -> None:
    page = context.new_page()
    _sign_in(page, stage, "sari")
    page.goto(f"{stage.url}/requests/new?service=cloud_vps")
    page.fill("[name='details/purpose']", "Layanan yang sudah diketik")
    page.fill("[name='details/hostname']", "Salah Nama")
    page.locator("form.long button").click()
    summary = page.locator("#problems")
    expect(summary).to_be_visible()
    expect(summary).to_be_focused()
    expect(page.locator("[name='details/purpose']")).to_have_value("Layanan yang sudah diketik")
    expect(page.locator("#f-details-hostname-error")).to_be_visible()
    page.fill("[name='details/hostname']", "nama-benar")
    for name, value in {"position": "Kepala", "phone": "0812345678", "email": "a@b.id"}.items():
        page.fill(f"[name='applicant/{name}']", value)
    page.locator("form.long button").click()
    page.wait_for_url(re.compile(r"/requests/VPS-"))
    expect(page.get_by_role("heading", level=1)).to_have_text("nama-benar")


def test_single_keys_can_be_switched_off(context: BrowserContext, stage: Stage) -> None:
    page = context.new_page()
    _sign_in(page, stage, "rina")
    page.keyboard.press("g")
    page.keyboard.press("k")
    page.wait_for_url("**/capacity")
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url(f"{stage.url}/")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".who .menu summary").click()
    with page.expect_navigation():  # the page that still listens is gone
        page.get_by_role("button", name="Matikan pintasan keyboard").click()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_hidden()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        pytest.param(360, "light", marks=pytest.mark.xdist_group("gallery-narrow")),
        pytest.param(1366, "dark", marks=pytest.mark.xdist_group("gallery-wide")),
    ],
)
def test_every_screen_fits_and_is_accessible(
    chromium: Browser, gallery: Stage, width: int, scheme: Any, part: int
) -> None:
    faults: dict[str, Any] = {}
    for name, page in open_screens(chromium, gallery, width, scheme, part):
        over = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        small = page.evaluate(SMALL_TARGETS)
        found = [
            (v["id"], v["impact"], [node["html"][:160] for node in v["nodes"]])
            for v in Axe().run(page).response["violations"]
        ]
        headings = page.locator("h1").count()
        if over > 0 or found or small or headings != 1:
            faults[name] = (over, found, small, headings)
    assert not faults


SMALL_TARGETS = """
[...document.querySelectorAll('button, [role=button], summary, input:not([type=hidden]), select')]
  .filter(e => e.getClientRects().length && !e.closest('dialog'))
  .filter(e => { const r = e.getBoundingClientRect(); return r.height < 24 || r.width < 24 })
  .map(e => e.outerHTML.slice(0, 120))
"""
