"""Tables of switches in the forms of other versions, and names in all their spellings."""

from __future__ import annotations

import pytest

from provisioner.drivers.ios import looking
from provisioner.drivers.ios.configuration import Switch, plain
from provisioner.drivers.ios.ports import full
from provisioner.drivers.ios.tables import COMMANDS, rows
from provisioner.drivers.network import Learned, Lease, Neighbor
from provisioner.drivers.network.survey import bare

OLD_LLDP = """
Chassis id: 0011.2233.4455
Port id: Gi0/24
Port Description: GigabitEthernet0/24
System Name: sw-lama.kantor.example.go.id

System Description:
Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 12.2(55)SE12

Time remaining: 95 seconds
Management Addresses:
    IP: 192.0.2.4


Total entries displayed: 1
"""
OLD_BRIEF = """
Device ID           Local Intf     Hold-time  Capability      Port ID
sw-lama.kantor.exam Fa0/13         120        B               Gi0/24

Total entries displayed: 1
"""
CDP = """
-------------------------
Device ID: AP Aula 1
Entry address(es):
  IP address: 192.0.2.9
Platform: cisco AIR-AP1562I-E-K9,  Capabilities: Trans-Bridge
Interface: GigabitEthernet1/0/3,  Port ID (outgoing port): GigabitEthernet0
Holdtime : 151 sec
-------------------------
Device ID: core-1(FOX1234ABCD)
Entry address(es):
Platform: N9K-C93180YC-EX,  Capabilities: Router Switch
Interface: TenGigabitEthernet2/1/1,  Port ID (outgoing port): Ethernet1/7
Holdtime : 133 sec


Total cdp entries displayed : 2
"""
LEARNED = """
      vlan   mac address    type   learn    age                 ports
-----+----+---------------+-------+-----+----------+-----------------------------
 *       10 0011.2233.4455  dynamic  Yes        0     Te1/5/13
   R    459 0011.2233.4456   static   No       -      Router
         75 0011.2233.4457  dynamic  Yes        5     Po4
   1    28af.fd99.82c7    STATIC      Vl1
"""
STATUS = """
Port      Name               Status       Vlan       Duplex  Speed Type
Fa0/1     *** connected to U notconnect   150          auto   auto 10/100BaseTX
Twe1/0/4  * Device 3 *       connected    123,1234   a-full    10G SFP-10GBase-SR
Twe1/0/17 suspended customer disabled     789          full    25G SFP-25GBase-SR
"""
STACK = """Cisco IOS XE Software, Version 16.12.04
Cisco IOS Software [Gibraltar], Catalyst L3 Switch Software (CAT9K_IOSXE), Version 16.12.4
ROM: IOS-XE ROMMON
sw.lantai_2 uptime is 1 year, 2 weeks
System image file is "flash:packages.conf"
cisco C9300-48P (X86) processor with 1331521K/6147K bytes of memory.
Processor board ID FCW0000A001
Model Number                       : C9300-48P
System Serial Number               : FCW0000A001

Switch 02
---------
Model Number                       : C9300-24T
System Serial Number               : FCW0000A002
"""


def answering(**answers: str) -> looking.Ask:
    return lambda line: answers.get(line.replace(" ", "_").replace("-", "_"), "")


def test_an_old_version_says_the_port_only_in_the_short_table() -> None:
    ask = answering(show_lldp_neighbors_detail=OLD_LLDP, show_lldp_neighbors=OLD_BRIEF)
    about = "Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 12.2(55)SE12"
    assert looking.neighbors(ask) == (
        Neighbor(
            "FastEthernet0/13", "sw-lama.kantor.example.go.id", "GigabitEthernet0/24", "lldp",
            "192.0.2.4", about
        ),
    )  # fmt: skip


def test_names_with_spaces_and_serial_numbers_are_read() -> None:
    seen = looking.neighbors(answering(show_cdp_neighbors_detail=CDP))
    assert [(n.port, n.device, n.remote_port, n.address) for n in seen] == [
        ("GigabitEthernet1/0/3", "AP Aula 1", "GigabitEthernet0", "192.0.2.9"),
        ("TenGigabitEthernet2/1/1", "core-1", "Ethernet1/7", ""),
    ]


def test_addresses_of_a_chassis_are_read_but_its_own() -> None:
    assert looking.learned(answering(show_mac_address_table=LEARNED)) == (
        Learned("TenGigabitEthernet1/5/13", 10, "00:11:22:33:44:55"),
        Learned("Port-channel4", 75, "00:11:22:33:44:57"),
    )


def test_names_that_look_like_states_are_names() -> None:
    found = looking.ports(answering(show_interfaces_status=STATUS))
    assert {p.port: (p.up, p.enabled, p.vlan, p.speed_mbps) for p in found.values()} == {
        "FastEthernet0/1": (False, True, 150, None),
        "TwentyFiveGigE1/0/4": (True, True, None, 10_000),
        "TwentyFiveGigE1/0/17": (False, False, 789, 25_000),
    }


def test_a_stack_is_the_first_of_its_switches() -> None:
    assert looking.identity(answering(show_version=STACK)) == (
        "sw.lantai_2", "C9300-48P", "16.12.04", "FCW0000A001",
    )  # fmt: skip


def test_stacked_ports_and_lists_on_several_lines() -> None:
    switch = Switch.parsed(
        "vlan 10,20-22\n!\ninterface GigabitEthernet2/0/7\n switchport trunk allowed vlan 10,20\n"
        " switchport trunk allowed vlan add 30-32,40\n switchport mode trunk\n"
        "interface TenGigabitEthernet1/1/1.10\n encapsulation dot1Q 10\n"
        "ip access-list extended LUAR\n 10 permit ip any any\n remark interface Vlan9\n"
    )
    assert sorted(switch.vlans) == [10, 20, 21, 22]
    trunk = switch.trunk("Gi2/0/7")
    assert trunk
    assert trunk.allowed == {10, 20, 30, 31, 32, 40}
    assert switch.port("te1/1/1.10") is None, "a case that IOS does not shorten so"
    assert switch.port("Te1/1/1.10")
    assert switch.port("Vlan9") is None


@pytest.mark.parametrize("sign", ["^C", "#", "@", "x"])
def test_a_banner_between_any_two_signs_is_no_configuration(sign: str) -> None:
    text = f"hostname SW\nbanner login {sign}\ninterface Vlan7\nhostname LAIN\n{sign}\nend\n"
    switch = Switch.parsed(text)
    assert switch.hostname == "SW"
    assert switch.port("Vlan7") is None
    assert "end" in switch.sections


def test_a_certificate_is_read_whole() -> None:
    body = ["  30820229 30820192 A0030201", "  02020101 300D0609", "  \tquit"]
    head = "crypto pki certificate chain TP-self-signed-1"
    text = "\n".join([head, " certificate self-signed 01", *body, "!", "end"])
    assert Switch.parsed(text).sections[head] == (
        "certificate self-signed 01",
        *(line.strip() for line in body),
    )


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("Gi1/0/1", "GigabitEthernet1/0/1"),
        ("gigabitethernet1/0/1", "GigabitEthernet1/0/1"),
        ("Gig 1/0/1", "GigabitEthernet1/0/1"),
        ("Fa0/1.20", "FastEthernet0/1.20"),
        ("Tw1/0/1", "TwoGigabitEthernet1/0/1"),
        ("Twe1/0/1", "TwentyFiveGigE1/0/1"),
        ("Po1", "Port-channel1"),
        ("Vl99", "Vlan99"),
        ("eth0", "eth0"),
        ("ge-0/0/0.0", "ge-0/0/0.0"),
        ("ether1", "ether1"),
        ("13", "13"),
    ],
)
def test_ports_in_full(short: str, long: str) -> None:
    assert full(short) == long


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("sw-1.kantor.example.go.id", "sw-1.kantor.example.go.id"),
        ("sw-1.KAMPUS", "sw-1"),
        ("sw-1.aula.kampus", "sw-1.aula"),
        ("sw.lantai_2", "sw.lantai_2"),
        ("sw-1.kampus", "sw-1"),
        ("192.0.2.9", "192.0.2.9"),
        ("not advertised", ""),
        ("44:48:c1:c4:dd:dd", "44:48:c1:c4:dd:dd"),
    ],
)
def test_names_without_their_domain(said: str, name: str) -> None:
    assert bare(said, "kampus") == name


@pytest.mark.parametrize(
    ("said", "mac"),
    [
        ("01aa.bbcc.ddee.ff", "aa:bb:cc:dd:ee:ff"),
        ("aabb.ccdd.eeff", "aa:bb:cc:dd:ee:ff"),
        ("0063.6973.636f.2d61.6162.622e.6363.6464.2e65.6566.662d.4769", "aa:bb:cc:dd:ee:ff"),
        ("ff00.0000.0100.0100.01", ""),
    ],
)
def test_clients_of_the_dhcp_server(said: str, mac: str) -> None:
    assert looking.client(said) == mac


BINDINGS = """
IP address      Client-ID/              Lease expiration        Type       State      Interface
                Hardware address/
192.0.2.21      0063.6973.636f.2d61.    Aug 21 2026 01:17 PM    Automatic  Active     Vlan100
                6162.622e.6363.6464.
                2e65.6566.662d.4769
192.0.2.22      0100.1122.3344.55       Aug 21 2026 02:00 PM    Automatic  Active     Vlan100
192.0.2.23      0011.2233.4466           --                     Automatic
"""


def test_an_identifier_on_several_lines_is_read_whole() -> None:
    assert looking.leases(answering(show_ip_dhcp_binding=BINDINGS)) == (
        Lease("192.0.2.21", "aa:bb:cc:dd:ee:ff"),
        Lease("192.0.2.22", "00:11:22:33:44:55"),
        Lease("192.0.2.23", "00:11:22:33:44:66"),
    )


@pytest.mark.parametrize(
    "lines",
    [
        """
Gi4/1     auto   low        on             7.1     6.3 Cisco IP Phone 0001     2 off       4.0
Gi4/2     off    n/a        off              0       0 n/a                   n/a off       n/a
""",
        """
Gi4/1     auto     IP Phone 0001  On     7.100 Watts
Gi4/2     auto     Unknown  Off        0.000 Watts
""",
        """
Gi4/1     auto   on         7.1        6.3        Ieee PD             4
Gi4/2     auto   off        0          0          n/a                 n/a       off       n/a
""",
    ],
)
def test_what_ports_feed_is_read_in_all_forms(lines: str) -> None:
    found = looking.ports(answering(show_power_inline=lines))
    assert {port: state.poe_watts for port, state in found.items()} == {
        "GigabitEthernet4/1": 7.1,
        "GigabitEthernet4/2": 0.0,
    }


def test_ports_that_follow_on_other_lines_belong_to_their_address() -> None:
    lines = (
        "Unicast Entries\n"
        "Te5/1     0011.2233.4455   dynamic ip,ipx,assigned,other TenGigabitEthernet5/1\n"
        "  ---     0011.2233.4456   dynamic  Yes  190   Gi1/7\n"
        "Multicast Entries\n"
        "  10      0100.5e00.0001   igmp Gi1/2,Gi1/3\n"
        "                                Po4,Switch\n"
        "  20      0100.5e00.0002   system\n"
    )
    found = rows("show mac address-table", lines)
    assert [(row["vlan_id"], row["destination_port"]) for row in found] == [
        ("", ["TenGigabitEthernet5/1"]),
        ("", ["Gi1/7"]),
        ("10", ["Gi1/2", "Gi1/3", "Po4"]),
        ("20", ["system"]),
    ]


def test_private_and_several_vlans_lose_no_port() -> None:
    lines = (
        "Gi1/0/1   Aula               connected    pvlan prom   full    10G SFP-10GBase-SR\n"
        "Gi1/0/2   Ruang 2            connected    123,1234   a-full a-1000 10/100/1000BaseTX\n"
        "Gi1/0/3   Ruang 3            unheard-of   5          a-full a-1000 10/100/1000BaseTX\n"
    )
    ports = looking.ports(answering(show_interfaces_status=lines))
    assert [(p.port, p.vlan, p.speed_mbps) for p in ports.values()] == [
        ("GigabitEthernet1/0/1", None, 10_000),
        ("GigabitEthernet1/0/2", None, 1000),
    ]


def test_a_neighbour_without_a_name_gets_its_port_if_only_one_can_be_meant() -> None:
    detail = OLD_LLDP.replace(
        "System Name: sw-lama.kantor.example.go.id", "System Name - not advertised"
    )
    brief = OLD_BRIEF.replace("sw-lama.kantor.exam", "not advertised     ")
    ask = answering(show_lldp_neighbors_detail=detail, show_lldp_neighbors=brief)
    assert [(n.port, n.device) for n in looking.neighbors(ask)] == [("FastEthernet0/13", "")]
    line = next(line for line in brief.splitlines() if "Fa0/13" in line)
    twice = brief.replace(line, f"{line}\n{line.replace('Fa0/13', 'Fa0/14')}")
    ask = answering(show_lldp_neighbors_detail=detail, show_lldp_neighbors=twice)
    assert [n.port for n in looking.neighbors(ask)] == [""]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("text", ["", "\n", "% LLDP is not enabled\n", "garbage here\n" * 3, "\0"])
def test_nonsense_is_no_row(command: str, text: str) -> None:
    assert rows(command, text) == []


def test_versions_write_the_same_rule_in_several_ways() -> None:
    assert plain("10 deny   ip any host 192.0.2.1") == plain("deny ip any host 192.0.2.1")
    assert plain("police 5000000 conform-action transmit") == plain("police cir 5000000 bc 156250")


def test_a_port_whose_vlan_is_decided_elsewhere_is_read() -> None:
    text = "interface GigabitEthernet1/0/3\n switchport access vlan dynamic\n"
    port = Switch.parsed(text).port("Gi1/0/3")
    assert port
    assert port.vlan == 0
