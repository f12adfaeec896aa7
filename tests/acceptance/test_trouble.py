"""Faults from complaint to remedy, as departments, technicians and programs meet them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.acceptance.office import Json, opened, until
from tests.acceptance.trouble import DEVICE_SECONDS, DIAGNOSIS, RESULT, Watched, red

pytestmark = [pytest.mark.xdist_group("acceptance-trouble"), pytest.mark.timeout(300)]
SITE, ACCESS_POINT = "site:smp-1", "ap-smp-1"
SWITCH, PORT = "sw-smp-1", "GigabitEthernet1/0/1"
BETWEEN = f"{SWITCH}:{PORT}"
SICK = {
    "ap-pendopo-1": ("device-hangs", {}),
    "sw-pendopo-1": ("device-floods", {"line": "^show"}),
    "ap-pendopo-2": ("device-garbles", {}),
    "sw-core-1": ("session-drop", {"of": "session", "after": "2"}),
}


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with opened(Watched(tmp_path_factory.mktemp("gangguan"), "gangguan-1")) as office:
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
        office.set_up(f"127.79.{worker}.0/24")
        office.start()
        yield office


@pytest.fixture(scope="module")
def vm(standing: Watched) -> Json:
    """The request of a VM of the department ``dinkes``."""
    return standing.machine()


@pytest.fixture(scope="module", autouse=True)
def interrupted(standing: Watched, vm: Json) -> str:
    """A complaint in the middle of whose check the product was killed; it is up again."""
    standing.fault("device-hangs", host="ap-alun-1")
    number = standing.complain(target="site:alun-alun")
    id = standing.looked_at(number)
    until(lambda: standing.get(f"/checks/{id}")["progress"], "it is in the middle")
    standing.end(signal.SIGKILL)
    standing.no_fault()
    standing.start()
    assert standing.get(f"/checks/{id}")["state"] == "running"
    return number


@pytest.fixture
def office(standing: Watched) -> Iterator[Watched]:
    """Without a fault at the end of each test."""
    yield standing
    standing.no_fault()


def problem(answer: httpx.Response, status: int, slug: str = "") -> Json:
    """An RFC 9457 problem of that status."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"].startswith("application/problem+json")
    said: Json = answer.json()
    assert (said["status"], bool(said["title"]), bool(said["detail"])) == (status, True, True)
    assert said["type"].endswith(slug)
    return said


def seconds(found: Json) -> float:
    """From being asked for to its end."""
    ended, asked = (datetime.fromisoformat(found[each]) for each in ("ended_at", "asked_at"))
    return (ended - asked).total_seconds()


# ---------------------------------------------------------------- from a complaint to a remedy


def test_a_complaint_is_told_its_cause_and_mended(office: Watched) -> None:
    office.type(SWITCH, f"interface {PORT}", "shutdown")
    number = office.complain(target=SITE)
    assert number.startswith("TRB-")
    check = office.over(office.looked_at(number))
    assert seconds(check) < 60
    first = check["diagnosis"]
    assert (first["key"], first["target"], first["confidence"]) == (
        "port.disabled", BETWEEN, "certain",
    )  # fmt: skip
    assert ("port.state", BETWEEN, "port.disabled") in red(check)
    assert first["cause"]
    assert first["next"]
    seen_by_the_department(office, check, number)
    run = office.run_is(office.do(number), "succeeded", "failed", "waiting_person")
    assert run["state"] == "succeeded", run
    report = office.get(f"/requests/{number}/report")
    assert (report["state"], report["outcome"]) == ("done", "succeeded")
    assert [p for p in report["proof"] if p["target"] == BETWEEN and not p["passed"]], report
    assert [p for p in report["proof"] if p["passed"]]
    assert all(p["evidence"] and p["at"] for p in report["proof"])
    tags = [each["tag"] for each in office.get(f"/requests/{number}/events")]
    assert tags.index("check:asked") < tags.index("check:finished") < tags.index("request:done")
    remedy = office.remedy(check, "enable_port")
    assert office.remedy(check, "enable_port") == remedy, "asked for twice, it is one request"
    office.do(remedy)
    helped = office.proven(remedy)["proof"]
    assert "remedy.helped" in {each["check"] for each in helped}
    assert BETWEEN in {each["target"] for each in helped if each["check"] == "port.state"}
    after = office.check(target=SITE)
    assert not [each for each in after["results"] if each["weight"] == "broken"], red(after)
    assert [each["target"] for each in after["comparison"]["turned_green"]].count(BETWEEN)


def seen_by_the_department(office: Watched, check: Json, number: str) -> None:
    """The cause and what to do; no device's results, no remedies, and nothing for others."""
    theirs = office.get(f"/checks/{check['id']}", "sari")
    assert (theirs["cause"], theirs["diagnosis"]["next"]) == (
        check["cause"], check["diagnosis"]["next"],
    )  # fmt: skip
    hidden = ("results", "skipped", "remedies", "progress", "checks")
    assert not any(theirs[name] for name in hidden), theirs
    assert not theirs["diagnosis"]["explains"]
    assert not theirs["diagnosis"]["ruled_out"]
    problem(office["tono"].get(f"/checks/{check['id']}"), 404)
    assert office.get(f"/checks?request={number}", "tono") == []
    key = check["remedies"][0]["key"]
    problem(office["sari"].post(f"/checks/{check['id']}/remedies/{key}"), 403)


def test_a_remedy_that_does_not_help_waits_for_a_person(office: Watched) -> None:
    office.fault("cable-pulled", host=SWITCH, port=PORT)
    number = office.complain(target=SITE)
    check = office.over(office.looked_at(number))
    assert check["diagnosis"]["key"] == "port.down"
    remedy = office.remedy(check, "bounce_port")
    run = office.run_is(office.do(remedy), "waiting_person", "succeeded", "failed")
    assert run["state"] == "waiting_person"
    assert run["waiting_for"]["who"]
    assert ACCESS_POINT in run["waiting_for"]["what"]
    [error] = [step["error"] for step in run["steps"] if step["error"]]
    assert BETWEEN in error["what"]
    assert error["meaning"]
    office.no_fault()
    assert office["rina"].post(f"/runs/{run['id']}/retry").is_success
    office.request_is(remedy, "done")
    office.proven(remedy)


# ---------------------------------------------------------------- the call


def test_a_check_has_the_shape_that_is_promised(office: Watched) -> None:
    office.fault("cable-pulled", host=SWITCH, port=PORT)
    wanted = ["device.reach", "port.state"]
    body = {"target": "smp-1", "checks": wanted}
    once, again = (
        office["rina"].post("/checks", json=body, headers={"Idempotency-Key": "gangguan-1"})
        for _ in range(2)
    )
    assert (once.status_code, again.status_code) == (202, 202)
    assert once.json()["id"] == again.json()["id"]
    found = office.over(once.json()["id"])
    assert (found["target"], found["checks"]) == (SITE, wanted)
    assert {each["check"] for each in found["results"]} == set(wanted)
    for each in found["results"]:
        assert each.keys() >= RESULT
        assert isinstance(each["passed"], bool)
        assert each["evidence"]
        assert each["meaning"]
        assert each["passed"] or each["next"], each
        assert datetime.fromisoformat(each["at"]).tzinfo
    assert found["diagnosis"].keys() >= DIAGNOSIS
    assert found["diagnosis"]["confidence"] in {"certain", "likely", "unknown"}
    assert ACCESS_POINT in {each["target"] for each in found["diagnosis"]["explains"]}
    assert {"key", "kind", "title"} <= found["remedies"][0].keys()


def test_what_is_not_to_be_checked_is_refused(office: Watched, vm: Json) -> None:
    def ask(who: str, **body: Any) -> httpx.Response:
        return office[who].post("/checks", json=body)

    own = vm["instance"]
    problem(ask("rina", target="tidak-ada"), 404, "not-found")
    problem(ask("rina", target="device:smp-1"), 404, "not-found")
    both = problem(ask("rina", target="alun-alun"), 409, "ambiguous-target")
    assert set(both["choices"]) == {"site:alun-alun", "place:alun-alun"}
    problem(ask("rina", request="TRB-2026-9999"), 404)
    assert problem(ask("rina", target=SITE, checks=["tidak.ada"]), 422)["errors"]
    for body in ({}, {"target": SITE, "instance": own}, {"target": ""}, {"lain": 1}):
        assert problem(ask("rina", **body), 422)["errors"]
    for target in (SITE, f"device:{SWITCH}", "cluster:gangguan-1", "url:http://127.0.0.1:1/"):
        problem(ask("sari", target=target), 403)
        problem(ask("arif", target=target), 403)
    problem(ask("tono", instance=own), 404)
    problem(ask("tono", target=f"instance:{own}"), 404)
    problem(ask("tono", request=vm["number"]), 404)
    problem(httpx.post(f"{office.url}/api/v1/checks", json={}, trust_env=False), 401)
    mine = office.check("sari", instance=own)
    assert (mine["instance"], mine["request"], mine["results"]) == (own, vm["number"], [])
    stolen = office.complain("tono", "dindik", target=f"instance:{own}", symptom="server_down")
    nowhere = office.complain(target="tidak-ada")
    forged = office.complain(
        "rina", symptom=None, description=None, action="remedy", remedy="bounce_port",
        device="sw-core-1", port="GigabitEthernet1/0/20", check="check-000000000000",
    )  # fmt: skip
    for number in (stolen, nowhere, forged):
        problem(office["rina"].post(f"/requests/{number}/plan"), 409, "not-plannable")
        assert office.get(f"/checks?request={number}") == []


def test_by_command(office: Watched) -> None:
    run = ["check", "run", "--target", SITE]
    outside, duplex = [*run, "--check", "internet.site"], [*run, "--check", "port.duplex"]
    office.fault("internet-dead", host="rt-core-1")
    office.fault("port-half-duplex", host=SWITCH, port="GigabitEthernet1/0/24")
    ran, told, weak, *wrong = office.commands(
        ([*outside, "--json"], ""), (outside, ""), (duplex, ""), ([*run[:3], "tidak-ada"], ""),
        (["check", "run"], ""), ([*run, "--check", "tidak.ada"], ""), who="rina",
    )  # fmt: skip
    assert [ran[0], told[0], weak[0]] == [1, 1, 3]
    found = json.loads(ran[1])
    assert (found["state"], found["diagnosis"]["key"]) == ("done", "internet.dead")
    assert "4 of 4 devices answer" in told[1], "how far it is"
    for text in ("✗", "rt-core-1", found["diagnosis"]["cause"], found["diagnosis"]["next"]):
        assert text in told[1], told[1]
    assert [status for status, _, _ in wrong] == [1, 2, 2]
    assert all(err and not out for _, out, err in wrong)
    office.no_fault()
    ended = office.commands(
        ([*outside, "--json"], ""), ([*outside, "--no-wait"], ""), (outside, ""), who="rina"
    )
    assert [status for status, _, _ in ended] == [0, 0, 0]
    assert json.loads(ended[0][1])["colour"] == "green"
    assert "✓" in ended[2][1]


# ---------------------------------------------------------------- what looks, and does not touch


def test_devices_out_of_their_minds_cost_their_time_only(office: Watched) -> None:
    for host, (fault, options) in SICK.items():
        office.fault(fault, host=host, **options)
    found = office.check(target="site:pendopo")
    assert seconds(found) < 4 * DEVICE_SECONDS
    for host in SICK:
        lines = [each for each in found["results"] if each["target"] == host
                 and not each["passed"]]  # fmt: skip
        assert [each["check"] for each in lines] == ["device.login"], red(found)
        assert host in lines[0]["meaning"]
        assert lines[0]["next"]
        assert len(json.dumps(lines[0])) < 2000, "one clear line, without what it sent"
        judged = {each["check"] for each in found["results"] if each["target"] == host}
        assert "device.reach" in judged
    healthy = [each for each in found["results"] if each["target"].startswith("rt-core-1")]
    assert len(healthy) > 10
    assert all(each["passed"] for each in healthy)
    assert {each["target"] for each in found["diagnosis"]["causes"]} == set(SICK)
    office.no_fault()
    office.green("site:pendopo")


def test_checks_change_nothing(office: Watched, vm: Json) -> None:
    before = office.standing()
    targets = ("smp-1", "pendopo", "skpd", "place:aula-pendopo", "place:alun-alun", "gangguan-1",
               f"instance:{vm['instance']}")  # fmt: skip
    ids = [office.ask(target=target) for target in targets]
    for id in ids:
        found = office.over(id)
        assert found["results"]
        assert not [each for each in found["results"] if each["weight"] == "broken"], red(found)
    assert office.standing() == before


# ---------------------------------------------------------------- who is told


def test_one_message_for_one_cause(office: Watched) -> None:
    def about() -> list[str]:
        return [each for each in office.receiver.all() if "sw-core-1" in each]

    office.fault("cable-pulled", host="sw-core-1", port="GigabitEthernet1/0/4")
    targets = ("site:skpd", "device:sw-skpd-1")
    for id in [office.ask(target=target) for target in targets]:
        assert office.over(id)["colour"] == "red"
    [broken] = until(about, "it is told")
    assert "GigabitEthernet1/0/4" in broken
    assert f"{office.url}/checks/" in broken
    office.no_fault()
    office.green(targets[0])
    assert about() == [broken], "something still hangs on it"
    office.green(targets[1])
    until(lambda: len(about()) > 1, "it is told to be green again")
    office.green(targets[0])
    assert len(about()) == 2
    assert "GigabitEthernet1/0/4" in about()[1]


# ---------------------------------------------------------------- odd calls

TEXT = st.text(st.characters(exclude_categories=()), min_size=1, max_size=20)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
ODD = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
NAMES = st.sampled_from(["site:", "device:", "instance:", "url:", ""])
NAMED = st.tuples(NAMES, TEXT).map("".join)


@settings(max_examples=60, deadline=None, database=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(
    target=NAMED | ODD, checks=ODD | st.lists(NAMED, max_size=3), id=TEXT,
    key=TEXT, body=ODD, query=st.dictionaries(
        st.sampled_from(["target", "request", "instance", "limit"]), st.text(max_size=10)),
)  # fmt: skip
def test_odd_calls_are_refused(
    office: Watched, target: Any, checks: Any, id: str, key: str, body: Any, query: dict[str, str]
) -> None:
    check, offer = (quote(each.encode("utf-8", "replace"), safe="") for each in (id, key))
    kind = {"Content-Type": "application/json"}
    sent = [{"target": target, "checks": checks}, {"instance": target}, {"request": target}, body]
    answers = [
        office["rina"].post("/checks", content=json.dumps(each), headers=kind) for each in sent
    ]
    answers.append(
        office["rina"].post(
            f"/checks/{check}/remedies/{offer}", content=json.dumps(body), headers=kind
        )
    )
    answers.append(office["rina"].get(f"/checks/{check}"))
    answers.append(office["tono"].get("/checks", params=query))
    for answer in answers:
        if answer.is_error:
            problem(answer, answer.status_code)
        assert answer.status_code < 500


# ---------------------------------------------------------------- by itself


def test_a_check_killed_in_the_middle_ends_by_itself(office: Watched, interrupted: str) -> None:
    [check] = office.get(f"/checks?request={interrupted}")
    found = office.over(check["id"])
    assert found["results"]
    tags = [each["tag"] for each in office.get(f"/requests/{interrupted}/events")]
    assert (tags.count("check:asked"), tags.count("check:finished")) == (1, 1)


def test_what_was_handed_over_is_looked_at(office: Watched, vm: Json) -> None:
    def found() -> list[Json]:
        checks = office.get(f"/checks?instance={vm['instance']}", "sari")
        return [each for each in checks if each["purpose"] == "handover"]

    [check] = until(found, "it is checked after hand-over")
    assert office.over(check["id"])["request"] == vm["number"]
    tags = [each["tag"] for each in office.get(f"/requests/{vm['number']}/events")]
    assert "check:finished" in tags
    assert len(found()) == 1
    assert office.command("audit", "verify").returncode == 0
