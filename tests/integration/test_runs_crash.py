"""Dying at every moment of a run: it is finished and proven, or undone, with never a second VM."""

from __future__ import annotations

import os
from itertools import cycle
from typing import cast

import pytest

from provisioner.drivers.hypervisor import Hypervisor
from provisioner.drivers.seat import UserSeat
from tests.integration.harness import Office
from tests.integration.mortal import Death, Life, MortalDatabase, MortalHypervisor, MortalSeat

CHANGES = {"office_key_after_handover: keep": "office_key_after_handover: remove"}
EVERY = int(os.environ.get("PROVISIONER_CRASH_EVERY", "6"))
"""Of all moments of a run, each so-manieth is died at; 1 is all of them (a minute or two)."""
MOMENTS = 90


def _live(office: Office, run: str, life: Life) -> bool:
    """One process's life; False when it died."""
    database = MortalDatabase(office.settings.absolute_database_url, life)
    tools = office.tools()
    hypervisor = cast(Hypervisor, MortalHypervisor(tools.hypervisors["dc1"], life))
    seat = cast(UserSeat, MortalSeat(tools.seat, life))
    try:
        office.carry_out(run, office.runner(hypervisor, seat, database))
    except Death:
        return False
    finally:
        database.close()
    return True


def _lives(office: Office, run: str) -> int:
    """Lives of one, two and three effects in turn, until one of them sees the end; their number."""
    for number, last in enumerate(cycle((1, 2, 3)), 1):
        if _live(office, run, Life(last)):
            return number
        assert number < 200, office.run(run)
    raise AssertionError("unreachable")


@pytest.mark.parametrize("moment", range(1, MOMENTS, EVERY))
def test_dying_once(office: Office, moment: int) -> None:
    number, run = office.approved()
    life = Life(moment)
    assert _live(office, run, life) is (life.left > 0)
    office.carry_out(run)
    office.assert_fulfilled(number)
    assert office.clones_of(number) == 1


def test_dying_after_every_few_effects(office: Office) -> None:
    number, run = office.approved()
    assert _lives(office, run) > 20
    office.assert_fulfilled(number)
    assert office.clones_of(number) == 1


def test_dying_while_it_is_undone(office: Office) -> None:
    number, run = office.approved()
    vmid = office.choices(number)["vmid"]
    office.lab.fault(
        "task-fails", type="qmstart", text="shrinking disks is not supported", times=99
    )
    assert _lives(office, run) > 20
    assert office.run(run).state == "failed", office.told(number)
    office.assert_undone(number, vmid)
    assert office.story(number).count("run:undoing") == 1


def test_a_whole_run_has_as_many_moments_as_are_died_at(office: Office) -> None:
    number, run = office.approved()
    life = Life(1000)
    assert _live(office, run, life)
    office.assert_fulfilled(number)
    assert 30 < len(life.effects) < MOMENTS
    assert [e for e in life.effects if e != "commit"] == [
        "Clone", "Configure", "GrowDisk", "SetFirewall", "PowerOn", "login",
        "Configure", "JoinBackupJob", "login",
    ]  # fmt: skip
