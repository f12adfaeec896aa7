"""A look at a router that answers with recordings of real ones, over SSH; nothing may be lost."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from provisioner.drivers.network import TOPICS, Examination, Inquiry, Lease, Neighbor, PingResult
from provisioner.drivers.routeros import (
    examining_addresses,
    examining_air,
    examining_ports,
    examining_system,
)
from provisioner.drivers.routeros.examining_lines import LINES
from tests import recordings
from tests.contract.replay import replaying
from tests.contract.test_routeros_recordings import FOLDER, NAME, Console, driver

pytestmark = recordings.present("mikrotik_routeros")


@dataclass
class Doctor(Console):
    """As if what stands behind ``where`` had picked everything; `ping` is the recording."""

    def answer(self, command: str) -> str:
        command = re.sub(r"^/ping address=8\.8\.8\.8 count=3;", "/ping;", command)
        return super().answer(re.sub(r' where .*?(?=; :put \("ok-)', "", command))


def examined(directory: Path, **way: object) -> Examination:
    known = directory / "known_hosts"
    console = Doctor(FOLDER, f"[replay@{NAME}] > ", **way)  # type: ignore[arg-type]
    with replaying(console, NAME, "mikrotik_routeros", known) as host:
        inquiry = Inquiry(pings=("8.8.8.8",), names=("example.com",))
        found = driver(host, known).examine({NAME: inquiry})[NAME]
    assert isinstance(found, Examination), found
    return found


@recordings.quoted("mikrotik_routeros")
def test_what_real_routers_said(tmp_path: Path) -> None:
    seen = examined(tmp_path)
    assert seen.cut is None
    assert seen.hostname == NAME
    system = seen.system
    assert (system.model, system.version, system.serial) == ("RB750Gr3", "6.48.6", "CC210E592C82")
    assert system.uptime == ((6 * 7 + 5) * 24 + 11) * 3600 + 55 * 60 + 45
    assert system.cpu_percent == 1
    assert system.memory_percent == pytest.approx(37.2, abs=0.1)
    assert system.storage_percent == pytest.approx(92.7, abs=0.1)
    assert system.clock_offset is not None
    assert system.clock_offset < 0, "the recording is old"
    assert (system.temperature, system.alarms, system.synchronized) == (None, (), None)
    assert set(seen.ports) == {"ether1", "ether2_UniFi2", "ether3 UniFi1"}
    assert (seen.ports["ether1"].speed_mbps, seen.ports["ether1"].duplex) == (1000, "full")
    assert seen.ports["ether2_UniFi2"].changes == 3
    assert [(n.port, n.device) for n in seen.neighbors] == [("ether1", "MikroTik-Dev")]
    assert isinstance(seen.neighbors[0], Neighbor)
    assert [each.mac for each in seen.learned] == ["11:22:33:44:55:01", "11:22:33:44:55:02"]
    assert seen.leases == (Lease("172.16.16.120", "30:07:4d:f5:07:49", "Galaxy-S8"),)
    assert len(seen.arp) == 2
    assert (seen.gateway, seen.outside) == ("192.168.8.1", "lte1")
    assert seen.pings == (PingResult("8.8.8.8", 13, 13, 67.0),)
    assert seen.names[0].error
    told = "bad command name"
    assert {topic for topic, why in seen.untold.items() if why.startswith(told)} == {
        "vlans", "spanning_tree", "power",
    }  # fmt: skip
    assert set(seen.untold) == {"vlans", "spanning_tree", "power"}


@pytest.mark.parametrize(
    "way",
    [{"popping_up": True}, {"line_end": "\n"}, {"line_end": "\r\r\n"}],
    ids=["log lines", "bare LF", "doubled CR"],
)
def test_however_it_is_written_the_same_is_seen(tmp_path: Path, way: dict[str, object]) -> None:
    plain, other = examined(tmp_path), examined(tmp_path, **way)
    offset = other.system.clock_offset
    assert offset == pytest.approx(plain.system.clock_offset, abs=30)
    assert plain == replace(
        other, at=plain.at, seconds=plain.seconds, login_seconds=plain.login_seconds,
        system=replace(other.system, clock_offset=plain.system.clock_offset),
    )  # fmt: skip


def test_no_recording_breaks_any_reader() -> None:
    """Each as the answer to every question: rubbish at times, but never an error."""
    files = sorted(FOLDER.glob("*.raw"))
    assert files
    for file in files:
        text = file.read_bytes().decode("utf-8", "replace").replace("\r", "")
        said = dict.fromkeys((*LINES, "rates"), text)
        examining_system.system(said, None)
        examining_ports.ports(said, TOPICS)
        examining_ports.budget(said)
        examining_ports.names_of_vlans(said)
        examining_addresses.scopes(said)
        examining_addresses.strangers(said)
        examining_addresses.way_out(said)
        examining_addresses.resolvers(said)
        examining_addresses.pinged("8.8.8.8", text)
        for menus in examining_air.MENUS.values():
            for menu in menus:
                examining_air.air(menu, said, dict.fromkeys(examining_air.masters(text), text))
