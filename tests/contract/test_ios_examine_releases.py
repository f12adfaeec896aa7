"""What other releases of IOS write, in texts of our own, is examined right: each was misread."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.drivers.network import Scope
from provisioner.drivers.network.examination import PowerBudget
from provisioner.drivers.platforms.cisco_ios import IosPlatform
from provisioner.drivers.sessions.batches import Sessions
from provisioner.settings import DeviceSettings
from tests.contract.ios_saying import NAME, Device, clock, examined
from tests.contract.replay import replaying

_STAMP = (
    "Load for five secs: 2%/0%; one minute: 3%; five minutes: 4%\n"
    "Time source is NTP, 10:11:12.131 WIB Mon Jan 5 2026\n\n"
)


def test_load_is_read_of_all_cores_whatever_stands_before_it(tmp_path: Path) -> None:
    """Figures below ten stand in two columns; a line of ``exec prompt timestamp`` looks alike."""
    text = (
        "CPU utilization for five seconds:  2%, one minute:  5%, five minutes:  7%\n"
        "Core 0: CPU utilization for five seconds:  1%, one minute:  2%, five minutes:  3%\n"
    )
    for before in ("", _STAMP):
        assert examined(tmp_path, {"show processes cpu": before + text}).system.cpu_percent == 7


def test_a_stamp_before_every_answer_is_no_answer(tmp_path: Path) -> None:
    says = {
        "show running-config": "hostname router1\nip dns server\n",
        "show vlan brief": "VLAN Name   Status    Ports\n9    lama   active\n",
        "show clock detail": f"{clock(0, 'WIB', 7)}Time source is NTP\n",
    }
    says = {line: _STAMP + text for line, text in says.items()}
    found = examined(tmp_path, says)
    assert found.system.synchronized is True
    assert abs(found.system.clock_offset or 99) < 5
    says["show ip route"] = _STAMP  # none of its lines speaks of a host that only asks others
    wanted = Scope("NET-2026-0001", 9, "", "192.0.2.1/28", "192.0.2.2", "192.0.2.9", nat=False)
    known = tmp_path / "known"
    with replaying(Device(tmp_path, more=says), NAME, "cisco_ios", known) as host:
        sessions = Sessions(lambda: {NAME: host}, DeviceSettings(), known, lambda: "")
        assert IosPlatform(sessions).read({NAME: [wanted]})[NAME].problems == {}


@pytest.mark.parametrize(
    ("said", "state", "reason"),
    [
        ("is broken  (PVST Sim. Inconsistent)", "broken", "PVST Sim. Inconsistent"),
        ("is designated broken (Root Inconsistent)", "broken", "Root Inconsistent"),
        ("is alternate blocking", "blocking", ""),
        ("is forwarding (trunk)", "forwarding", ""),
    ],
)
def test_the_long_form_of_a_spanning_tree(
    tmp_path: Path, said: str, state: str, reason: str
) -> None:
    text = (
        "MST0 is executing the mstp compatible Spanning Tree protocol\n\n"
        f"Port 2390 (Port-channel14) of MST0 {said} \n  Port path cost 6660\n"
    )
    port = examined(tmp_path, {"show spanning-tree": text}).ports["Port-channel14"]
    assert (port.tree, port.tree_reason) == (state, reason)


def test_power_of_a_router_with_switch_ports(tmp_path: Path) -> None:
    text = (
        "PowerSupply   SlotNum.   Maximum   Allocated       Status\n"
        "-----------   --------   -------   ---------       ------\n"
        "INT-PS           0       160.000    6.300          PS GOOD\n"
        "Interface   Config   Device    Powered    PowerAllocated\n"
        "---------   ------   ------    -------    --------------\n"
        "Fa0/1/0     auto     Cisco      On         6.300 Watts\n"
        "Fa0/1/1     auto     Unknown    Off        0.000 Watts\n"
    )
    found = examined(tmp_path, {"show power inline": text})
    assert found.power == PowerBudget(160.0, 6.3)
    assert found.ports["FastEthernet0/1/0"].feeding == "on"
    assert found.ports["FastEthernet0/1/0"].watts == 6.3
    assert found.ports["FastEthernet0/1/1"].feeding == "searching"


def test_counters_of_what_is_no_port_belong_to_no_port(tmp_path: Path) -> None:
    text = (
        "GigabitEthernet0/1.20 is up, line protocol is up \n"
        "  Encapsulation 802.1Q Virtual LAN, Vlan ID  20.\n"
        "Control Plane Interface is up, line protocol is up \n"
        "     17 input errors, 0 CRC, 0 frame, 0 overrun, 0 ignored\n"
    )
    found = examined(tmp_path, {"show interfaces": text})
    assert found.ports["GigabitEthernet0/1.20"].in_errors is None
    assert found.ports["GigabitEthernet0/1"].tagged == {20}


@pytest.mark.parametrize("margin", ["", "    "])
def test_vlans_of_a_trunk_wherever_its_lines_begin(tmp_path: Path, margin: str) -> None:
    """A long list goes on below; so do the pairs of private VLANs, which are not of it."""
    lines = [
        "Name: Gi1/0/2", "Switchport: Enabled", "Administrative Mode: trunk",
        "Operational Mode: trunk (member of bundle Po12)", "Access Mode VLAN: 1 (default)",
        "Trunking Native Mode VLAN: 9 (LAMA)", "Voice VLAN: none",
        "Administrative private-vlan trunk mappings:", "  10 (VLAN0010) 100 (VLAN0100)",
        "Trunking VLANs Enabled: 2,4,6,8,9,", "     100-102", "Pruning VLANs Enabled: 2-1001",
    ]  # fmt: skip
    text = "".join(f"{margin}{line}\n" for line in lines)
    port = examined(tmp_path, {"show interfaces switchport": text}).ports["GigabitEthernet1/0/2"]
    assert (port.mode, port.untagged, port.native_passes) == ("trunk", 9, True)
    assert port.tagged == {2, 4, 6, 8, 100, 101, 102}
