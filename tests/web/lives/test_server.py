"""The whole life of a server: asked, reviewed, approved, watched, proven, answered by letter."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

import pypdf
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.unit.signing_world import authority, holder, sign
from tests.web.bodies import PUBLIC_KEY
from tests.web.lives.asking import APPLICANT, ask
from tests.web.lives.conftest import Someone
from tests.web.stage import Stage

pytestmark = pytest.mark.browser
FRESH = 60_000
LETTER_NUMBER = "000.1.2/4711/2026"
ANSWERS = {
    "details/purpose": "Layanan rujukan puskesmas",
    "details/hostname": "rujukan-dinkes",
    "details/size": "small",
    "details/image": "debian-13",
    "details/network": "server-opd",
    "details/admin_user": "admin-web",
    "details/ssh_keys": PUBLIC_KEY,
}


def _said(pdf: bytes) -> str:
    return " ".join(pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split())


def _today() -> str:
    """In Jakarta, where the office is."""
    return (datetime.now(UTC) + timedelta(hours=7)).date().isoformat()


@pytest.mark.timeout(300)
def test_a_server_from_question_to_letter(
    chromium: Browser, someone: Someone, stage: Stage
) -> None:
    sari, rina, dewi, heru = (
        someone("sari", script=False), someone("rina"),
        someone("dewi", script=False), someone("heru"),
    )  # fmt: skip
    number = ask(sari, stage.url, "cloud_vps", ANSWERS)
    receipt = sari.context.request.get(f"{stage.url}/requests/{number}/receipt.pdf")
    assert number in _said(receipt.body())

    rina.goto(stage.url)
    rina.locator(".row-link", has_text=number).click()
    rina.locator(".next-step button").click()
    rina.wait_for_url(re.compile("/review"))
    expect(rina.locator("table.changes").first).to_contain_text("rujukan-dinkes")
    expect(rina.locator(".beforehand li").first).to_be_visible()

    dewi.goto(f"{stage.url}/requests/{number}/review")
    expect(dewi.locator(".sentence")).to_contain_text("rujukan-dinkes")
    dewi.locator(".approve-button").click()
    dewi.wait_for_url(re.compile("/runs/"))

    rina.goto(dewi.url)
    expect(rina.locator(".now")).to_have_text(
        re.compile("Semuanya selesai dan terbukti"), timeout=FRESH
    )
    stage.request_until(number, "done")
    rina.goto(f"{stage.url}/requests/{number}")
    assert rina.locator(".proof .passed").count() >= 5

    code = _answered_by_letter(rina, heru, stage, number)
    sari.goto(f"{stage.url}/requests/{number}")
    expect(sari.locator(".status .tag")).to_contain_text("Selesai")
    assert sari.locator(".proof .passed").count() >= 5
    link = sari.locator(".letters a[href$='signed.pdf']").get_attribute("href")
    letter = sari.context.request.get(f"{stage.url}{link}").body()
    assert LETTER_NUMBER in _said(letter)
    assert "rujukan-dinkes" in _said(letter)

    anybody = chromium.new_page()
    anybody.goto(f"{stage.url}/track")
    anybody.fill("#f-number", number)
    anybody.fill("#f-contact", APPLICANT["applicant/phone"])
    anybody.locator("main form button").click()
    expect(anybody.locator(".tracked")).to_contain_text("Sudah selesai")
    expect(anybody.locator("main")).not_to_contain_text("rujukan-dinkes")
    anybody.goto(f"{stage.url}/verify/{code}")
    expect(anybody.locator("main")).to_contain_text("Surat ini asli")
    expect(anybody.locator("main")).to_contain_text(LETTER_NUMBER)
    anybody.context.close()


def _answered_by_letter(rina: Page, heru: Page, stage: Stage, number: str) -> str:
    """The technician writes it, the head signs and sends it; the code on the letter."""
    write = rina.locator("form[action='/letters']", has=rina.locator("[value=confirmation]"))
    write.locator("button").click()
    rina.wait_for_url(re.compile(r"/letters/\d+"))
    expect(rina.locator("h1")).to_have_text("Surat konfirmasi")
    rina.fill("#f-number", LETTER_NUMBER)
    rina.fill("#f-date", _today())
    rina.locator("form[action$='/issue'] button").click()
    expect(rina.locator(".status .tag")).not_to_contain_text("Konsep")
    link = rina.locator("a[href*='/verify/']").first.get_attribute("href") or ""

    heru.goto(rina.url)
    address = heru.url.partition("#")[0].partition("?")[0]
    pdf = heru.context.request.get(f"{address}/letter.pdf").body()
    by_head = sign(pdf, holder("Kepala Dinas", authority()))
    upload = {"name": "surat.pdf", "mimeType": "application/pdf", "buffer": by_head}
    heru.set_input_files("#f-file", files=[upload])  # type: ignore[arg-type]
    heru.locator("form[action$='/signed'] button").click()
    expect(heru.locator("#verdict")).to_be_visible()
    heru.select_option("#f-how", "srikandi")
    heru.fill("#f-on", _today())
    heru.locator("form[action$='/sent'] button").click()
    expect(heru.locator(".status .tag")).to_contain_text("Terkirim")
    kept = heru.context.request.get(f"{address}/signed.pdf").body()
    assert kept == by_head
    return link.rpartition("/")[2]
