"""Whatever address an applicant types, another department's record shows nothing of itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx
import pytest

from api.policy import PUBLIC, ROUTES
from tests.web.stage import Stage

SECRET = "rahasia-dinkes"
"""Stands in all that the other department has: host name, purpose, complaint."""
WORDS = (SECRET, "Kepala Subbagian Umum", "0812 3456 789", "sari@dinkes.example")
PUBLIC_RECORDS = ("/handover/", "/invitation/", "/verify/", "/services/", "/complain/")
"""Opened by what only its owner knows, or about no department at all."""
GENERAL = ("/people/", "/reports/", "/supervision/", "/devices/", "/ask/{service}")


@dataclass(frozen=True)
class Record:
    """One department's request and what came of it."""

    request: str
    run: str
    instance: str
    check: str
    letter: str
    complaint: str

    def at(self, path: str) -> str | None:
        """The address of what the template means; None for what is of no department."""
        plain = path.removeprefix("/api/v1")
        if plain.startswith((*PUBLIC_RECORDS, *GENERAL)) or "{" not in path:
            return None
        kinds = {
            "/requests/": self.request, "/runs/": self.run, "/instances/": self.instance,
            "/checks/": self.check, "/letters/": self.letter, "/complaints/": self.complaint,
        }  # fmt: skip
        [mine] = [id for start, id in kinds.items() if plain.startswith(start)]
        filled = re.sub(r"\{(number|id)\}", mine, path, count=1)
        return re.sub(r"\{[a-z0-9_]+(:path)?\}", "1", filled)


@pytest.fixture(scope="module")
def record(stage: Stage) -> Record:
    """A server of Dinas Kesehatan with its run, check, letter and a complaint about it."""
    number, run = stage.approved(hostname=SECRET, purpose=f"Berisi {SECRET}")
    instance = stage.request_until(number, "done")["instance"]
    check = stage["sari"].post("/api/v1/checks", json={"instance": instance})
    assert check.status_code == 202, check.text
    body = {"request": number, "kind": "confirmation"}
    letter = stage["rina"].post("/api/v1/letters", json=body)
    assert letter.status_code in {200, 201}, letter.text
    told = {
        "kind": "complaint", "channel": "phone", "text": f"Perihal {SECRET}",
        "department": "dinkes", "request": number,
    }  # fmt: skip
    complaint = stage["wulan"].post("/api/v1/complaints", json=told)
    assert complaint.status_code == 201, complaint.text
    return Record(
        number, run, instance, check.json()["id"], str(letter.json()["id"]),
        complaint.json()["number"],
    )  # fmt: skip


def gets() -> list[str]:
    return sorted(
        path for (method, path), rule in ROUTES.items() if method == "GET" and rule is not PUBLIC
    )


def shown(client: httpx.Client, address: str) -> tuple[int, str]:
    """Status and text; a stream's is not waited for."""
    with client.stream("GET", address) as answer:
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            return answer.status_code, ""
        answer.read()
    return answer.status_code, answer.text


def client_of(stage: Stage, browser: httpx.Client, path: str, who: str) -> httpx.Client:
    return stage[who] if path.startswith("/api/") else browser


def test_records_of_another_department_are_not_there(stage: Stage, record: Record) -> None:
    wrong, asked = [], 0
    with stage.browser("tono") as tono:
        for path in gets():
            address = record.at(path)
            if address is None:
                continue
            asked += 1
            status, text = shown(client_of(stage, tono, path, "tono"), address)
            leads_on = status == 303  # an action's address has no page, and says so before looking
            if status not in {403, 404} and not leads_on:
                wrong.append((address, status))
            wrong += [(address, word) for word in WORDS if word in text]
    assert not wrong
    assert asked > 40


def test_lists_and_searches_do_not_name_them(stage: Stage, record: Record) -> None:
    wrong = []
    hidden = (SECRET, record.request, record.instance, record.complaint)
    with stage.browser("tono") as tono:
        for path in gets():
            if "{" in path:
                continue
            for query in ("", f"?q={SECRET}", f"?q={record.request}", "?department=dinkes"):
                _, text = shown(client_of(stage, tono, path, "tono"), path + query)
                text = text.replace(query.removeprefix("?q="), "") if "q=" in query else text
                wrong += [(path + query, word) for word in hidden if word in text]
    assert not wrong


def test_the_own_department_does_see_them(stage: Stage, record: Record) -> None:
    """Else the two above would prove nothing."""
    with stage.browser("sari") as sari:
        for address in (f"/requests/{record.request}", f"/instances/{record.instance}", "/"):
            status, text = shown(sari, address)
            assert (status, SECRET in text) == (200, True), address
        assert shown(sari, f"/runs/{record.run}")[0] == 200
        assert shown(sari, f"/checks/{record.check}")[0] == 200
