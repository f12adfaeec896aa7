"""What routers say of themselves, in the shapes of both versions, read without a session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from provisioner.drivers.network import NameResult, PowerBudget, Radio, Stranger
from provisioner.drivers.routeros.examining_addresses import (
    pinged,
    resolved,
    resolvers,
    scopes,
    strangers,
    way_out,
)
from provisioner.drivers.routeros.examining_air import air
from provisioner.drivers.routeros.examining_lines import LINES
from provisioner.drivers.routeros.examining_ports import budget, names_of_vlans, ports, vlan_ids
from provisioner.drivers.routeros.examining_shapes import blocks, moment, readable, size
from provisioner.drivers.routeros.examining_system import health, system


def said(**answers: str) -> dict[str, str]:
    return {**dict.fromkeys((*LINES, "rates"), ""), **answers}


# ---------------------------------------------------------------- shapes

STATS = """\
                      name:    ether1 ether2-uplink    sfp1
            driver-rx-byte: 9 612 406             0  20 366
              rx-fcs-error:         7             0      12
            rx-align-error:         1             0       0
         tx-late-collision:         0             0 1 004
"""
MEMBERS = """\
               interface: ether1 LAN      ether2          ether3
                  status: in-bridge       in-bridge       inactive
                    role: alternate-port  designated-port disabled-port
           root-path-cost: 10
                learning: no              no              no
              forwarding: no              yes             no
       declared-vlan-ids: 1
                          100
"""


def test_counters_stand_below_the_end_of_the_name() -> None:
    lines = STATS.replace("1 004\n", "  1 004\n")  # one is out of its column: still in its cut
    found = blocks(lines, "name", {"ether1", "ether2-uplink", "sfp1"})
    assert found["ether1"]["driver-rx-byte"] == "9 612 406"
    assert [each["rx-fcs-error"] for each in found.values()] == ["7", "0", "12"]


def test_words_stand_below_its_beginning() -> None:
    found = blocks(MEMBERS, "interface", {"ether1 LAN", "ether2", "ether3"})
    assert [each["role"] for each in found.values()] == [
        "alternate-port", "designated-port", "disabled-port",
    ]  # fmt: skip
    assert list(found) == ["ether1 LAN", "ether2", "ether3"]
    assert found["ether1 LAN"]["root-path-cost"] == "10"
    assert found["ether3"]["root-path-cost"] == ""


def test_one_of_them_is_a_block() -> None:
    found = blocks("  name: ether3 UniFi1\n  rate: 1Gbps\n", "name", {"ether3 UniFi1"})
    assert found == {"ether3 UniFi1": {"name": "ether3 UniFi1", "rate": "1Gbps"}}
    assert blocks("", "name") == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("40.2MiB", 40.2 * 2**20), ("1196.0KiB", 1196 * 1024), ("1GiB", 2**30), ("0bps", 0),
        ("11.2kbps", 11200), ("2.5Gbps", 2.5e9), ("100Mbps", 1e8), ("64", 64), ("x", None),
        ("", None),
    ],
)  # fmt: skip
def test_sizes(text: str, value: float | None) -> None:
    assert size(text) == (value if value is None else pytest.approx(value))


def test_moments() -> None:
    there = datetime(2026, 11, 22, 3, 0, 5, tzinfo=UTC)
    assert moment("nov/22/2026", "10:00:05", "+07:00") == there
    assert moment("2026-11-22", "10:00:05", "+07:00") == there
    assert moment("2026-11-21", "23:00:05", "-04:00") == there
    assert moment("jan/02/1970", "00:00:05", "+00:00") is not None
    for wrong in (("", "", ""), ("2026-11-22", "10:00:05", ""), ("x", "y", "+00:00")):
        assert moment(*wrong) is None


def test_what_nobody_can_read() -> None:
    assert readable("name: Café Aula\n")
    assert readable("")
    assert not readable("\x01\x02 abc \x7f\x80 \x1b")


# ---------------------------------------------------------------- the device


def test_health_of_both_versions() -> None:
    old = "        voltage: 24.1V\n    temperature: 34C\ncpu-temperature: 61C\n  psu2-state: fail\n"
    new = (
        "Columns: NAME, VALUE, TYPE\n #  NAME             VALUE  TYPE\n"
        " 0  cpu-temperature  61     C\n 1  fan1-speed       0      RPM\n"
        " 2  psu2-state       fail\n"
    )
    for text in (old, new):
        told = system(said(health=text), None)
        assert (told.temperature, told.alarms) == (61, ("psu2-state: fail",))
    assert health(" 0 name=temperature value=40 type=C\n") == {"temperature": "40"}
    assert system(said(), None).temperature is None


def test_clock_and_time_server() -> None:
    clock = "    time: 10:00:05\n    date: nov/22/2026\n  gmt-offset: +07:00\n"
    at = datetime(2026, 11, 22, 3, 0, 0, tzinfo=UTC)
    assert system(said(clock=clock), at).clock_offset == 5
    assert system(said(clock=clock), at + timedelta(hours=1)).clock_offset == -3595
    for ntp, told in (
        ("enabled: no\n", False), ("enabled: yes\nstatus: synchronized\n", True),
        ("enabled: yes\nstatus: waiting\n", False), ("", None),
        ("enabled: yes\nprimary-ntp: 10.1.1.1\npoll-interval: 15m\n", False),
        ("enabled: yes\nprimary-ntp: 10.1.1.1\nlast-update-from: 10.1.1.1\n", True),
    ):  # fmt: skip
        assert system(said(ntp=ntp), at).synchronized is told


# ---------------------------------------------------------------- ports

INTERFACES = """\
 0  RS name=ether1 LAN default-name=ether1 type=ether mtu=1500 link-downs=4
 1  RS name=ether2 default-name=ether2 type=ether mtu=1500 link-downs=0
 2   S name=ether3 default-name=ether3 type=ether mtu=1500
 3  R  name=bridge1 type=bridge mtu=auto
 4 X   comment=gudang name=sfp1 default-name=sfp1 type=ether
"""
BRIDGE = "0 R name=bridge1 mtu=auto protocol-mode=rstp vlan-filtering=yes pvid=1\n"
PORTS = """\
0 H interface=ether1 LAN bridge=bridge1 hw=yes pvid=1 frame-types=admit-only-vlan-tagged
1 H interface=ether2 bridge=bridge1 hw=yes pvid=20 frame-types=admit-all
2 XI interface=sfp1 bridge=bridge1 hw=yes pvid=30 frame-types=admit-all
"""
VLANS = """\
0   comment=Tamu bridge=bridge1 vlan-ids=20,30-32 tagged=bridge1,ether1 LAN untagged=ether2
1 D bridge=bridge1 vlan-ids=1 tagged="" untagged="" current-tagged="" current-untagged=bridge1
2 X bridge=bridge1 vlan-ids=99 tagged=ether2
"""


def test_vlans_of_a_switch() -> None:
    told = said(
        interfaces=INTERFACES, bridges=BRIDGE, members=PORTS, vlans=VLANS, tree=MEMBERS,
        routed="0 R name=vlan40 mtu=1500 vlan-id=40 interface=sfp1\n",
    )  # fmt: skip
    found = ports(told, {"vlans", "spanning_tree"})
    trunk, desk = found["ether1 LAN"], found["ether2"]
    assert (trunk.mode, trunk.untagged, trunk.tagged) == (
        "trunk", None, frozenset({20, 30, 31, 32}),
    )  # fmt: skip
    assert (desk.mode, desk.untagged, desk.tagged) == ("access", 20, frozenset())
    assert (found["sfp1"].mode, found["sfp1"].tagged) == ("trunk", frozenset({40}))
    assert (found["sfp1"].enabled, found["sfp1"].description) == (False, "gudang")
    assert [found[n].tree for n in ("ether1 LAN", "ether2", "ether3")] == [
        "blocking", "forwarding", None,
    ]  # fmt: skip
    assert trunk.changes == 4
    assert names_of_vlans(told) == {
        1: "", 20: "Tamu", 30: "Tamu", 31: "Tamu", 32: "Tamu", 40: "vlan40",
    }  # fmt: skip


def test_a_bridge_that_does_not_filter_tells_no_vlans() -> None:
    plain = BRIDGE.replace("filtering=yes", "filtering=no")
    usual = PORTS.replace("pvid=20", "pvid=1")
    found = ports(said(interfaces=INTERFACES, bridges=plain, members=usual), {"vlans"})
    assert found["ether2"].mode is None
    assert found["ether2"].tagged is None


def test_a_port_whose_vlan_its_bridge_does_not_heed_is_in_none() -> None:
    plain = BRIDGE.replace("filtering=yes", "filtering=no")
    found = ports(said(interfaces=INTERFACES, bridges=plain, members=PORTS), {"vlans"})
    assert (found["ether2"].untagged, found["ether2"].tagged) == (1, None)


def test_a_port_that_was_taken_out_of_the_bridge_passes_nothing() -> None:
    found = ports(said(interfaces=INTERFACES, bridges=BRIDGE, members=PORTS), {"vlans"})
    assert (found["sfp1"].untagged, found["sfp1"].tagged) == (0, frozenset())


def test_ranges_of_vlans() -> None:
    assert vlan_ids("10,20-22") == {10, 20, 21, 22}
    assert vlan_ids("") == frozenset()
    assert max(vlan_ids("1-999999")) == 4094


def test_errors_and_rates() -> None:
    detail = (
        ' 0  RS name="ether1" rx-byte=12 345 rx-drop=0 tx-drop=3 tx-queue-drop=1 204 rx-error=2 '
        'tx-error=0\n\n 1   S name="sfp1" rx-byte=0 rx-error=0 tx-error=1\n'
    )
    rates = (
        "                     name:    ether1  sfp1\n       rx-bits-per-second: 98.6Mbps  0bps\n"
        "       tx-bits-per-second:  1.2kbps  0bps\n"
    )
    interfaces = " 0 R name=ether1 type=ether\n 1 name=sfp1 type=ether\n"
    stats = STATS.replace("ether2-uplink", "       ether2")
    found = ports(
        said(interfaces=interfaces, counters=detail, frames=stats, rates=rates), {"ports"}
    )
    one, other = found["ether1"], found["sfp1"]
    assert (one.in_errors, one.out_errors, one.drops, one.collisions) == (8, 0, 1207, 0)
    assert one.in_bps == pytest.approx(98.6e6)
    assert one.out_bps == pytest.approx(1200)
    assert (other.in_errors, other.out_errors, other.drops) == (12, 1, None)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("powered-on", "on"),
        ("waiting-for-load", "searching"),
        ("disabled", "off"),
        ("overload", "denied"),
        ("short-circuit", "fault"),
        ("controller-upgrade", None),
    ],
)
def test_power(status: str, told: str | None) -> None:
    text = f"  name: ether2\n  poe-out-status: {status}\n  poe-out-power: 24.3W\n"
    answers = said(
        interfaces=INTERFACES, feeding=text, budget="  poe-out-limit-power: 240W\n"
    )  # fmt: skip
    assert ports(answers, {"power"})["ether2"].feeding == told
    assert budget(answers) == PowerBudget(240, 24.3)
    assert budget(said(feeding=text)) is None


# ---------------------------------------------------------------- addresses


def test_scopes() -> None:
    answers = said(
        servers=(
            "0   name=tamu interface=vlan20 address-pool=tamu lease-time=30m\n"
            "1 X name=lama interface=ether5 address-pool=static-only\n"
            "2 I name=rusak interface=*5 address-pool=lain\n"
        ),
        pools="0 name=tamu ranges=10.2.0.10-10.2.0.12,10.2.0.20\n1 name=lain ranges=10.9.0.0/30\n",
        networks="0 address=10.2.0.0/24 gateway=10.2.0.1\n1 address=bad\n",
        routed="0 R name=vlan20 vlan-id=20 interface=bridge1\n",
        leases=(
            "0 D address=10.2.0.10 mac-address=AA:00:00:00:00:01 status=bound\n"
            "1   address=10.2.0.11 mac-address=AA:00:00:00:00:02 status=waiting\n"
            "2 D address=10.2.0.12 status=expired\n3 X address=10.2.0.20 status=waiting\n"
            "4 D address=10.9.9.9 status=bound\n"
        ),
    )
    found = scopes(answers)
    assert [(s.name, s.network, s.vlan, s.size, s.used, s.enabled) for s in found] == [
        ("tamu", "10.2.0.0/24", 20, 4, 2, True), ("lama", "", None, 0, 0, False),
        ("rusak", "", None, 4, 0, False),
    ]  # fmt: skip


def test_strangers() -> None:
    message = "dhcp alert on vlan20: discovered unknown dhcp server, mac AA:BB:CC:DD:EE:01, ip "
    log = f'time=10:00:00 topics=dhcp,critical,error message="{message}192.168.1.1"\n'
    routed = "0 R name=vlan20 vlan-id=20 interface=bridge1\n"
    stranger = Stranger("192.168.1.1", "aa:bb:cc:dd:ee:01", "vlan20", 20)
    now = "0 interface=vlan20 valid-server= unknown-server=AA:BB:CC:DD:EE:01\n"
    gone = "0 interface=vlan20 valid-server= unknown-server=\n"
    assert strangers(said(log=log, routed=routed, alerts=now)) == (stranger,)
    assert strangers(said(log=log, routed=routed, alerts=gone)) == ()
    hosts = "0 DE mac-address=AA:BB:CC:DD:EE:01 vid=21 on-interface=ether7 bridge=bridge1\n"
    assert strangers(said(log=log, routed=routed, alerts=now, hosts=hosts)) == (
        Stranger("192.168.1.1", "aa:bb:cc:dd:ee:01", "ether7", 21),
    )


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        (" 0 A S  dst-address=0.0.0.0/0 gateway=10.0.0.1 gateway-status=10.0.0.1 reachable via  "
         "ether1 distance=1\n", ("10.0.0.1", "ether1")),
        ("0 As dst-address=0.0.0.0/0 routing-table=main gateway=10.0.0.1 "
         "immediate-gw=10.0.0.1%ether1 distance=1\n", ("10.0.0.1", "ether1")),
        ("DAv dst-address=0.0.0.0/0 routing-table=main gateway=pppoe-out1 "
         "immediate-gw=pppoe-out1 distance=1\n", ("", "pppoe-out1")),
        (" 0   S  dst-address=0.0.0.0/0 gateway=10.0.0.1 gateway-status=10.0.0.1 unreachable\n",
         ("", "")),
        ("0 As dst-address=0.0.0.0/0 routing-table=lain gateway=10.9.0.1 "
         "immediate-gw=10.9.0.1%ether9\n1 As dst-address=0.0.0.0/0 routing-table=main "
         "gateway=10.0.0.1 immediate-gw=10.0.0.1%ether1\n", ("10.0.0.1", "ether1")),
        ("", ("", "")),
    ],
)  # fmt: skip
def test_the_way_out(routes: str, expected: tuple[str, str]) -> None:
    assert way_out(said(routes=routes)) == expected


def test_resolvers_pings_and_names() -> None:
    dns = "           servers: 10.1.1.1,8.8.8.8\n   dynamic-servers: 10.1.1.1,9.9.9.9\n"
    assert resolvers(said(dns=dns)) == ("10.1.1.1", "8.8.8.8", "9.9.9.9")
    rows = "  SEQ HOST SIZE TTL TIME STATUS\n    0 10.0.0.1 timeout\n"
    for tail, expected in (
        ("sent=3 received=0 packet-loss=100%", (3, 0, None)),
        ("sent=3 received=2 packet-loss=33% min-rtt=1ms avg-rtt=1ms500us max-rtt=2ms",
         (3, 2, 1.5)),
        ("sent=3 received=3 packet-loss=0% min-rtt=1ms avg-rtt=1s20ms max-rtt=2s", (3, 3, 1020)),
    ):  # fmt: skip
        ping = pinged("10.0.0.1", f"{rows}    {tail}\n")
        assert ping is not None
        assert (ping.sent, ping.received, ping.ms) == expected
    assert pinged("10.0.0.1", rows) is None
    assert resolved("a.id", "10.0.0.9\n") == NameResult("a.id", ("10.0.0.9",))
    assert resolved("a.id", "what?\n") is None


# ---------------------------------------------------------------- radios


def test_wifi_of_version_seven() -> None:
    answers = said(**{
        "wifi": (
            "0 MBR name=wifi1 default-name=wifi1 radio-mac=AA:BB:CC:00:00:01 configuration=kantor "
            "configuration.mode=ap channel.band=5ghz-ax\n"
            "1 MBI name=wifi2 default-name=wifi2 configuration.mode=ap .ssid=LAMA "
            "channel.band=2ghz-ax\n"
            "2 BR name=tamu master-interface=wifi1 configuration.mode=ap .ssid=TAMU\n"
        ),
        "wifi names": "0 name=kantor ssid=KANTOR country=Indonesia\n",
        "wifi clients": "0 A interface=wifi1 ssid=KANTOR mac-address=AA:00:00:00:00:01\n",
        "log": (
            'time=2026-11-22 09:50:00 topics=wireless,info message="AA:00:00:00:00:02@tamu '
            'disconnected, key handshake timeout, signal strength -60"\n\n'
            'time=2026-11-21 09:50:00 topics=wireless,info message="AA:00:00:00:00:03@tamu '
            'disconnected, key handshake timeout, signal strength -60"\n\n'
            'time=2026-11-22 09:51:00 topics=wireless,info message="AA:00:00:00:00:01@wifi1 '
            'disconnected, connection lost, signal strength -80"\n'
        ),
        "clock": "time: 10:00:00\ndate: 2026-11-22\n",
    })  # fmt: skip
    radios, on_air = air("wifi", answers, {"wifi1": "state: running\nchannel: 5180/ax/Ceee\n"})
    assert radios == (
        Radio("wifi1", True, True, "5", 36), Radio("wifi2", True, False, "2.4", None),
    )  # fmt: skip
    assert [(n.ssid, n.radio, n.up, n.clients, n.refused) for n in on_air] == [
        ("KANTOR", "wifi1", True, 1, 0), ("LAMA", "wifi2", False, 0, 0),
        ("TAMU", "wifi1", True, 0, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("time", "date", "counted"),
    [
        ("00:01:00", "2026-11-23", 1), ("2026-11-22 23:50:00", "2026-11-23", 1),
        ("11-22 23:50:00", "2026-11-23", 1), ("2026-11-22 00:01:00", "2026-11-23", 0),
        ("nov/22 23:50:00", "nov/23/2026", 1), ("nov/22/2026 23:50:00", "nov/23/2026", 1),
        ("nov/21 23:50:00", "nov/23/2026", 0), ("nov/23/2025 00:01:00", "nov/23/2026", 0),
    ],
)  # fmt: skip
def test_who_was_turned_away_lately_also_around_midnight(
    time: str, date: str, counted: int
) -> None:
    why = "AA:00:00:00:00:02@wlan1: disconnected, unicast key exchange timeout"
    answers = said(
        wireless="0 R name=wlan1 ssid=KANTOR\n", clock=f"time: 00:16:00\ndate: {date}\n",
        log=f'time={time} topics=wireless,info message="{why}"\n',
    )  # fmt: skip
    assert air("wireless", answers, {})[1][0].refused == counted


def test_access_points_of_a_controller() -> None:
    answers = said(**{
        "caps-man": (
            "0 MBR name=cap1 master-interface=none configuration=kantor current-state=running-ap "
            "current-channel=2437/20-Ce/gn(20dBm)\n"
            "1 MXI name=cap2 master-interface=none configuration=kantor current-state=disabled\n"
        ),
        "caps-man names": "0 name=kantor ssid=KANTOR\n",
    })  # fmt: skip
    radios, on_air = air("caps-man", answers, {})
    assert [(r.name, r.enabled, r.up, r.channel) for r in radios] == [
        ("cap1", True, True, 6), ("cap2", False, False, None),
    ]  # fmt: skip
    assert [(n.ssid, n.radio) for n in on_air] == [("KANTOR", "cap1")]


def test_a_radio_of_version_six_is_up_without_a_client() -> None:
    """Its flag R only says that somebody is connected."""
    text = "0    name=wlan1 mode=ap-bridge ssid=KANTOR band=2ghz-b/g/n frequency=auto\n"
    state = "status: running-ap\nchannel: 2412/20-Ce/gn\nnoise-floor: -107dBm\n"
    radios, _ = air("wireless", said(wireless=text), {"wlan1": state})
    assert radios == (Radio("wlan1", True, True, "2.4", 1, None, -107),)
