"""All devices hold a change in the end or none does, whatever fails and wherever we die."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.errors import Refused, StepFailure
from provisioner.runs.steps.base import Done
from tests.integration.change_stage import ChangeStage, KilledError, change_stage, params


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


def test_killed_at_every_writing(stage: ChangeStage) -> None:
    """Whenever we die, going on afterwards ends with all of them holding it."""
    before = stage.lab.configurations()
    wanted = params(hosts(stage))
    at = 1
    while True:
        stage.memory.clear()
        stage.written, stage.killed_at = 0, at
        try:
            stage.apply(wanted)
            break
        except KilledError:
            stage.killed_at = None
        done = stage.apply(wanted)
        assert isinstance(done, Done), (at, done)
        assert all(stage.holding().values()), at
        assert isinstance(stage.undo(wanted), Done)
        assert stage.lab.configurations() == before
        at += 1
    assert at > 6


def test_a_dropped_session_is_tried_again(stage: ChangeStage) -> None:
    stage.lab.fault("session-drop", host="sw-001", after=2)
    done = stage.apply(params(hosts(stage)))
    assert isinstance(done, Done), done
    assert all(stage.holding().values())
    assert [tag for tag, _ in stage.told].count("device:back") == 1


def test_a_dead_device_does_not_stop_the_end(stage: ChangeStage) -> None:
    wanted = params(hosts(stage))
    assert isinstance(stage.apply(wanted), Done)
    assert not isinstance(stage, StepFailure)
