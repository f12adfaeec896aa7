"""Checks over JSON and from the terminal, in a real lab: asked for, followed, read by each role."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.stage import PATIENCE, Stage
from tests.web.test_cli_wifi import run

CHECKS = "/api/v1/checks"
SITE, DEAD = "site:smp-1", "sw-smp-1"


def followed(stage: Stage, body: dict[str, Any], who: str = "rina") -> dict[str, Any]:
    """A check, once it is over."""
    started = stage[who].post(CHECKS, json=body)
    assert started.status_code == 202, started.text
    deadline = time.monotonic() + PATIENCE
    while True:
        found: dict[str, Any] = stage[who].get(started.headers["Location"]).json()
        if found["state"] not in ("queued", "running"):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


@pytest.fixture(scope="module")
def vm(stage: Stage) -> dict[str, Any]:
    """The request of a VM that stands."""
    number, _ = stage.approved()
    return stage.request_until(number, "done")


@pytest.fixture(scope="module")
def red(stage: Stage) -> Iterator[dict[str, Any]]:
    """A site whose switch has no power; asked for by a technician."""
    stage.lab.fault("device-dead", host=DEAD)
    yield followed(stage, {"target": SITE})
    stage.lab.clear()


def test_a_check_has_the_shape_of_the_contract(red: dict[str, Any]) -> None:
    assert (red["state"], red["colour"], red["target"]) == ("done", "red", SITE)
    assert red["results"]
    for one in red["results"]:
        assert one.keys() >= {"check", "target", "passed", "evidence", "meaning", "next", "at"}
        assert isinstance(one["passed"], bool)
        assert one["passed"] or one["next"], one
    assert red["diagnosis"].keys() >= {"cause", "explains", "confidence", "ruled_out"}
    assert DEAD in json.dumps(red["diagnosis"]["causes"])
    assert isinstance(red["remedies"], list)
    assert red["progress"]


def test_texts_follow_the_language_of_the_reader(stage: Stage, red: dict[str, Any]) -> None:
    path = f"{CHECKS}/{red['id']}"
    english = stage["rina"].get(path, headers={"Accept-Language": "en"}).json()
    assert english["diagnosis"]["next"] != red["diagnosis"]["next"]
    catalogue = [
        stage["rina"].get(f"{CHECKS}/catalogue", headers={"Accept-Language": each}).json()
        for each in ("en", "id")
    ]
    assert catalogue[0][0]["key"] == catalogue[1][0]["key"]
    assert catalogue[0][0]["proves"] != catalogue[1][0]["proves"]


def test_checks_are_found_by_target_and_by_what_they_are_about(
    stage: Stage, red: dict[str, Any], vm: dict[str, Any]
) -> None:
    found = stage["rina"].get(CHECKS, params={"target": SITE}).json()
    assert red["id"] in [one["id"] for one in found]
    about = followed(stage, {"request": vm["number"]})
    assert (about["target"], about["request"]) == (f"instance:{vm['instance']}", vm["number"])
    for params in ({"request": vm["number"]}, {"instance": vm["instance"]}):
        found = stage["rina"].get(CHECKS, params=params).json()
        assert about["id"] in [one["id"] for one in found]
    events = stage["rina"].get(f"/api/v1/requests/{vm['number']}/events").json()
    tags = [each["tag"] for each in events]
    assert tags.index("check:asked") < tags.index("check:finished")
    assert all(each["text"] != each["tag"] for each in events if each["tag"].startswith("check:"))


def test_rules_and_checks_can_be_read(stage: Stage) -> None:
    rules = stage["arif"].get(f"{CHECKS}/rules", headers={"Accept-Language": "en"}).json()
    assert {"finding", "cause", "next", "explains", "reach"} <= rules[0].keys()
    assert not any("%(" in rule["cause"] for rule in rules)
    catalogue = stage["arif"].get(f"{CHECKS}/catalogue").json()
    assert len(catalogue) > 10
    assert any(one["standard"] for one in catalogue)


def test_who_may_do_what(stage: Stage, red: dict[str, Any], vm: dict[str, Any]) -> None:
    assert stage["arif"].post(CHECKS, json={"target": SITE}).status_code == 403
    assert stage["sari"].post(CHECKS, json={"target": SITE}).status_code == 403
    assert stage["sari"].get(f"{CHECKS}/{red['id']}").status_code == 404
    own = followed(stage, {"instance": vm["instance"]}, "sari")
    assert own["results"] == []
    assert stage["tono"].get(f"{CHECKS}/{own['id']}").status_code == 404
    assert stage["tono"].post(CHECKS, json={"instance": vm["instance"]}).status_code == 404
    assert stage["arif"].get(f"{CHECKS}/{own['id']}").json()["results"]


def test_what_cannot_be_checked_is_refused(stage: Stage) -> None:
    post = stage["rina"].post
    assert post(CHECKS, json={}).status_code == 422
    assert post(CHECKS, json={"target": "site:nowhere"}).status_code == 404
    assert post(CHECKS, json={"target": SITE, "request": "NET-2026-0001"}).status_code == 422
    unknown = post(CHECKS, json={"target": SITE, "checks": ["no.such"]})
    assert unknown.status_code == 422
    assert unknown.json()["errors"][0]["pointer"] == "/checks/0"
    assert stage["rina"].get(f"{CHECKS}/check-nothing").status_code == 404


def test_a_remedy_that_is_not_offered_is_not_asked_for(stage: Stage, red: dict[str, Any]) -> None:
    path = f"{CHECKS}/{red['id']}/remedies/bounce_port sw-9 Gi1/0/1"
    assert stage["rina"].post(path).status_code == 404
    assert stage["arif"].post(path).status_code == 403


def test_the_terminal_follows_a_check_and_says_how_it_ended(
    stage: Stage, red: dict[str, Any]
) -> None:
    ran = run(stage, "check", "run", "--target", SITE)
    assert ran.returncode == 1, ran.stderr
    assert DEAD in ran.stdout
    assert "✗" in ran.stdout
    view = json.loads(run(stage, "check", "show", red["id"], "--json").stdout)
    assert view["colour"] == "red"
    as_json = run(stage, "check", "run", "--target", SITE, "--check", "config.drift", "--json")
    assert json.loads(as_json.stdout)["checks"] == ["config.drift"]
    at_once = run(stage, "check", "run", "--target", SITE, "--no-wait", "--json")
    assert at_once.returncode == 0
    assert json.loads(at_once.stdout)["state"] in ("queued", "running", "done")
    shown = run(stage, "check", "show", view["id"])
    assert view["diagnosis"]["key"] == red["diagnosis"]["key"]
    assert DEAD in shown.stdout
    assert view["id"] in run(stage, "check", "list", "--target", SITE).stdout
    assert run(stage, "check", "catalogue").returncode == 0
    assert run(stage, "check", "rules").returncode == 0
    assert run(stage, "check", "run", "--target", "site:nowhere").returncode == 1
    assert run(stage, "check", "run").returncode == 2
