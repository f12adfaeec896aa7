"""What trips up others on real switches (see docs on the network): each with a test of its own.

Elsewhere: a refused line leaves no session in configuration mode, saving asks about an older NVRAM,
a stranger's timer (test_ios_suite); full, slow and silent switches, old encryption, secrets
(test_ios_access); banners, certificates, VLAN lists (test_ios_tables).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.drivers.ios.session import Session
from provisioner.drivers.network import Applied, Confirmed, Reading
from provisioner.drivers.platforms.cisco_ios import IosPlatform
from provisioner.drivers.sessions.access import Access
from provisioner.drivers.sessions.batches import Sessions
from provisioner.errors import ActionNeeded
from provisioner.settings import DeviceSettings
from tests.contract.ios_stage import LEAF, Stage, staged
from tests.contract.replay import Recordings, replaying

ONE, OTHER = "gedung-serbaguna-lantai-1", "gedung-serbaguna-lantai-2"
"""Alike in their first 16 characters, and in the 20 that stand in the prompt."""
LOGGED = "\n*Nov 22 10:00:00.123: %LINK-3-UPDOWN: Interface GigabitEthernet1/0/1, changed state\n"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as made:
        yield made


def renamed(stage: Stage, host: str, name: str) -> None:
    running = stage.lab.device(host).running  # type: ignore[attr-defined]  # an IosDevice
    stage.lab.call(lambda: setattr(running, "hostname", name))
    stage.hosts[name] = replace(stage.hosts.pop(host), name=name)


def test_a_prompt_cut_at_twenty_characters_is_known(stage: Stage) -> None:
    renamed(stage, LEAF, ONE)
    order = stage.order(ONE)
    applied = stage.apply(order)
    assert isinstance(applied, Applied)
    assert f"{ONE[:20]}(config)#" in applied.transcript
    assert stage.platform.confirm({ONE: order}) == {ONE: Confirmed(True)}


def test_two_hosts_alike_in_their_first_sixteen_characters_are_told_apart(stage: Stage) -> None:
    renamed(stage, LEAF, ONE)
    renamed(stage, "sw-003", OTHER)
    order = stage.order(ONE)
    there = stage.hosts[OTHER]
    stage.hosts[ONE] = replace(stage.hosts[ONE], address=there.address, port=there.port)
    before = stage.lab.configuration("sw-003")
    failure = stage.apply(order)
    assert isinstance(failure, ActionNeeded)
    assert OTHER in str(failure.what)
    assert stage.lab.configuration("sw-003") == before
    assert stage.lab.configuration(LEAF).count("PROV-") == 0


def test_answers_stay_in_step_on_a_slow_device(stage: Stage) -> None:
    """find_prompt gets out of step where a device needs longer than it waits."""
    stage.lab.fault("device-slow", host=LEAF, seconds="0.4")
    login = Access(stage.known_hosts, lambda: "").login(stage.hosts[LEAF])
    with Session(login, 5, 5) as session:
        session.open()
        for line, answer in (
            ("show privilege", "Current privilege level is 15"),
            ("show archive config rollback timer", "%No Rollback Confirmed Change pending"),
            ("show privilege", "Current privilege level is 15"),
        ):
            assert session.ask(line) == answer


def test_the_whole_configuration_is_never_replaced(stage: Stage) -> None:
    """`configure replace` needs banners and certificates to the byte: only lines are sent."""
    stage.type("ip domain-name kampus.example")
    order = stage.order()
    stage.apply(order)
    stage.platform.confirm({LEAF: order})
    stage.platform.revert({LEAF: order})
    typed = stage.lab.lines(LEAF)
    assert not [line for line in typed if line.startswith(("configure replace", "copy "))]
    assert "ip domain-name kampus.example" in stage.configuration()


def test_without_an_archive_no_reload_is_scheduled_instead(stage: Stage) -> None:
    """A reload would cut everybody behind the switch, and lose what others have not saved."""
    stage.type("no archive")
    before = stage.configuration()
    assert "archive" in str(stage.read().no_timer)
    failure = stage.apply(stage.order())
    assert isinstance(failure, ActionNeeded)
    assert "path flash:" in str(failure.next)
    assert stage.configuration() == before
    assert not [line for line in stage.lab.lines(LEAF) if "reload" in line]


TEXT = "Building configuration...\n\nhostname SW-1\n!\narchive\n path flash:before\n!\nend\n"
NO_TIMER = "%No Rollback Confirmed Change pending\n"


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r\r\n"])
@pytest.mark.parametrize("pages", [0, 3])
@pytest.mark.parametrize("stamp", ["", LOGGED, "Load for five secs: 5%/0%\nTime source is NTP\n"])
def test_what_a_device_tells_by_itself_is_no_answer(
    tmp_path: Path, line_end: str, pages: int, stamp: str
) -> None:
    more = {"show running-config": TEXT, "show archive config rollback timer": NO_TIMER}
    recordings = Recordings(
        tmp_path, "SW-1#", more, banner="***\nHanya petugas#\n***", stamp=stamp, pages=pages,
        quiet="", line_end=line_end,
    )  # fmt: skip
    known = tmp_path / "known_hosts"
    with replaying(recordings, "SW-1", "cisco_ios", known) as host:
        settings = DeviceSettings(connect=5, command=5)
        platform = IosPlatform(Sessions(lambda: {"SW-1": host}, settings, known, lambda: ""))
        found = platform.read({"SW-1": []})["SW-1"]
    assert isinstance(found, Reading), found
    assert (found.hostname, found.no_timer, found.pending) == ("SW-1", None, None)
    assert "More" not in found.configuration
    assert re.search(r"^ path flash:before$", found.configuration, re.MULTILINE)
    assert not re.search(r"Load for|Time source|LINK-3", found.configuration)
