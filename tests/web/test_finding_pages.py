"""The queue, its search and saved filters, and the audit trail, as people see them."""

from __future__ import annotations

import csv
import io
import re

from tests.web.stage import Stage


def test_the_queue_tells_what_waits_and_who_holds_it(stage: Stage) -> None:
    number = stage.submitted(hostname="finding-antre")
    with stage.browser("rina") as client:
        page = client.get("/").text
        mine = page.split('id="mine"')[1].split("</section>")[0]
        assert number in client.get("/?group=mine").text
        assert "Permohonan diajukan" in mine
        assert "teknisi" in mine
        assert "<title>" in page
    with stage.browser("sari") as client:
        page = client.get("/").text
        assert number in page.split('id="office"')[1].split("</section>")[0]
        assert "Gagal dalam 24 jam" not in page


def test_the_search_finds_by_parts_and_by_filters(stage: Stage) -> None:
    number = stage.submitted(hostname="finding-portal")
    with stage.browser("rina") as client:
        for query in (
            f"q={number}", f"q={number[-4:]}", "q=finding-port", "q=finding+sari", "q=kesehatan",
            "service=cloud_vps&state=submitted&department=dinkes",
        ):  # fmt: skip
            assert number in client.get(f"/?{query}").text, query
        assert number not in client.get("/?q=finding-portal+bazar").text
        assert number not in client.get("/?overdue=1").text
    with stage.browser("tono") as client:
        for query in (f"q={number}", "q=finding-portal", "department=dinkes", "state=submitted"):
            link = f'href="/requests/{number}'
            assert link not in client.get(f"/?{query}").text, query


def test_filters_are_kept_under_a_name_by_each_person(stage: Stage) -> None:
    with stage.browser("dewi") as client:
        form = {"name": "VPS saya", "service": "cloud_vps", "overdue": "1"}
        answer = client.post("/filters", data=form)
        assert answer.headers["location"] == "/?service=cloud_vps&overdue=1"
        page = client.get("/").text
        assert "VPS saya" in page
        assert client.post("/filters", data={"name": " ", "q": "x"}).status_code == 422
        id = client.get("/?service=cloud_vps&overdue=1").text.split('action="/filters/')[1]
        id = id.split("/")[0]
        with stage.browser("rina") as other:
            assert "VPS saya" not in other.get("/").text
            assert other.post(f"/filters/{id}/delete").status_code == 404
        assert client.post(f"/filters/{id}/delete").status_code == 303
        assert "VPS saya" not in client.get("/").text


def test_the_record_shows_before_and_after_and_who(stage: Stage) -> None:
    number = stage.submitted(hostname="finding-audit")
    stage["rina"].post(f"/api/v1/requests/{number}/return", json={"reason": "=1+1"})
    with stage.browser("arif") as client:
        page = client.get(f"/audit?record={number.lower()}&person=rina").text
        assert "request:returned" in page
        assert "Diajukan" in page
        assert "Perlu dilengkapi" in page
        assert "request:submitted" not in page
        assert "person:signed-in" in client.get("/audit?group=person").text
        sheet = client.get(f"/audit.csv?record={number}").text.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(sheet)))
    assert [row["seq"] for row in rows] == [str(n) for n in range(len(rows), 0, -1)]
    assert rows[0]["before"] == "Diajukan"
    assert "=1+1" in rows[0]["more"]
    assert not any(cell.startswith("=") for row in rows for cell in row.values())


def test_the_record_is_told_in_words(stage: Stage) -> None:
    number = stage.submitted(hostname="finding-kata")
    with stage.browser("arif") as client:
        page = client.get(f"/audit?record={number}").text
    said = re.sub(r'datetime="[^"]*"|<details.*?</details>|<form.*?</form>', "", page, flags=re.S)
    assert "Sari Wulandari" in said
    assert "Dinas Kesehatan" in said
    assert "Cloud VPS" in said
    assert not re.search(r"\d{4}-\d\d-\d\d[T ]|sha256|request:|cloud_vps|due_at", said)
    assert "request:submitted" in page


def test_the_record_is_turned_page_by_page_both_ways(stage: Stage) -> None:
    stage.submitted(hostname="finding-pages")
    seen, path = [], "/api/v1/audit?limit=3&group=request&until=2100-01-01"
    older = None
    for _ in range(3):
        page = stage["heru"].get(path + (f"&older_than={older}" if older else "")).json()
        seen.append([one["id"] for one in page["items"]])
        older = page["older"]
    flat = [id for ids in seen for id in ids]
    assert flat == sorted(set(flat), reverse=True)
    back = stage["heru"].get(f"{path}&newer_than={page['newer']}").json()
    assert [one["id"] for one in back["items"]] == seen[1]
    assert stage["heru"].get("/api/v1/audit?older_than=x").status_code == 422


def test_the_record_is_for_those_who_answer_for_it(stage: Stage) -> None:
    for who in ("rina", "sari", "wulan", "dewi"):
        assert stage[who].get("/api/v1/audit").status_code == 403
        with stage.browser(who) as client:
            assert client.get("/audit").status_code == 403
            assert client.get("/audit.csv").status_code == 403
    for who in ("heru", "arif", "bagas"):
        assert stage[who].get("/api/v1/audit").status_code == 200
