"""Forms in which routers, access points and Linux hosts write, in texts of our own: each was
misread once."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from provisioner.drivers.linux import around
from provisioner.drivers.linux.examining_addresses import scopes
from provisioner.drivers.linux.examining_air import networks, radios
from provisioner.drivers.linux.scripting import Answer
from provisioner.drivers.linux.state import State
from provisioner.drivers.network.survey import bare
from provisioner.drivers.openwrt import looking
from provisioner.drivers.openwrt.examining_air import Air
from provisioner.drivers.openwrt.examining_log import Log
from provisioner.drivers.openwrt.examining_ports import ports
from provisioner.drivers.openwrt.sections import parsed
from provisioner.drivers.routeros.examining_addresses import way_out
from provisioner.drivers.routeros.surroundings import survey


def saying(blocks: dict[str, str], **values: str) -> Answer:
    return Answer({word: [text] for word, text in values.items()}, blocks, True)


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("rt.gudang_1", "rt.gudang_1"),
        ("rt-gudang.kantor.example.go.id", "rt-gudang.kantor.example.go.id"),
        ("router (gudang)", "router (gudang)"),
        ("core-1(FOX0000ABCD)", "core-1"),
    ],
)
def test_a_name_is_kept_whole_whoever_tells_it(said: str, name: str) -> None:
    assert bare(said) == name
    routeros = f'0 interface=ether1,br identity="{said}" platform="MikroTik" discovered-by=mndp\n'
    assert survey("x", {"neighbors": routeros}, datetime.now(UTC)).neighbors[0].device == name
    seen = {"chassis": {said: {"id": {"type": "mac", "value": "02:00:5e:00:00:01"}}}, "port": {}}
    told = {"lldp": {"interface": [{"lan1": seen}]}}
    assert [each.device for each in looking.neighbors(told)] == [name]
    everything = {"name": "eth1", "chassis": [{"name": [{"value": said}]}], "port": [{}]}
    text = json.dumps({"lldp": [{"interface": [everything]}]})
    assert [each.device for each in around.neighbors(text)] == [name]


def test_a_neighbour_that_tells_no_name_but_describes_itself() -> None:
    """lldpcli leaves out the level of the name, and what it says may hold any letters."""
    chassis = {"id": {"type": "mac", "value": "02:00:5e:00:00:02"}, "descr": "video bridge"}
    seen = {"chassis": chassis, "port": {"id": {"type": "ifname", "value": "1"}}}
    (found,) = looking.neighbors({"lldp": {"interface": {"lan2": seen}}})
    assert (found.device, found.platform, found.remote_port) == ("", "video bridge", "1")


# ---------------------------------------------------------------- RouterOS


def test_of_several_next_hops_the_way_out_is_one_that_answers() -> None:
    route = (
        " 0 A S  dst-address=0.0.0.0/0 gateway=192.0.2.2,192.0.2.3 gateway-status=192.0.2.2"
        " unreachable,192.0.2.3 reachable via  ether2 distance=1 scope=30\n"
    )
    assert way_out({"routes": route}) == ("192.0.2.3", "ether2")


# ---------------------------------------------------------------- the air


def test_a_client_among_the_interfaces_hides_no_access_point() -> None:
    told = (
        'wlan0     ESSID: "Induk"\n          Access Point: 02:00:5E:00:00:03\n'
        "          Mode: Client  Channel: 1 (2.412 GHz)\n\n"
        'wlan1     ESSID: "Ruang Rapat"\n          Access Point: 02:00:5E:00:00:04\n'
        "          Mode: Master  Channel: 33 (6.115 GHz)\n"
    )
    answer = saying({
        "wireless": "wireless.radio1=wifi-device\nwireless.rapat=wifi-iface\n"
        "wireless.rapat.device='radio1'\nwireless.rapat.ssid='Ruang Rapat'",
        "radios": '\t"radio1": {\n\t\t\t\t"section": "rapat",\n\t\t\t\t"ifname": "wlan1",\n',
        "iwinfo": told,
    })  # fmt: skip
    (radio,) = Air(answer, Log.of(answer)).radios()
    assert (radio.up, radio.channel, radio.band) == (True, 33, "6")


def test_names_that_are_not_ascii_are_told_by_their_bytes() -> None:
    """So do iw, and hostapd's own form of a name (``P"…"``)."""
    air = "phy#0\n\tInterface wlan0\n\t\tssid Caf\\xc3\\xa9 \\x5c1\n\t\ttype AP\n"
    assert around.on_air(air) == {"Café \\1"}
    conf = 'interface=wlan0\nhw_mode=a\nop_class=131\nchannel=5\nssid2=P"Caf\\xc3\\xa9 \\\\1"\n'
    answer = saying({"air": air, "/etc/hostapd/wlan0.conf": conf}, runs="hostapd")
    assert [each.ssid for each in networks(answer)] == ["Café \\1"]
    assert [(each.up, each.band) for each in radios(answer)] == [(True, "6")]


# ---------------------------------------------------------------- wires


def test_a_switch_out_of_the_kernel_counts_its_vlans_apart_from_their_numbers() -> None:
    """What it calls ``pvid`` is the row of its table on some chips; the row says the number."""
    switch = (
        "Port 2:\n\tpvid: 3\n\tlink: port:2 link:up speed:100baseT full-duplex\n"
        "Port 0:\n\tpvid: 0\n\tlink: port:0 link:up speed:1000baseT full-duplex\n"
        "VLAN 3:\n\tvid: 20\n\tports: 0t 2\n"
    )
    found = ports(saying({"switch switch0": switch}), {"vlans"})
    assert (found["switch0:2"].mode, found["switch0:2"].untagged) == ("access", 20)
    assert (found["switch0:0"].mode, found["switch0:0"].tagged) == ("trunk", {20})


def test_vlans_of_a_bridge_as_iproute2_wrote_them_before_version_5() -> None:
    links = [
        {"ifname": "br0", "linkinfo": {"info_kind": "bridge", "info_data": {"vlan_filtering": 1}}},
        {"ifname": "eth1", "master": "br0"},
    ]
    vlans = {"eth1": [{"vlan": 10, "flags": ["PVID", "Egress Untagged"]}, {"vlan": 20}]}
    answer = saying({"links": json.dumps(links), "vlans": json.dumps(vlans)}, hostname="h")
    port = State.answered(answer).ports["eth1"]
    assert (port.bridge, port.tag, port.trunks) == ("br0", 10, {20})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"Ruang Rapat"', "Ruang Rapat"),
        ('"kata \\"sandi\\" \\\\ #1; \'x\'"', "kata \"sandi\" \\ #1; 'x'"),
        ('Rapat" "2', "Rapat 2"),
        ("'5\" layar'", '5" layar'),
        ('5"', '5"'),
        ('""', ""),
    ],
)
def test_people_quote_in_files_as_they_do_in_a_shell(written: str, meant: str) -> None:
    text = f'config wifi-iface\n\toption ssid {written}\n\toption network "lan"\n'
    (section,) = parsed(text)
    assert section.options == {"ssid": meant, "network": "lan"}


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("dhcp-range=aula,192.0.2.10,192.0.2.19,255.255.255.0,12h", "aula"),
        ("dhcp-range=set:aula,192.0.2.10,192.0.2.19,12h", "aula"),
        ("dhcp-range=tag:!lama,set:aula,192.0.2.10,192.0.2.19", "aula"),
        ("dhcp-range = 192.0.2.10, 192.0.2.19 # dua lusin kurang", "dnsmasq"),
    ],
)
def test_a_range_may_bear_a_tag_in_the_old_form(line: str, name: str) -> None:
    (found,) = scopes(saying({"/etc/dnsmasq.conf": f"{line}\n"}))
    assert (found.name, found.size) == (name, 10)


@pytest.mark.parametrize("line", ["dhcp-range=192.0.2.0,static", "dhcp-range=::1,ra-only"])
def test_what_gives_no_range_is_none(line: str) -> None:
    assert scopes(saying({"/etc/dnsmasq.conf": f"{line}\n"})) == ()
