"""A fault in the console: told by a department, its cause named, a remedy approved, green again."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.web.bodies import new_request
from tests.web.letters_read import written
from tests.web.stage import Stage
from tests.web.test_internet_pages import LONG, signed_in

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("check-pages")]
PORT = "GigabitEthernet1/0/1"


def ended(stage: Stage, id: str) -> dict[str, Any]:
    """The check, once it is over."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        found: dict[str, Any] = stage["rina"].get(f"/api/v1/checks/{id}").json()
        if found["state"] in ("done", "broken_off"):
            return found
        time.sleep(0.2)
    raise AssertionError(found)


@pytest.fixture
def err_disabled(stage: Stage) -> Iterator[None]:
    stage.lab.fault("port-err-disabled", host="sw-smp-1", port=PORT)
    yield
    stage.lab.clear("port-err-disabled")


def no_violation(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.browser
def test_a_technician_finds_the_cause_and_has_it_mended(
    stage: Stage, chromium: Browser, err_disabled: None
) -> None:
    """By somebody who has never seen it: from the complaint to green, without a shell."""
    with signed_in(chromium, stage, "sari", width=360) as sari:
        sari.goto(f"{stage.url}/requests/new?service=troubleshooting")
        no_violation(sari)
        sari.get_by_label("Di mana tidak berfungsi?").select_option("site:smp-1")
        sari.get_by_label("Apa yang terlihat?").select_option("no_wifi")
        sari.get_by_label("Ceritakan dengan kata-kata sendiri").fill("WiFi guru hilang")
        sari.get_by_label("Nama", exact=True).fill("Sari Wulandari")
        sari.get_by_label("Jabatan").fill("Kepala Subbagian Umum")
        sari.get_by_label("Telepon").fill("0812 3456 789")
        sari.get_by_label("Surel").fill("sari@dinkes.example")
        sari.get_by_role("button", name="Simpan").click()
        sari.get_by_role("button", name="Ajukan").click()
        expect(sari.locator("main")).to_contain_text("mematikan", timeout=LONG)
        number = re.search(r"TRB-\d{4}-\d{4}", sari.url)
    assert number
    with signed_in(chromium, stage, "rina") as page:
        page.goto(f"{stage.url}/requests/{number[0]}")
        page.get_by_role("link", name="SMP Negeri 1").click()
        cause = page.locator(".diagnosis")
        expect(cause).to_contain_text(f"sw-smp-1:{PORT}")
        expect(page.locator(".packet .first-red")).to_contain_text("sw-smp-1")
        no_violation(page)
        page.locator(".remedies button").first.click()
        page.wait_for_url("**/requests/TRB-*")
        page.get_by_role("button", name="Buat rencana").click()
        page.wait_for_url("**/review")
        expect(page.locator("main")).to_contain_text("ap-smp-1")
        no_violation(page)
        review = page.url
    with signed_in(chromium, stage, "dewi") as page:  # who asks for it does not approve it
        page.goto(review)
        page.locator(".approve-button").click()
        page.wait_for_url("**/runs/*")
        expect(page.locator(".now")).to_have_text(re.compile("selesai dan terbukti"), timeout=LONG)
        page.get_by_role("button", name="Ke permohonan").click()
        expect(page.locator("main")).to_contain_text("Yang tadi merah sekarang hijau")


@pytest.mark.browser
def test_a_check_is_asked_for_and_watched(stage: Stage, chromium: Browser) -> None:
    with signed_in(chromium, stage, "rina", width=360) as page:
        page.goto(f"{stage.url}/checks")
        no_violation(page)
        page.get_by_label("Apa yang tidak berfungsi?").select_option("device:sw-core-1")
        page.get_by_role("button", name="Periksa semua").click()
        page.wait_for_url("**/checks/check-*")
        expect(page.locator("main")).to_contain_text("sebagaimana mestinya", timeout=LONG)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.goto(f"{stage.url}/checks/rules")
        expect(page.locator("main")).to_contain_text("port.err_disabled")
        no_violation(page)


def test_what_is_not_there_cannot_be_checked(stage: Stage) -> None:
    with stage.browser("rina") as rina:
        assert rina.post("/checks", data={"target": "site:tidak-ada"}).status_code == 404
        assert rina.post("/checks", data={}).status_code == 422
        assert rina.get("/checks/check-tidak-ada").status_code == 404


def test_a_department_sees_the_cause_and_no_device(stage: Stage, err_disabled: None) -> None:
    number = stage.submitted(service="troubleshooting")
    deadline = time.monotonic() + 60
    while not (found := stage["sari"].get(f"/api/v1/checks?request={number}").json()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    ended(stage, found[0]["id"])
    with stage.browser("sari") as sari:
        shown = sari.get(f"/checks/{found[0]['id']}").text
        assert sari.get("/checks/rules").status_code == 403
        assert sari.post("/checks", data={"target": "device:sw-core-1"}).status_code == 403
    assert "Penyebabnya" in shown
    assert "/remedies/" not in shown
    assert "rt-core-1" not in shown
    stage.carried_out(number)
    answer = written(stage, number, "answer")
    assert number in answer
    cause = stage["sari"].get(f"/api/v1/checks/{found[0]['id']}").json()["diagnosis"]["cause"]
    assert "".join(cause.split()) in "".join(answer.split())  # lines are broken in words
    with stage.browser("tono") as tono:
        assert tono.get(f"/checks/{found[0]['id']}").status_code == 404


def test_a_department_orders_nothing_on_devices(stage: Stage) -> None:
    body = new_request("troubleshooting")
    body["details"] = {
        "action": "remedy", "remedy": "bounce_port", "device": "sw-smp-1", "port": PORT,
    }  # fmt: skip
    assert stage["sari"].post("/api/v1/requests", json=body).status_code == 403
    draft = stage.draft(service="troubleshooting")
    patch = stage["sari"].patch(f"/api/v1/requests/{draft}", json={"details": body["details"]})
    assert patch.status_code == 403
