"""Monthly reports and supervision over HTTP, on the command line and in a browser."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pypdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from provisioner.cli import main
from tests.web.screens_reports import ISSUED, past_of
from tests.web.stage import PASSWORD, Stage

PATH = f"/api/v1/reports/monthly/{ISSUED}"
AUGUST = "2026-08"


@pytest.fixture(scope="module")
def stage(gallery: Stage) -> Stage:
    """Of its own: it writes a past month, which others would count."""
    return gallery


@pytest.fixture
def past(stage: Stage) -> Stage:
    """With the October of ``month_world``."""
    past_of(stage)
    return stage


def test_the_office_reads_and_only_the_head_issues(past: Stage) -> None:
    for who in ("rina", "dewi", "arif", "wulan", "bagas", "heru"):
        seen = past[who].get(PATH)
        assert seen.status_code == 200
        assert seen.json()["findings"]
    for who in ("rina", "arif", "wulan", "bagas", "sari"):
        assert past[who].post(f"{PATH}/issue").status_code == 403
    for path in ("", f"/{ISSUED}", f"/{ISSUED}.pdf", f"/{ISSUED}.xlsx"):
        assert past["sari"].get(f"/api/v1/reports/monthly{path}").status_code == 403
    assert past["arif"].put(f"{PATH}/meeting", json={}).status_code == 403
    assert past["wulan"].get("/api/v1/reports/monthly/2030-01").status_code == 404


def test_the_month_in_progress_cannot_be_issued(past: Stage) -> None:
    now = past["heru"].get("/api/v1/reports/monthly").json()[0]
    assert now["state"] == "in_progress"
    answer = past["heru"].post(f"/api/v1/reports/monthly/{now['month']}/issue")
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("month-not-over")


def test_a_fault_of_the_meeting_comes_back_as_it_was_typed(past: Stage) -> None:
    with past.browser("rina") as rina:
        form = {"actions/0/what": "Memeriksa", "actions/0/who": "", "place": "Ruang A"}
        answer = rina.post("/reports/2026-07/meeting", data=form)
        assert answer.status_code == 422
        assert 'value="Memeriksa"' in answer.text
        assert 'href="#f-actions-0-who"' in answer.text
        assert rina.post("/reports/2026-07/meeting", data={"held_on": "kemarin"}).status_code == 422


def test_everybody_sees_the_own_work_and_the_head_that_of_all(past: Stage) -> None:
    with past.browser("rina") as rina:
        own = rina.get("/supervision", follow_redirects=True)
        assert str(own.url).endswith("/supervision/rina")
        assert "Atasan Anda" in own.text
        assert rina.get("/supervision/dewi").status_code == 403
    with past.browser("heru") as heru:
        assert "Rina Lestari" in heru.get(f"/supervision?month={ISSUED}").text
        assert heru.get("/supervision/sari").status_code == 404
    with past.browser("sari") as sari:
        assert sari.get("/supervision").status_code == 403
        assert sari.get("/reports").status_code == 403
    seen = past["rina"].get(f"/api/v1/supervision?month={ISSUED}").json()
    assert [one["username"] for one in seen["officers"]] == ["rina"]


def test_the_command_line_prints_and_writes(
    past: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROVISIONER_URL", past.url)
    monkeypatch.setenv("PROVISIONER_TOKEN", past.people.create_token("arif"))
    monkeypatch.setenv("LC_ALL", "id_ID.UTF-8")
    files = {kind: tmp_path / f"laporan.{kind}" for kind in ("pdf", "xlsx")}
    with pytest.raises(SystemExit) as done:
        main(["report", "monthly", ISSUED, "--pdf", str(files["pdf"]), "--xlsx",
              str(files["xlsx"]), "--json"])  # fmt: skip
    assert done.value.code in (0, None)
    printed = json.loads(capsys.readouterr().out)
    assert printed["number"] == f"REP-{ISSUED}"
    assert files["pdf"].read_bytes().startswith(b"%PDF")
    assert files["xlsx"].read_bytes().startswith(b"PK")
    with pytest.raises(SystemExit) as refused:
        main(["report", "monthly", ISSUED, "--issue"])
    assert refused.value.code == 1


def _complaint(stage: Stage, sort: str, received: str, answered: str | None = None) -> str:
    """A complaint of July over HTTP, classified and, if so, answered on a day."""
    wulan, path = stage["wulan"], "/api/v1/complaints"
    body = {"kind": "complaint", "channel": "phone", "text": "Loket lambat.",
            "received_at": f"{received}T09:00:00+07:00"}  # fmt: skip
    number = str(wulan.post(path, json=body).json()["number"])
    acts: list[tuple[str, dict[str, object]]] = [
        ("classify", {"classification": sort, "summary": f"Perihal {sort}"}),
        ("assign", {"officer": "wulan", "team": []}),
    ]
    if answered:
        acts.append(("answer", {"text": "Sudah.", "channel": "phone", "day": answered}))
    for act, said in acts:
        answer = wulan.post(f"{path}/{number}/{act}", json=said)
        assert answer.status_code == 200, answer.text
    return number


def test_complaints_stand_in_the_draft_and_stay_as_they_were_when_issued(past: Stage) -> None:
    path = "/api/v1/reports/monthly/2026-07"
    before = past["heru"].get(path).json()["figures"]["complaints"]
    assert before["received"] == 0
    late = _complaint(past, "light", "2026-07-01", "2026-07-15")
    _complaint(past, "normative", "2026-07-02", "2026-07-06")
    still = _complaint(past, "not_supervisory", "2026-07-03")
    _complaint(past, "supervisory", "2026-07-06")
    past["wulan"].post("/api/v1/complaints", json={
        "kind": "appreciation", "channel": "visit", "text": "Terima kasih.",
        "received_at": "2026-07-31T09:00:00+07:00"})  # fmt: skip
    draft = past["rina"].get(path).json()
    seen = draft["figures"]["complaints"]
    assert (seen["received"], seen["by_kind"]) == (5, {"complaint": 4, "appreciation": 1})
    assert seen["by_class"] == {
        "light": 1, "normative": 1, "not_supervisory": 1, "supervisory": 1,
    }  # fmt: skip
    assert (seen["answered_in_time"], seen["answered_late"]) == (1, 1)
    assert [one["number"] for one in seen["late"]] == [late, still]
    assert any("5" in said and "1" in said for said in draft["findings"] if "pengaduan" in said)
    issued = past["heru"].post(f"{path}/issue")
    assert issued.status_code == 200, issued.text
    _complaint(past, "light", "2026-07-20", "2026-07-21")
    frozen = past["rina"].get(f"{path}?compare=true").json()
    assert frozen["figures"]["complaints"] == seen
    assert frozen["differs"] == ["complaints"]
    paper = past["rina"].get(f"{path}.pdf").content
    pages = pypdf.PdfReader(io.BytesIO(paper)).pages
    text = "".join("".join(page.extract_text().split()) for page in pages)
    assert late in text
    assert still in text
    assert "Loketlambat" not in text


@pytest.mark.browser
def test_the_life_of_a_monthly_report(past: Stage, chromium: Browser) -> None:
    """A draft is read, the meeting written down by a technician, the report issued and taken."""
    with chromium.new_context(viewport={"width": 1366, "height": 900}) as context:
        page = context.new_page()

        def sign_in(who: str) -> None:
            context.clear_cookies()
            page.goto(f"{past.url}/sign-in")
            page.fill("#username", who)
            page.fill("#password", PASSWORD)
            page.click("main button")
            page.wait_for_url(f"{past.url}/")

        sign_in("rina")
        page.goto(f"{past.url}/reports/{AUGUST}")
        expect(page.locator(".status")).to_contain_text("Konsep")
        assert page.locator("form[action$='/issue']").count() == 0
        page.click("text=Catat rapat")
        page.fill("#f-held_on", "2026-09-03")
        page.fill("#f-place", "Ruang rapat")
        page.check("input[value=rina]")
        page.fill("#f-actions-0-what", "Membeli kabel")
        page.fill("#f-actions-0-who", "Rina")
        assert not Axe().run(page).response["violations"]
        page.click("text=Simpan notulen rapat")
        expect(page.locator("[role=status].info")).to_contain_text("Tersimpan")
        sign_in("heru")
        page.goto(f"{past.url}/reports/{AUGUST}")
        page.click("text=Terbitkan laporan")
        expect(page.locator(".status")).to_contain_text("Diterbitkan")
        assert not Axe().run(page).response["violations"]
        with page.expect_download() as download:
            page.click(".links >> text=PDF")
        data = Path(download.value.path()).read_bytes()
        text = pypdf.PdfReader(io.BytesIO(data)).pages[0].extract_text()
        assert "Agustus 2026" in text
        assert "KONSEP" not in text
        page.goto(f"{past.url}/reports/2026-09/meeting")
        expect(page.locator("main")).to_contain_text("Membeli kabel")
        page.set_viewport_size({"width": 360, "height": 780})
        page.goto(f"{past.url}/reports/{AUGUST}/meeting")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
