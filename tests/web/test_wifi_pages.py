"""The console for events' WiFi: form, review, hand-over as a poster, and the map of the network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.web.bodies import in_hours
from tests.web.stage import PASSWORD, Stage
from tests.web.test_pages import FIELDS

SECRET = "kunci tamu Pendopo 9"
JAKARTA = ZoneInfo("Asia/Jakarta")
WIFI = {
    **{name: text for name, text in FIELDS.items() if not name.startswith("details/")},
    "service": "event_wifi",
    "details/event": "Bazar UMKM",
    "details/place": "aula-pendopo",
    "details/ssid": "Bazar <UMKM>; 'Pbg'",
    "details/security": "wpa2-personal",
    "details/expected_users": "80",
    "details/isolate_clients": "true",
    "details/passphrase": SECRET,
}


def _local(hours: float) -> str:
    return (datetime.now(JAKARTA) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


@pytest.fixture(scope="module")
def on(stage: Stage) -> str:
    number, _ = stage.approved(
        service="event_wifi", starts_at=in_hours(0), ends_at=in_hours(30), passphrase=SECRET,
        ssid='Tamu "A"; <b>', event="Rapat <i>Akbar</i>",
    )  # fmt: skip
    stage.request_until(number, "done")
    return number


@pytest.fixture
def page(chromium: Browser, stage: Stage) -> Iterator[Page]:
    """Signed in as an approver; fails when any other host is asked or a script complains."""
    context = chromium.new_context(viewport={"width": 1366, "height": 900})
    strange: list[str] = []

    def note(request: Request) -> None:
        if request.url.startswith("http") and not request.url.startswith(stage.url):
            strange.append(request.url)

    context.on("request", note)
    context.on("weberror", lambda error: strange.append(str(error.error)))
    context.on("console", lambda m: strange.append(m.text) if "Content Sec" in m.text else None)
    page = context.new_page()
    page.goto(f"{stage.url}/sign-in")
    page.fill("#username", "dewi")
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url(f"{stage.url}/")
    yield page
    context.close()
    assert not strange


def test_a_wifi_is_asked_for_by_plain_forms(stage: Stage) -> None:
    with stage.browser("sari") as sari:
        choice = sari.get("/requests/new").text
        assert "/requests/new?service=event_wifi" in choice
        assert "Mulai (WIB)" in sari.get("/requests/new?service=event_wifi").text
        wrong = sari.post(
            "/requests/new",
            data={**WIFI, "details/starts_at": _local(50), "details/ends_at": _local(40)},
        )
        assert wrong.status_code == 422
        assert 'id="f-details-ends_at-error"' in wrong.text
        assert SECRET not in wrong.text
        assert "ketik lagi" in wrong.text
        assert _local(50) in wrong.text
        starts = _local(50)
        made = sari.post(
            "/requests/new",
            data={**WIFI, "details/starts_at": starts, "details/ends_at": _local(60)},
        )
        assert made.status_code == 303, made.text
        path = made.headers["location"].partition("#")[0]
        edit = sari.get(f"{path}/edit").text
        assert SECRET not in edit
        assert "sudah diberikan dan dirahasiakan" in edit
        assert f'value="{starts}"' in edit
        assert "Bazar &lt;UMKM&gt;; &#39;Pbg&#39;" in edit
        details = stage["sari"].get(f"/api/v1{path}").json()["details"]
        assert datetime.fromisoformat(details["starts_at"]) == datetime.fromisoformat(
            starts
        ).replace(tzinfo=JAKARTA)
        without = {**WIFI, "details/starts_at": starts, "details/ends_at": _local(60)}
        del without["details/passphrase"]
        saved = sari.post(f"{path}/edit", data={**without, "details/expected_users": "90"})
        assert saved.status_code == 303, saved.text
        kept = stage["sari"].get(f"/api/v1{path}").json()["details"]
        assert kept["passphrase_given"] is True
        assert kept["expected_users"] == 90
        assert "diberikan, dirahasiakan" in sari.get(path).text
        switched = sari.post("/requests/new", data={**WIFI, "language": "en"})
        assert SECRET not in switched.text


def test_the_review_tells_what_changes_where_and_when(stage: Stage) -> None:
    number, plan = stage.planned(service="event_wifi")
    with stage.browser("dewi") as dewi:
        text = dewi.get(f"/requests/{number}/review").text
    for device in ("ap-pendopo-1", "ap-pendopo-2", "sw-pendopo-1", "sw-core-1"):
        part = text.split(f'mono">{device}</h4>')[1].split("</table>")[0]
        assert device in part
    changes = [change["object"] for step in plan["steps"] for change in step["changes"]]
    assert sum(text.count(f'<th scope="row">{change}</th>') for change in changes) == len(changes)
    way = text.split('id="way"')[1].split("</section>")[0]
    assert way.index("ap-pendopo-1") < way.index("sw-core-1") < way.index("rt-core-1")
    times = text.split('id="times"')[1].split("</section>")[0]
    assert times.count("Rencana dihitung ulang") == 2
    assert "Pekerjaan mulai sendiri" in times
    assert "berakhir sendiri" in times


def test_what_is_to_come_is_seen_and_can_be_stopped(stage: Stage) -> None:
    number, run = stage.approved(
        service="event_wifi", place="alun-alun", starts_at=in_hours(6), ends_at=in_hours(9)
    )
    with stage.browser("rina") as rina:
        queue = rina.get("/").text
        assert number in queue.split('id="begins"')[1].split("</section>")[0]
        assert "Pekerjaan mulai sendiri pada" in rina.get(f"/runs/{run}").text
        assert "jangan dimulai" in rina.get(f"/runs/{run}").text
        assert rina.post(f"/runs/{run}/stop").status_code == 303
        assert "Dihentikan sebelum mulai" in rina.get(f"/runs/{run}").text


def test_the_run_shows_each_device_and_its_difference(stage: Stage, on: str) -> None:
    run = stage["rina"].get(f"/api/v1/requests/{on}").json()["run"]
    with stage.browser("rina") as rina:
        text = rina.get(f"/runs/{run}").text
    devices = text.split('class="devices"')[1].split("</ul>")[0]
    assert devices.count("dipertahankan dan disimpan") == 4
    assert "Perbedaan pada sw-core-1" in text
    assert SECRET not in text


@pytest.mark.browser
def test_the_hand_over_is_a_poster_on_one_page(page: Page, stage: Stage) -> None:
    number, _ = stage.approved(
        service="event_wifi", place="alun-alun", starts_at=in_hours(0), ends_at=in_hours(5),
        passphrase=SECRET, event="Rapat <i>Akbar</i>", ssid='Tamu "B"; <b>',
    )  # fmt: skip
    stage.request_until(number, "done")
    link = stage["sari"].get(f"/api/v1/requests/{number}/report").json()["handover"]["url"]
    page.goto(link)
    page.get_by_role("button", name="Tampilkan poster sekarang").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rapat <i>Akbar</i>")
    expect(page.locator(".poster-rows")).to_contain_text(SECRET)
    expect(page.locator(".poster-rows")).to_contain_text('Tamu "B"; <b>')
    expect(page.locator(".qr svg")).to_be_visible()
    pdf = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    page.goto(link)
    expect(page.locator("main")).to_contain_text("sudah dipakai")
    with stage.browser("dewi") as dewi:
        for path in (f"/requests/{number}", "/instances", f"/requests/{number}/review"):
            assert SECRET not in dewi.get(path).text


@pytest.mark.browser
def test_an_instance_is_prolonged_and_ended_by_requests(page: Page, stage: Stage, on: str) -> None:
    id = stage["sari"].get(f"/api/v1/requests/{on}").json()["instance"]
    with stage.browser("sari") as sari:
        empty = sari.post(f"/instances/{id}/actions/extend")
        assert empty.status_code == 422
        assert "mohon" in empty.text.lower()
    page.goto(f"{stage.url}/instances")
    page.get_by_role("link", name="Rapat <i>Akbar</i>").first.click()
    page.fill("[name='details/ends_at']", _local(33))
    page.get_by_role("button", name="Ajukan").first.click()
    page.wait_for_url("**/requests/WIFI-*")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Perpanjang")
    page.get_by_role("button", name="Buat rencana").click()
    page.wait_for_url("**/review")
    page.get_by_label("Alasan menyetujui permohonan sendiri").fill("Tidak ada orang lain hari ini")
    page.locator(".approve-button").click()
    page.wait_for_url("**/runs/*")
    expect(page.locator(".now")).to_have_text(re.compile("selesai dan terbukti"), timeout=45_000)


@pytest.mark.browser
def test_the_map_says_what_stands_and_looks_again(page: Page, stage: Stage, on: str) -> None:
    stage.lab.fault("device-dead", host="sw-alun-1")
    try:
        page.goto(f"{stage.url}/topology")
        page.get_by_role("button", name="Lihat sekarang").click()
        dead = page.locator("svg .device", has_text="sw-alun-1")
        expect(dead).to_contain_text("Bermasalah", timeout=45_000)
    finally:
        stage.lab.clear("device-dead")
    expect(page.locator("svg .device", has_text="sw-core-1")).to_contain_text("Menjawab")
    expect(page.locator("#device-sw-alun-1")).to_contain_text("Bermasalah")
    cable = page.locator("svg .cable[aria-label*='rt-core-1']")
    expect(cable).to_have_attribute("aria-label", re.compile(re.escape(on)))
    cable.focus()
    port = page.locator("svg .cable[aria-label*='rt-core-1'] + .ports")
    expect(port).to_have_css("opacity", "1")
    with stage.browser("sari") as sari:
        assert sari.get("/topology").status_code == 403
        assert sari.post("/topology/look").status_code == 403
