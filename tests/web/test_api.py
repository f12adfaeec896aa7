"""The JSON interface as other programs meet it: over HTTP, against the product as it runs."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from provisioner.lab.letter import sample_letter
from tests.web.bodies import new_request
from tests.web.stage import Stage

REQUESTS = "/api/v1/requests"


def _problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"].endswith(f"/{slug}")
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


def test_from_request_to_proof(stage: Stage) -> None:
    number, plan = stage.planned()
    assert plan["steps"]
    assert plan["expected_seconds"] > 0
    assert plan["digest"].startswith("sha256:")
    answer = stage["dewi"].post(f"{REQUESTS}/{number}/approve", json={"digest": plan["digest"]})
    assert answer.status_code == 202
    run = stage.run_until(answer.json()["run"], "succeeded", "failed", "waiting_person")
    assert run["state"] == "succeeded"
    stage.request_until(number, "done")
    report = stage["sari"].get(f"{REQUESTS}/{number}/report").json()
    assert report["proof"]
    assert all(proof["passed"] for proof in report["proof"])
    assert report["handover"]["url"].startswith(stage.url)
    view = stage["sari"].get(f"{REQUESTS}/{number}").json()
    assert view["state"] == "done"
    instances = stage["sari"].get("/api/v1/instances").json()
    assert view["instance"] in {instance["id"] for instance in instances}
    one = stage["sari"].get(f"/api/v1/instances/{view['instance']}").json()
    assert one["request"] == number
    _problem(stage["tono"].get(f"/api/v1/instances/{view['instance']}"), 404, "not-found")


def test_problems_speak_the_language_asked_for(stage: Stage) -> None:
    path = f"{REQUESTS}/VPS-2026-9999"
    indonesian = _problem(stage["rina"].get(path), 404, "not-found")
    english = _problem(
        stage["rina"].get(path, headers={"Accept-Language": "en-GB, id;q=0.3"}), 404, "not-found"
    )
    assert indonesian["title"] == "Tidak ditemukan"
    assert english["title"] == "Not found"
    assert indonesian["detail"] != english["detail"]


def test_faulty_fields_have_pointers(stage: Stage) -> None:
    body = new_request(hostname="-oProxyCommand=x", open_ports=[{"port": 0, "protocol": "tcp"}])
    found = _problem(stage["sari"].post(REQUESTS, json=body), 422, "invalid")
    pointers = {error["pointer"] for error in found["errors"]}
    assert pointers == {"/details/hostname", "/details/open_ports/0/port"}
    assert "ProxyCommand" not in json.dumps(found)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({**new_request(), "colour": "red"}, "/colour"),
        ({**new_request(), "applicant": {"name": "A B"}}, "/applicant/position"),
        ({**new_request(), "details": {"colour": "red"}}, "/details/colour"),
    ],
)
def test_unknown_and_missing_keys_are_errors(
    stage: Stage, body: dict[str, Any], pointer: str
) -> None:
    answer = stage["rina"].post(REQUESTS, json=body)
    found = _problem(answer, 422, "invalid")
    assert pointer in {error["pointer"] for error in found["errors"]}


def test_what_is_not_json_is_refused(stage: Stage) -> None:
    answer = stage["sari"].post(
        REQUESTS, content=b"{", headers={"Content-Type": "application/json"}
    )
    _problem(answer, 422, "invalid")
    answer = stage["sari"].post(REQUESTS, content=b"service=cloud_vps")
    (fault,) = _problem(answer, 422, "invalid")["errors"]
    assert "Content-Type: application/json" in fault["message"]


def test_a_plan_that_cannot_be_made_now_says_who_repeats_it(stage: Stage) -> None:
    number = stage.submitted()
    for node in ("pve1", "pve2", "pve3"):
        stage.lab.fault("node-offline", node=node)
    try:
        answer = stage["rina"].post(f"{REQUESTS}/{number}/plan", headers={"Accept-Language": "en"})
    finally:
        stage.lab.clear("node-offline")
    found = _problem(answer, 503, "retriable")
    assert "Repeat it" in found["next"]
    assert answer.headers["Retry-After"]


def test_times_carry_their_zone(stage: Stage) -> None:
    view = stage["sari"].get(f"{REQUESTS}/{stage.submitted()}").json()
    for name in ("created_at", "submitted_at", "due_at"):
        assert datetime.fromisoformat(view[name]).tzinfo is not None


def test_nobody_gets_in_without_a_token(stage: Stage) -> None:
    with stage.client() as stranger:
        answer = stranger.get(REQUESTS)
        _problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
        bad = stranger.get(REQUESTS, headers={"Authorization": "Bearer prv_nonsense"})
        _problem(bad, 401, "bad-token")


def test_a_token_to_read_with_changes_nothing(stage: Stage) -> None:
    token = stage.people.create_token("rina", ["read"])
    with stage.client(Authorization=f"Bearer {token}") as client:
        assert client.get(REQUESTS).status_code == 200
        _problem(client.post(REQUESTS, json=new_request()), 403, "scope")


def test_another_department_sees_nothing(stage: Stage) -> None:
    number = stage.submitted()
    for call in ("", "/events", "/report", "/plan", "/letter"):
        _problem(stage["tono"].get(f"{REQUESTS}/{number}{call}"), 404, "not-found")
    listed = stage["tono"].get(REQUESTS, params={"department": "dinkes"}).json()["items"]
    assert number not in {item["number"] for item in listed}
    answer = stage["tono"].post(f"{REQUESTS}/{number}/cancel", json={"reason": "bukan punya saya"})
    _problem(answer, 404, "not-found")


def test_an_applicant_neither_plans_nor_approves(stage: Stage) -> None:
    number, plan = stage.planned()
    _problem(stage["sari"].post(f"{REQUESTS}/{number}/plan"), 403, "forbidden")
    body = {"digest": plan["digest"]}
    _problem(stage["sari"].post(f"{REQUESTS}/{number}/approve", json=body), 403, "forbidden")


def test_ones_own_request_needs_a_written_reason(stage: Stage) -> None:
    number, plan = stage.planned("dewi")
    body = {"digest": plan["digest"]}
    _problem(stage["dewi"].post(f"{REQUESTS}/{number}/approve", json=body), 403, "own-request")
    body["override_reason"] = "Hanya ada satu teknisi hari ini"
    assert stage["dewi"].post(f"{REQUESTS}/{number}/approve", json=body).status_code == 202


def test_another_digest_is_refused_with_the_difference(stage: Stage) -> None:
    number, first = stage.planned()
    node = next(n["node"] for n in first["picture"]["nodes"] if n["chosen"])
    stage.lab.fault("node-full", node=node)
    try:
        second = stage["rina"].post(f"{REQUESTS}/{number}/plan").json()
    finally:
        stage.lab.clear("node-full")
    assert second["digest"] != first["digest"]
    answer = stage["dewi"].post(f"{REQUESTS}/{number}/approve", json={"digest": first["digest"]})
    found = _problem(answer, 409, "plan-changed")
    assert found["digest"] == second["digest"]
    assert found["difference"]["rows"]


def test_decisions_need_a_reason(stage: Stage) -> None:
    number = stage.submitted()
    short = stage["rina"].post(f"{REQUESTS}/{number}/return", json={"reason": " "})
    assert _problem(short, 422, "invalid")["errors"][0]["pointer"] == "/reason"
    answer = stage["rina"].post(
        f"{REQUESTS}/{number}/return", json={"reason": "Tanda tangan kurang"}
    )
    assert answer.json()["state"] == "needs_info"
    patch = stage["sari"].patch(f"{REQUESTS}/{number}", json={"details": new_request()["details"]})
    assert patch.status_code == 200
    assert stage["sari"].post(f"{REQUESTS}/{number}/submit").json()["state"] == "submitted"
    rejected = stage["rina"].post(f"{REQUESTS}/{number}/reject", json={"reason": "Tidak berhak"})
    assert rejected.json()["state"] == "rejected"
    late = stage["sari"].patch(f"{REQUESTS}/{number}", json={"details": {}})
    _problem(late, 409, "wrong-state")


def test_the_same_key_gives_the_same_answer_once(stage: Stage) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    body = new_request()
    first = stage["sari"].post(REQUESTS, json=body, headers=headers)
    again = stage["sari"].post(REQUESTS, json=body, headers=headers)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    other = stage["sari"].post(REQUESTS, json=new_request(), headers=headers)
    _problem(other, 409, "idempotency-key-reused")
    someone_else = stage["rina"].post(REQUESTS, json=body, headers=headers)
    assert someone_else.json()["number"] != first.json()["number"]


def test_a_refused_call_leaves_its_key_free(stage: Stage) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    number = stage.submitted()
    path = f"{REQUESTS}/{number}/return"
    assert stage["rina"].post(path, json={"reason": ""}, headers=headers).status_code == 422
    good = stage["rina"].post(path, json={"reason": "Lengkapi surat"}, headers=headers)
    assert good.status_code == 200


def test_calls_at_the_same_instant_are_carried_out_once(stage: Stage) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    body = new_request()
    client = stage["sari"]
    together = threading.Barrier(6)

    def call(_: int) -> str:
        together.wait()
        answer = client.post(REQUESTS, json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["number"])

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(call, range(6)))) == 1


def test_an_upload_sent_twice_has_two_boundaries_and_one_meaning(stage: Stage) -> None:
    number, headers = stage.draft(), {"Idempotency-Key": uuid4().hex}
    data = sample_letter("Dinas Kesehatan", "1", "uji")
    for replayed in (None, "true"):
        answer = stage["sari"].post(
            f"{REQUESTS}/{number}/letter",
            files={"file": ("surat.pdf", data, "application/pdf")},
            headers=headers,
        )
        assert answer.status_code == 201
        assert answer.headers.get("idempotent-replayed") == replayed


def test_a_body_too_large_is_refused_and_nothing_is_lost(stage: Stage) -> None:
    number = stage.draft()
    path = f"{REQUESTS}/{number}/letter"
    file = ("surat.pdf", b"%PDF-1.7" + bytes(50_000_000), "application/pdf")
    _problem(stage["sari"].post(path, files={"file": file}), 413, "too-large")
    assert stage["sari"].get(f"{REQUESTS}/{number}").json()["state"] == "draft"


def test_the_length_is_counted_not_believed(stage: Stage) -> None:
    def chunks() -> Any:
        for _ in range(40):
            yield bytes(100_000)

    answer = stage["sari"].post(
        REQUESTS, content=chunks(), headers={"Content-Type": "application/json"}
    )
    _problem(answer, 413, "too-large")


def test_a_letter_that_is_none_is_refused(stage: Stage) -> None:
    path = f"{REQUESTS}/{stage.draft()}/letter"
    answer = stage["sari"].post(path, files={"file": ("surat.pdf", b"PK\x03\x04zip", "x/y")})
    assert _problem(answer, 422, "invalid")["errors"][0]["pointer"] == "/file"


def test_openapi_and_figures(stage: Stage) -> None:
    with stage.client() as client:
        paths = client.get("/api/v1/openapi.json").json()["paths"]
        assert f"{REQUESTS}/{{number}}/approve" in paths
        assert not any(path.startswith("/requests") for path in paths)
        assert client.get("/healthz").json() == {"status": "ok"}
        figures = client.get("/metrics").text
        assert 'provisioner_requests{state="draft"}' in figures
        assert "provisioner_outbox_backlog" in figures


def test_every_answer_carries_its_guards(stage: Stage) -> None:
    with stage.client() as client:
        for path in ("/sign-in", "/api/v1/requests", "/static/console.css", "/nowhere"):
            headers = client.get(path).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert len(headers["x-correlation-id"]) == 16
