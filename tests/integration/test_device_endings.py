"""The end of an event: a device that cannot be changed now never blocks the others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.lab.devices.plan import tree
from provisioner.runs.steps.base import Done, Wait
from tests.integration.change_stage import (
    MINUTE,
    VLAN,
    ChangeStage,
    change_stage,
    params,
    save_by_hand,
    switch,
)
from tests.integration.device_matrix import Beginning, Watched

TIMER = 5


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ChangeStage]:
    with change_stage(tmp_path, tree(4, minute=MINUTE), timer=TIMER) as made:
        yield made


def hosts(stage: ChangeStage) -> list[str]:
    return list(reversed(stage.lab.hosts()))


def ending(stage: ChangeStage) -> dict[str, Any]:
    """The event is on; what takes it off."""
    assert isinstance(stage.apply(params(hosts(stage))), Done)
    stage.memory.clear()
    stage.told.clear()
    return params(hosts(stage), tolerant=True, present=False)


@pytest.mark.parametrize("kind", ["device-dead", "device-mute", "login-refused", "vty-full",
                                  "device-key-changed"])  # fmt: skip
def test_an_end_does_not_wait_for_a_device(stage: ChangeStage, kind: str) -> None:
    before = Beginning(stage)
    off = ending(stage)
    stage.lab.fault(kind, host="sw-003")
    waits = stage.turn(off)
    assert isinstance(waits, Wait)
    assert "sw-003" in str(waits.progress)
    assert [name for name, has in stage.holding().items() if has] == ["sw-003"]
    assert isinstance(stage.turn(off), Wait)
    assert [tag for tag, _ in stage.told].count("device:left") == 1, "told once"
    stage.lab.clear()
    _until_up(stage)
    done = stage.turn(off)
    assert isinstance(done, Done), done
    assert stage.lab.configurations() == before.texts


@pytest.mark.parametrize(
    ("stage_of", "kind", "line"),
    [
        ("apply", "session-drop", 6), ("apply", "line-rejected", 6), ("apply", "device-reboots", 6),
        ("verify", "session-drop", 1), ("confirm", "session-drop", 2),
        ("confirm", "session-drop", 3), ("confirm", "device-reboots", 2),
    ],
)  # fmt: skip
def test_an_end_with_one_failure(stage: ChangeStage, stage_of: str, kind: str, line: int) -> None:
    before = Beginning(stage)
    off = ending(stage)
    struck: list[str] = []

    def strike(call: str, orders: Any) -> None:
        name = {"read": "verify"}.get(call, call) if struck or call != "read" else "look"
        if name == "apply":
            struck[:0] = ["seen"]
        if name == stage_of and "done" not in struck:
            struck.append("done")
            stage.lab.fault(kind, host="sw-003", of="session", after=line)

    stage.fleet = Watched(stage.fleet, strike)  # type: ignore[assignment]
    found = stage.turn(off)
    turns = 0
    while isinstance(found, Wait):
        others = {h for h, has in stage.holding().items() if has}
        assert others <= {"sw-003"}
        turns += 1
        assert turns < 4, found.progress
        _until_up(stage)
        found = stage.turn(off)
    assert stage.lab.configurations() == before.texts
    for name in hosts(stage):
        assert switch(stage, name).running.lines() == switch(stage, name).startup.lines()
        assert switch(stage, name).pending is None


def test_an_end_leaves_what_somebody_renamed(stage: ChangeStage) -> None:
    off = ending(stage)
    save_by_hand(stage, "sw-002", f"vlan {VLAN}", "name DINAS-LAIN")
    done = stage.turn(off)
    assert isinstance(done, Done)
    texts = stage.lab.configurations()
    assert [name for name in sorted(texts) if f"vlan {VLAN}\n" in texts[name]] == ["sw-002"]
    assert "name DINAS-LAIN" in stage.lab.configuration("sw-002")


def _until_up(stage: ChangeStage) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not all(map(stage.lab.reachable, hosts(stage))):
        time.sleep(0.01)
