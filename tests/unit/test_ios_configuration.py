"""What is read out of a switch's configuration, and what nobody is shown of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.drivers.ios.configuration import ALL_VLANS, Switch, numbers, remaining
from provisioner.drivers.ios.masking import MASK, masked, steady
from provisioner.drivers.ios.objects import found, problem
from provisioner.drivers.ios.scopes import Abilities
from provisioner.drivers.network import AccessPort, Intent, Ssid, TrunkMember, Vlan
from tests.recordings import FOLDER, quoted

RECORDED = FOLDER / "cisco_ios"

TEXT = """Building configuration...

Current configuration : 4711 bytes
!
! Last configuration change at 18:41:02 UTC Thu Nov 24 2016 by admin
! NVRAM config last updated at 18:41:05 UTC Thu Nov 24 2016
!
version 15.2
hostname SW-Aula
!
vtp mode transparent
!
vlan internal allocation policy ascending
!
vlan 10,20,30-32
!
vlan 301
 name PROV-WIFI-2026-0001
!
archive
 path flash:before
!
interface Port-channel1
 switchport trunk allowed vlan 10
 switchport mode trunk
!
interface GigabitEthernet1/0/1
 description meja satu, "depan" | kiri
 switchport access vlan 20
 switchport mode access
!
interface GigabitEthernet1/0/2
 switchport trunk allowed vlan 1-5,10
 switchport trunk allowed vlan add 20,301
 switchport trunk allowed vlan add 1000-1002
 switchport mode trunk
!
interface GigabitEthernet1/0/3
 switchport mode trunk
!
interface GigabitEthernet1/0/4
 switchport trunk allowed vlan none
 switchport mode trunk
!
interface GigabitEthernet1/0/5
 switchport trunk allowed vlan except 301-400
 switchport mode trunk
!
interface GigabitEthernet1/0/6
 switchport trunk allowed vlan 10
 switchport mode trunk
 channel-group 1 mode active
!
interface GigabitEthernet1/0/7
!
interface GigabitEthernet1/0/8
 no switchport
 ip address 192.0.2.1 255.255.255.0
!
ntp clock-period 17179869
end
"""
SWITCH = Switch.parsed(TEXT)


def port(number: int) -> str:
    return f"GigabitEthernet1/0/{number}"


@pytest.mark.parametrize(
    ("intent", "there"),
    [
        (Vlan(301, "x"), Vlan(301, "PROV-WIFI-2026-0001")),
        (Vlan(31, "x"), Vlan(31, "VLAN0031")),
        (Vlan(302, "x"), None),
        (TrunkMember(port(2), 301), TrunkMember(port(2), 301)),
        (TrunkMember(port(2), 1001), TrunkMember(port(2), 1001)),
        (TrunkMember(port(2), 6), None),
        (TrunkMember(port(3), 4094), TrunkMember(port(3), 4094)),
        (TrunkMember(port(4), 10), None),
        (TrunkMember(port(5), 350), None),
        (TrunkMember(port(5), 300), TrunkMember(port(5), 300)),
        (TrunkMember("gigabitethernet1/0/2", 20), TrunkMember("gigabitethernet1/0/2", 20)),
        (TrunkMember(port(1), 20), None),
        (TrunkMember(port(6), 10), TrunkMember(port(6), 10)),
        (AccessPort(port(1), 1, ""), AccessPort(port(1), 20, 'meja satu, "depan" | kiri')),
        (AccessPort(port(7), 20, "x"), None),
        (AccessPort(port(9), 20, "x"), None),
    ],
)
def test_objects_are_found_as_they_are(intent: Intent, there: Intent | None) -> None:
    assert found(SWITCH, intent) == there


@pytest.mark.parametrize(
    ("intent", "why"),
    [
        (TrunkMember(port(2), 301), None),
        (TrunkMember(port(9), 301), "there is no port GigabitEthernet1/0/9"),
        (TrunkMember(port(1), 301), "GigabitEthernet1/0/1 is not set up as a trunk"),
        (TrunkMember(port(7), 301), "GigabitEthernet1/0/7 is not set up as a trunk"),
        (TrunkMember(port(8), 301), "GigabitEthernet1/0/8 is no switch port"),
        (TrunkMember(port(6), 301), None),
        (AccessPort(port(7), 301, ""), None),
        (AccessPort(port(2), 301, ""), "GigabitEthernet1/0/2 is a trunk"),
        (AccessPort(port(7), 302, ""), "there is no VLAN 302"),
        (Ssid("WIFI-2026-0001", "x", "open", 301, "eth0", True), "a switch announces no WiFi"),
        (Vlan(302, "x"), None),
    ],
)
def test_problems_are_told(intent: Intent, why: str | None) -> None:
    told = problem(SWITCH, intent, [intent], Abilities())
    assert (told and str(told)) == why


def test_a_vtp_client_makes_no_vlan_but_one_that_is_there_is_no_problem() -> None:
    there = Vlan(301, "PROV-WIFI-2026-0001")
    assert problem(SWITCH, there, [], Abilities(vtp_client=True)) is None
    assert problem(SWITCH, Vlan(302, "x"), [], Abilities(vtp_client=True))


def test_an_access_port_may_use_a_vlan_that_is_asked_for_too() -> None:
    wanted = [AccessPort(port(7), 302, ""), Vlan(302, "x")]
    assert problem(SWITCH, wanted[0], wanted, Abilities()) is None


@given(st.sets(st.integers(1, 4094)))
def test_vlan_lists_are_read_whatever_their_shape(vlans: set[int]) -> None:
    assert numbers(",".join(map(str, vlans))) == vlans


def test_ranges() -> None:
    assert numbers("1-4094") == ALL_VLANS
    assert numbers("") == frozenset()


def test_a_banner_is_no_configuration() -> None:
    banner = "banner motd ^C\nhostname evil\nvlan 666\n name X\n% Dilarang masuk\n^C\n"
    assert Switch.parsed(banner + TEXT) == SWITCH


def test_volatile_lines_are_left_out() -> None:
    text = steady(TEXT)
    assert text.startswith("version 15.2\n")
    assert "bytes" not in text
    assert "Nov" not in text
    assert "clock-period" not in text
    assert text.endswith("\nend\n")
    assert steady(TEXT.replace("18:41", "19:17").replace("17179869", "17180001")) == text


@pytest.mark.parametrize(
    "line",
    [
        "enable secret 5 $1$abc$SECRET",
        "enable password SECRET",
        "enable password 7 SECRET",
        "username admin privilege 15 secret 9 $9$SECRET",
        "username admin privilege 15 password 0 my SECRET",
        "snmp-server community SECRET RO 10",
        "snmp-server host 192.0.2.1 version 2c SECRET",
        "snmp-server host 192.0.2.1 SECRET",
        "snmp-server host 192.0.2.1 traps version 3 priv SECRET",
        "snmp-server user nms g v3 auth sha SECRET priv aes 128 SECRET",
        "tacacs-server key 7 SECRET",
        "tacacs-server host 192.0.2.1 key SECRET",
        "radius-server host 192.0.2.1 auth-port 1812 acct-port 1813 key 7 SECRET",
        " key 7 SECRET",
        " key-string SECRET words",
        "  key-string 7 SECRET",
        " server-key SECRET",
        "crypto isakmp key SECRET address 192.0.2.1",
        " pre-shared-key SECRET",
        " ip ospf message-digest-key 1 md5 7 SECRET",
        " ip ospf authentication-key SECRET",
        "ntp authentication-key 1 md5 SECRET 7",
        " neighbor 192.0.2.1 password 7 SECRET",
        " standby 1 authentication md5 key-string SECRET",
        " standby 1 authentication SECRET",
        " vrrp 1 authentication text SECRET",
        " glbp 1 authentication md5 key-string 7 SECRET",
        " ip nhrp authentication SECRET",
        " ppp chap password 0 SECRET",
        " wpa-psk ascii 0 SECRET",
        " security wpa akm psk set-key ascii 0 SECRET",
        " path ftp://user:SECRET@192.0.2.1/file",
        "ip ftp password SECRET",
        "SW(config)#username x secret SECRET",
    ],
)
def test_secrets_are_masked(line: str) -> None:
    shown = masked(f"!\n{line}\n!")
    assert "SECRET" not in shown
    assert MASK in shown


@pytest.mark.parametrize(
    "line",
    [
        "service password-encryption",
        "hostname key-west",
        "key chain OSPF",
        "crypto key generate rsa",
        " description kunci: key 7, password kosong",
        " name secret-garden",
        "vlan 301",
        "aaa new-model",
        "ip ssh version 2",
        " glbp 10 authentication md5 key-chain OSPF",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert masked(line) == line


def test_secrets_that_are_known_are_masked_wherever_they_stand() -> None:
    assert masked("Halo rahasia123!\nrahasia", ["rahasia", "rahasia123", None, ""]) == (
        f"Halo {MASK}!\n{MASK}"
    )


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        (["vlan 301", " name PROV-WIFI-2026-0001"], []),
        (["vlan 301", " name other"], ["vlan 301", " name other"]),
        (["vlan 302", " name x"], ["vlan 302", " name x"]),
        (["no vlan 302"], []),
        (["no vlan 301"], ["no vlan 301"]),
        (["no vlan 20"], ["no vlan 20"]),
        (["interface " + port(2), " switchport trunk allowed vlan remove 6"], []),
        (
            ["interface " + port(2), " switchport trunk allowed vlan add 6"],
            ["interface " + port(2), " switchport trunk allowed vlan add 6"],
        ),
        (
            ["interface " + port(1), " no description", " switchport access vlan 20"],
            ["interface " + port(1), " no description"],
        ),
        (["interface " + port(9), " no description"], []),
    ],
)
def test_only_what_is_not_so_yet_remains(lines: list[str], left: list[str]) -> None:
    assert list(remaining(lines, SWITCH, {301: "PROV-WIFI-2026-0001"})) == left


def test_a_vlan_that_somebody_has_named_otherwise_is_not_ours_to_remove() -> None:
    assert remaining(["no vlan 301"], SWITCH, {301: "ANOTHER"}) == ()


# ---------------------------------------------------------------- recorded on real devices


def recorded(name: str) -> str:
    return (RECORDED / name).read_text()


@quoted("cisco_ios")
@pytest.mark.parametrize("number", [1, 2, 3])
def test_recorded_configurations_are_understood(number: int) -> None:
    text = recorded(f"running-config-{number}.txt")
    switch = Switch.parsed(text)
    assert switch.hostname == "CSR1"
    assert not switch.archives
    assert switch.port("gigabitethernet1")
    shown = masked(steady(text))
    assert "cisco\n" not in shown.lower().replace("cisco ios", "")
    assert shown.startswith("version")
    again = Switch.parsed(shown)
    assert again.sections.keys() - switch.sections.keys() <= {
        line for line in again.sections if MASK in line
    }


@quoted("cisco_ios")
def test_recorded_vlans_are_understood() -> None:
    switch = Switch.parsed("hostname x\n", recorded("show_vlan.raw"))
    assert switch.vlans == {
        1: "default",
        10: "Management",
        50: "VLan50",
        60: "VLan60",
        1002: "fddi-default",
        1003: "token-ring-default",
        1004: "fddinet-default",
        1005: "trnet-default",
    }


@quoted("cisco_ios")
def test_recorded_interfaces_are_understood() -> None:
    switch = Switch.parsed(recorded("show_running-config_interface.raw"))
    found_port = switch.port("GigabitEthernet2/0/4.223415")
    assert found_port
    assert found_port.value("description") == "DISTRIBUTION  | 2048K"
