"""A run that fails is understood from its page, repaired and retried; its log tells all of it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.web.lives.conftest import Someone
from tests.web.stage import Stage

pytestmark = pytest.mark.browser
FRESH = 45_000


def test_failed_understood_repaired_retried(someone: Someone, stage: Stage) -> None:
    stage.lab.fault("task-fails", type="qmstart", text="start failed: simulated", times="20")
    try:
        number, run = stage.approved()
        stage.run_until(run, "waiting_person")
    finally:
        stage.lab.clear("task-fails")
    dewi = someone("dewi")
    dewi.goto(f"{stage.url}/runs/{run}")
    expect(dewi.locator(".step-failed")).to_contain_text("start failed: simulated")
    expect(dewi.locator(".step-failed")).to_contain_text("Yang harus dilakukan")
    dewi.locator(".undo summary").click()
    expect(dewi.locator(".undo li").last).to_contain_text("Membuat mesin virtual")
    before = dewi.locator("#log-lines li").count()
    dewi.get_by_label("Sasaran").uncheck()
    expect(dewi.locator(".l-target").first).to_be_hidden()
    dewi.get_by_role("button", name="Coba lagi dari langkah ini").click()
    expect(dewi.locator(".now")).to_have_text(
        re.compile("Semuanya selesai dan terbukti"), timeout=FRESH
    )
    stage.request_until(number, "done")
    dewi.reload()
    assert dewi.locator("#log-lines li").count() > before
    dewi.fill("#log-q", "simulated")
    dewi.press("#log-q", "Enter")
    expect(dewi.locator("#log-lines li").first).to_contain_text("start failed: simulated")
    line = dewi.locator("#log-lines .l-seq").first.inner_text()
    dewi.goto(f"{stage.url}/runs/{run}?line={line}#l-{line}")
    expect(dewi.locator(f"#l-{line}")).to_be_visible()
    with stage.browser("dewi") as client, stage.browser("sari") as applicant:
        saved = client.get(f"/runs/{run}/log.txt")
        assert saved.headers["content-disposition"].endswith('.txt"')
        assert "TASK ERROR: start failed: simulated" in saved.text
        assert "\x1b" not in saved.text
        assert applicant.get(f"/runs/{run}/log.txt").status_code == 403
        assert "log-lines" not in applicant.get(f"/runs/{run}").text
