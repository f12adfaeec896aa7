"""The whole life of an event's WiFi; its technician has no mouse, nobody else a script."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from provisioner.lab.letter import sample_letter
from tests.web.keyboard import press, write, write_date
from tests.web.lives.asking import ask
from tests.web.lives.conftest import Someone
from tests.web.stage import Stage

pytestmark = pytest.mark.browser
FRESH = 60_000
LETTER_NUMBER = "000.1.2/4712/2026"


def _local() -> datetime:
    """Now in Jakarta, where the office is."""
    return datetime.now(UTC) + timedelta(hours=7)


@pytest.mark.timeout(300)
def test_a_wifi_from_question_to_poster(someone: Someone, stage: Stage) -> None:
    sari, rina = someone("sari", script=False), someone("rina")
    dewi, heru = someone("dewi", script=False), someone("heru", script=False)
    number = ask(
        sari, stage.url, "event_wifi",
        {
            "details/event": "Gebyar Posyandu",
            "details/place": "alun-alun",
            "details/starts_at": _local().strftime("%Y-%m-%dT%H:%M"),
            "details/ends_at": (_local() + timedelta(hours=4)).strftime("%Y-%m-%dT%H:%M"),
            "details/expected_users": "80",
            "details/ssid": "Gebyar Posyandu",
            "details/security": "wpa2-personal",
        },
    )  # fmt: skip

    rina.keyboard.press("/")
    rina.keyboard.type(number)
    rina.keyboard.press("Enter")
    rina.wait_for_url(re.compile(r"\?q="))
    press(rina, ".row-link")
    rina.wait_for_url(f"**/requests/{number}")
    press(rina, ".next-step button")
    rina.wait_for_url(re.compile("/review"))
    expect(rina.locator("table.changes").first).to_contain_text("Gebyar Posyandu")

    dewi.goto(f"{stage.url}/requests/{number}/review")
    dewi.locator(".approve-button").click()
    dewi.wait_for_url(re.compile("/runs/"))

    rina.keyboard.press("/")
    rina.wait_for_url(re.compile("/(#q)?$"))
    rina.goto(dewi.url)
    expect(rina.locator(".now")).to_have_text(
        re.compile("Semuanya selesai dan terbukti"), timeout=FRESH
    )
    stage.request_until(number, "done")
    press(rina, ".buttons a")
    rina.wait_for_url(f"**/requests/{number}")
    _letter_by_keyboard(rina, heru)

    sari.goto(f"{stage.url}/requests/{number}")
    expect(sari.locator(".status .tag")).to_contain_text("Selesai")
    expect(sari.locator(".letters")).to_contain_text(LETTER_NUMBER)
    poster = sari.locator(".one-time a").get_attribute("href") or ""
    sari.goto(poster)
    sari.locator("main form button").click()
    expect(sari.locator(".poster h1")).to_have_text("Gebyar Posyandu")
    expect(sari.locator(".poster .qr svg")).to_be_visible()
    expect(sari.locator(".poster .row-secret dd")).not_to_be_empty()
    sari.goto(poster)
    expect(sari.locator("main")).to_contain_text("sudah")
    expect(sari.locator(".poster")).to_have_count(0)


def _letter_by_keyboard(rina: Page, heru: Page) -> None:
    """Written, numbered and issued without a mouse; signed on paper, scanned, sent by the head."""
    press(rina, "form[action='/letters'] [value=confirmation] ~ button")
    rina.wait_for_url(re.compile(r"/letters/\d+"))
    write(rina, "#f-number", LETTER_NUMBER)
    write_date(rina, "#f-date", _local().date())
    press(rina, "form[action$='/issue'] button")
    expect(rina.locator("#f-number")).to_have_count(0)

    heru.goto(rina.url)
    paper = sample_letter("Dinas Kominfo", LETTER_NUMBER, "Surat konfirmasi")
    scan = {"name": "pindaian.pdf", "mimeType": "application/pdf", "buffer": paper}
    heru.set_input_files("#f-file", files=[scan])  # type: ignore[arg-type]
    heru.check("[name=scan]")
    heru.locator("form[action$='/signed'] button").click()
    heru.select_option("#f-how", "hand")
    heru.fill("#f-on", _local().date().isoformat())
    heru.locator("form[action$='/sent'] button").click()
    expect(heru.locator(".status .tag")).to_contain_text("Terkirim")
