"""A change on a switch: made, made again, read back, taken back; and cut short at every line."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.drivers.ios.session import Session
from provisioner.drivers.network import (
    Applied,
    Confirmed,
    Intent,
    Order,
    Preview,
    Reading,
    Reverted,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.drivers.sessions.access import Access
from provisioner.errors import ActionNeeded, OutcomeUnknown, Refused, Retriable, StepFailure
from provisioner.lab.devices.plan import UPLINK, tree
from tests.contract.ios_stage import LEAF, MARK, WANTED, Stage, staged, until

LINES = 8
"""Of the change in configuration mode: what ``WANTED`` takes on a fresh port."""
ARMING = "configure terminal"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as made:
        yield made


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Stage]:
    """A device's minute lasts a fifth of a second."""
    with staged(tmp_path, tree(3, minute=0.2), minute=0.2, command=2, connect=2) as made:
        yield made


# ---------------------------------------------------------------- as it should go


def test_a_change_is_made_confirmed_read_back_and_taken_back_exactly(stage: Stage) -> None:
    before = stage.configuration()
    order = stage.order()
    assert len(order.preview.lines) == LINES
    assert stage.read().objects == dict.fromkeys([i.key for i in WANTED])
    applied = stage.apply(order)
    assert isinstance(applied, Applied)
    assert applied.changed
    assert f"name {MARK}" in applied.transcript
    assert stage.read().pending
    assert stage.platform.confirm({LEAF: order}) == {LEAF: Confirmed(True)}
    reading = stage.read()
    assert reading.objects == {intent.key: intent for intent in WANTED}
    assert reading.pending is None
    assert stage.order().preview == Preview(LEAF)
    stage.lab.reboot(LEAF)
    assert stage.read().objects == {intent.key: intent for intent in WANTED}, "saved"
    assert stage.platform.revert({LEAF: order}) == {LEAF: Reverted("undo")}
    assert stage.configuration() == before
    stage.lab.reboot(LEAF)
    assert stage.read().objects == dict.fromkeys([i.key for i in WANTED]), "saved as well"
    assert stage.configuration() == before


def test_again_changes_nothing_and_leaves_no_timer(stage: Stage) -> None:
    order = stage.order()
    stage.apply(order)
    stage.platform.confirm({LEAF: order})
    stage.lab.forget()
    again = stage.apply(order)
    assert isinstance(again, Applied)
    assert not again.changed
    assert not [line for line in stage.lab.lines(LEAF) if line.startswith("conf")]
    assert stage.read().pending is None
    seen = stage.lab.sessions_seen[LEAF]
    assert stage.apply(stage.order()) == Applied(False)
    assert stage.lab.sessions_seen[LEAF] == seen + 1, "only to read: nothing to do needs no session"


def test_wishes_of_absence_take_away_only_what_they_name(stage: Stage) -> None:
    order = stage.order(minutes=0)
    before = stage.configuration()
    stage.apply(order)
    between = stage.configuration()
    off = stage.platform.preview(stage.read(), [Wish(i, present=False) for i in WANTED])
    assert isinstance(stage.apply(Order(off, "token", 0)), Applied)
    assert stage.configuration() == before.replace(
        "interface GigabitEthernet1/0/5\n",
        "interface GigabitEthernet1/0/5\n switchport mode access\n",
    )
    assert stage.platform.revert({LEAF: Order(off, "token", 0)}) == {LEAF: Reverted("undo")}
    assert stage.configuration() == between


def test_revert_fires_the_timer_and_says_so(stage: Stage) -> None:
    before = stage.configuration()
    order = stage.order()
    stage.apply(order)
    assert stage.platform.revert({LEAF: order}) == {LEAF: Reverted("timer")}
    assert stage.configuration() == before
    assert stage.platform.revert({LEAF: order}) == {LEAF: Reverted("nothing")}


def test_without_a_timer_the_stored_way_back_is_taken(stage: Stage) -> None:
    before = stage.configuration()
    order = stage.order(minutes=0)
    stage.apply(order)
    assert stage.read().pending is None
    assert stage.platform.revert({LEAF: order}) == {LEAF: Reverted("undo")}
    assert stage.configuration() == before


def test_an_unconfirmed_change_goes_by_itself_and_is_not_kept_afterwards(quick: Stage) -> None:
    before = quick.configuration()
    order = quick.order(minutes=1)
    applied = quick.apply(order)
    assert isinstance(applied, Applied)
    assert "Rollback will begin in one minute" in applied.transcript
    until(lambda: quick.configuration() == before)
    assert quick.platform.confirm({LEAF: order}) == {LEAF: Confirmed(False)}
    assert not [line for line in quick.lab.lines(LEAF) if line.startswith("write")]
    assert quick.platform.revert({LEAF: order}) == {LEAF: Reverted("nothing")}


def test_a_change_that_cuts_its_own_way_comes_back_by_the_timer(quick: Stage) -> None:
    before = quick.configuration()
    management: list[Intent] = [TrunkMember(UPLINK, 99)]
    reading = quick.read(wanted=management)
    cut = quick.platform.preview(reading, [Wish(management[0], present=False)])
    order = Order(cut, "token", 20)
    assert isinstance(quick.apply(order), OutcomeUnknown)
    assert not quick.lab.reachable(LEAF)
    until(lambda: quick.lab.reachable(LEAF))
    assert quick.configuration() == before
    assert quick.platform.revert({LEAF: order}) == {LEAF: Reverted("nothing")}


def test_what_was_confirmed_without_a_timer_is_kept_only_where_it_stands(stage: Stage) -> None:
    order = stage.order(minutes=0)
    stage.apply(order)
    assert stage.platform.confirm({LEAF: order}) == {LEAF: Confirmed(True)}
    other = replace(order, preview=stage.platform.preview(stage.read(), [Wish(Vlan(302, "X"))]))
    assert stage.platform.confirm({LEAF: other}) == {LEAF: Confirmed(False)}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(
    "PROVISIONER_REAL_TIME" not in os.environ, reason="a minute long: PROVISIONER_REAL_TIME=1"
)
def test_in_real_time(tmp_path: Path) -> None:
    with staged(tmp_path, tree(3, minute=60)) as stage:
        before = stage.configuration()
        stage.apply(stage.order(minutes=1))
        began = time.monotonic()
        while stage.configuration() != before:
            assert time.monotonic() - began < 90
            time.sleep(0.5)
        assert time.monotonic() - began > 55


# ---------------------------------------------------------------- cut short, at every line


def cut_short(stage: Stage, minutes: int) -> None:
    """Reverting leaves nothing, whatever the switch holds by now."""
    before, order = stage.configuration(), stage.order(minutes=minutes)
    failure = stage.apply(order)
    assert isinstance(failure, OutcomeUnknown)
    until(lambda: stage.lab.reachable(LEAF))
    assert isinstance(stage.platform.revert({LEAF: order})[LEAF], Reverted)
    assert stage.configuration() == before
    assert stage.read().pending is None
    again = stage.apply(stage.order(minutes=minutes))
    assert isinstance(again, Applied)
    assert again.changed


@pytest.mark.parametrize("after", range(1, LINES + 1))
@pytest.mark.parametrize("minutes", [0, 5])
@pytest.mark.parametrize("fault", ["session-drop", "device-reboots"])
def test_cut_short_after_any_line(stage: Stage, fault: str, minutes: int, after: int) -> None:
    stage.lab.fault(fault, host=LEAF, after=str(after))
    cut_short(stage, minutes)


@pytest.mark.parametrize("line", [ARMING, "^end$"])
@pytest.mark.parametrize("fault", ["session-drop", "device-reboots"])
def test_cut_short_around_the_change(stage: Stage, fault: str, line: str) -> None:
    stage.lab.fault(fault, host=LEAF, line=line)
    cut_short(stage, 5)


@pytest.mark.parametrize("line", ["show running-config", "show archive"])
def test_cut_short_before_the_change_nothing_is_done(stage: Stage, line: str) -> None:
    before, order = stage.configuration(), stage.order()
    stage.lab.fault("session-drop", host=LEAF, line=line)
    assert isinstance(stage.apply(order), Retriable)
    assert stage.configuration() == before


@pytest.mark.parametrize("line", ["configure confirm", "write memory"])
def test_cut_short_while_confirming(stage: Stage, line: str) -> None:
    order = stage.order()
    stage.apply(order)
    stage.lab.fault("session-drop", host=LEAF, line=line)
    assert isinstance(stage.platform.confirm({LEAF: order})[LEAF], OutcomeUnknown)
    assert stage.platform.confirm({LEAF: order}) == {LEAF: Confirmed(False)}
    assert stage.read().objects == {intent.key: intent for intent in WANTED}
    assert stage.platform.confirm({LEAF: replace(order, minutes=0)}) == {LEAF: Confirmed(True)}
    stage.lab.reboot(LEAF)
    assert stage.read().objects == {intent.key: intent for intent in WANTED}


@pytest.mark.parametrize("after", range(1, LINES + 1))
def test_a_rejected_line_is_told_and_configuration_mode_left(stage: Stage, after: int) -> None:
    before, order = stage.configuration(), stage.order()
    stage.lab.forget()
    stage.lab.fault("line-rejected", host=LEAF, after=str(after))
    failure = stage.apply(order)
    line = order.preview.lines[after - 1].strip()
    assert isinstance(failure, Refused)
    assert line in str(failure.what)
    assert "simulated refusal" in str(failure.what)
    assert any("simulated refusal" in row for row in failure.log)
    assert stage.lab.lines(LEAF)[-2:] == [line, "end"]
    assert stage.platform.revert({LEAF: order}) == {LEAF: Reverted("timer")}
    assert stage.configuration() == before


# ---------------------------------------------------------------- names, pages, questions


def test_a_configuration_that_comes_in_pages_is_read_whole(stage: Stage) -> None:
    whole = stage.read().configuration
    stage.lab.fault("line-rejected", host=LEAF, line="terminal length", text="% Invalid input")
    paged = stage.read().configuration
    assert paged == whole
    assert "More" not in paged


@pytest.mark.parametrize("name", ["gedung-serbaguna-lantai-dua-kanan-7", "A", "sw.dua_3"])
def test_names_of_any_length(stage: Stage, name: str) -> None:
    rename(stage, name)
    stage.hosts[name] = replace(stage.hosts.pop(LEAF), name=name)
    before, order = stage.configuration(), stage.order(name)
    assert isinstance(stage.apply(order), Applied)
    assert stage.platform.confirm({name: order}) == {name: Confirmed(True)}
    assert stage.platform.revert({name: order}) == {name: Reverted("undo")}
    assert stage.configuration() == before


def rename(stage: Stage, name: str) -> None:
    running = stage.lab.device(LEAF).running  # type: ignore[attr-defined]  # an IosDevice
    stage.lab.call(lambda: setattr(running, "hostname", name))


def test_a_device_of_another_name_is_not_written_to(stage: Stage) -> None:
    order = stage.order()
    stage.apply(order)
    rename(stage, "somebody-else")
    before = stage.configuration()
    for did in (stage.platform.apply, stage.platform.confirm, stage.platform.revert):
        failure = did({LEAF: order})[LEAF]
        assert isinstance(failure, ActionNeeded)
        assert failure.who == "administrator"
        assert "somebody-else" in str(failure.what)
    assert stage.configuration() == before
    assert stage.read().hostname == "somebody-else"


def test_the_name_may_change_while_we_speak(stage: Stage) -> None:
    login = Access(stage.known_hosts, lambda: "").login(stage.hosts[LEAF])
    with Session(login, 5, 5) as session:
        session.open()
        session.ask("terminal length 0")
        rename(stage, "a-much-longer-name-than-before")
        assert "hostname a-much" in session.ask("show running-config")
        session.configure(["vlan 301", "name X"])
        assert stage.lab.call(lambda: 301 in stage.lab.device(LEAF).running.vlans)  # type: ignore[attr-defined]


def test_saving_answers_the_question_about_an_older_version(stage: Stage) -> None:
    stage.lab.call(lambda: setattr(stage.lab.device(LEAF), "foreign_nvram", True))
    order = stage.order()
    stage.apply(order)
    assert stage.platform.confirm({LEAF: order}) == {LEAF: Confirmed(True)}


def test_a_long_description_is_not_scrolled_away(stage: Stage) -> None:
    text = "x " * 90 + "end"
    wanted = [*WANTED[:2], replace(WANTED[2], description=text)]  # type: ignore[type-var]
    order = stage.order(wanted=wanted)
    applied = stage.apply(order)
    assert isinstance(applied, Applied)
    assert stage.read(wanted=wanted).objects == {intent.key: intent for intent in wanted}


def test_a_timer_of_somebody_else_is_respected(stage: Stage) -> None:
    order = stage.order()
    stage.apply(replace(order, preview=stage.order(wanted=[Vlan(302, "LAIN")]).preview))
    before = stage.configuration()
    assert stage.read().pending
    failure = stage.apply(order)
    assert isinstance(failure, ActionNeeded)
    assert stage.configuration() == before


def failed(found: Reading | StepFailure) -> bool:
    return isinstance(found, StepFailure)


def test_one_dead_switch_does_not_stop_the_others(stage: Stage) -> None:
    stage.lab.fault("device-dead", host="sw-003")
    found = stage.platform.read(dict.fromkeys(["sw-001", "sw-003", "no-such"], WANTED))
    assert {name: failed(reading) for name, reading in found.items()} == {
        "sw-001": False,
        "sw-003": True,
        "no-such": True,
    }
    assert isinstance(found["sw-003"], Retriable)
