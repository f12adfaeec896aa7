"""What the contracts promise of the HTTP interface and the commands, seen from outside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.acceptance.office import Office
from tests.acceptance.papers import LETTER, details, letter, new_request

pytestmark = pytest.mark.xdist_group("acceptance")


def problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The body of a problem as RFC 9457 has it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    body: dict[str, Any] = answer.json()
    assert body["type"].rpartition("/")[2] == slug
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


def stream(office: Office, who: str, number: str, **headers: str) -> Iterator[dict[str, str]]:
    """The messages of the live stream until it ends."""
    headers = {"Accept": "text/event-stream", **headers}
    path = f"/requests/{number}/events"
    with office[who].stream("GET", path, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        message: dict[str, str] = {}
        for line in answer.iter_lines():
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                message[name] = value
            elif message:
                yield message
                message = {}


def test_problems_speak_the_readers_language(office: Office) -> None:
    path = "/requests/VPS-1999-0001"
    english = problem(office["sari"].get(path), 404, "not-found")
    indonesian = problem(
        office["sari"].get(path, headers={"Accept-Language": "id, en;q=0.5"}), 404, "not-found"
    )
    unsaid = office["sari"].get(path, headers={"Accept-Language": "*"})
    assert english["detail"] != indonesian["detail"]
    assert unsaid.headers["content-language"] == "id"


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_faulty_field_is_pointed_at(office: Office, language: str) -> None:
    body = new_request(hostname="-x", size="huge", ssh_keys=["nonsense"], open_ports=[{"port": 0}])
    answer = office["sari"].post("/requests", json=body, headers={"Accept-Language": language})
    errors = problem(answer, 422, "invalid")["errors"]
    pointers = {error["pointer"] for error in errors}
    assert pointers == {
        "/details/hostname", "/details/size", "/details/ssh_keys/0",
        "/details/open_ports/0/port", "/details/open_ports/0/protocol",
    }  # fmt: skip
    assert all(error["message"] for error in errors)


def test_a_draft_is_changed_submitted_returned_and_handed_in_again(office: Office) -> None:
    sari, rina = office["sari"], office["rina"]
    number = office.draft()
    path = f"/requests/{number}"
    refused = problem(sari.post(f"{path}/submit"), 422, "invalid")
    assert refused["errors"][0]["pointer"].startswith(("/letter", "/file"))
    assert sari.get(path).json()["state"] == "draft"
    changed = sari.patch(path, json={"details": details(purpose="Lain sama sekali")})
    assert changed.json()["details"]["purpose"] == "Lain sama sekali"
    file = {"file": ("surat.pdf", letter(), "application/pdf")}
    kept = sari.post(f"{path}/letter", files=file)
    assert kept.status_code == 201
    assert set(kept.json()) >= {"sha256", "media_type", "pages", "bytes"}
    due = sari.post(f"{path}/submit").json()["due_at"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", due)
    problem(sari.patch(path, json={"letter": LETTER}), 409, "wrong-state")
    problem(sari.post(f"{path}/return", json={"reason": "Tidak jelas"}), 403, "forbidden")
    returned = rina.post(f"{path}/return", json={"reason": "Stempel tidak terbaca"})
    assert (returned.json()["state"], returned.json()["reason"]) == (
        "needs_info", "Stempel tidak terbaca",
    )  # fmt: skip
    again = LETTER | {"number": "045/113/2026"}
    assert sari.patch(path, json={"letter": again}).json()["letter"]["number"] == "045/113/2026"
    assert sari.post(f"{path}/submit").json()["state"] == "submitted"
    rejected = rina.post(f"{path}/reject", json={"reason": "Bukan kewenangan Dinkominfo"})
    assert rejected.json()["state"] == "rejected"
    problem(rina.post(f"{path}/plan"), 409, "wrong-state")
    assert office.command("request", "watch", number, who="sari").returncode == 1


def test_what_is_planned_may_be_cancelled_and_its_place_is_free_again(office: Office) -> None:
    number, _ = office.planned()
    cancelled = office["sari"].post(f"/requests/{number}/cancel", json={"reason": "Sudah ada"})
    assert cancelled.json()["state"] == "cancelled"
    ended = list(stream(office, "sari", number))
    assert ended[-1]["event"] == "end"
    ids = [int(message["id"]) for message in ended[:-1]]
    assert ids == sorted(set(ids))
    later = list(stream(office, "sari", number, **{"Last-Event-ID": str(ids[-2])}))
    assert [message.get("id") for message in later] == [str(ids[-1]), None]
    listed = office.get(f"/requests/{number}/events", "sari")
    assert [event["id"] for event in listed] == ids
    assert json.loads(ended[0]["data"])["tag"] == "request:created"


def test_a_key_sent_twice_files_one_request(office: Office) -> None:
    headers, body = {"Idempotency-Key": str(uuid4())}, new_request()

    def send(_: int) -> httpx.Response:
        return office["sari"].post("/requests", json=body, headers=headers)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["number"] for answer in answers}) == 1
    other = office["sari"].post("/requests", json=new_request(), headers=headers)
    assert other.status_code in {409, 422}
    stranger = office["tono"].post("/requests", json=new_request("dindik"), headers=headers)
    assert stranger.status_code == 201, "a key is one person's own"


def test_a_plan_is_approved_once_by_somebody_else(office: Office) -> None:
    number = office.submitted("rina")
    path = f"/requests/{number}"
    first = office["rina"].post(f"{path}/plan").json()["digest"]
    second = office["rina"].post(f"{path}/plan").json()["digest"]
    own = {"digest": second}
    problem(office["rina"].post(f"{path}/approve", json=own), 403, "own-request")
    refused = office.command(
        "request", "approve", number, "--digest", second, "--yes", who="rina", LANG="en"
    )
    assert refused.returncode == 1
    if first != second:
        changed = problem(
            office["dewi"].post(f"{path}/approve", json={"digest": first}), 409, "plan-changed"
        )
        assert changed["digest"] == second
    wrong = office["dewi"].post(f"{path}/approve", json={"digest": "sha256:" + "0" * 64})
    changed = problem(wrong, 409, "plan-changed")
    assert changed["digest"] == second
    assert "difference" in changed

    def approve(who: str) -> httpx.Response:
        return office[who].post(f"{path}/approve", json={"digest": second})

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(approve, ["dewi", "dewi"]))
    assert sorted(answer.status_code for answer in answers) == [202, 409]
    office.proven(number)
    assert [m["name"] for m in office.machines()].count(hostname(office, number)) == 1


def hostname(office: Office, number: str) -> str:
    return str(office.get(f"/requests/{number}")["details"]["hostname"])


def test_an_own_request_needs_a_written_reason(office: Office) -> None:
    number = office.submitted("rina")
    path = f"/requests/{number}"
    yes = {"digest": office["rina"].post(f"{path}/plan").json()["digest"]}
    for empty in ("", "   "):
        answer = office["rina"].post(f"{path}/approve", json=yes | {"override_reason": empty})
        assert answer.status_code in {403, 422}, answer.text
    reason = "Petugas lain sedang cuti bersama"
    answer = office["rina"].post(f"{path}/approve", json=yes | {"override_reason": reason})
    assert answer.status_code == 202, answer.text
    assert reason in json.dumps(office.get(f"{path}/events"))
    office.proven(number)


def test_what_fails_waits_is_retried_or_stopped(office: Office) -> None:
    office.fault("agent-silent")
    try:
        number, run = office.approved()
        stopped_number, stopped_run = office.approved()
        waiting = office.run_is(run, "waiting_person")
        assert waiting["waiting_for"]["who"]
        assert waiting["waiting_for"]["what"]
        failed = next(step for step in waiting["steps"] if step["error"])
        assert all(failed["error"][key] for key in ("kind", "what", "meaning", "next"))
        assert office.command("request", "watch", number, who="sari").returncode == 3
        assert office["rina"].post(f"/runs/{stopped_run}/stop").json()["id"] == stopped_run
        assert office.run_is(stopped_run, "stopped")["state"] == "stopped"
    finally:
        office.no_fault()
    problem(office["sari"].post(f"/runs/{run}/retry"), 403, "forbidden")
    assert office.did("run", "retry", run, who="rina")["attempt"] == 2
    office.proven(number)
    assert office.request_is(stopped_number, "attention")["run"] == stopped_run
    names = [machine["name"] for machine in office.machines()]
    assert hostname(office, number) in names
    assert hostname(office, stopped_number) not in names
    done = office["rina"].post(f"/runs/{run}/retry")
    assert done.status_code == 409, "a run that has ended well has nothing to retry"
    again = office["rina"].post(f"/requests/{stopped_number}/plan")
    assert again.status_code == 201, "what was stopped may be planned anew"


def test_each_role_sees_and_does_its_own(office: Office) -> None:
    number = office.draft()
    path = f"/requests/{number}"
    for call in (path, f"{path}/events", f"{path}/report", f"{path}/plan", f"{path}/letter"):
        problem(office["tono"].get(call), 404, "not-found")
    for call in ("submit", "plan"):
        assert office["tono"].post(f"{path}/{call}").status_code in {403, 404}
    assert number not in office["tono"].get("/requests", params={"q": number}).text
    assert office["tono"].post("/requests", json=new_request()).status_code == 403
    assert office["arif"].get(path).status_code == 200
    assert office["arif"].patch(path, json={"details": details()}).status_code == 403
    assert office["arif"].post("/requests", json=new_request()).status_code == 403
    reason = {"reason": "Hanya mencoba"}
    assert office["arif"].post(f"{path}/cancel", json=reason).status_code == 403
    assert office["sari"].post(f"{path}/plan").status_code == 403
    assert office["sari"].get(path).json()["state"] == "draft"


def test_a_token_to_read_with_changes_nothing(office: Office) -> None:
    made = office.did("token", "create", "--user", "sari", "--scope", "read")
    headers = {"Authorization": f"Bearer {made['token']}"}
    number = office.draft()
    path = f"{office.url}/api/v1/requests"
    assert httpx.get(f"{path}/{number}", headers=headers, trust_env=False).status_code == 200
    refused = httpx.post(path, json=new_request(), headers=headers, trust_env=False)
    problem(refused, 403, "scope")
    for value in ("", "Bearer", "Bearer prv_nonsense", "Basic c2FyaTpzYXJp", "Bearer \xff"):
        named = [(b"Authorization", value.encode("latin-1"))]
        unknown = httpx.get(path, headers=named, trust_env=False)
        assert unknown.status_code == 401, value
        assert unknown.headers["www-authenticate"].startswith("Bearer")


def test_lists_are_filtered_and_paged(office: Office) -> None:
    mine = {office.draft() for _ in range(5)}
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": "2", "state": "draft", "department": "dinkes"}
        params |= {"cursor": cursor} if cursor else {}
        page = office["rina"].get("/requests", params=params)
        body = page.json()
        assert len(body["items"]) <= 2
        assert {(i["state"], i["department"]) for i in body["items"]} <= {("draft", "dinkes")}
        seen += [item["number"] for item in body["items"]]
        cursor = body["next"]
        if cursor is None:
            break
    assert mine <= set(seen)
    assert len(seen) == len(set(seen))
    assert office.get("/requests?service=colocation&state=&cursor=")["items"] == []
    wrong = office["rina"].get("/requests?state=nope")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "?state")
    one = office.did("request", "list", "--search", seen[0], who="rina")
    assert [item["number"] for item in one["items"]] == [seen[0]]
    for sign in ("%", "_", "\\", "%25", "' or 1=1 --", "\x00"):
        found = office["rina"].get("/requests", params={"q": sign})
        assert found.status_code in {200, 400, 422}
        assert found.status_code != 200 or found.json()["items"] == [], sign


def test_the_published_description_is_whole(office: Office) -> None:
    found = office.get("/openapi.json")
    assert found["openapi"].startswith("3.")
    expected = {
        "/requests": {"get", "post"},
        "/requests/{}": {"get", "patch"},
        **{
            f"/requests/{{}}/{call}": {"post"}
            for call in ("letter", "submit", "return", "reject", "cancel", "plan", "approve")
        },
        "/requests/{}/events": {"get"},
        "/requests/{}/report": {"get"},
        "/runs/{}": {"get"},
        "/runs/{}/retry": {"post"},
        "/runs/{}/stop": {"post"},
        "/instances": {"get"},
        "/instances/{}": {"get"},
    }
    described = {
        re.sub(r"\{\w+\}", "{}", path.removeprefix("/api/v1")): set(calls)
        for path, calls in found["paths"].items()
    }
    lacking = {path: calls - described.get(path, set()) for path, calls in expected.items()}
    assert not {path: calls for path, calls in lacking.items() if calls}
    for where in ("/healthz", "/readyz", "/metrics"):
        assert httpx.get(office.url + where, trust_env=False).status_code == 200


def test_commands_end_with_their_status(office: Office) -> None:
    wrong, gone, nobody = ["nonsense"], ["request", "show", "VPS-1999-0001"], ["request", "list"]
    statuses = [status for status, _, _ in office.commands((["request", "show"], ""), (wrong, ""))]
    assert statuses == [2, 2]
    [(status, _, error)] = office.commands((nobody, ""))
    assert status == 2, "without a token"
    assert "PROVISIONER_TOKEN" in error
    [(status, _, error)] = office.commands((gone, ""), who="sari", LANG="id_ID.UTF-8")
    assert status == 1
    assert "Tidak ada permohonan" in error
    away = "http://127.0.0.1:9"
    [(status, _, error)] = office.commands((nobody, ""), who="sari", PROVISIONER_URL=away)
    assert status == 1
    assert "serve" in error
