"""The calendar, the catalogue and what people are told, over HTTP."""

from __future__ import annotations

import pytest

from tests.web.stage import Stage

OWN = "tgram://123456789:abcdefghij-abcdefghij-abcdefghij12/987654"


def test_a_years_calendar_names_holidays_and_collective_leave(stage: Stage) -> None:
    with stage.browser("heru") as heru:
        page = heru.get("/calendar?year=2026").text
    assert "Kalender kerja 2026" in page
    assert "Cuti Bersama Hari Suci Nyepi" in page
    assert "(perkiraan)" not in page
    with stage.browser("heru") as heru:
        assert "dapat berubah" in heru.get("/calendar?year=2027").text


def test_the_calendar_over_json(stage: Stage) -> None:
    days = stage["rina"].get("/api/v1/calendar?year=2026").json()["days"]
    assert len(days) == 365
    nyepi = next(day for day in days if day["date"] == "2026-03-18")
    assert (nyepi["kind"], nyepi["hours"]) == ("leave", None)
    assert stage["rina"].get("/api/v1/calendar?year=99999").status_code == 422


def test_what_a_day_off_would_move_is_shown_and_nothing_moves(stage: Stage) -> None:
    number = stage.submitted(hostname="kalender-geser")
    before = stage["rina"].get(f"/api/v1/requests/{number}").json()
    day = before["due_at"][:10]
    answer = stage["rina"].get(f"/api/v1/calendar/what-if?day={day}").json()
    assert number in [move["number"] for move in answer["moves"]]
    with stage.browser("rina") as rina:
        page = rina.get(f"/calendar?day={day}&kind=holiday").text
    assert number in page
    assert f"extra_holidays:\n  {day}" in page
    assert stage["rina"].get(f"/api/v1/requests/{number}").json()["due_at"] == before["due_at"]


@pytest.mark.parametrize("day", ["besok", "2026-02-30", "9999-12-31", "0001-01-01", "2026-13-01"])
def test_a_day_that_is_none_is_said_to_be_none(stage: Stage, day: str) -> None:
    with stage.browser("rina") as rina:
        answer = rina.get(f"/calendar?day={day}&year=abc&kind=x")
    assert answer.status_code == 200
    assert "Kesalahan:" in answer.text


def test_the_catalogue_says_where_each_term_is_changed(stage: Stage) -> None:
    with stage.browser("arif") as arif:
        page = arif.get("/catalogue").text
    assert "sla_working_days" in page
    assert "services.cloud_vps" in page


@pytest.mark.parametrize("path", ["/calendar", "/catalogue", "/api/v1/calendar"])
def test_departments_do_not_see_them(stage: Stage, path: str) -> None:
    with stage.browser("sari") as sari:
        assert sari.get(path).status_code == 403


def test_everybody_chooses_their_own_notices(stage: Stage) -> None:
    with stage.browser("arif") as arif:
        assert "Pemberitahuan untuk saya" in arif.get("/account/notices").text
    with stage.browser("tono") as tono:
        page = tono.get("/account/notices").text
        assert "Permohonan selesai" in page
        assert "Pengaduan atau saran masuk" not in page, "that is the officers'"
        kept = tono.post("/account/notices", data={"told": ["returned:email", "done:own"]})
        assert kept.status_code == 303
        wrong = tono.post("/account/notices/own", data={"own": "json://127.0.0.1:8006/"})
        assert wrong.status_code == 422
        assert "tgram://" in wrong.text
        assert tono.post("/account/notices/own", data={"own": ""}).status_code == 422
        assert tono.post("/account/notices/own", data={"own": OWN}).status_code == 303
        page = tono.get("/account/notices?done=own").text
        assert OWN not in page
        assert "tgram://" in page
        assert tono.post("/account/notices/own", data={"forget": "yes"}).status_code == 303
        refused = tono.post("/account/notices/trial", data={"channel": "own"})
        assert refused.status_code == 409
    view = stage["tono"].get("/api/v1/account/notices").json()
    told = {one["topic"]: one["channels"] for one in view["topics"]}
    assert told["returned"] == ["email"]
    assert told["done"] == ["own"]
    assert told["letter"] == []


def test_notices_over_json(stage: Stage) -> None:
    url = "/api/v1/account/notices"
    answer = stage["bagas"].put(url, json={"topics": {"assigned": ["own"]}, "own": OWN})
    assert answer.status_code == 200
    assert OWN not in answer.text
    assert answer.json()["channels"][1]["address"] == "tgram://"
    bad = stage["bagas"].put(url, json={"topics": {"request": []}})
    assert bad.status_code == 422
    assert bad.json()["errors"][0]["pointer"] == "/topics/request"
    assert stage["bagas"].put(url, json={"own": ""}).json()["channels"][1]["there"] is False
    assert stage["bagas"].post(f"{url}/trial", json={"channel": "own"}).status_code == 409
    with stage.client() as nobody:
        assert nobody.get(url).status_code == 401
