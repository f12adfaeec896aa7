"""What OpenWrt of several versions says, in excerpts of our own, and what is made of it."""

from __future__ import annotations

from provisioner.drivers.linux.scripting import Answer
from provisioner.drivers.network import Examination, Inquiry
from provisioner.drivers.openwrt.examining import examination
from provisioner.texts import say

CLOCK = 1_795_000_000


def told(blocks: dict[str, str], *words: str, cut: bool = False) -> Examination:
    lines = [f"prov-clock {CLOCK}", "prov-hostname ap-1", *(f"prov-{word}" for word in words)]
    for name, text in blocks.items():
        lines += ["", f"prov-block {name}", *(f" {line}" for line in text.strip("\n").split("\n"))]
    answer = Answer.parsed("\n".join([*lines, "prov-end", ""]))
    why = say("The session ended before all was asked: %(why)s", why="x") if cut else None
    return examination("ap-1", Inquiry(), answer, CLOCK, CLOCK + 1, why)


def test_a_switch_that_is_not_in_the_kernel() -> None:
    """19.07 with swconfig."""
    found = told(
        {
            "network": "network.lan=interface\nnetwork.lan.type='bridge'\n"
            "network.lan.ifname='eth0.1'\nnetwork.lan.ipaddr='192.168.8.1'\n"
            "network.lan.netmask='255.255.255.0'",
            "interfaces": "VLAN Dev name\t | VLAN ID\neth0.1         | 1  | eth0\n"
            "eth0.2         | 2  | eth0",
            "bridged": "/sys/class/net/br-lan/brif/eth0.1\n/sys/class/net/br-lan/brif/wlan0",
            "switch switch0": "Global attributes:\n\tenable_vlan: 1\nPort 0:\n\tpvid: 0\n"
            "\tlink: port:0 link:up speed:1000baseT full-duplex txflow rxflow\nPort 3:\n"
            "\tpvid: 1\n\tlink: port:3 link:up speed:100baseT half-duplex\n"
            "Port 4:\n\tpvid: 2\n\tlink: port:4 link:down\nVLAN 1:\n\tvid: 1\n\tports: 0t 3\n"
            "VLAN 2:\n\tvid: 2\n\tports: 0t 4",
            "dhcp": "dhcp.lan=dhcp\ndhcp.lan.interface='lan'\ndhcp.lan.start='100'\n"
            "dhcp.lan.limit='150'\ndhcp.wan=dhcp\ndhcp.wan.interface='wan'\ndhcp.wan.ignore='1'",
            "leases": f"{CLOCK + 60} 02:00:00:00:00:01 192.168.8.120 hp *\n"
            f"{CLOCK - 60} 02:00:00:00:00:02 192.168.8.121 * *\n"
            "0 02:00:00:00:00:03 192.168.8.122 printer *",
        },
        "runs dnsmasq",
    )
    cpu, third, fourth = (found.ports[f"switch0:{number}"] for number in (0, 3, 4))
    assert (cpu.mode, cpu.tagged) == ("trunk", {1, 2})
    assert (third.up, third.speed_mbps, third.duplex, third.untagged) == (True, 100, "half", 1)
    assert (fourth.up, fourth.speed_mbps, fourth.mode) == (False, None, "access")
    (scope,) = found.scopes
    assert (scope.interface, scope.vlan, scope.size, scope.used) == ("br-lan", 1, 150, 2)
    assert scope.enabled


def test_power_over_ethernet() -> None:
    poe = """{"firmware": "v17.1", "budget": 77.0, "consumption": 70.5, "ports": {
        "lan1": {"priority": 2, "mode": "PoE+", "status": "Delivering power", "consumption": 6.1},
        "lan2": {"status": "Requesting power"}, "lan3": {"status": "Other fault"},
        "lan4": {"status": "Searching"}, "lan5": {"status": "Disabled"}}}"""
    flags = "\n".join(f"/sys/class/net/lan{n}/flags:0x1003" for n in range(1, 6))
    found = told({"counters": f"/proc/uptime:99.10 1.0\n{flags}", "poe": poe})
    assert [found.ports[f"lan{number}"].feeding for number in range(1, 6)] == [
        "on", "denied", "fault", "searching", "off",
    ]  # fmt: skip
    assert found.ports["lan1"].watts == 6.1
    assert found.power is not None
    assert (found.power.available, found.power.used) == (77.0, 70.5)


WIRELESS = """
wireless.radio0=wifi-device
wireless.radio0.hwmode='11a'
wireless.radio0.channel='auto'
wireless.cfg033579=wifi-iface
wireless.cfg033579.device='radio0'
wireless.cfg033579.mode='ap'
wireless.cfg033579.ssid='Jum'\\''at'
wireless.cfg043579=wifi-iface
wireless.cfg043579.device='radio0'
wireless.cfg043579.mode='sta'
wireless.cfg043579.ssid='atas'
"""
RADIOS = '\t"radio0": {\n\t\t\t\t"section": "cfg033579",\n\t\t\t\t"ifname": "wlan0"'
SURVEY = """
Survey data from wlan0
\tfrequency:\t\t\t5180 MHz [in use]
\tnoise:\t\t\t\t-103 dBm
\tchannel active time:\t\t{active} ms
\tchannel busy time:\t\t{busy} ms
Survey data from wlan0
\tfrequency:\t\t\t5200 MHz
\tchannel active time:\t\t50 ms
\tchannel busy time:\t\t50 ms
"""
AIR = """
phy#0
\tInterface wlan0
\t\tifindex 12
\t\taddr 02:00:00:00:00:01
\t\tssid Jum'at
\t\ttype AP
\t\tchannel 36 (5180 MHz), width: 80 MHz, center1: 5210 MHz
"""


def test_a_radio_of_a_section_without_a_name() -> None:
    """21.02 with iw; the channel is told by what came between two looks."""
    surveys = SURVEY.format(active=811909, busy=63395) + SURVEY.format(active=812909, busy=64355)
    log = (
        f"Sun Nov 22 16:30:02 2026 [{CLOCK - 30}.120] daemon.notice hostapd: wlan0: "
        "AP-STA-POSSIBLE-PSK-MISMATCH 02:00:00:00:00:07\n"
        * 3
        + f"Sun Nov 22 10:30:02 2026 [{CLOCK - 9000}.120] daemon.notice hostapd: wlan0: "
        "AP-STA-POSSIBLE-PSK-MISMATCH 02:00:00:00:00:08"
    )
    blocks = {"wireless": WIRELESS, "radios": RADIOS, "air": AIR, "survey wlan0": surveys}
    found = told({**blocks, "stations wlan0": "Station 02:00:00:00:00:09 (on wlan0)", "log": log})
    (radio,) = found.radios
    assert (radio.enabled, radio.up, radio.band, radio.channel) == (True, True, "5", 36)
    assert (radio.busy_percent, radio.noise_dbm) == (96.0, -103)
    (network,) = found.on_air
    assert (network.ssid, network.up, network.clients, network.refused) == ("Jum'at", True, 1, 1)


def test_a_radio_that_waits_for_radar_is_up_and_one_without_channel_is_not() -> None:
    silent = AIR.replace("\t\tssid Jum'at\n", "").partition("\t\tchannel")[0]
    blocks = {"wireless": WIRELESS, "radios": RADIOS, "air": silent}
    assert not told(blocks).radios[0].up
    assert told({**blocks, "hostapd wlan0": '\t"status": "DFS",'}).radios[0].up
    assert not told({**blocks, "hostapd wlan0": '\t"status": "DISABLED",'}).radios[0].up


def test_a_driver_without_iw() -> None:
    iwinfo = (
        'wlan0     ESSID: "Jum\'at"\n          Access Point: 02:00:00:00:00:01\n'
        "          Mode: Master  Channel: 40 (5.200 GHz)\n          Signal: unknown\n"
    )
    blocks = {"wireless": WIRELESS, "radios": RADIOS}
    found = told({**blocks, "iwinfo": iwinfo})
    assert (found.radios[0].up, found.radios[0].channel) == (True, 40)
    assert found.on_air[0].up
    nothing = told(blocks)
    assert "iw" in nothing.untold["wireless"]


def test_what_is_not_told_is_not_made_up() -> None:
    found = told({"counters": "/proc/uptime:1.00 0\n/sys/class/net/eth0/flags:0x1003"})
    port = found.ports["eth0"]
    assert (port.duplex, port.speed_mbps, port.in_errors, port.changes) == (None,) * 4
    assert (found.system.cpu_percent, found.system.memory_percent) == (None, None)
    assert found.vlans is None
    cut = told({"flash": "x"}, cut=True)
    assert {"ports", "vlans", "addresses", "wireless"} <= set(cut.untold)
    broken = told({"poe": "{", "board": "["})
    assert broken.system.model == ""
    assert broken.power is None


def test_flash_is_the_overlay_and_never_the_squashfs() -> None:
    df = (
        "Filesystem           1K-blocks      Used Available Use% Mounted on\n"
        "/dev/root                 4352      4352         0 100% /\n"
        "tmpfs                    62000     61000      1000  98% /tmp\n"
        "/dev/mtdblock6            1000       250       750  25% /overlay\n"
    )
    assert told({"flash": df}).system.storage_percent == 25.0
    only = "\n".join(df.splitlines()[:2])
    assert told({"flash": only}).system.storage_percent is None
