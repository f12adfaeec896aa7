"""The driver against recorded outputs of real switches, over real SSH; nothing may be lost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from ntc_templates.parse import parse_output

from provisioner.drivers.ios.changes import preview
from provisioner.drivers.ios.configuration import Switch
from provisioner.drivers.ios.ports import full
from provisioner.drivers.ios.session import Session
from provisioner.drivers.ios.tables import rows
from provisioner.drivers.network import (
    Description,
    Host,
    Intent,
    Learned,
    Preview,
    Reading,
    Survey,
    Vlan,
    Wish,
)
from provisioner.drivers.platforms.cisco_ios import IosPlatform
from provisioner.drivers.sessions.access import Access
from provisioner.drivers.sessions.batches import Sessions
from provisioner.settings import DeviceSettings
from tests import recordings
from tests.contract.replay import Recordings, replaying

FOLDER = recordings.FOLDER / "cisco_ios"
pytestmark = recordings.present("cisco_ios")
NO_TIMER = "%No Rollback Confirmed Change pending\n"
MAC = r"(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}"
TABLES = {
    "show version": r"^Cisco IOS Software",
    "show inventory": r"^PID:",
    "show lldp neighbors": r"^\S.* 120 ",
    "show lldp neighbors detail": r"^Chassis id:",
    "show mac-address-table": rf"^{MAC} ",
    "show interfaces": r"line protocol is",
    "show interfaces status": r"^(?!Port)\S",
    "show interfaces description": r"^(?!Interface)\S",
    "show interfaces switchport": r"^Name:",
    "show power inline": r"^Gi",
    "show ip dhcp binding": r"^\d",
    "show ip arp": r"^Internet",
}
"""By command: what each row of its recording looks like."""


def recorded(name: str) -> str:
    return (FOLDER / name).read_text()


@recordings.quoted("cisco_ios")
@pytest.mark.parametrize("command", TABLES)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_no_row_of_a_recording_is_lost(command: str, end: str) -> None:
    text = recorded(f"{command.replace(' ', '_')}.raw")
    count = len(re.findall(TABLES[command], text, re.MULTILINE))
    known = command.replace("mac-address", "mac address")
    assert len(rows(known, text.replace("\n", end))) == count > 0


@pytest.mark.parametrize("command", TABLES)
def test_of_any_recording_no_fewer_rows_come_than_the_templates_find(command: str) -> None:
    path = FOLDER / f"{command.replace(' ', '_')}.raw"
    if not path.is_file():
        pytest.skip("there is no recording of it")
    known = command.replace("mac-address", "mac address")
    try:
        found = parse_output("cisco_ios", known, path.read_text())
    except Exception as error:  # noqa: BLE001 - of whatever kind, the template gave up
        pytest.skip(f"the published template does not read it: {error}")
    assert len(rows(known, path.read_text())) >= len(found)


def driver(host: Host, known: Path) -> IosPlatform:
    settings = DeviceSettings(connect=5, command=5)
    return IosPlatform(Sessions(lambda: {host.name: host}, settings, known, lambda: ""))


def survey(replayed: Recordings, directory: Path, name: str = "router1") -> Survey:
    known = directory / "known_hosts"
    with replaying(replayed, name, "cisco_ios", known) as host:
        found = driver(host, known).survey([name])[name]
    assert isinstance(found, Survey), found
    return found


def read(replayed: Recordings, directory: Path, name: str, *wanted: Intent) -> Reading:
    known = directory / "known_hosts"
    with replaying(replayed, name, "cisco_ios", known) as host:
        found = driver(host, known).read({name: wanted})[name]
    assert isinstance(found, Reading), found
    return found


@recordings.quoted("cisco_ios")
def test_a_survey_from_recordings_end_to_end(tmp_path: Path) -> None:
    seen = survey(Recordings(FOLDER), tmp_path)
    assert (seen.hostname, seen.model) == ("router1", "WS-C4948E")
    assert (seen.version, seen.serial) == ("12.2(54)SG1", "CAT1451S15C")
    assert [(n.port, n.device, n.remote_port, n.address) for n in seen.neighbors] == [
        ("GigabitEthernet1/0/2", "", "ge-0/0/0.0", ""),
        ("GigabitEthernet1/0/1", "HpSwitch", "13", "192.168.1.81"),
        ("GigabitEthernet1/0/9", "44:48:c1:c4:dd:dd", "eth0", "192.168.1.40"),
    ]
    assert len(seen.learned) == 9
    assert seen.learned[0] == Learned("FastEthernet0/1", 1, "00:10:0d:e0:e2:89")
    assert [lease.mac for lease in seen.leases] == ["aa:aa:aa:aa:aa:aa", "dd:dd:dd:dd:dd:dd"]
    assert len(seen.arp) == 7
    assert seen.arp["172.16.168.254"] == "00:00:0c:36:69:65"
    port = seen.ports["GigabitEthernet1/0/2"]
    assert (port.up, port.vlan, port.speed_mbps, port.poe_watts) == (True, 8, 1000, 30.0)
    assert seen.ports["GigabitEthernet1/0/17"].enabled is False
    assert seen.ports["Vlan99"].description == "10.20.99.0_Switch_mgmt_VLAN"
    named = {full(row["port"]) for row in rows(*table("show interfaces status"))}
    named |= {full(row["port"]) for row in rows(*table("show interfaces description"))}
    named |= {full(row["interface"]) for row in rows(*table("show interfaces"))}
    assert named <= seen.ports.keys()


def table(command: str) -> tuple[str, str]:
    return command, recorded(f"{command.replace(' ', '_')}.raw")


WAYS: Mapping[str, Mapping[str, object]] = {
    "CRLF": {},
    "bare LF": {"line_end": "\n"},
    "doubled CR": {"line_end": "\r\r\n"},
    "pages": {"pages": 7, "quiet": "", "silent": ()},
    "banner": {"banner": "*****\nHanya untuk petugas#\n> masuk?\nSW-LAMA>\n*****"},
    "log lines": {
        "stamp": "*Nov 22 10:00:00.123: %LINK-3-UPDOWN: Interface GigabitEthernet1/0/1, changed\n"
    },
    "timestamps": {
        "stamp": "Load for five secs: 5%/0%; one minute: 6%; five minutes: 6%\n"
        "Time source is NTP, 10:00:00.123 WIB Sun Nov 22 2026\n\n"
    },
}


@pytest.mark.parametrize("way", WAYS)
def test_however_it_is_written_the_same_is_seen(way: str, tmp_path: Path) -> None:
    plain = survey(Recordings(FOLDER), tmp_path)
    other = survey(Recordings(FOLDER, **WAYS[way]), tmp_path)  # type: ignore[arg-type]
    assert replace(other, at=plain.at) == plain


def test_what_a_device_cannot_tell_is_empty(tmp_path: Path) -> None:
    more = {"show version": recorded("show_version.raw")}
    seen = survey(Recordings(tmp_path, more=more), tmp_path)
    assert seen.hostname == "router1"
    assert [seen.neighbors, seen.learned, seen.leases, seen.ports, seen.arp] == [(), (), (), {}, {}]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("running-config-*.txt")), ids=lambda p: p.stem)
def test_a_recorded_configuration_is_read_whole_and_needs_no_change(
    path: Path, tmp_path: Path
) -> None:
    text = path.read_text()
    name = re.search(r"^hostname (\S+)", text, re.MULTILINE)[1]  # type: ignore[index]
    more = {"show running-config": text, "show archive config rollback timer": NO_TIMER}
    more["show vlan brief"] = recorded("show_vlan.raw")
    switch = Switch.parsed(text)
    wanted: list[Intent] = [
        Description(port.name, port.value("description") or "")
        for port in switch.ports()
        if port.value("description")
    ]
    replayed = Recordings(tmp_path, f"{name}#", more)
    reading = read(replayed, tmp_path, name, *wanted, Vlan(10, "Management"))
    assert reading.hostname == name
    found = preview(reading, [Wish(each) for each in (*wanted, Vlan(10, "Management"))])
    assert found == Preview(name)
    kept = {line.strip() for line in [*switch.sections, *sum(switch.sections.values(), ())]}
    lines = {line.strip() for line in text.splitlines()}
    assert {x for x in lines if x and not x.startswith("!")} == kept
    assert not re.search(r"cisco$|secret \d \$", reading.configuration, re.MULTILINE)


TOLD_BY_ITSELF = "show_logging"
"""Its rows look like what a device tells by itself, which is taken out of an answer."""


@pytest.mark.parametrize("way", [{}, {"line_end": "\r\r\n"}, {"pages": 7, "quiet": ""}], ids=str)
def test_what_is_never_asked_for_comes_through_as_printed(
    tmp_path: Path, way: dict[str, object]
) -> None:
    """Whatever a line looks like, an answer ends with the prompt and with nothing else."""
    known = tmp_path / "known_hosts"
    tables = {command.replace(" ", "_") for command in TABLES}
    others = [path for path in FOLDER.glob("*.raw") if path.stem not in tables]
    replayed = Recordings(FOLDER, **way)  # type: ignore[arg-type]
    with (
        replaying(replayed, "router1", "cisco_ios", known) as host,
        Session(Access(known, lambda: "").login(host), 5, 5) as session,
    ):
        session.open()
        for path in others:
            text = session.ask(path.stem.replace("_", " "))
            kept = [line.rstrip() for line in path.read_text().splitlines() if line.strip()]
            if path.stem != TOLD_BY_ITSELF:
                assert [line.rstrip() for line in text.splitlines() if line.strip()] == kept
