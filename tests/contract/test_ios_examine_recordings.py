"""The driver examines recordings of real switches, over real SSH; nothing may be lost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.drivers.ios.examining_system import LOG, SETTINGS
from provisioner.drivers.ios.ports import full
from provisioner.drivers.ios.tables import rows
from provisioner.drivers.network.examination import Inquiry, PowerBudget
from tests import recordings
from tests.contract.ios_examining import still
from tests.contract.ios_saying import Device, replayed

FOLDER = recordings.FOLDER / "cisco_ios"
pytestmark = recordings.present("cisco_ios")


def recorded(name: str) -> str:
    path = FOLDER / f"{name}.raw"
    if not path.is_file():
        pytest.skip("there is no recording of it")
    return path.read_text()


@recordings.quoted("cisco_ios")
def test_an_examination_from_recordings_end_to_end(tmp_path: Path) -> None:
    found = replayed(Device(FOLDER), tmp_path)
    assert (found.host, found.hostname, found.cut) == ("router1", "router1", None)
    told = found.system
    assert (told.model, told.version, told.serial) == ("WS-C4948E", "12.2(54)SG1", "CAT1451S15C")
    assert told.uptime == (((2 * 365 + 31 * 7 + 6) * 24 + 9) * 60 + 55) * 60
    assert (told.restarted, told.cpu_percent, told.memory_percent) == ("reload", 5.0, 25.7)
    assert (told.synchronized, told.alarms) == (False, ())
    assert told.clock_offset is not None
    assert told.clock_offset < -100_000_000
    assert set(found.vlans or {}) == {1, 10, 50, 60}
    assert found.power == PowerBudget(740.0, 330.0)
    up = found.ports["GigabitEthernet0/1"]
    assert (up.up, up.in_errors, up.out_errors, up.collisions, up.drops) == (True, 0, 0, 0, 0)
    assert (up.mode, up.untagged, len(up.tagged or ())) == ("trunk", 1, 4093)
    assert (up.changes, up.description) == (3, "to iosvl2-2")
    assert found.ports["GigabitEthernet0/2"].untagged == 100
    blocked = found.ports["GigabitEthernet1/0"]
    assert (blocked.tree, blocked.blocked) == ("blocking", {1, 2, 3})
    assert found.ports["GigabitEthernet0/3"].tree == "forwarding"
    assert found.ports["GigabitEthernet1/0/5"].feeding == "fault"
    assert found.ports["GigabitEthernet1/0/10"].watts == 23.2
    assert found.ports["GigabitEthernet1/0/4"].feeding == "searching"
    assert (len(found.neighbors), len(found.learned), len(found.arp)) == (3, 9, 7)
    assert [lease.mac for lease in found.leases] == ["aa:aa:aa:aa:aa:aa", "dd:dd:dd:dd:dd:dd"]
    assert found.strangers == ()
    assert found.untold == {}


def test_no_row_is_lost(tmp_path: Path) -> None:
    found = replayed(Device(FOLDER), tmp_path)
    assert found.cut is None
    for name, form in (
        ("show_interfaces", r"^(\S+\d\S*) is .*line protocol is"),
        ("show_spanning-tree", r"^(\S+) +(?:Root|Desg|Altn|Back) [A-Z]{3}"),
        ("show_interfaces_switchport", r"^Name: (\S+)"),
        ("show_power_inline", r"^([A-Z][a-z]+\d\S*) +\S+ +\S+ +\d+\.\d"),
    ):
        path = FOLDER / f"{name}.raw"
        if path.is_file():
            named = {full(each) for each in re.findall(form, path.read_text(), re.MULTILINE)}
            assert named <= found.ports.keys(), name


def test_without_the_long_table_the_short_one_is_read_whole(tmp_path: Path) -> None:
    text = recorded("show_interfaces_status")
    found = replayed(
        Device(tmp_path, more={"show interfaces status": text}),
        tmp_path,
        Inquiry(frozenset({"ports"})),
    )
    assert {full(row["port"]) for row in rows("show interfaces status", text)} == set(found.ports)
    if (failed := found.ports.get("GigabitEthernet1/0/16")) is not None:
        assert (failed.disabled_by_fault, failed.up) == ("unknown", False)


WAYS: Mapping[str, Mapping[str, object]] = {
    "bare LF": {"line_end": "\n"},
    "doubled CR": {"line_end": "\r\r\n"},
    "pages": {"pages": 7, "quiet": "", "silent": ()},
    "banner": {"banner": "*****\nHanya untuk petugas#\n> masuk?\nSW-LAMA>\n*****"},
    "timestamps": {
        "stamp": "Load for five secs: 5%/0%; one minute: 6%; five minutes: 6%\n"
        "Time source is hardware calendar, *18:57:38.347 UTC Mon Oct 19 2015\n\n"
    },
}


@pytest.mark.parametrize("way", WAYS)
def test_however_it_is_written_the_same_is_found(way: str, tmp_path: Path) -> None:
    plain = replayed(Device(FOLDER), tmp_path)
    other = replayed(Device(FOLDER, **WAYS[way]), tmp_path)  # type: ignore[arg-type]
    if way == "timestamps":  # which tell the load as well
        told = replace(other.system, cpu_percent=plain.system.cpu_percent)
        other = replace(other, system=told, untold=plain.untold)
    assert still(other) == still(plain)


def test_a_device_that_knows_nothing_says_nothing(tmp_path: Path) -> None:
    found = replayed(
        Device(tmp_path, more={"show version": recorded("show_version")}),
        tmp_path,
        Inquiry(pings=("192.0.2.1",), names=("portal.example",)),
    )
    assert set(found.untold) == {
        "ports", "vlans", "spanning_tree", "power", "neighbors", "learned", "addresses", "pings",
        "names",
    }  # fmt: skip
    assert "Invalid input" in found.untold["vlans"]
    assert (found.ports, found.vlans, found.power, found.scopes) == ({}, None, None, ())


@pytest.mark.parametrize("line", [LOG, SETTINGS])
def test_what_is_asked_of_the_log_and_the_settings_is_narrowed(line: str) -> None:
    assert " | include " in line


class Talkative(Device):
    """Whatever it is asked, it says something else."""

    def answer(self, command: str) -> str:
        return "" if command in self.silent else "Selamat datang di kantor kami.\n"


def test_an_answer_to_something_else_is_told_as_unknown(tmp_path: Path) -> None:
    found = replayed(Talkative(tmp_path), tmp_path, Inquiry(pings=("192.0.2.1",)))
    assert set(found.untold) == {
        "system", "ports", "vlans", "spanning_tree", "power", "neighbors", "learned", "addresses",
        "pings",
    }  # fmt: skip
    assert (found.ports, found.leases, found.scopes, found.learned) == ({}, (), (), ())
