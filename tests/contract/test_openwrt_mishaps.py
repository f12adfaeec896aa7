"""Sessions that drop and access points that reboot after every single command, many at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.drivers.network import Applied, Confirmed, Reverted
from provisioner.errors import OutcomeUnknown, StepFailure
from tests.contract.openwrt_stage import SSID, Stage, staged, until


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """How many commands each phase is on the device."""
    with staged(tmp_path_factory.mktemp("counts")) as stage:
        orders = stage.orders()
        found = {}
        for name, call in (("apply", stage.platform.apply), ("confirm", stage.platform.confirm)):
            stage.lab.forget()
            call(orders)
            found[name] = len(stage.lab.transcript("ap-0"))
    return found


STEPS = pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
"""Whether it strikes after every command, or after a sample of them."""


def strike(stage: Stage, fault: str, step: int = 1) -> None:
    """One device for each command: it happens after that one."""
    for number, name in enumerate(stage.hosts):
        stage.lab.fault(fault, host=name, of="session", after=str(1 + number * step))


def back_again(stage: Stage) -> None:
    until(lambda: all(map(stage.lab.reachable, stage.hosts)))


@STEPS
@pytest.mark.timeout(300)
def test_a_session_that_drops_after_any_command_of_a_change(
    tmp_path: Path, counts: dict[str, int], step: int
) -> None:
    with staged(tmp_path, counts["apply"] // step, memory_mb=800) as stage:
        orders = stage.orders()
        strike(stage, "session-drop", step)
        results = stage.platform.apply(orders)
        assert all(isinstance(each, OutcomeUnknown | Applied) for each in results.values())
        assert sum(isinstance(each, OutcomeUnknown) for each in results.values()) > len(results) / 2
        stage.lab.clear()
        taken_back = stage.platform.revert(orders)
        assert set(taken_back.values()) <= {Reverted("timer"), Reverted("nothing")}
        assert stage.lab.configurations() == stage.before
        assert [left for name in stage.hosts for left in stage.left(name)] == []


@STEPS
@pytest.mark.timeout(300)
def test_a_reboot_after_any_command_of_a_change_takes_it_back(
    tmp_path: Path, counts: dict[str, int], step: int
) -> None:
    with staged(tmp_path, counts["apply"] // step, memory_mb=800) as stage:
        orders = stage.orders()
        strike(stage, "device-reboots", step)
        results = stage.platform.apply(orders)
        assert sum(isinstance(each, StepFailure) for each in results.values()) > len(results) / 2
        stage.lab.clear()
        back_again(stage)
        for name, result in results.items():
            if isinstance(result, Applied):  # the last ones were through before it struck
                stage.lab.reboot(name)
        back_again(stage)
        until(lambda: stage.lab.configurations() == stage.before)
        hook = "/etc/init.d/provisioner-undo"  # there first, so alone at worst; it has no secret
        until(lambda: all(set(stage.left(name)) <= {hook} for name in stage.hosts))


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.timeout(300)
def test_a_reboot_after_any_command_of_a_confirmation_keeps_all_or_nothing(
    tmp_path: Path, counts: dict[str, int], step: int
) -> None:
    with staged(tmp_path, counts["confirm"] // step, memory_mb=800) as stage:
        orders = stage.orders()
        stage.apply(orders)
        after = stage.lab.configurations()
        strike(stage, "device-reboots", step)
        results = stage.platform.confirm(orders)
        stage.lab.clear()
        back_again(stage)
        readings = stage.read()
        now = stage.lab.configurations()
        kept = {name for name in stage.hosts if now[name] == after[name]}
        assert all(now[name] == stage.before[name] for name in set(stage.hosts) - kept)
        assert all(readings[name].pending is None for name in stage.hosts)
        assert all(readings[name].objects[SSID.key] in (None, SSID) for name in stage.hosts)
        assert 0 < len(kept) < len(stage.hosts)
        assert {name for name, each in results.items() if each == Confirmed(True)} <= kept
        assert [left for name in stage.hosts for left in stage.left(name)] == []
