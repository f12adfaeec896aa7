"""What simulated switches answer, held against recordings of real ones (read where present).

Where they differ on purpose: ports are listed three to a row, as the dashes above them leave room
(the recording's own rows are wider); `show mac address-table` has the form of newer switches than
the recording's; a count of bytes and all names, addresses and times are the lab's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from ntc_templates.parse import parse_output

from provisioner.lab.devices.lab import DeviceLab, running_lab
from provisioner.lab.devices.plan import tree
from tests.lab.devices import told
from tests.recordings import FOLDER, quoted

RECORDINGS = FOLDER / "cisco_ios"
SWITCH = "sw-001"
PORT = "interface GigabitEthernet1/0/1"
pytestmark = quoted("cisco_ios")


@pytest.fixture(scope="module")
def lab() -> Iterator[DeviceLab]:
    plan = tree(2)
    bare = replace(plan.devices[1], archive=False)
    with running_lab(replace(plan, devices=(plan.devices[0], bare))) as made:
        yield made


def recorded(name: str) -> list[str]:
    return (RECORDINGS / name).read_text().rstrip("\n").splitlines()


def answered(lab: DeviceLab, *lines: str) -> list[str]:
    return told(lab, SWITCH, *lines).splitlines()


def test_interfaces_status(lab: DeviceLab) -> None:
    real = recorded("show_interfaces_status.raw")
    told(lab, SWITCH, "conf t", "vlan 8", PORT, "description AccessPoint", "sw mode acc")
    told(lab, SWITCH, "conf t", PORT, "sw acc vl 8", "interface gi1/0/3", "desc John's Office")
    ours = answered(lab, "show interfaces status")
    assert real[0] in ours
    for number in (1, 3):
        row = next(row for row in real if row.startswith(f"Gi1/0/{number + (number == 1)} "))
        assert row.replace("Gi1/0/2", "Gi1/0/1") in ours
    told(lab, SWITCH, "conf t", PORT, "no sw acc vl", "sw mode trunk", "no vlan 8")


def test_interfaces_description(lab: DeviceLab) -> None:
    real = recorded("show_interfaces_description.raw")
    told(lab, SWITCH, "conf t", "interface vl 99", "description 10.20.99.0_Switch_mgmt_VLAN")
    told(lab, SWITCH, "conf t", "interface gi1/0/8", "description MERAKI TEST AP")
    ours = [row.rstrip() for row in answered(lab, "show interfaces description")]
    assert real[0] in ours
    assert {real[1].rstrip(), real[2]} <= set(ours)
    down = next(row for row in real if row.startswith("Gi0/1 ")).replace(
        "D3 USER", "MERAKI TEST AP"
    )
    assert down.replace("Gi0/1  ", "Gi1/0/8") in ours


def test_ip_interface_brief(lab: DeviceLab) -> None:
    real = recorded("show_ip_interface_brief.raw")
    ours = answered(lab, "show ip interface brief")
    assert real[0] in ours
    away = next(row for row in real if "administratively" in row).split("YES")[1]
    shut = next(row for row in ours if row.startswith("Vlan1 "))
    assert shut.split("YES")[1] == away
    up = next(row for row in ours if row.startswith("Vlan99 "))
    model = next(row for row in real if row.startswith("Loopback0 "))
    assert [m.start() for m in re.finditer(r"\S+", up)] == [
        m.start() for m in re.finditer(r"\S+", model)
    ]


def test_vlans(lab: DeviceLab) -> None:
    real = recorded("show_vlan.raw")
    told(lab, SWITCH, "conf t", "vlan 10", "name Management")
    ours = answered(lab, "show vlan")
    same = [row for row in real if not re.match(r"1 .* active|50 |60 | {48}", row)]
    assert [row for row in same if row not in ours] == []
    places = [ours.index(row) for row in same if row]
    assert places == sorted(places)
    starts = [len(row) - len(row.lstrip()) for row in ours if row.startswith("  ")]
    assert set(starts) == {48}
    assert answered(lab, "show vlan brief") == ours[: ours.index("", 1)]
    told(lab, SWITCH, "conf t", "no vlan 10")


def test_switchport(lab: DeviceLab) -> None:
    real = recorded("show_interfaces_switchport.raw")
    first = [row.partition(":")[0] for row in real[: real.index("Appliance trust: none") + 1]]
    ours = answered(lab, "show interfaces gi1/0/1 switchport")
    labels = [row.partition(":")[0] for row in ours]
    only_newer = {"Unknown unicast blocked", "Unknown multicast blocked"}
    assert [x for x in labels if x and x not in only_newer] == [x for x in first if x]
    told(lab, SWITCH, "conf t", PORT, "no sw tr al vl")
    assert "Trunking VLANs Enabled: ALL" in answered(lab, "show interfaces gi1/0/1 switchport")


def test_neighbours(lab: DeviceLab) -> None:
    real = recorded("show_lldp_neighbors.raw")
    ours = answered(lab, "show lldp neighbors")
    for row in real[:5]:
        assert row in ours
    model = next(row for row in real if row.startswith("S2 "))
    shown = next(row for row in ours if row.startswith("sw-002 "))
    assert [m.start() for m in re.finditer(r"\S+", shown)] == [
        m.start() for m in re.finditer(r"\S+", model)
    ]
    assert re.sub(r"\d+", "N", real[-1]) == re.sub(r"\d+", "N", [row for row in ours if row][-1])


def test_users_clock_archive(lab: DeviceLab) -> None:
    real, ours = recorded("show_users.raw"), answered(lab, "show users")
    assert [real[0], *real[2:]] == [ours[0], *ours[2:]]
    shape = re.compile(r"[* ] [ \d]\d vty \d {5}\S+ +idle {17}\d\d:\d\d:\d\d   [\d.]+$")
    assert shape.match(real[1])
    assert shape.match(ours[1])
    clock = re.compile(r"\*?\d\d:\d\d:\d\d\.\d{3} [A-Z]{3} [A-Z][a-z]{2} [A-Z][a-z]{2} \d+ \d{4}$")
    assert clock.match(recorded("show_clock.raw")[0])
    assert clock.match(answered(lab, "show clock")[0])
    assert told(lab, "sw-002", "show archive").splitlines() == recorded("show_archive.raw")


@pytest.mark.parametrize(
    "row",
    [
        r"Cisco IOS Software, .* Software \(.*\), Version 1\d\.\d\(.*\)\S+, RELEASE SOFTWARE",
        r"Technical Support: http://www\.cisco\.com/techsupport$",
        r"Copyright \(c\) 1986-20\d\d by Cisco Systems, Inc\.$",
        r"Compiled \w{3} \d\d-\w{3}-\d\d \d\d:\d\d by prod_rel_team$",
        r"\S+ uptime is \d+ ",
        r'System image file is "\S+:\S+\.bin"$',
        r"cisco \S+ \(\S+\) processor \(revision \S+\) with \d+K bytes of memory\.$",
        r"Processor board ID [A-Z0-9]{11}$",
        r"\d+ Gigabit Ethernet interfaces$",
        r"Configuration register is 0x[0-9A-F]+$",
    ],
)
def test_version(lab: DeviceLab, row: str) -> None:
    recording = [line.replace(".122-54.SG1.bin", ".bin") for line in recorded("show_version.raw")]
    assert any(re.match(row, line) for line in recording)
    assert any(re.match(row, line) for line in answered(lab, "show version"))


def test_running_configuration_of_an_interface(lab: DeviceLab) -> None:
    real = recorded("show_running-config_interface.raw")
    ours = answered(lab, "show running-config interface gi1/0/1")
    assert [re.sub(r"\d+", "N", row) for row in real[:4]] == [
        re.sub(r"\d+", "N", row) for row in ours[:4]
    ]
    assert [real[4][:10], ours[4]] == ["interface ", PORT]
    assert all(row.startswith(" ") for row in ours[5 : ours.index("end")])


@pytest.mark.parametrize("name", ["running-config-1.txt", "running-config-3.txt"])
def test_running_configuration(lab: DeviceLab, name: str) -> None:
    marks = [
        "Building configuration",
        "Current configuration : ",
        "version ",
        "service timestamps debug",
        "service timestamps log",
        "hostname ",
        "boot-start-marker",
        "boot-end-marker",
        "aaa new-model",
        "spanning-tree extend system-id",
        "interface ",
        "line con 0",
        "line vty 0 4",
        "end",
    ]

    def order(rows: list[str]) -> list[str]:
        found = [next((m for m in marks if row.startswith(m)), "") for row in rows]
        return list(dict.fromkeys(mark for mark in found if mark))

    ours = answered(lab, "show running-config")
    assert order(ours) == marks
    real = order(recorded(name))
    assert [mark for mark in marks if mark in real] == real
    text = "\n".join(ours)
    size = int(re.search(r"Current configuration : (\d+) bytes", text)[1])  # type: ignore[index]
    assert size == len(text.partition(" bytes\n")[2].rstrip("\n") + "\n")


def rules(rows: list[str]) -> list[str]:
    return [row.rstrip() for row in rows]


def test_power(lab: DeviceLab) -> None:
    real, ours = recorded("show_power_inline.raw"), answered(lab, "show power inline")
    head = next(n for n, row in enumerate(real) if row.startswith("--------- ------"))
    at = next(n for n, row in enumerate(ours) if row.startswith("--------- ------"))
    assert rules(real[head - 2 : head + 1]) == rules(ours[at - 2 : at + 1])
    off = next(row for row in real if " off        0.0     n/a" in row)
    shown = next(row for row in ours if row.startswith("Gi1/0/12 "))
    assert shown.rstrip() == re.sub(r"^Gi1/0/1\d", "Gi1/0/12", off.rstrip())


def test_leases_and_addresses(lab: DeviceLab) -> None:
    real = recorded("show_ip_dhcp_binding.raw")
    assert rules(answered(lab, "show ip dhcp binding"))[:4] == rules(real)[:4]
    told(lab, SWITCH, "conf t", "vlan 9", "interface Vlan9", "ip address 192.0.2.9 255.255.255.0")
    rows = answered(lab, "show ip arp")
    assert rows[0].split()[:3] == [*recorded("show_ip_arp.raw")[0].split()[:2], "Age"]
    assert any(row.startswith("Internet  192.0.2.9 ") for row in rows)
    told(lab, SWITCH, "conf t", "no interface Vlan9", "no vlan 9")


def test_neighbours_in_detail(lab: DeviceLab) -> None:
    real = recorded("show_lldp_neighbors_detail.raw")
    ours = answered(lab, "show lldp neighbors detail")
    labels = [row.partition(":")[0] for row in ours if row and not row.startswith(" ")]
    known = {row.partition(":")[0] for row in real}
    known |= {labels[n + 1] for n, label in enumerate(labels) if label == "System Description"}
    assert set(labels) <= known
    assert ours[1] == real[0]


def test_interfaces(lab: DeviceLab) -> None:
    shape = re.compile(r"[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}|\d+")
    real = {shape.sub("N", row).rstrip() for row in recorded("show_interfaces.raw")}
    ours = answered(lab, "show interfaces")
    begun = next(n for n, row in enumerate(ours) if row.startswith("GigabitEthernet1/0/9 "))
    block = [shape.sub("N", row).rstrip() for row in ours[begun + 2 : begun + 6]]
    assert set(block) <= real
    assert any("input errors" in row for row in ours)


@pytest.mark.parametrize(
    ("command", "row"),
    [
        ("show version", r"uptime is"),
        ("show inventory", r"^PID:"),
        ("show lldp neighbors", r" 120 "),
        ("show lldp neighbors detail", r"^Local Intf"),
        ("show cdp neighbors detail", r"^Device ID"),
        ("show mac address-table", r"(STATIC|DYNAMIC)"),
        ("show interfaces", r"line protocol is"),
        ("show interfaces status", r"^Gi"),
        ("show interfaces description", r"^(Gi|Vl)"),
        ("show interfaces switchport", r"^Name:"),
        ("show power inline", r"^Gi"),
        ("show ip arp", r"^Internet"),
        ("show vlan", r" (active|act/unsup)"),
    ],
)
def test_the_published_templates_read_every_row(lab: DeviceLab, command: str, row: str) -> None:
    device = lab.device(SWITCH)
    leased = {"10.40.12.20": "00a1.b2c3.d4e5"}
    lab.call(lambda: device.leased.update(leased))  # type: ignore[attr-defined]  # an IosDevice
    text = told(lab, SWITCH, command)
    count = len(re.findall(row, text, re.MULTILINE))
    assert len(parse_output("cisco_ios", command, text)) == count > 0
