"""What simulated RouterOS devices print has the shape of what real ones were recorded to print."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ntc_templates.parse import parse_output

from provisioner.lab.devices.lab import DeviceLab, running_lab
from provisioner.lab.devices.routeros import Client
from tests.lab.routeros import CAMPUS, KIND, asked
from tests.recordings import FOLDER, quoted

RECORDINGS = FOLDER / KIND
pytestmark = quoted(KIND)
COMMANDS = (
    ("rt-6", "interface print terse without-paging"),
    ("rt-6", "interface print detail"),
    ("rt-6", "interface ethernet print"),
    ("rt-6", "interface ethernet poe print without-paging"),
    ("rt-6", "interface ethernet monitor ether1 once"),
    ("rt-6", "interface vlan print detail"),
    ("sw-6", "interface bridge host print terse without-paging"),
    ("rt-6", "ip address print"),
    ("sw-7", "ip arp print terse without-paging"),
    ("sw-6", "ip arp print"),
    ("rt-6", "ip dhcp-server lease print terse without-paging"),
    ("rt-6", "ip dhcp-server lease print"),
    ("rt-6", "ip firewall address-list print terse"),
    ("rt-6", "ip firewall filter print all without-paging"),
    ("rt-6", "ip firewall nat print all without-paging"),
    ("sw-6", "ip neighbor print detail"),
    ("rt-6", "ip route print terse"),
    ("rt-6", "ip route print detail"),
    ("rt-6", "log print detail without-paging"),
    ("rt-6", "ping 127.32.1.12"),
    ("rt-6", "system clock print"),
    ("rt-6", "system identity print"),
    ("rt-6", "system resource print"),
    ("rt-6", "system routerboard print"),
    ("rt-6", "user active print"),
    ("rt-6", "user print"),
)


@pytest.fixture(scope="module")
def lab() -> Iterator[DeviceLab]:
    with running_lab(CAMPUS) as made:
        client = Client("AA:BB:CC:00:00:01", vlan=412, hostname="laptop")
        made.call(lambda: made.device("rt-6").clients.append(client))  # type: ignore[attr-defined]
        asked(
            made,
            "rt-6",
            '/interface set ether1 comment=""',
            "/interface vlan add name=vlan412 vlan-id=412 interface=ether1",
            "/ip pool add name=p ranges=10.40.12.10-10.40.12.20",
            "/ip dhcp-server add name=p interface=vlan412 address-pool=p disabled=no",
            "/ip firewall address-list add list=tamu address=10.40.12.0/24",
        )
        yield made


def _recording(command: str) -> str | None:
    """The recording of that command; None where there is none."""
    words = command.replace("ether1", "name").split()
    path = RECORDINGS / f"{'_'.join(words[:1] if words[0] == 'ping' else words)}.raw"
    return path.read_text() if path.exists() else None


@pytest.mark.parametrize(("name", "command"), COMMANDS)
def test_the_shape_is_that_of_a_real_device(lab: DeviceLab, name: str, command: str) -> None:
    real = _recording(command)
    assert real is not None
    template = command.replace("ether1", "name")
    theirs = parse_output(platform=KIND, command=template, data=real)
    ours = parse_output(platform=KIND, command=template, data=asked(lab, name, f"/{command}"))
    assert ours, "our rows are read by the same template"
    assert set(ours[0]) == set(theirs[0])


def test_an_export_begins_as_a_real_one(lab: DeviceLab) -> None:
    path = RECORDINGS / "ip_address_export_verbose.raw"
    theirs = path.read_text().splitlines()
    ours = asked(lab, "rt-6", "/ip address export verbose").replace("\r", "").splitlines()
    for one, other in zip(ours, theirs, strict=False):
        if one.startswith("#"):
            assert one.partition("=")[0].split()[-1:] == other.partition("=")[0].split()[-1:] or (
                "by RouterOS" in one and "by RouterOS" in other
            )
    assert ours[5] == theirs[5] == "/ip address"
    fields = [pair.partition("=")[0] for pair in ours[6].split() if "=" in pair]
    assert [f for f in fields if f != "comment"] == ["address", "disabled", "interface", "network"]
