"""What stands on a device already needs no line, though nobody could put it there by us."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from provisioner.drivers.ios import changes as ios
from provisioner.drivers.ios import objects
from provisioner.drivers.ios.configuration import Switch
from provisioner.drivers.ios.masking import masked, steady
from provisioner.drivers.linux import changes as linux
from provisioner.drivers.network import (
    AccessPort,
    Description,
    Intent,
    Preview,
    Reading,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.drivers.openwrt import changes as openwrt
from provisioner.drivers.routeros import changes as routeros
from provisioner.errors import Refused

IOS = """Building configuration...

Current configuration : 1157 bytes
!
version 15.2
hostname sw-arsip
!
vtp mode transparent
vlan 3,103
!
vlan 265
 name "RUANG ARSIP"
!
banner login ^CCCCCCC
interface Ethernet9/9
 description not one
^C
banner motd ^CC^C
!
interface Port-channel1
 switchport trunk allowed vlan 3,103,265
 switchport mode trunk
!
interface TenGigabitEthernet1/0/1
 switchport trunk allowed vlan 3,103,265
 switchport mode trunk
 channel-group 1 mode active
!
interface GigabitEthernet1/0/48
 description \u2192 lantai 2 (caf\u00e9)\x20
 switchport trunk allowed vlan 2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34
 switchport trunk allowed vlan add 36,38,40,100-110,3103
 switchport mode trunk
!
interface FastEthernet0/2
 description meja?
 switchport access vlan 103
 switchport mode access
 power inline static max 7000
!
line vty 0 4
 exec prompt timestamp
end
"""
STANDING = (
    Vlan(3, "VLAN0003"),
    Vlan(265, '"RUANG ARSIP"'),
    Description("Gi1/0/48", "\u2192 lantai 2 (caf\u00e9)"),
    TrunkMember("Te1/0/1", 265),
    TrunkMember("GigabitEthernet1/0/48", 3103),
    TrunkMember("GigabitEthernet1/0/48", 34),
    AccessPort("Fa0/2", 103, "meja?", poe=None),
)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_on_a_switch(end: str) -> None:
    text = IOS.replace("\n", end)
    switch = Switch.parsed(text)
    found = {intent.key: objects.found(switch, intent) for intent in STANDING}
    assert list(found.values()) == list(STANDING)
    read = Reading("h", "h", datetime.now(UTC), found, configuration=masked(steady(text)))
    wishes = [Wish(intent) for intent in STANDING]
    assert ios.preview(read, wishes) == Preview("h")
    assert {port.name for port in switch.ports()} >= {"Port-channel1", "FastEthernet0/2"}
    assert switch.port("Ethernet9/9") is None


@pytest.mark.parametrize("platform", [ios.preview, openwrt.preview, linux.preview])
@pytest.mark.parametrize(
    "intent",
    [
        Vlan(1, "default"),
        Vlan(7, "RUANG ARSIP"),
        Description("p1", "caf\u00e9?"),
        TrunkMember("p1", 1),
    ],
)
def test_on_any_platform(
    platform: Callable[[Reading, Sequence[Wish]], Preview], intent: Intent
) -> None:
    read = Reading("h", "h", datetime.now(UTC), {intent.key: intent})
    assert platform(read, [Wish(intent)]) == Preview("h")


ROUTER = r"""# 2024-11-08 10:11:12 by RouterOS 7.16.1
/interface bridge
add frame-types=\
    admit-only-vlan-tagged name=bridge1 vlan-filtering=yes
/interface ethernet
set [ find default-name=ether1 ] comment="caf\C3\A9 \"inti\" \$x"
set [ find default-name=ether2 ] comment="\CA\E0\E1" name="lan A" poe-out=\
    forced-on
/interface wifi
# managed by CAPsMAN 192.0.2.1, traffic processing on CAP
# mode: AP, SSID: tamu
add configuration.mode=ap master-interface=wifi1 name=wifi3
/interface bridge port
add bridge=bridge1 frame-types=admit-only-vlan-tagged interface=\
    ether1
add bridge=bridge1 frame-types=\
    admit-only-untagged-and-priority-tagged interface="lan A" pvid=10
/interface bridge vlan
add bridge=bridge1 comment="Jaringan utama" tagged=bridge1,ether1 vlan-ids=10
#error exporting "/interface/lte"
/system identity
set name=rt-arsip
"""


def test_on_a_router() -> None:
    standing = [
        Vlan(10, "Jaringan utama"), TrunkMember("ether1", 10),
        Description("ether1", 'caf\u00e9 "inti" $x'),
        AccessPort("lan A", 10, "\ufffd\ufffd\ufffd", poe=True),
    ]  # fmt: skip
    for text in (ROUTER, ROUTER.replace("\n", "\r\n")):
        read = Reading("h", "h", datetime.now(UTC), {}, configuration=text)
        assert routeros.preview(read, [Wish(intent) for intent in standing]) == Preview("h")


def test_what_could_not_be_put_back_is_left_alone() -> None:
    """Winbox writes comments in the code page of its machine, which we cannot write again."""
    read = Reading("h", "h", datetime.now(UTC), {}, configuration=ROUTER)
    with pytest.raises(Refused):
        routeros.preview(read, [Wish(Description("lan A", "meja"))])
    assert routeros.preview(read, [Wish(Description("ether1", "meja"))]).undo
