"""WiFi for events over JSON: a passphrase never comes back, actions, and the campus."""

from __future__ import annotations

import json
from uuid import uuid4

import httpx
import pytest

from tests.web.bodies import in_hours, new_request
from tests.web.letters_read import written
from tests.web.stage import Stage

REQUESTS = "/api/v1/requests"
SECRET = "jangan sampai bocor 7Q"


@pytest.fixture(scope="module")
def on(stage: Stage) -> str:
    """The number of a request whose WiFi is on, with a passphrase of the department's own."""
    number, run = stage.approved(
        service="event_wifi", starts_at=in_hours(0), ends_at=in_hours(30), passphrase=SECRET
    )
    assert stage.run_until(run, "succeeded", "failed", "waiting_person")["state"] == "succeeded"
    stage.request_until(number, "done")
    return number


def test_a_passphrase_never_comes_back(stage: Stage) -> None:
    answers: list[httpx.Response] = []
    key = {"Idempotency-Key": str(uuid4())}
    body = new_request("event_wifi", passphrase=SECRET)
    for _ in range(2):
        answers.append(stage["sari"].post(REQUESTS, json=body, headers=key))
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    number = answers[0].json()["number"]
    assert answers[0].json()["details"]["passphrase_given"] is True
    path = f"{REQUESTS}/{number}"
    changed = {**body["details"], "passphrase": SECRET, "expected_users": 50}
    answers.append(stage["sari"].patch(path, json={"details": changed}))
    for name in ("", "/events", "/report", "?q=Bazar"):
        answers.append(stage["rina"].get(path + name))
    assert all(answer.status_code < 300 for answer in answers)
    assert not [answer.url for answer in answers if SECRET in answer.text]


@pytest.mark.parametrize(
    "wrong",
    [
        {"passphrase": SECRET * 9},
        {"passphrase": [SECRET]},
        {"passphrase": {"x": SECRET}},
        {"passphrase": SECRET + "é"},
        {"passphrase": SECRET, "security": "open"},
        {"passphrase": SECRET, "starts_at": "besok"},
        {"passphrase": SECRET, "place": "bulan"},
    ],
)
def test_a_refusal_does_not_repeat_a_passphrase(stage: Stage, wrong: dict[str, object]) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    body = new_request("event_wifi", **wrong)
    for _ in range(2):
        answer = stage["sari"].post(REQUESTS, json=body, headers=key)
        assert answer.status_code == 422, answer.text
        assert SECRET not in answer.text


def test_its_letter_says_what_was_switched_on(stage: Stage, on: str) -> None:
    details = stage["rina"].get(f"/api/v1/requests/{on}").json()["details"]
    printed = written(stage, on)
    assert details["ssid"] in printed
    assert details["event"] in printed
    assert SECRET not in printed


def test_what_is_on_stands_among_the_instances(stage: Stage, on: str) -> None:
    id = stage["sari"].get(f"{REQUESTS}/{on}").json()["instance"]
    one = stage["sari"].get(f"/api/v1/instances/{id}").json()
    assert one["kind"] == "event_wifi"
    assert one["place"] == "aula-pendopo"
    assert one["access_points"] == ["ap-pendopo-1", "ap-pendopo-2"]
    assert one["actions"] == ["change", "extend", "end"]
    assert id in {each["id"] for each in stage["sari"].get("/api/v1/instances").json()}
    assert stage["tono"].get(f"/api/v1/instances/{id}").status_code == 404
    report = stage["sari"].get(f"{REQUESTS}/{on}/report")
    assert {proof["check"] for proof in report.json()["proof"]} >= {"wifi.announced", "wifi.key"}
    run = stage["rina"].get(f"{REQUESTS}/{on}").json()["run"]
    told = [report.text, stage["rina"].get(f"{REQUESTS}/{on}/events").text]
    told.append(stage["rina"].get(f"/api/v1/runs/{run}").text)
    told.append(stage["rina"].get(f"{REQUESTS}/{on}/plan").text)
    assert not [text for text in told if SECRET in text]


def test_an_action_becomes_a_request_that_goes_its_way(stage: Stage, on: str) -> None:
    id = stage["sari"].get(f"{REQUESTS}/{on}").json()["instance"]
    path = f"/api/v1/instances/{id}/actions"
    assert stage["tono"].post(f"{path}/extend", json={}).status_code == 404
    assert stage["arif"].post(f"{path}/end", json={}).status_code == 403
    assert stage["sari"].post(f"{path}/explode", json={}).status_code == 409
    past = stage["sari"].post(f"{path}/extend", json={"ends_at": "2020-01-01T00:00:00+07:00"})
    assert past.json()["errors"][0]["pointer"] == "/details/ends_at"
    later, key = in_hours(40), {"Idempotency-Key": str(uuid4())}
    made = [
        stage["sari"].post(f"{path}/extend", json={"ends_at": later}, headers=key) for _ in range(2)
    ]
    assert [answer.status_code for answer in made] == [201, 201], made[0].text
    number = made[0].json()["number"]
    assert made[1].json()["number"] == number
    assert made[0].headers["location"] == f"{REQUESTS}/{number}"
    plan = stage["rina"].post(f"{REQUESTS}/{number}/plan").json()
    answer = stage["dewi"].post(f"{REQUESTS}/{number}/approve", json={"digest": plan["digest"]})
    assert answer.status_code == 202, answer.text
    stage.request_until(number, "done")
    stands = stage["sari"].get(f"/api/v1/instances/{id}").json()
    assert stands["expires_at"][:16] == later[:16]


def test_a_run_to_come_says_when_it_begins(stage: Stage) -> None:
    number, run = stage.approved(service="event_wifi", place="alun-alun", security="open")
    view = stage["sari"].get(f"/api/v1/runs/{run}").json()
    assert view["state"] == "scheduled"
    starts_at = stage["sari"].get(f"{REQUESTS}/{number}").json()["details"]["starts_at"]
    assert view["begin_at"] < starts_at
    assert stage["rina"].post(f"/api/v1/runs/{run}/stop").json()["state"] == "stopped"


def test_the_campus_is_told_to_the_office(stage: Stage, on: str) -> None:
    assert stage["sari"].get("/api/v1/topology").status_code == 403
    campus = stage["rina"].get("/api/v1/topology").json()
    nodes = {node["name"]: node for node in campus["nodes"]}
    assert nodes["rt-core-1"]["group"] == "routers"
    assert nodes["rt-core-1"]["driven"] is True
    assert nodes["sw-core-1"]["state"] == "answered"
    assert nodes["ap-pendopo-1"]["distance"] == 3
    assert {place["key"] for place in campus["places"]} == {"aula-pendopo", "alun-alun"}
    event = next(event for event in campus["events"] if event["request"] == on)
    assert event["on"] is True
    assert event["vlan"] in range(301, 320)
    carrying = {
        (link["a"]["device"], link["b"]["device"])
        for link in campus["links"]
        if on in link["events"]
    }
    assert ("rt-core-1", "sw-core-1") in carrying
    assert ("sw-core-1", "sw-alun-1") not in carrying
    assert SECRET not in json.dumps(campus)
    assert "password" not in json.dumps(campus)
