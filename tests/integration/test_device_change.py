"""All devices hold a change in the end or none does, whatever fails and wherever we die."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.errors import Refused
from provisioner.lab.devices.plan import UPLINK
from provisioner.runs.steps.base import Done
from tests.integration.change_stage import (
    NUMBER,
    TIMER,
    VLAN,
    ChangeStage,
    change_stage,
    params,
)
from tests.integration.device_matrix import all_points, try_points


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ChangeStage]:
    with change_stage(tmp_path) as made:
        yield made


def hosts(stage: ChangeStage) -> list[str]:
    return list(reversed(stage.lab.hosts()))


def test_on_again_and_off(stage: ChangeStage) -> None:
    before = stage.lab.configurations()
    wanted = params(hosts(stage))
    done = stage.apply(wanted)
    assert isinstance(done, Done), done
    assert done.changed
    assert all(stage.holding().values())
    kept = dict(stage.memory)
    stage.memory.clear()
    again = stage.apply(wanted)
    assert isinstance(again, Done)
    assert not again.changed
    stage.memory = kept
    off = stage.undo(wanted)
    assert isinstance(off, Done)
    assert stage.lab.configurations() == before


def test_one_rejected_line_takes_everything_back(stage: ChangeStage) -> None:
    before = stage.lab.configurations()
    stage.lab.fault("line-rejected", host="sw-001", after=2)
    failure = stage.apply(params(hosts(stage)))
    assert isinstance(failure, Refused), failure
    assert stage.lab.configurations() == before


def test_a_dropped_session_is_tried_again(stage: ChangeStage) -> None:
    stage.lab.fault("session-drop", host="sw-001", after=2)
    done = stage.apply(params(hosts(stage)))
    assert isinstance(done, Done), done
    assert all(stage.holding().values())
    assert [tag for tag, _ in stage.told].count("device:back") == 1


def test_one_failure_anywhere() -> None:
    """A sample of the points that `python -m tests.integration.device_matrix` tries all."""
    chance = random.Random(11)  # noqa: S311
    chosen = chance.sample([point for point in all_points() if not point.lasting], 5)
    chosen += chance.sample([point for point in all_points() if point.lasting], 1)
    told: list[str] = []
    assert try_points(chosen, told.append) == [], told


def test_what_a_device_sees_of_it(stage: ChangeStage) -> None:
    """Four logins: look, apply, verify, confirm; and not a line too many."""
    assert isinstance(stage.apply(params(hosts(stage))), Done)
    assert set(stage.lab.sessions_seen.values()) == {4}
    look = ["terminal length 0", "show running-config", "show archive config rollback timer"]
    assert stage.lab.lines("sw-002") == [
        *look,
        *look,
        f"configure terminal revert timer {TIMER}",
        f"vlan {VLAN}",
        f"name PROV-{NUMBER}",
        f"interface {UPLINK}",
        f"switchport trunk allowed vlan add {VLAN}",
        "end",
        *look,
        "show version | include uptime is",
        "configure confirm",
        "write memory",
    ]
