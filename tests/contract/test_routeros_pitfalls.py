"""What trips up others on RouterOS beyond single lines: filters flipped, restores that reboot.

Elsewhere: refusals, identities, users, first screens, safe mode (test_routeros_mishaps); numbers,
duplicates, the timer and its twin at boot (test_routeros_suite); trees of menus for wireless
networks (test_routeros_syntax).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.drivers.network import Applied, Confirmed, Order, Preview, Reverted
from provisioner.errors import ActionNeeded, Refused
from tests.contract.routeros_stage import (
    KEYS,
    NEW,
    OLD,
    ROUTING,
    SWITCHING,
    TOKEN,
    a_router,
    a_switch,
    staged,
    until,
)


@pytest.mark.parametrize("version", [OLD, NEW])
def test_pitfall_vlan_filtering_is_never_flipped(tmp_path: Path, version: str) -> None:
    """The change that most often locks out: a bridge without it is a problem for a person."""
    with staged(tmp_path, a_switch(version)) as stage:
        order = stage.order(SWITCHING)
        assert isinstance(stage.apply(order), Applied)
        stage.confirm(order)
        stage.revert(order)
        assert not [line for line in stage.lab.lines(stage.name) if "vlan-filtering" in line]
        stage.types("/interface bridge set [find where name=bridge1] vlan-filtering=no")
        reading = stage.read(SWITCHING[:2])
        assert set(reading.problems) == {intent.key for intent in SWITCHING[:2]}
        assert "vlan-filtering=no" in str(reading.problems[SWITCHING[0].key])


@pytest.mark.parametrize("how", ["timer", "undo"])
def test_pitfall_no_way_back_that_reboots_or_sets_all_anew(tmp_path: Path, how: str) -> None:
    """Loading a backup boots the router: everybody behind it is cut, and others' changes lost."""
    with staged(tmp_path, a_router()) as stage:
        order = stage.order(ROUTING, minutes=5 if how == "timer" else 0)
        stage.apply(order)
        stage.types("/ip pool add name=kantor ranges=10.9.9.1-10.9.9.2")
        assert stage.revert(order) == Reverted(how)  # type: ignore[arg-type]
        assert "kantor" in stage.configuration()
        typed = "\n".join(stage.lab.lines(stage.name))
        for never in ("backup load", "backup save", "reset-configuration", "/import", "reboot"):
            assert never not in typed


def test_pitfall_a_change_that_was_refused_leaves_no_timer_once_taken_back(tmp_path: Path) -> None:
    """Else it would fire later, into somebody else's work."""
    with staged(tmp_path, a_switch(), minute=60) as stage:
        before = stage.configuration()
        order = stage.order(SWITCHING, minutes=60)
        text = "failure: simulated refusal"
        stage.lab.fault("line-rejected", host=stage.name, line="^:foreach", text=text)
        assert isinstance(stage.apply(order), Refused)
        assert stage.read(()).pending == TOKEN, "until the decision for all devices it stays"
        assert stage.revert(order) == Reverted("timer")
        assert stage.read(()).pending is None
        assert "scheduler" not in stage.configuration().replace("/system scheduler\n", "")
        assert stage.configuration() == before


def test_pitfall_an_item_is_found_by_name_after_its_number_moved(tmp_path: Path) -> None:
    with staged(tmp_path, a_router()) as stage:
        before = stage.configuration()
        order = stage.order(ROUTING)
        stage.apply(order)
        stage.confirm(order)
        for number in range(3):
            stage.types(
                f"/ip firewall nat add chain=srcnat action=accept comment=kantor-{number} "
                "place-before=0"
            )
        assert stage.read(ROUTING).objects == {intent.key: intent for intent in ROUTING}
        assert stage.revert(order) == Reverted("undo")
        rest = [line for line in stage.configuration().splitlines() if "kantor-" in line]
        assert len(rest) == 3
        assert "PROV-" not in stage.configuration()
        stage.types('/ip firewall nat remove [find where comment~"kantor-"]')
        assert stage.configuration() == before


def test_pitfall_safe_mode_is_never_what_a_change_relies_on(tmp_path: Path) -> None:
    """It holds a hundred actions and ends with its session: a long change would fall out of it."""
    with staged(tmp_path, a_switch()) as stage:
        lines = tuple(
            f'/ip pool add name="PROV-{n}" ranges=10.7.{n}.1-10.7.{n}.9' for n in range(130)
        )
        undo = tuple(f'/ip pool remove [find where name="PROV-{n}"]' for n in range(130))
        before = stage.configuration()
        order = Order(Preview(stage.name, lines, undo, lines), TOKEN, 60, KEYS)
        assert isinstance(stage.apply(order), Applied)
        assert stage.configuration().count("PROV-1") > 40
        assert stage.revert(order) == Reverted("timer")
        assert stage.configuration() == before


def test_a_full_flash_is_told_before_anything_is_changed(tmp_path: Path) -> None:
    with staged(tmp_path, a_switch()) as stage:
        before, order = stage.configuration(), stage.order(SWITCHING)
        text = "failure: no space left on device"
        stage.lab.fault("line-rejected", host=stage.name, line="script add", text=text)
        failure = stage.apply(order)
        assert isinstance(failure, ActionNeeded)
        assert stage.configuration() == before
        stage.lab.clear()
        assert isinstance(stage.apply(order), Applied)
        assert stage.confirm(order) == Confirmed(True)
        until(lambda: stage.lab.sessions_open[stage.name] == 0)
