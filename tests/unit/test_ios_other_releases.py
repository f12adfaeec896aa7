"""What switches and routers of other releases write, in texts of our own: each was misread once."""

from __future__ import annotations

import pytest

from provisioner.drivers.ios import looking
from provisioner.drivers.ios.tables import rows
from tests.unit.test_ios_tables import answering

_DETAIL = """
Chassis id: {chassis}
Port id: {port}
Port Description - not advertised
System Name - not advertised

Time remaining: 95 seconds
"""


def test_a_neighbour_without_a_name_stands_in_the_short_table_by_its_chassis() -> None:
    chassis = {"192.0.2.21": "0200.5e00.0021", "0200.5e00.0099": "0200.5e00.0099"}
    detail = "------------------------------------------------".join(
        _DETAIL.format(chassis=name, port=port) for name, port in chassis.items()
    )
    brief = (
        "Device ID           Local Intf     Hold-time  Capability      Port ID\n"
        "192.0.2.21          Gi1/0/7        161        B,T             0200.5e00.0021\n"
        "0200.5e00.0099      Gi1/0/9        3070                       0200.5e00.0099\n"
    )
    ask = answering(show_lldp_neighbors_detail=detail, show_lldp_neighbors=brief)
    found = {n.remote_port: n.port for n in looking.neighbors(ask)}
    assert found == {
        "0200.5e00.0021": "GigabitEthernet1/0/7", "0200.5e00.0099": "GigabitEthernet1/0/9",
    }  # fmt: skip


def test_groups_are_joined_and_not_heard() -> None:
    text = (
        " vlan     mac address     type        protocols               port\n"
        "---------+---------------+--------+---------------------+--------------------\n"
        "  10      0200.5e00.0001   dynamic ip,ipx,assigned,other GigabitEthernet1/3\n"
        "\nMulticast Entries\n vlan     mac address     type    ports\n"
        "---------+---------------+-------+-------------------------------------------\n"
        "  10      0100.5e01.0203     igmp Gi1/3,Gi1/4,Gi1/5\n"
        "                                  Gi2/1,Gi2/2,Switch\n"
        "  10      ffff.ffff.ffff   system Gi1/3,Switch\n"
    )
    found = looking.learned(answering(show_mac_address_table=text))
    assert [(each.port, each.mac) for each in found] == [
        ("GigabitEthernet1/3", "02:00:5e:00:00:01")
    ]


def test_a_cut_description_ends_with_its_last_letter() -> None:
    """A row that the published template does not know (``No XCVR``) makes us read the table."""
    text = (
        "Port      Name               Status       Vlan       Duplex  Speed Type\n"
        "Gi1/1     Ruang Arsip        connected    12         a-full a-1000 10/100/1000-TX\n"
        "Te1/1/2   VSL                connected    trunk        full  a-10G 10GBase-SR\n"
        "Te2/1/2                      disabled     1            full   auto No XCVR\n"
        "what no template knows\n"
    )
    found = looking.ports(answering(show_interfaces_status=text))
    assert [found[name].description for name in found] == ["Ruang Arsip", "VSL", ""]
    assert found["TenGigabitEthernet1/1/2"].speed_mbps == 10_000


def test_what_is_no_port_ends_the_one_before_it() -> None:
    text = (
        "GigabitEthernet0/1.20 is up, line protocol is up \n"
        "  Encapsulation 802.1Q Virtual LAN, Vlan ID  20.\n"
        "Control Plane Interface is up, line protocol is up \n"
        "  Description: of nobody\n"
        "     17 input errors, 0 CRC, 0 frame, 0 overrun, 0 ignored\n"
    )
    (found,) = rows("show interfaces", text + "     what no template knows\n")
    assert (found["interface"], found["description"]) == ("GigabitEthernet0/1.20", "")
    assert not found["input_errors"]


@pytest.mark.parametrize("name", ["sw-lama.kantor.exampl", "sw-lama.kantor.examp"])
def test_names_that_fill_their_column_touch_the_port(name: str) -> None:
    brief = (
        "Device ID           Local Intf     Hold-time  Capability      Port ID\n"
        f"{name[:20]}Gi0/13         120        B               Gi0/24\n"
        "\nTotal entries displayed: 1\n"
    )
    (found,) = rows("show lldp neighbors", brief)
    assert (found["neighbor_name"], found["local_interface"]) == (name[:20], "Gi0/13")


def test_a_neighbour_is_told_wherever_its_lines_begin() -> None:
    """Some terminals and copies move lines to the right; no neighbour goes for that."""
    told = (
        "-------------------------\n{}Device ID: sw-{}\nEntry address(es):\n"
        "Platform: cisco WS-C2960-8TC-L,  Capabilities: Switch IGMP\n"
        "Interface: GigabitEthernet1/0/{},  Port ID (outgoing port): GigabitEthernet0/1\n"
        "Holdtime : 164 sec\n\nVersion :\nCisco IOS Software\n\nadvertisement version: 2\n"
    )
    text = told.format("", 1, 1) + told.format(" ", 2, 2)
    found = looking.neighbors(answering(show_cdp_neighbors_detail=text))
    assert [(each.device, each.port) for each in found] == [
        ("sw-1", "GigabitEthernet1/0/1"), ("sw-2", "GigabitEthernet1/0/2"),
    ]  # fmt: skip
