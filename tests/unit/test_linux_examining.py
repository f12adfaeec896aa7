"""What a Linux host says of itself, where no test can bring it about: air, heat, disks, clocks."""

from __future__ import annotations

import pytest

from provisioner.drivers.linux.examining_air import networks, radios
from provisioner.drivers.linux.examining_paths import gateway, name_result, ping_result
from provisioner.drivers.linux.examining_ports import ports
from provisioner.drivers.linux.examining_system import offset, system
from provisioner.drivers.linux.scripting import Answer
from provisioner.drivers.network import NameResult, PingResult

_DEV = """phy#0
\tInterface wlan0
\t\tifindex 4
\t\taddr 02:00:00:00:00:00
\t\tssid Kantor
\t\ttype AP
\t\tchannel 6 (2437 MHz), width: 20 MHz, center1: 2437 MHz
\t\ttxpower 20.00 dBm
\tInterface wlan0p301
\t\tssid Rapat
\t\ttype AP
"""
_SURVEY = """Survey data from wlan0
\tfrequency:\t\t\t2412 MHz
\tchannel active time:\t\t100 ms
\tchannel busy time:\t\t1 ms
Survey data from wlan0
\tfrequency:\t\t\t2437 MHz [in use]
\tnoise:\t\t\t\t-92 dBm
\tchannel active time:\t\t20000 ms
\tchannel busy time:\t\t19000 ms
"""
_SET_UP = """interface=wlan0
ssid=Kantor
hw_mode=g
channel=6
bss=wlan0p301
ssid2=5261706174
"""


def said(*words: str, **blocks: str) -> Answer:
    values: dict[str, list[str]] = {}
    for word, _, value in (text.partition(" ") for text in words):
        values.setdefault(word, []).append(value)
    return Answer(values, {name.replace("__", " "): text for name, text in blocks.items()}, True)


def test_radios_and_networks_on_the_air() -> None:
    answer = said("runs hostapd", air=_DEV, survey__wlan0=_SURVEY, stations__wlan0p301="")
    answer.blocks["stations wlan0"] = "Station 02:aa (on wlan0)\nStation 02:ab (on wlan0)\n"
    turned = "wlan0p301: AP-STA-POSSIBLE-PSK-MISMATCH 02:00:00:00:00:07\n"
    answer.blocks["join-log"] = turned * 3
    answer.blocks["/etc/hostapd/wlan0.conf"] = _SET_UP
    (radio,) = radios(answer)
    assert (radio.name, radio.up, radio.enabled, radio.band) == ("wlan0", True, True, "2.4")
    assert (radio.channel, radio.busy_percent, radio.noise_dbm) == (6, 95.0, -92)
    office, event = networks(answer)
    assert (office.ssid, office.up, office.clients, office.refused) == ("Kantor", True, 2, 0)
    assert (event.ssid, event.up, event.clients, event.refused) == ("Rapat", True, 0, 1)


def test_a_radio_that_does_not_transmit_and_one_that_is_switched_off() -> None:
    answer = said("phy wlan0 phy0", "rfkill phy0 1 0", air="phy#0\n\tInterface wlan0\n")
    answer.blocks["/etc/hostapd/wlan0.conf"] = _SET_UP
    (radio,) = radios(answer)
    assert (radio.up, radio.enabled) == (False, False)
    assert {each.up for each in networks(answer)} == {False}
    assert {each.refused for each in networks(answer)} == {None}, "without a journal it is unknown"


@pytest.mark.parametrize(("flags", "received"), [('"UP"', 3), ("", 0)])
def test_a_ping_of_its_own_address_tells_nothing_where_that_is_off(
    flags: str, received: int
) -> None:
    answer = said(
        addresses=f'[{{"ifname": "prov401", "flags": [{flags}], "addr_info": '
        '[{"local": "10.40.1.1", "prefixlen": 24}]}]'
    )
    answer.blocks["ping 10.40.1.1"] = "3 packets transmitted, 3 received, 0% packet loss"
    assert ping_result("10.40.1.1", answer) == PingResult("10.40.1.1", 3, received)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("3 packets transmitted, 3 received, 0% packet loss, time 405ms "
         "rtt min/avg/max/mdev = 0.267/0.294/0.326/0.024 ms", (3, 3, 0.294)),
        ("3 packets transmitted, 2 packets received, 33% packet loss "
         "round-trip min/avg/max = 0.5/0.7/0.9 ms", (3, 2, 0.7)),
        ("3 packets transmitted, 0 received, 100% packet loss", (3, 0, None)),
        ("ping: sendto: Network is unreachable", (3, 0, None)),
    ],
)  # fmt: skip
def test_pings_of_iputils_and_of_busybox(text: str, result: tuple[int, int, float | None]) -> None:
    assert ping_result("1.1.1.1", said(ping__A=text)) is None
    answer = said()
    answer.blocks["ping 1.1.1.1"] = text
    assert ping_result("1.1.1.1", answer) == PingResult("1.1.1.1", *result)


@pytest.mark.parametrize(
    ("text", "addresses", "error"),
    [
        ("Server:\t\t10.0.0.1\nAddress:\t10.0.0.1:53\n\nName:\ta.test\nAddress: 9.8.7.6\n",
         ("9.8.7.6",), ""),
        ("Server:    10.0.0.1\nAddress 1: 10.0.0.1\n\nName:      a.test\nAddress 1: 9.8.7.6\n",
         ("9.8.7.6",), ""),
        ("a.test has address 9.8.7.6\n", ("9.8.7.6",), ""),
        (";; ->>HEADER<<- opcode: QUERY, status: SERVFAIL, id: 1\n", (), "10.0.0.1: SERVFAIL"),
        (";; connection timed out; no servers could be reached\n", (),
         "10.0.0.1: connection timed out; no servers could be reached"),
    ],
)  # fmt: skip
def test_names_of_dig_nslookup_and_host(text: str, addresses: tuple[str], error: str) -> None:
    answer = said()
    answer.blocks["name a.test"] = f"\nprov-server 10.0.0.1\n{text}"
    assert name_result("a.test", answer) == NameResult("a.test", addresses, error)


def test_the_default_route_that_counts() -> None:
    routes = "default via 10.0.0.9 dev wwan0 metric 700\ndefault via 10.0.0.1 dev wan metric 100\n"
    assert gateway(said(routes=routes)) == ("10.0.0.1", "wan")
    assert gateway(said(routes="")) == ("", "")


def test_a_clock_is_wrong_by_no_more_than_what_was_said_proves() -> None:
    assert offset(said("clock 100.0", "clock 103.0"), 99.0, 104.0) == 0
    assert offset(said("clock 7300.0", "clock 7303.0"), 99.0, 104.0) == 7199
    assert offset(said("clock 10.0", "clock 13.0"), 99.0, 104.0) == -89
    assert offset(said(), 99.0, 104.0) is None


def test_what_a_host_complains_of() -> None:
    found = system(
        said(
            "uptime 120.5 1.0", "load 9.0 8.0 7.0 1/2 3", "processors 2", "heat 91000",
            "heat 255000", "alarm it87 fan1", "stat cpu 0 0 0 0 0 0 0 0 0 0",
            "stat cpu 97 0 0 3 0 0 0 0 0 0", "follows no", "serial X1",
            memory="MemTotal: 1000 kB\nMemAvailable:  30 kB\n",
            disk="Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/a 9 8 0 100% /\n",
            arrays="md0 : active raid1 sda1[0]\n      100 blocks [2/1] [U_]\n",
        )
    )  # fmt: skip
    assert (found.uptime, found.cpu_percent, found.memory_percent) == (120.5, 97.0, 97.0)
    assert (found.storage_percent, found.temperature, found.synchronized) == (100.0, 91.0, False)
    assert found.alarms == ("it87 fan1", "md0 [U_]")


def test_a_host_that_is_busy_with_the_question_alone_is_not_busy() -> None:
    found = system(
        said("load 0.1 0.1 0.1 1/2 3", "processors 2", "stat cpu 0 0 0 0 0 0 0 0",
             "stat cpu 97 0 0 3 0 0 0 0")
    )  # fmt: skip
    assert found.cpu_percent == 5.0


def test_a_vlan_interface_makes_its_port_a_trunk() -> None:
    links = (
        '[{"ifname": "eth0"}, {"ifname": "eth0.301", "link": "eth0", '
        '"linkinfo": {"info_kind": "vlan", "info_data": {"id": 301}}}]'
    )
    row = "port eth0 0x1003 1 1000 half 4 10 20 1 2 3 4"
    port = ports(said(row, links=links), ("ports", "vlans"))["eth0"]
    assert (port.mode, port.tagged, port.untagged) == ("trunk", {301}, None)
    assert (port.speed_mbps, port.duplex, port.collisions) == (1000, "half", 3)
    assert port.in_bps is None
