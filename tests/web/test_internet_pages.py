"""Connecting a site in the console: form, two approvals, work on site, a fault, devices, drift."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.web.bodies import FAR
from tests.web.letters_read import written
from tests.web.stage import PASSWORD, Stage, photo
from tests.web.test_pages import FIELDS

# they share one connected site, in the order in which they stand
pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("internet-pages")]
SECRET = "kunci guru SMP 9"
FORM = {
    **{name: text for name, text in FIELDS.items() if not name.startswith("details/")},
    "service": "internet",
    "details/site": "smp-1",
    "details/location": "Ruang TU, lantai 2",
    "details/purpose": "Kelas daring",
    "details/expected_users": "30",
    "details/fieldwork": "cabling",
}
LONG = 60_000
"""Milliseconds within which a run has to show its end."""


@contextmanager
def signed_in(chromium: Browser, stage: Stage, who: str, width: int = 1280) -> Iterator[Page]:
    """A browser that fails when any other host is asked, or a script complains."""
    context = chromium.new_context(viewport={"width": width, "height": 900})
    strange: list[str] = []

    def note(request: Request) -> None:
        if request.url.startswith("http") and not request.url.startswith(stage.url):
            strange.append(request.url)

    context.on("request", note)
    context.on("weberror", lambda error: strange.append(str(error.error)))
    context.on("console", lambda m: strange.append(m.text) if "Content Sec" in m.text else None)
    page = context.new_page()
    page.goto(f"{stage.url}/sign-in")
    page.fill("#username", who)
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url(f"{stage.url}/")
    yield page
    context.close()
    assert strange == []


@pytest.fixture(scope="module")
def connected(stage: Stage) -> tuple[str, str]:
    """A connected site with a WiFi: its request and its instance."""
    number, _ = stage.approved(
        service="internet", ssid="Guru SMP", security="wpa2-personal", passphrase=SECRET
    )
    found = stage.request_until(number, "done", "attention")
    assert found["state"] == "done", stage["rina"].get(f"/api/v1/requests/{number}/report").text
    return number, str(found["instance"])


def test_a_connection_is_asked_for_and_nothing_typed_is_lost(stage: Stage) -> None:
    with stage.browser("sari") as sari:
        assert "/requests/new?service=internet" in sari.get("/requests/new").text
        fresh = sari.get("/requests/new?service=internet").text
        assert '<details class="card fold">' in fresh, "WiFi is folded away until it is wanted"
        wrong = sari.post(
            "/requests/new",
            data={**FORM, "details/rate_limit_mbps": "5000", "details/security": "open",
                  "details/passphrase": SECRET},
        )  # fmt: skip
        assert wrong.status_code == 422
        for faulty in ("rate_limit_mbps", "passphrase"):
            assert f'id="f-details-{faulty}-error"' in wrong.text
        assert '<details class="card fold" open>' in wrong.text
        assert 'value="Ruang TU, lantai 2"' in wrong.text
        assert SECRET not in wrong.text
        whole = {**FORM, "details/ssid": "Guru", "details/security": "wpa2-personal",
                 "details/passphrase": SECRET, "details/isolate_clients": "true"}  # fmt: skip
        made = sari.post("/requests/new", data=whole)
        assert made.status_code == 303, made.text
        shown = sari.get(made.headers["location"].partition("#")[0]).text
    for told in ("SMP Negeri 1", "Ruang TU, lantai 2", "Kabel harus ditarik", "Guru"):
        assert told in shown
    assert SECRET not in shown


@pytest.mark.browser
def test_a_technician_connects_a_site_and_is_interrupted(
    stage: Stage, chromium: Browser, tmp_path: Path
) -> None:
    """From the queue to the printed sheet, by somebody who has never seen it."""
    number = stage.submitted(
        service="internet", fieldwork="cabling", location="Laboratorium komputer"
    )
    picture = tmp_path / "kabel.jpg"
    picture.write_bytes(photo())
    with signed_in(chromium, stage, "rina") as page:
        page.locator(".row-link", has_text=number).click()
        page.get_by_role("button", name="Buat rencana").click()
        page.wait_for_url("**/review")
        way = page.locator(".way").first
        expect(way).to_contain_text("sw-smp-1")
        expect(way).to_contain_text("rt-core-1")
        expect(page.locator("h4.device-name", has_text="rt-core-1")).to_be_visible()
        expect(page.get_by_role("heading", name="Kerjakan pemasangan di lokasi")).to_be_visible()
        page.locator(".approve-button").click()
        page.wait_for_url("**/runs/*")
        boxes = page.locator(".ticks input")
        expect(boxes.first).to_be_visible(timeout=LONG)
        for index in range(boxes.count()):
            boxes.nth(index).check()
        page.set_input_files("#f-photos", picture)
        stage.lab.fault("device-dead", host="sw-smp-1")
        try:
            page.get_by_role("button", name="Selesai dikerjakan").click()
            expect(page.locator(".task-done")).to_contain_text("Rina Lestari")
            expect(page.locator(".error-story")).to_contain_text("sw-smp-1", timeout=LONG)
        finally:
            stage.lab.clear("device-dead")
        expect(page.locator(".now")).to_have_text(re.compile("selesai dan terbukti"), timeout=LONG)
        page.get_by_role("button", name="Ke permohonan").click()
        page.get_by_role("link", name="Lembar serah terima").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Serah terima sambungan internet")
        sheet = page.locator(".sheet-rows")
        for told in ("Laboratorium komputer", "10.40.", "GigabitEthernet1/0/", "50"):
            expect(sheet).to_contain_text(told)
        pdf = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1


@pytest.mark.browser
def test_what_reaches_far_is_approved_by_two(stage: Stage, chromium: Browser) -> None:
    number, _ = stage.planned(service="internet", site=FAR)
    path = f"/requests/{number}/review"
    with signed_in(chromium, stage, "rina") as page:
        page.goto(f"{stage.url}{path}")
        expect(page.locator("#impact ~ p")).to_contain_text("dua orang")
        page.get_by_label("Keterangan").fill("Sudah saya periksa di tempat")
        page.locator(".approve-button").click()
        expect(page.get_by_role("heading", name="Anda sudah menyetujuinya")).to_be_visible()
        expect(page.locator(".approve-button")).to_have_count(0)
        page.goto(f"{stage.url}/")
        row = page.locator(".group-mine .row", has_text=number)
        expect(row).to_have_count(0)
    with signed_in(chromium, stage, "heru", width=360) as page:
        row = page.locator(".group-mine .row", has_text=number)
        expect(row).to_contain_text("Rina Lestari")
        row.locator("a").click()
        page.wait_for_url(f"**{path}")
        notice = page.locator(".approve .notice")
        expect(notice).to_contain_text("Rina Lestari")
        expect(notice).to_contain_text("Sudah saya periksa di tempat")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.locator(".approve-button").click()
        page.wait_for_url("**/runs/*")
        expect(page.locator(".now")).to_have_text(re.compile("selesai dan terbukti"), timeout=LONG)


def test_the_same_person_is_told_to_wait(stage: Stage) -> None:
    number, plan = stage.planned(service="internet", site=FAR)
    yes = {"digest": plan["digest"]}
    path = f"/api/v1/requests/{number}"
    first = stage["dewi"].post(f"{path}/approve", json=yes)
    assert first.json() == {"run": None, "digest": plan["digest"], "waiting_for": "approver"}
    again = stage["dewi"].post(f"{path}/approve", json=yes)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/second-approver")
    with stage.browser("dewi") as dewi:
        told = dewi.post(f"/requests/{number}/approve", data=yes)
        assert told.status_code == 409
        assert "Anda sudah menyetujui" in told.text
    assert stage["dewi"].post(f"{path}/reject", json={"reason": "Uji coba"}).status_code == 200


@pytest.mark.browser
def test_a_device_tells_what_a_request_changed(
    stage: Stage, connected: tuple[str, str], chromium: Browser
) -> None:
    number, _ = connected
    with signed_in(chromium, stage, "rina") as page:
        page.goto(f"{stage.url}/devices")
        page.get_by_role("link", name="sw-smp-1").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("sw-smp-1")
        expect(page.locator("#requests ~ ul")).to_contain_text(number)
        page.get_by_role("row", name=re.compile(f"{number}.*sesudah")).get_by_role(
            "link", name="Yang berubah"
        ).click()
        shown = page.locator(".difference")
        expect(shown.locator(".plus", has_text=f"PROV-{number}").first).to_be_visible()
        page.go_back()
        page.get_by_role("link", name=re.compile("Seluruh konfigurasi")).first.click()
        expect(page.locator("pre.whole")).to_contain_text("hostname sw-smp-1")
        page.goto(f"{stage.url}/segments")
        expect(page.get_by_role("row", name=re.compile(number))).to_contain_text("Terpakai")


def test_its_letter_says_what_was_connected(stage: Stage, connected: tuple[str, str]) -> None:
    printed = written(stage, connected[0])
    assert "Guru SMP" in printed
    assert SECRET not in printed


def test_the_passphrase_is_on_the_poster_only(stage: Stage, connected: tuple[str, str]) -> None:
    number, id = connected
    report = stage["sari"].get(f"/api/v1/requests/{number}/report").json()
    with stage.browser("rina") as rina:
        for path in (f"/requests/{number}", f"/requests/{number}/review", f"/instances/{id}",
                     f"/instances/{id}/sheet", "/devices/ap-smp-1"):  # fmt: skip
            shown = rina.get(path)
            assert shown.status_code == 200, path
            assert SECRET not in shown.text, path
        assert rina.get(f"/instances/{id}/poster").status_code == 404
        for version in rina.get("/api/v1/devices/ap-smp-1/configurations").json():
            path = f"/devices/ap-smp-1/configurations/{version['commit']}"
            assert SECRET not in rina.get(path).text
    with stage.client() as anybody:
        poster = anybody.post(report["handover"]["url"])
    assert SECRET in poster.text
    assert "SMP Negeri 1" in poster.text


def test_a_site_is_changed_and_only_what_differs_is_shown(
    stage: Stage, connected: tuple[str, str]
) -> None:
    id = connected[1]
    with stage.browser("rina") as rina:
        asked = rina.post(f"/instances/{id}/actions/change", data={"details/rate_limit_mbps": "10"})
        assert asked.status_code == 303, asked.text
        number = asked.headers["location"].rpartition("/")[2]
        assert rina.post(f"/requests/{number}/plan").status_code == 303
        review = rina.get(f"/requests/{number}/review").text
    devices = re.findall(r'<h4 class="device-name mono">([^<]+)', review)
    assert devices == ["rt-core-1"]
    assert "50 Mbit/s" in review
    assert "10 Mbit/s" in review
    assert "<strong>1</strong> diubah" in review
    stage.carried_out(number)
    assert stage["sari"].get(f"/api/v1/instances/{id}").json()["rate_limit_mbps"] == 10


def test_what_somebody_else_changed_is_settled_or_overridden(
    stage: Stage, connected: tuple[str, str]
) -> None:
    id = connected[1]
    one = stage["rina"].get(f"/api/v1/instances/{id}").json()
    stage.type("sw-smp-1", f"interface {one['port']}", "description punya siapa")
    [finding] = stage["rina"].post(f"/api/v1/instances/{id}/look").json()["findings"]
    with stage.browser("rina") as rina:
        assert "punya siapa" in rina.get("/findings").text
        form = rina.get(f"/instances/{id}/actions/settle").text
        assert "punya siapa" in form
        chosen = {"details/what": finding["key"], "details/how": "accept"}
        silent = rina.post(f"/instances/{id}/actions/settle", data=chosen)
        assert silent.status_code == 422
        assert 'id="f-details-reason-error"' in silent.text
        asked = rina.post(f"/instances/{id}/actions/settle",
                          data={**chosen, "details/how": "restore"})  # fmt: skip
        assert asked.status_code == 303, asked.text
        stage.carried_out(asked.headers["location"].rpartition("/")[2])
        assert stage["rina"].post(f"/api/v1/instances/{id}/look").json()["findings"] == []

        stage.type("sw-smp-1", "interface GigabitEthernet1/0/20", "description tetangga")
        other, plan = stage.planned(service="internet")
        assert "tetangga" in rina.get(f"/requests/{other}/review").text
        path = f"/requests/{other}/approve"
        refused = rina.post(path, data={"digest": plan["digest"]})
        assert refused.status_code == 409
        assert "sw-smp-1" in refused.text
        problem = stage["rina"].post(f"/api/v1{path}", json={"digest": plan["digest"]}).json()
        assert problem["type"] == "/problems/foreign-changes"
        why = {"digest": plan["digest"], "override_reason": "Sudah ditanyakan kepada tetangga"}
        assert rina.post(path, data=why).headers["location"].startswith("/runs/")
    stage.request_until(other, "done")
    ended = stage["sari"].post(f"/api/v1/instances/{id}/actions/end", json={})
    assert ended.status_code == 201, ended.text
    stage.carried_out(ended.json()["number"])
    with stage.browser("sari") as sari:
        gone = sari.get(f"/instances/{id}").text
    assert "Berakhir" in gone
    assert f"/instances/{id}/sheet" not in gone


def test_only_the_office_sees_devices(stage: Stage) -> None:
    described = stage["rina"].get("/api/v1/openapi.json").json()["paths"]
    commit = "0" * 40
    versions = "/api/v1/devices/sw-smp-1/configurations"
    for path in (
        "/api/v1/devices", "/api/v1/devices/sw-smp-1", versions, f"{versions}/{commit}",
        f"{versions}/difference?from={commit}&to={commit}", "/api/v1/segments",
        "/api/v1/topology/differences",
    ):  # fmt: skip
        template = re.sub(r"sw-smp-1", "{name}", path.partition("?")[0]).replace(commit, "{commit}")
        assert template in described
        assert stage["sari"].get(path).status_code == 403, path
    assert stage["sari"].post("/api/v1/topology/look").status_code == 403
    assert stage["arif"].post("/api/v1/topology/look").status_code == 403
    with stage.browser("sari") as sari:
        for page in ("/devices", "/devices/sw-smp-1", "/segments"):
            assert sari.get(page).status_code == 403
    strange = ("/devices/tidak-ada", f"{versions}/{commit}", f"{versions}/..%2f..", f"{versions}/é")
    for path in strange:
        answer: httpx.Response = stage["arif"].get(path if "api" in path else f"/api/v1{path}")
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_cables_are_compared(stage: Stage) -> None:
    found = stage["rina"].post("/api/v1/topology/look").json()
    assert found["agreed"] == found["cables"] > 0
    assert stage["arif"].get("/api/v1/topology/differences").json() == found
    with stage.browser("arif") as arif:
        page = arif.get("/topology").text
    assert "network.yml" in page
    assert "/topology/look" not in page
    assert "/topology/compare" not in page
