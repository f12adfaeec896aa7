"""A place for a server in the data centre: form, review, racking with photos, label and sheet."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.web.bodies import RACK_PORT
from tests.web.letters_read import written
from tests.web.stage import PASSWORD, Stage, photo
from tests.web.test_pages import FIELDS

FORM = {
    **{name: text for name, text in FIELDS.items() if not name.startswith("details/")},
    "service": "colocation",
    "details/server_name": "srv-arsip",
    "details/purpose": "Arsip digital",
    "details/model": "Dell PowerEdge R450",
    "details/units": "2",
    "details/watts": "400",
    "details/power_feeds": "2",
    "details/network": "kolokasi",
    "details/contact_on_site": "Bagus, 0812",
}


@contextmanager
def answering(address: str) -> Iterator[None]:
    """The department's server, as far as the proof looks."""
    with socket.create_server((address, RACK_PORT)):
        yield


@pytest.fixture(scope="module")
def waiting(stage: Stage) -> tuple[str, str]:
    """A request and its run, which waits for the racking."""
    number, run = stage.approved(service="colocation")
    assert stage.run_until(run, "waiting_person", "failed")["state"] == "waiting_person"
    return number, run


def test_a_place_is_asked_for_by_a_plain_form(stage: Stage) -> None:
    with stage.browser("sari") as sari:
        assert "/requests/new?service=colocation" in sari.get("/requests/new").text
        assert "Rak" not in sari.get("/requests/new?service=event_wifi").text
        wrong = sari.post("/requests/new", data={**FORM, "details/units": "9"})
        assert wrong.status_code == 422
        assert 'id="f-details-units-error"' in wrong.text
        assert 'value="Dell PowerEdge R450"' in wrong.text
        made = sari.post("/requests/new", data=FORM)
        assert made.status_code == 303, made.text
        page = sari.get(made.headers["location"].partition("#")[0]).text
    for told in ("srv-arsip", "Dell PowerEdge R450", "Server titipan", "Dua: server mempunyai"):
        assert told in page


def test_the_plan_shows_the_rack(stage: Stage, waiting: tuple[str, str]) -> None:
    with stage.browser("rina") as rina:
        review = rina.get(f"/requests/{waiting[0]}/review").text
        assert 'class="rack"' in review
        assert "Panel tambal" in review
        assert "slot-mine" in review
        assert "Rak 1 ruang server" in rina.get("/racks").text
    with stage.browser("sari") as sari:
        assert sari.get("/racks").status_code == 403


def test_the_list_is_told_and_gaps_lose_nothing(stage: Stage, waiting: tuple[str, str]) -> None:
    run = waiting[1]
    [task] = stage["rina"].get(f"/api/v1/runs/{run}/tasks").json()
    assert task["waiting"]
    assert task["photo"]
    assert [question["key"] for question in task["answers"]] == ["serial"]
    first = task["checklist"][0]["key"]
    path = f"/runs/{run}/steps/{task['key']}/complete"
    refused = stage["rina"].post(f"/api/v1{path}", json={"checklist": {first: True}})
    pointers = {error["pointer"] for error in refused.json()["errors"]}
    assert pointers >= {"/photos", "/answers/serial"}
    assert f"/checklist/{first}" not in pointers
    assert stage["sari"].post(f"/api/v1{path}", json={}).status_code == 403
    with stage.browser("rina") as rina, stage.browser("sari") as sari:
        sent = {f"checklist/{first}": "true", "answers/serial": "SN-77", "note": "Rel baru"}
        shown = rina.post(path, data=sent)
        assert shown.status_code == 422
        assert f'name="checklist/{first}" value="true" checked' in shown.text
        assert 'value="SN-77"' in shown.text
        assert "Rel baru" in shown.text
        assert 'id="f-photos-error"' in shown.text
        assert "Selesai dikerjakan" not in sari.get(f"/runs/{run}").text


@pytest.mark.browser
def test_a_technician_reports_it_on_a_telephone(
    stage: Stage, waiting: tuple[str, str], chromium: Browser, tmp_path: Path
) -> None:
    number, run = waiting
    address = _address(stage, run)
    picture = tmp_path / "depan.jpg"
    picture.write_bytes(photo(2400, 1800))
    context = chromium.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    page = context.new_page()
    page.goto(f"{stage.url}/sign-in")
    page.fill("#username", "rina")
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url(f"{stage.url}/")
    page.goto(f"{stage.url}/runs/{run}")
    boxes = page.locator(".ticks input")
    for index in range(boxes.count()):
        boxes.nth(index).check()
    page.get_by_label("Nomor seri").fill("SN-12345")
    page.set_input_files("#f-photos", [picture, picture])
    page.wait_for_function(
        "size => document.getElementById('f-photos').files[1].size !== size",
        arg=picture.stat().st_size,
    )
    with answering(address):
        page.get_by_role("button", name="Selesai dikerjakan").click()
        expect(page.locator(".task-done")).to_contain_text("Rina Lestari")
        expect(page.locator(".now")).to_have_text(
            re.compile("selesai dan terbukti"), timeout=60_000
        )
    shown = page.locator(".photos img").first
    expect(shown).to_be_visible()
    assert shown.evaluate("async i => { await i.decode(); return i.naturalWidth }") == 1600
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360
    context.close()
    assert stage.request_until(number, "done")["instance"]


def _address(stage: Stage, run: str) -> str:
    shown = stage["rina"].get(f"/api/v1/runs/{run}/tasks").json()[0]["text"]
    found = re.search(r"127\.31\.40\.\d+", shown)
    assert found, shown
    return found[0]


@pytest.fixture(scope="module")
def racked(stage: Stage) -> str:
    """A server in the rack, reported over JSON's form with a photo."""
    number, run = stage.approved(service="colocation", serial="ABC/123")
    stage.run_until(run, "waiting_person")
    [task] = stage["rina"].get(f"/api/v1/runs/{run}/tasks").json()
    ticks = json.dumps({point["key"]: True for point in task["checklist"]})
    with answering(_address(stage, run)):
        done = stage["rina"].post(
            f"/api/v1/runs/{run}/steps/{task['key']}/complete",
            data={"checklist": ticks, "note": "Sudah"},
            files=[("photos", ("depan.jpg", photo(), "image/jpeg"))],
        )
        assert done.status_code == 200, done.text
        id = str(stage.request_until(number, "done")["instance"])
    [told] = stage["rina"].get(f"/api/v1/runs/{run}/tasks").json()
    [sha256] = told["done"]["photos"]
    kept = stage["sari"].get(f"/api/v1/runs/{run}/photos/{sha256}")
    assert kept.headers["content-type"] == "image/jpeg"
    assert stage["tono"].get(f"/api/v1/runs/{run}/photos/{sha256}").status_code == 404
    return id


def test_the_server_has_its_page_label_and_sheet(stage: Stage, racked: str) -> None:
    with stage.browser("sari") as sari, stage.browser("tono") as tono:
        page = sari.get(f"/instances/{racked}").text
        for told in ("Rak 1 ruang server", "ABC/123", "GigabitEthernet1/0/", "slot-mine"):
            assert told in page
        assert "Panel tambal" not in page
        request = stage["sari"].get(f"/api/v1/instances/{racked}").json()["request"]
        told = sari.get(f"/requests/{request}").text
        assert f"/instances/{racked}/sheet" in told
        assert "SSID" not in told
        label = sari.get(f"/instances/{racked}/label").text
        assert "<svg" in label
        assert f"{stage.url}/instances/{racked}" in label
        sheet = sari.get(f"/instances/{racked}/sheet").text
        for told in ("Serah terima", "ABC/123", "127.31.40.1", "Dinas Kesehatan"):
            assert told in sheet
        for path in ("", "/label", "/sheet"):
            assert tono.get(f"/instances/{racked}{path}").status_code == 404
        form = sari.get(f"/instances/{racked}/actions/end").text
        assert "dikosongkan" in form or "diberikan kepada yang lain" in form


@pytest.mark.browser
def test_its_letter_says_where_the_server_stands(stage: Stage, racked: str) -> None:
    instance = stage["rina"].get(f"/api/v1/instances/{racked}").json()
    printed = written(stage, instance["request"])
    assert instance["name"] in printed
    assert instance["addresses"][0].partition("/")[0] in printed


def test_the_label_prints_on_its_own_size(stage: Stage, racked: str, chromium: Browser) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{stage.url}/sign-in")
    page.fill("#username", "rina")
    page.fill("#password", PASSWORD)
    page.click("main button")
    page.wait_for_url(f"{stage.url}/")
    page.goto(f"{stage.url}/instances/{racked}/label")
    pdf = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", pdf)
    assert [(round(float(w)), round(float(h))) for w, h in boxes] == [(170, 113)]
    page.goto(f"{stage.url}/instances/{racked}/sheet")
    sheet = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1
    context.close()
