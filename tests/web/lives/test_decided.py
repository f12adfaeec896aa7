"""A request that comes back and is completed, and one that is refused; who comes second is told."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.web.lives.conftest import Someone
from tests.web.stage import Stage

pytestmark = pytest.mark.browser
FRESH = 45_000


def _decide(page: Page, summary: str, reason: str, button: str) -> None:
    page.locator(".decide summary", has_text=summary).click()
    form = page.locator(".decide", has=page.locator("summary", has_text=summary))
    form.locator("textarea").fill(reason)
    form.get_by_role("button", name=button).click()


def test_returned_completed_and_refused(someone: Someone, stage: Stage) -> None:
    number = stage.submitted()
    address = f"{stage.url}/requests/{number}"
    sari, rina = someone("sari"), someone("rina", script=False)
    sari.goto(address)
    expect(sari.locator(".holder")).to_contain_text("dinas")
    rina.goto(address)
    _decide(rina, "Kembalikan", "Stempel belum ada pada surat", "Kembalikan")
    expect(sari.locator(".status .tag")).to_contain_text("Perlu dilengkapi", timeout=FRESH)
    expect(sari.locator(".holder")).to_contain_text("Dinas Kesehatan")
    expect(sari.get_by_text("Hitungan waktu berhenti").first).to_be_visible()
    sari.get_by_role("button", name=re.compile("^Ajukan")).click()
    expect(sari.locator(".status .tag")).to_contain_text("Diajukan", timeout=FRESH)
    rina.goto(address)
    _decide(rina, "Tolak", "Sudah tersedia di server bersama", "Tolak")
    expect(rina.locator(".status .tag")).to_contain_text("Ditolak")
    sari.goto(address)
    expect(sari.get_by_text("Sudah tersedia di server bersama").first).to_be_visible()
    expect(sari.locator(".timeline")).not_to_contain_text("Rencana")


def test_who_comes_second_is_told_and_keeps_the_words(someone: Someone, stage: Stage) -> None:
    number = stage.submitted()
    rina, dewi = someone("rina", script=False), someone("dewi", script=False)
    for page in (rina, dewi):
        page.goto(f"{stage.url}/requests/{number}")
    _decide(rina, "Kembalikan", "Nomor surat belum ada", "Kembalikan")
    _decide(dewi, "Tolak", "Tidak sesuai ketentuan", "Tolak")
    expect(dewi.get_by_role("alert")).to_contain_text("Rina Lestari")
    expect(dewi.locator("main")).to_contain_text("Tidak sesuai ketentuan")
    assert stage["rina"].get(f"/api/v1/requests/{number}").json()["state"] == "needs_info"
