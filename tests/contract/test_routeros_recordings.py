"""The driver against recorded outputs of real RouterOS devices, over SSH; nothing may be lost."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from provisioner.drivers.network import (
    Host,
    Intent,
    Learned,
    Lease,
    Neighbor,
    Preview,
    Reading,
    Survey,
    Vlan,
    Wish,
)
from provisioner.drivers.platforms.mikrotik_routeros import RouterOsPlatform
from provisioner.drivers.routeros.facts import fields, rows
from provisioner.drivers.routeros.session import Session
from provisioner.drivers.routeros.syntax import unquoted
from provisioner.drivers.sessions.access import Access
from provisioner.drivers.sessions.batches import Sessions
from provisioner.settings import DeviceSettings
from tests import recordings
from tests.contract.replay import Recordings, replaying

FOLDER = recordings.FOLDER / "mikrotik_routeros"
pytestmark = recordings.present("mikrotik_routeros")
NAME = "Mikrotik-Device_Name"
POPPED_UP = "17:20:06 echo: system,error,critical login failure for user admin via ssh\n"
_TYPED = re.compile(r'/?(?P<line>.*); :put \("ok-" \. "(?P<number>\d+)"\)')

_ITEMS = (
    "interface_bonding_print_detail", "interface_bridge_host_print_terse_without-paging",
    "interface_lte_apn_print_terse", "interface_print_detail",
    "interface_print_terse_without-paging", "interface_vlan_print_detail",
    "interface_wireguard_peers_print_terse_without-paging",
    "interface_wireguard_print_terse_without-paging", "ip_arp_print_terse_without-paging",
    "ip_dhcp-server_lease_print_terse_without-paging", "ip_dns_cache_print_terse_without-paging",
    "ip_firewall_address-list_print_terse", "ip_firewall_connection_print_terse_without-paging",
    "ip_firewall_filter_print_all_without-paging", "ip_firewall_nat_print_all_without-paging",
    "ip_hotspot_ip-binding_print_terse_without-paging", "ip_neighbor_print_detail",
    "ip_route_print_detail", "ip_route_print_terse", "ip_route_print_terse_without-paging",
    "log_print_detail_without-paging", "routing_ospf_interface_print_terse",
    "routing_ospf_neighbor_print_terse_without-paging",
)  # fmt: skip
"""Recordings of items with ``name=value``, which is how everything is asked for."""
_SINGLES = (
    "system_clock_print", "system_identity_print", "system_resource_print",
    "system_routerboard_print",
)  # fmt: skip
"""Recordings of ``name: value``."""
_COLUMNS = (
    "interface_ethernet_poe_print_without-paging", "interface_ethernet_print",
    "interface_print_brief", "ip_address_print", "ip_arp_print", "ip_arp_print_without-paging",
    "ip_dhcp-server_lease_print", "ip_dhcp-server_lease_print_without-paging",
    "ipv6_neighbor_print_without-paging", "ping", "routing_bgp_peer_print_status",
    "routing_bgp_peer_print_status_without-paging", "routing_ospf_neighbor_print",
    "snmp_community_print_without-paging", "tool_profile", "tool_speed-test_address",
    "user_active_print", "user_print",
)  # fmt: skip
"""Tables of a width that cuts what is in them: never asked for, but they come through whole."""


def _here(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if (FOLDER / f"{name}.raw").is_file())


ITEMS, SINGLES, COLUMNS = _here(_ITEMS), _here(_SINGLES), _here(_COLUMNS)


@dataclass
class Console(Recordings):
    """Answers as RouterOS: the recording, then what our line prints as its proof."""

    popping_up: bool = False

    def answer(self, command: str) -> str:
        typed = _TYPED.fullmatch(command)
        if typed is None:
            return self.unknown
        line = typed["line"].replace("[find]", "name")
        names = [line, line.removesuffix(" without-paging")]
        files = [self.folder / f"{name.replace(' ', '_')}.raw" for name in names]
        found = [path for path in files if path.is_file()]
        if line not in self.more and not found:
            return f"bad command name {line.split()[0]} (line 1 column 1)\n"
        text = self.more.get(line) or found[0].read_bytes().decode("utf-8", "replace")
        first, _, rest = text.replace("\r", "").rstrip("\n").partition("\n")
        popped = POPPED_UP if self.popping_up else ""
        return f"{first}\n{popped}{rest}\nok-{typed['number']}\n"


def console(**values: object) -> Console:
    return Console(FOLDER, f"[replay@{NAME}] > ", **values)  # type: ignore[arg-type]


def driver(host: Host, known: Path) -> RouterOsPlatform:
    settings = DeviceSettings(connect=5, command=5)
    return RouterOsPlatform(Sessions(lambda: {host.name: host}, settings, known, lambda: ""))


def survey(replayed: Console, directory: Path) -> Survey:
    known = directory / "known_hosts"
    with replaying(replayed, NAME, "mikrotik_routeros", known) as host:
        found = driver(host, known).survey([NAME])[NAME]
    assert isinstance(found, Survey), found
    return found


@recordings.quoted("mikrotik_routeros")
def test_a_survey_from_recordings_end_to_end(tmp_path: Path) -> None:
    seen = survey(console(), tmp_path)
    assert (seen.hostname, seen.model) == (NAME, "RB750Gr3")
    assert (seen.version, seen.serial) == ("6.48.6", "CC210E592C82")
    assert seen.neighbors == (
        Neighbor("ether1", "MikroTik-Dev", "ether2", "mndp", "10.159.1.159",
                 "MikroTik RB750UPr2"),
    )  # fmt: skip
    assert seen.learned == (
        Learned("ether4", None, "11:22:33:44:55:01"),
        Learned("ether3", None, "11:22:33:44:55:02"),
    ), "neither its own addresses nor those of entries that are off"
    assert seen.leases == (Lease("172.16.16.120", "30:07:4d:f5:07:49", "Galaxy-S8"),)
    assert seen.arp == {
        "10.160.1.230": "12:34:56:78:90:aa",
        "10.152.1.230": "12:34:56:78:90:ab",
    }
    assert seen.ports["ether2_UniFi2"].up
    assert not seen.ports["ether3 UniFi1"].up, "a name with a space in it"


@pytest.mark.parametrize(
    "way",
    [{"popping_up": True}, {"line_end": "\n"}, {"line_end": "\r\r\n"}],
    ids=["log lines", "bare LF", "doubled CR"],
)
def test_however_it_is_written_the_same_is_seen(tmp_path: Path, way: dict[str, object]) -> None:
    plain, other = survey(console(), tmp_path), survey(console(**way), tmp_path)
    assert replace(other, at=plain.at) == plain


def asked(names: tuple[str, ...], directory: Path, **way: object) -> dict[str, str]:
    """What each of them is as it comes out of one session."""
    known = directory / "known_hosts"
    with replaying(console(**way), NAME, "mikrotik_routeros", known) as host:
        session = Session(Access(known, lambda: "").login(host), 5, 5)
        session.open()
        try:
            return {name: session.ask(f"/{name.replace('_', ' ')}") for name in names}
        finally:
            session.disconnect()


@pytest.mark.parametrize("way", [{}, {"popping_up": True}], ids=["quiet", "log lines"])
def test_no_item_of_a_recording_and_no_word_of_it_is_lost(
    tmp_path: Path, way: dict[str, object]
) -> None:
    for name, text in asked(ITEMS, tmp_path, **way).items():
        found = rows(text)
        assert found, name
        assert "echo:" not in text
        said = [value for row in found for value in row.props.values()]
        for prop, value in re.findall(r'(?:^| )([a-z][a-z0-9.-]*)=("[^"]*"|\S*)', text):
            assert any(prop in row.props for row in found), (name, prop)
            assert any(unquoted(value).strip('"') in each for each in said), (name, prop, value)


def test_what_stands_once_is_read_whole(tmp_path: Path) -> None:
    for name, text in asked(SINGLES, tmp_path).items():
        assert len(fields(text)) == len(text.strip().splitlines()), name


def test_tables_come_through_as_they_were_printed(tmp_path: Path) -> None:
    for name, text in asked(COLUMNS, tmp_path, line_end="\r\r\n").items():
        kept = [line.rstrip() for line in (FOLDER / f"{name}.raw").read_text().splitlines()]
        kept = [line for line in kept if line and "echo:" not in line]
        assert [line for line in text.splitlines() if line] == kept, name


@recordings.quoted("mikrotik_routeros")
def test_a_recorded_export_is_read_whole_and_needs_no_change(tmp_path: Path) -> None:
    """Unasked for, nothing is a difference; what cannot be put there is told."""
    text = (FOLDER / "ip_address_export_verbose.raw").read_text()
    replayed = console(more={"export hide-sensitive terse": text, "export terse": text})
    known = tmp_path / "known_hosts"
    wanted: list[Intent] = [Vlan(301, "PROV-X")]
    with replaying(replayed, NAME, "mikrotik_routeros", known) as host:
        found = driver(host, known).read({NAME: wanted})[NAME]
    assert isinstance(found, Reading), found
    assert found.hostname == NAME
    assert set(found.problems) == {wanted[0].key}
    assert driver(host, known).preview(found, [Wish(wanted[0], False)]) == Preview(NAME)
    addresses = set(re.findall(r"address=(\S+)", found.configuration))
    assert {"10.159.1.159/30", "10.80.90.5/27"} <= addresses
    assert 'comment="test comment"' in found.configuration
