"""The driver examines what routers of several versions say: ways out, pools, strangers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioner.drivers.network.examination import (
    Inquiry,
    NameResult,
    PingResult,
    ScopeHealth,
    Stranger,
)
from tests.contract.ios_saying import clock, examined

ROUTER = {
    "show version": "Cisco IOS XE Software, Version 16.09.04\nsw-1 uptime is 1 year, 2 weeks\n",
    "show running-config": "hostname sw-1\nip name-server 192.0.2.53 192.0.2.54\n"
    "ip name-server vrf TAMU 203.0.113.1\nip dhcp excluded-address 10.40.1.1 10.40.1.10\n"
    "ip dhcp pool TAMU\n",
    "show interfaces": """GigabitEthernet0/0/0 is up, line protocol is up
  Hardware is ISR4331-3x1GE, address is 00a1.b2c3.0001 (bia 00a1.b2c3.0001)
  Full Duplex, 100Mbps, link type is auto, media type is RJ45
GigabitEthernet0/0/1 is up, line protocol is up
  Full Duplex, 1000Mbps, link type is auto, media type is RJ45
GigabitEthernet0/0/1.40 is up, line protocol is up
  Encapsulation 802.1Q Virtual LAN, Vlan ID  40.
GigabitEthernet0/0/1.99 is up, line protocol is up
  Encapsulation 802.1Q Virtual LAN, Vlan ID  99.
""",
    "show ip arp": """Protocol  Address          Age (min)  Hardware Addr   Type   Interface
Internet  10.40.1.1               -   00a1.b2c3.0002  ARPA   GigabitEthernet0/0/1.40
Internet  10.40.1.77              3   00a1.b2c3.0077  ARPA   GigabitEthernet0/0/1.40
Internet  192.0.2.1               0   00a1.b2c3.0099  ARPA   GigabitEthernet0/0/0
Internet  192.0.2.9               0   Incomplete      ARPA
""",
    "show ip route": """Codes: L - local, C - connected, S - static, R - RIP, M - mobile
Gateway of last resort is 192.0.2.1 to network 0.0.0.0

S*    0.0.0.0/0 [1/0] via 192.0.2.1
""",
    "show ip dhcp pool": """
Pool TAMU :
 Utilization mark (high/low)    : 100 / 0
 Subnet size (first/next)       : 0 / 0
 Total addresses                : 254
 Leased addresses               : 244
 Pending event                  : none
 1 subnet is currently in the pool :
 Current index        IP address range                    Leased addresses
 10.40.1.12           10.40.1.1        - 10.40.1.254       244

Pool PRINTER :
 Total addresses                : 1
 Leased addresses               : 1
 Pending event                  : none
 0 subnet is currently in the pool :
""",
    "ping 192.0.2.1 repeat 3 timeout 1": "Type escape sequence to abort.\nSending 3, 100-byte "
    "ICMP Echos to 192.0.2.1, timeout is 1 seconds:\n.!!\n"
    "Success rate is 66 percent (2/3), round-trip min/avg/max = 1/3/8 ms\n",
    "ping portal.example repeat 1 timeout 1": 'Translating "portal.example"...domain server '
    "(192.0.2.53) [OK]\n\nType escape sequence to abort.\nSending 1, 100-byte ICMP Echos to "
    "203.0.113.80, timeout is 1 seconds:\n.\nSuccess rate is 0 percent (0/1)\n",
    "ping tiada.example repeat 1 timeout 1": 'Translating "tiada.example"...domain server '
    "(192.0.2.53)\n% Unrecognized host or address, or protocol not running.\n",
}


def test_a_router_without_switch_ports(tmp_path: Path) -> None:
    inquiry = Inquiry(pings=("192.0.2.1",), names=("portal.example", "tiada.example"))
    found = examined(tmp_path, ROUTER, inquiry)
    assert (found.gateway, found.outside) == ("192.0.2.1", "GigabitEthernet0/0/0")
    assert found.resolvers[:2] == ("192.0.2.53", "192.0.2.54")
    assert found.scopes == (
        ScopeHealth("TAMU", "10.40.1.0/24", "GigabitEthernet0/0/1.40", 40, 244, 244),
    )
    assert found.arp["192.0.2.1"] == "00:a1:b2:c3:00:99"
    assert "192.0.2.9" not in found.arp
    inside = found.ports["GigabitEthernet0/0/1"]
    assert (inside.mode, inside.tagged, inside.untagged) == ("trunk", {40, 99}, None)
    assert found.ports["GigabitEthernet0/0/0"].speed_mbps == 100
    assert found.pings == (PingResult("192.0.2.1", 3, 2, 3.0),)
    assert found.names[0] == NameResult("portal.example", ("203.0.113.80",))
    assert found.names[1].addresses == ()
    assert "Unrecognized host" in found.names[1].error
    assert set(found.untold) == {"vlans", "spanning_tree", "power", "neighbors", "learned"}


@pytest.mark.parametrize(
    ("text", "gateway", "outside"),
    [
        ("Default gateway is 10.99.0.1\n\nHost  Gateway\n", "10.99.0.1", ""),
        ("Default gateway is not set\n", "", ""),
        ("Gateway of last resort is not set\n", "", ""),
        ("Gateway of last resort is 0.0.0.0 to network 0.0.0.0\n"
         "S*    0.0.0.0/0 is directly connected, Dialer1\n", "", "Dialer1"),
        ("Gateway of last resort is 999.1.1.1 to network 0.0.0.0\n", "", ""),
    ],
)  # fmt: skip
def test_ways_out(tmp_path: Path, text: str, gateway: str, outside: str) -> None:
    found = examined(tmp_path, {"show ip route": text})
    assert (found.gateway, found.outside) == (gateway, outside)


@pytest.mark.parametrize(
    ("minutes", "strange"), [(5, True), (600, False)], ids=["lately", "long ago"]
)
def test_strangers_that_were_heard_lately(tmp_path: Path, minutes: int, strange: bool) -> None:
    then = datetime.now(UTC) - timedelta(minutes=minutes)
    log = (
        f"{then.strftime('%b %e %H:%M:%S.123')}: %DHCP_SNOOPING-5-DHCP_SNOOPING_UNTRUSTED_PORT: "
        "DHCP_SNOOPING drop message on untrusted port, message type: DHCPOFFER, "
        "MAC sa: 0266.6f6f.0001\n"
        f"{then.strftime('%b %e %H:%M:%S.123')}: %DHCP_SNOOPING-5-DHCP_SNOOPING_UNTRUSTED_PORT: "
        "DHCP_SNOOPING drop message on untrusted port, message type: DHCPRELEASE, "
        "MAC sa: 0266.6f6f.0002\n"
    )
    table = "          Mac Address Table\n 110    0266.6f6f.0001    DYNAMIC     Gi1/0/9\n"
    says = {
        "show logging": log,
        "show mac address-table": table,
        "show clock detail": clock(0, "UTC", 0),
    }
    expected = (Stranger("", "02:66:6f:6f:00:01", "GigabitEthernet1/0/9", 110),)
    assert examined(tmp_path, says).strangers == (expected if strange else ())
