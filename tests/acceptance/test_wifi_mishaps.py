"""Event WiFi when things break: the product killed, devices dead, refusing, cut off."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.acceptance.campus import Campus
from tests.acceptance.office import until

pytestmark = [pytest.mark.xdist_group("acceptance-wifi"), pytest.mark.timeout(400)]
Faults = list[tuple[str, dict[str, str]]]


def all_or_none(campus: Campus, number: str, ssid: str, before: dict[str, str]) -> str:
    """Waits until no run works any more; whether all hold it or none, as the record says."""
    found = campus.request_is(number, "done", "attention", "planned")
    heard = campus.announced()
    here = [ssid in heard[name] for name in ("ap-pendopo-1", "ap-pendopo-2")]
    if found["state"] == "done":
        campus.proven(number)
        assert all(here), heard
        standing = campus.configurations()
        for name in ("sw-core-1", "sw-pendopo-1"):
            assert "PROV-" + number in standing[name]
    else:
        until(lambda: not campus.differs(before), "no device holds any of it")
        assert not any(any(names) for names in campus.announced().values())
        assert campus.get(f"/requests/{number}/report")["outcome"] != "succeeded"
    return str(found["state"])


def seconds_late(moment: str, since: str) -> float:
    return (datetime.fromisoformat(moment) - datetime.fromisoformat(since)).total_seconds()


# ---------------------------------------------------------------- the product is down


@pytest.mark.slow
def test_down_at_the_start_and_at_the_end(campus: Campus) -> None:
    before = campus.configurations()
    number, _ = campus.approved(starts=100, lasts=60, ssid="Padam")
    assert campus.get(f"/requests/{number}")["state"] == "scheduled"
    details = campus.get(f"/requests/{number}")["details"]
    campus.end(signal.SIGKILL)
    wait_until(details["starts_at"])
    assert not campus.announced()["ap-pendopo-1"]
    campus.start()
    up = datetime.now(UTC).isoformat()
    instance = campus.proven(number)["instance"]
    assert seconds_late(datetime.now(UTC).isoformat(), up) < 60
    campus.end(signal.SIGKILL)
    wait_until(instance["expires_at"])
    assert campus.announced()["ap-pendopo-1"] == ["Padam"]
    campus.start()
    up = datetime.now(UTC).isoformat()
    ended = campus.instance_is(instance["id"], "ended")
    assert seconds_late(ended["ended_at"], up) < 60
    assert not campus.differs(before)


def wait_until(moment: str) -> None:
    left = (datetime.fromisoformat(moment) - datetime.now(UTC)).total_seconds()
    time.sleep(max(0.0, left + 3))


@pytest.mark.slow
def test_an_access_point_dead_at_the_end_is_cleaned_when_it_returns(campus: Campus) -> None:
    before = campus.configurations()
    number, report = campus.on(lasts=50, ssid="Mati")
    campus.fault("device-dead", host="ap-pendopo-2")
    until(lambda: not campus.announced()["ap-pendopo-1"], "the others are off")
    instance = report["instance"]["id"]
    assert campus.get(f"/instances/{instance}")["state"] != "ended"
    campus.no_fault()
    campus.instance_is(instance, "ended")
    assert not campus.differs(before)
    assert campus.get(f"/requests/{number}")["state"] == "done"


# ---------------------------------------------------------------- killed while it works


@pytest.mark.parametrize("lines", [pytest.param(n, marks=pytest.mark.slow) for n in (2, 5, 9)])
def test_killed_three_times_in_the_middle(campus: Campus, lines: int) -> None:
    before = campus.configurations()
    ssid = f"Bunuh-{lines}"
    number, run = campus.approved(ssid=ssid)
    for seconds in (lines, lines / 2 + 1, lines / 3 + 2):
        until(
            lambda: campus.get(f"/runs/{run}")["state"] not in {"queued", "scheduled"}, "it works"
        )
        time.sleep(seconds)
        campus.end(signal.SIGKILL)
        campus.start()
    state = all_or_none(campus, number, ssid, before)
    tags = [e["tag"] for e in campus.get(f"/requests/{number}/events")]
    assert tags.count("run:succeeded") == (state == "done")
    leave(campus, number, before)
    assert campus.command("audit", "verify").returncode == 0


def leave(campus: Campus, number: str, before: dict[str, str]) -> None:
    """The devices as they were, whatever became of the request."""
    view = campus.get(f"/requests/{number}")
    if view["instance"]:
        campus.off(view["instance"])
    else:
        stopped = campus["rina"].post(f"/runs/{view['run']}/stop")
        assert stopped.status_code in {200, 202, 409}, stopped.text
        campus.request_is(number, "attention", "planned")
        said = {"reason": "Acara batal"}
        until(lambda: campus["sari"].post(f"/requests/{number}/cancel", json=said).is_success,
              "it is cancelled")  # fmt: skip
    until(lambda: not campus.differs(before), "nothing is left")


# ---------------------------------------------------------------- devices that fail

CASES: dict[str, dict[str, Any]] = {
    "line-rejected": {"host": "sw-core-1", "line": "vlan"},
    "session-drop": {"host": "sw-pendopo-1", "after": "2"},
    "device-reboots": {"host": "sw-core-1", "after": "2"},
    "device-dead": {"host": "ap-pendopo-2"},
    "vty-full": {"host": "sw-pendopo-1"},
    "device-key-changed": {"host": "ap-pendopo-1"},
    "cable-pulled": {"host": "sw-core-1", "port": "GigabitEthernet1/0/1"},
    "login-refused": {"host": "sw-core-1"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_fault_while_it_works(campus: Campus, name: str) -> None:
    """All or none; a person's retry, once it is mended, brings it about."""
    before = campus.configurations()
    ssid = f"Gagal {name}"[:32]
    number, digest = campus.planned(ssid=ssid)
    campus.fault(name, **CASES[name])
    answer = campus["dewi"].post(f"/requests/{number}/approve", json={"digest": digest})
    assert answer.status_code == 202, answer.text
    run = answer.json()["run"]
    found = campus.run_is(run, "waiting_person", "failed", "stopped", "succeeded", "waiting_retry")
    if found["state"] == "waiting_retry":
        campus.no_fault()
    found = campus.run_is(run, "waiting_person", "failed", "stopped", "succeeded")
    campus.no_fault()
    if found["state"] == "waiting_person":
        assert found["waiting_for"]["who"], found
        assert found["waiting_for"]["what"], found
        until(lambda: not campus.differs(before), "nothing half done while it waits")
        assert campus["rina"].post(f"/runs/{run}/retry").status_code in {200, 202}
        until(lambda: campus.get(f"/runs/{run}")["state"] != "waiting_person", "it goes on")
        campus.run_is(run, "waiting_person", "failed", "stopped", "succeeded")
    all_or_none(campus, number, ssid, before)
    leave(campus, number, before)
