"""A change meets what others did, what dies, and what cuts its own way."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.drivers.fleet import Fleet
from provisioner.drivers.network import TrunkMember, Wish
from provisioner.drivers.platforms.cisco_ios import IosPlatform
from provisioner.drivers.sessions.batches import Sessions
from provisioner.errors import ActionNeeded, Refused, StepFailure
from provisioner.lab.devices.plan import UPLINK, CampusPlan, tree
from provisioner.runs.steps.base import Done
from provisioner.texts import render
from tests.integration.change_stage import (
    MINUTE,
    VLAN,
    ChangeStage,
    KilledError,
    by_hand,
    change_stage,
    params,
    save_by_hand,
    switch,
)
from tests.integration.device_matrix import (
    Beginning,
    Watched,
    try_deaths,
    try_dying_writings,
    wrongs,
)

TIMER = 5


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ChangeStage]:
    with change_stage(tmp_path, tree(4, minute=MINUTE), timer=TIMER) as made:
        yield made


def hosts(stage: ChangeStage) -> list[str]:
    return list(reversed(stage.lab.hosts()))


def texts(failure: StepFailure) -> str:
    return " | ".join(render(t, "en") for t in (failure.what, failure.meaning, failure.next))


def with_time(stage: ChangeStage) -> None:
    """Timers last longer than a command may, as in reality."""
    stage.settings = stage.settings.model_copy(update={"timer_minutes": 12})


# ---------------------------------------------------------------------- its own way


@pytest.mark.parametrize("host", ["sw-001", "sw-003"])
def test_a_change_that_cuts_its_own_way_comes_back(stage: ChangeStage, host: str) -> None:
    with_time(stage)
    before = Beginning(stage)
    wanted = params(hosts(stage))
    cutting = Wish(TrunkMember(UPLINK, 99), present=False).to_json()
    wanted["wishes"][host].append(cutting)
    failure = stage.apply(wanted, tries=1)
    assert isinstance(failure, Refused), failure
    assert "cut the way to its own device" in texts(failure)
    assert "took it back by itself" in texts(failure)
    assert wrongs(stage, before.texts, failure) == []


# ---------------------------------------------------------------------- what others did


def test_what_does_not_concern_us_is_left_alone(stage: ChangeStage) -> None:
    save_by_hand(stage, "sw-002", "vlan 555", "name LAIN", f"interface {UPLINK}",
                 "switchport trunk allowed vlan add 555",
                 "switchport trunk allowed vlan remove 120")  # fmt: skip
    before = stage.lab.configurations()
    wanted = params(hosts(stage))
    assert isinstance(stage.apply(wanted), Done)
    by_hand(stage, "sw-003", "configure terminal", f"interface {UPLINK}",
            "switchport trunk allowed vlan remove 110", "end")  # fmt: skip
    assert isinstance(stage.undo(wanted), Done)
    after = stage.lab.configurations()
    assert after["sw-002"] == before["sw-002"]
    assert after["sw-003"] == before["sw-003"].replace("99,110,120", "99,120")


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ((f"vlan {VLAN}", "name ORANG-LAIN"), "ORANG-LAIN"),
        ((f"interface {UPLINK}", f"switchport trunk allowed vlan add {VLAN}"), "not there"),
    ],
)
def test_what_concerns_us_stops_us(stage: ChangeStage, lines: Any, shown: str) -> None:
    save_by_hand(stage, "sw-002", *lines)
    before = Beginning(stage)
    wanted = params(hosts(stage))
    keys = [f"vlan {VLAN}", f"trunk {UPLINK} vlan {VLAN}"]
    wanted["expected"] = {host: dict.fromkeys(keys) for host in wanted["wishes"]}
    failure = stage.apply(wanted)
    assert isinstance(failure, Refused), failure
    assert "sw-002" in texts(failure)
    assert shown in texts(failure)
    assert wrongs(stage, before.texts, failure) == []
    assert stage.told == []


def test_what_was_there_and_is_gone_stops_us(stage: ChangeStage) -> None:
    wanted = params(hosts(stage))
    member = Wish(TrunkMember(UPLINK, 120))
    wanted["wishes"]["sw-002"].append(member.to_json())
    wanted["expected"]["sw-002"] = {member.intent.key: member.to_json()}
    save_by_hand(stage, "sw-002", f"interface {UPLINK}", "switchport trunk allowed vlan remove 120")
    before = Beginning(stage)
    failure = stage.apply(wanted)
    assert isinstance(failure, Refused), failure
    assert "not there instead of vlan=120" in texts(failure)
    assert wrongs(stage, before.texts, failure) == []


def test_a_strangers_timer_stops_us(stage: ChangeStage) -> None:
    by_hand(stage, "sw-002", "configure terminal revert timer 100", "vlan 777", "end")
    failure = stage.apply(params(hosts(stage)))
    assert isinstance(failure, ActionNeeded), failure
    assert "timed change" in texts(failure)
    assert switch(stage, "sw-002").pending is not None
    assert not any(stage.holding().values())


def test_a_strangers_timer_is_not_taken_for_ours(stage: ChangeStage) -> None:
    """We died; our timer ended; somebody began a timed change there: it is his."""
    stage.killed_at = 5  # the last wave is armed and applied; nobody decided
    with pytest.raises(KilledError):
        stage.apply(params(hosts(stage)))
    stage.killed_at = None
    time.sleep(TIMER * MINUTE + stage.settings.connect + 0.2)
    assert not any(stage.holding().values())
    by_hand(stage, "sw-002", "configure terminal revert timer 100", "vlan 777", "end")
    failure = stage.apply(params(hosts(stage)))
    assert isinstance(failure, ActionNeeded), failure
    assert switch(stage, "sw-002").pending is not None
    by_hand(stage, "sw-002", "configure confirm", "write memory")
    assert isinstance(stage.apply(params(hosts(stage))), Done)


# ---------------------------------------------------------------------- after the decision


def test_timers_that_fired_after_the_decision(stage: ChangeStage) -> None:
    before = Beginning(stage)

    def die(call: str, orders: Any) -> None:
        if call == "confirm":
            raise KilledError

    fleet, stage.fleet = stage.fleet, Watched(stage.fleet, die)  # type: ignore[assignment]
    with pytest.raises(KilledError):
        stage.apply(params(hosts(stage)))
    time.sleep(TIMER * MINUTE + 0.2)
    assert not any(stage.holding().values())
    stage.fleet = fleet
    done = stage.apply(params(hosts(stage)))
    assert isinstance(done, Done), done
    assert "device:again" in [tag for tag, _ in stage.told]
    assert wrongs(stage, before.texts, done) == []


def test_half_of_it_applied_again_is_not_confirmed(stage: ChangeStage) -> None:
    """Decided, taken back by the timer, and the session drops while it is applied again."""
    before = Beginning(stage)

    def late(call: str, orders: Any) -> None:
        if call == "confirm" and "device:again" not in [tag for tag, _ in stage.told]:
            time.sleep(TIMER * MINUTE + 0.2)
            stage.lab.fault("session-drop", host="sw-002", of="change", after=2)

    stage.fleet = Watched(stage.fleet, late)  # type: ignore[assignment]
    done = stage.apply(params(hosts(stage)), tries=5)
    assert isinstance(done, Done), done
    assert wrongs(stage, before.texts, done) == []


def test_a_device_that_cannot_save_is_mended_by_a_person(stage: ChangeStage) -> None:
    """Decided is decided: nothing is taken back, and a retry finishes it."""
    before = Beginning(stage)
    stage.lab.fault("line-rejected", host="sw-002", line="write memory", times=100)
    failure = stage.apply(params(hosts(stage)))
    assert isinstance(failure, ActionNeeded), failure
    assert "Not saved yet: sw-002" in texts(failure)
    assert all(stage.holding().values())
    stage.lab.clear()
    done = stage.apply(params(hosts(stage)))
    assert isinstance(done, Done), done
    assert wrongs(stage, before.texts, done) == []


# ---------------------------------------------------------------------- without a timer


def no_archive(stage: ChangeStage) -> None:
    known = stage.lab.hosts()
    lax = {name: replace(host, dead_man="best_effort") for name, host in known.items()}
    path = stage.directory / "known_hosts"
    platform = IosPlatform(Sessions(lambda: lax, stage.settings, path, lambda: ""))
    stage.fleet = Fleet(lambda: lax, {"cisco_ios": platform})


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[ChangeStage]:
    plan = tree(4, minute=MINUTE)
    devices = tuple(replace(each, archive=False) for each in plan.devices)
    with change_stage(tmp_path, _with(plan, devices), timer=TIMER) as made:
        yield made


def _with(plan: CampusPlan, devices: Any) -> CampusPlan:
    return replace(plan, devices=devices)


def test_without_an_archive_it_is_refused_where_a_timer_is_required(bare: ChangeStage) -> None:
    failure = bare.apply(params(hosts(bare)))
    assert isinstance(failure, ActionNeeded), failure
    assert "best_effort" in texts(failure)


@pytest.mark.parametrize(
    ("kind", "line"), [("line-rejected", 8), ("session-drop", 5), ("session-drop", 8)]
)
def test_best_effort_reverts_by_the_stored_lines(bare: ChangeStage, kind: str, line: int) -> None:
    no_archive(bare)
    before = Beginning(bare)
    bare.lab.fault(kind, host="sw-001", of="session", after=line)
    once = iter([True])

    def again(call: str, orders: Any) -> None:
        if call == "apply" and "sw-001" in orders and next(once, False):
            bare.lab.fault(kind, host="sw-001", of="session", after=line)
        if call == "revert" and not bare.memory["do"]["reverted"]:
            bare.lab.fault("session-drop", host="sw-001", of="session", after=6, times=2)

    bare.fleet = Watched(bare.fleet, again)  # type: ignore[assignment]
    found = bare.apply(params(hosts(bare)))
    bare.lab.clear()
    assert wrongs(bare, before.texts, found) == []
    if isinstance(found, Done):
        assert isinstance(bare.undo(params(hosts(bare))), Done)
        assert bare.lab.configurations() == before.texts


# ---------------------------------------------------------------------- kill -9

_CHILD = """
import json, sys
from pathlib import Path
from tests.integration.change_stage import child
child(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("lines", [20, 33, 48, 60])
def test_kill_nine_in_the_middle_of_a_session(stage: ChangeStage, lines: int) -> None:
    """A real process dies while it types; another one goes on from the journal."""
    before = Beginning(stage)
    wanted = params(hosts(stage))
    journal = stage.directory / "journal.json"
    seat = {
        "params": wanted, "journal": str(journal), "known": str(stage.directory / "known_hosts"),
        "settings": stage.settings.model_dump(),
        "hosts": {
            name: {"address": h.address, "port": h.port, "user": h.user, "password": h.password}
            for name, h in stage.lab.hosts().items()
        },
    }  # fmt: skip
    file = stage.directory / "seat.json"
    file.write_text(json.dumps(seat))
    process = subprocess.Popen([sys.executable, "-c", _CHILD, str(file)])
    while process.poll() is None and _typed(stage) < lines:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was done before"
    stage.memory = json.loads(journal.read_text()) if journal.exists() else {}
    assert isinstance(stage.apply(wanted), Done)
    assert all(stage.holding().values())
    stage.told.append(("device:decided", ""))  # perhaps told to the dead one
    assert wrongs(stage, before.texts, Done(True)) == []


def _typed(stage: ChangeStage) -> int:
    return sum(len(stage.lab.lines(name)) for name in stage.lab.hosts())


@pytest.mark.parametrize("tolerant", [False, True])
def test_killed_between_any_two_calls(tmp_path: Path, tolerant: bool) -> None:
    """The process dies after each device of each batch of calls, and goes on afterwards."""
    assert try_deaths(3, tolerant, _nobody_listens) == []


def test_killed_at_every_writing(tmp_path: Path) -> None:
    assert try_dying_writings(3, _nobody_listens) == []


def _nobody_listens(line: str) -> None:
    pass
