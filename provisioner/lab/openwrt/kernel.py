"""What the kernel of a simulated device tells in /proc and /sys, with the faults of its state."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Interface
from typing import TYPE_CHECKING

from provisioner.lab.openwrt.calling import encoded
from provisioner.lab.openwrt.filesystem import Directory, File, Node, Special
from provisioner.lab.openwrt.radios import text, words

if TYPE_CHECKING:
    from provisioner.lab.openwrt.device import OpenWrtDevice

LONG_UP = 30 * 86400
"""Seconds that a device has been up when its lab begins."""
_MBPS, _USUAL_SHARE = 1000, 0.002
_MEMORY = 250_000
_USUAL = {"cpu": 6, "memory": 41, "flash": 3}
"""Percent of a device that is well."""


class Kernel:
    """Counters follow from the uptime, so that two readings fit together whatever lies between."""

    def __init__(self, device: OpenWrtDevice) -> None:
        self._device = device
        self._began = time.monotonic() - LONG_UP
        self._noticed: float | None = None
        self._now: float | None = None

    # ------------------------------------------------------------------ time

    def boots(self, *, anew: bool) -> None:
        self._began = time.monotonic() - (0 if anew else LONG_UP)

    def uptime(self) -> float:
        """In hundredths, and the same for all that is read at once."""
        if self._now is None:
            self._now = int(self._elapsed() * 100) / 100
            try:
                asyncio.get_running_loop().call_soon(self._pass)
            except RuntimeError:
                now, self._now = self._now, None
                return now
        return self._now

    def _pass(self) -> None:
        self._now = None

    def _elapsed(self) -> float:
        fault = self._device.shows("rebooted")
        if fault is None:
            self._noticed = None
            return time.monotonic() - self._began
        self._noticed = self._noticed or time.monotonic()
        return float(fault["seconds"]) + time.monotonic() - self._noticed

    def clock(self) -> float:
        """As the device believes it to be."""
        fault = self._device.shows("clock-wrong")
        return time.time() + (float(fault["seconds"]) if fault else 0)

    def percent(self, what: str, fault: str) -> float:
        shown = self._device.shows(fault)
        return float(shown["percent"]) if shown else _USUAL[what]

    # ------------------------------------------------------------------ /proc

    def files(self) -> dict[str, Node]:
        """By path, all but what is there of each port."""
        made: dict[str, Callable[[], str]] = {
            "/proc/stat": self._stat,
            "/proc/loadavg": self._load,
            "/proc/meminfo": self._memory,
            "/proc/cpuinfo": lambda: "system type : simulated\nprocessor\t\t: 0\n",
            "/proc/net/arp": self._arp,
            "/proc/net/vlan/config": self._vlans,
            "/sys/class/thermal/thermal_zone0/temp": self._heat,
        }
        return {path: _told(each) for path, each in made.items()}

    def _stat(self) -> str:
        jiffies = int(self.uptime() * 100 * 60 / self._device.minute)
        busy = int(jiffies * self.percent("cpu", "cpu-busy") / 100)
        return f"cpu  {busy} 0 0 {jiffies - busy} 0 0 0 0 0 0\n"

    def _load(self) -> str:
        load = self.percent("cpu", "cpu-busy") / 100 + 0.15
        return f"{load:.2f} {load:.2f} {load:.2f} 1/60 2000\n"

    def _memory(self) -> str:
        free = int(_MEMORY * (1 - self.percent("memory", "memory-low") / 100))
        return f"MemTotal: {_MEMORY:>10} kB\nMemFree: {free // 2:>10} kB\nMemAvailable: {free} kB\n"

    def _heat(self) -> str:
        fault = self._device.shows("overheated")
        return f"{int(float(fault['celsius']) * 1000) if fault else 52000}\n"

    def _arp(self) -> str:
        rows = ["IP address       HW type     Flags       HW address            Mask     Device"]
        known = dict(self._device.surroundings.arp)
        if self._device.reach.gateway_answers():
            known.setdefault(self._device.gateway, ("br-lan", "02:00:5e:00:00:01"))
        else:
            known[self._device.gateway] = ("br-lan", "")
        for address, (interface, mac) in known.items():
            flags = "0x2" if mac else "0x0"
            shown = mac or "00:00:00:00:00:00"
            rows.append(
                f"{address:16} 0x1         {flags}         {shown}     *        {interface}"
            )
        return "\n".join(rows) + "\n"

    def _vlans(self) -> str:
        rows = ["VLAN Dev name\t | VLAN ID", "Name-Type: VLAN_NAME_TYPE_RAW_PLUS_VID_NO_PAD"]
        for name in self.interfaces():
            parent, _, number = name.rpartition(".")
            if parent and number.isdecimal():
                rows.append(f"{name:15}| {number:<5}| {parent}")
        return "\n".join(rows) + "\n"

    # ------------------------------------------------------------------ /sys/class/net

    def interfaces(self) -> list[str]:
        radios = self._device.radios
        names = {"lo", *self._device.ports}
        for section in radios.interfaces():
            device = text(section, "device", "lo")
            names |= {device} | radios.ports(device)
        return sorted(filter(None, names | set(self._device.live())))

    def net(self) -> Directory:
        """/sys/class/net as the configuration makes it."""
        bridges = dict(self._bridges())
        return Directory({name: self._interface(name, bridges) for name in self.interfaces()})

    def _bridges(self) -> Iterator[tuple[str, list[str]]]:
        radios = self._device.radios
        for section in radios.network.sections:
            if section.kind == "device" and text(section, "type", "") == "bridge":
                name = text(section, "name", "")
                inside = words(section, "ports")
                for station in self._device.live().values():
                    nets = [s for s in radios.interfaces() if s.name in station.networks]
                    if any(text(s, "device", "").partition(".")[0] == name for s in nets):
                        inside.append(station.interface)
                yield name, inside

    def _interface(self, name: str, bridges: dict[str, list[str]]) -> Directory:
        def special(tell: Callable[[], object]) -> Special:
            return _told(lambda: f"{tell()}\n")

        kind = ""
        files: dict[str, Node] = {
            "carrier": special(lambda: int(self.plugged(name))),
            "flags": special(lambda: "0x1002" if name in self._device.down else "0x1003"),
            "speed": special(lambda: _MBPS if self.plugged(name) else -1),
            "duplex": special(lambda: self._duplex(name)),
            "carrier_changes": special(lambda: self._changes(name)),
            "statistics": Directory(
                {
                    each: special(lambda each=each: self._count(name, each))  # type: ignore[misc]
                    for each in (
                        "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "tx_window_errors",
                        "tx_dropped",
                    )
                }
            ),
        }  # fmt: skip
        if name in bridges:
            kind = "bridge"
            filtering = any(
                s.kind == "bridge-vlan" and text(s, "device", "") == name
                for s in self._device.radios.network.sections
            )
            files["bridge"] = Directory(
                {"stp_state": special(lambda: 0), "vlan_filtering": special(lambda: int(filtering))}
            )
            files["brif"] = Directory({port: Directory() for port in bridges[name]})
        elif name.rpartition(".")[2].isdecimal() and "." in name:
            kind = "vlan"
        elif name in self._device.radios.stations:
            kind = "wlan"
            phy = name.partition("-")[0]
            files["phy80211"] = Directory({"name": special(lambda: phy)})
        place = [(ports.index(name) + 1) for ports in bridges.values() if name in ports]
        if place:
            files["brport"] = Directory(
                {"state": special(lambda: 3), "port_no": special(lambda: hex(place[0]))}
            )
        devtype = f"DEVTYPE={kind}\n" if kind else ""
        files["uevent"] = File(encoded(f"{devtype}INTERFACE={name}\n"), 0o444)
        return Directory(files)

    def plugged(self, name: str) -> bool:
        """Whether a link is up there; inside of the machine all are."""
        device = self._device
        if name not in device.ports:
            return True
        lit = device.link(name)
        return name not in device.down and (name in device.neighbours if lit is None else lit)

    def _duplex(self, name: str) -> str:
        return "half" if self._device.shows("port-half-duplex", port=name) else "full"

    def _changes(self, name: str) -> int:
        flapping = self._device.shows("port-flaps", port=name) is not None
        return 2 + (int(self.uptime() * 2) if flapping else 0)

    def _count(self, name: str, what: str) -> int:
        up = self.uptime()
        match what:
            case "rx_errors":
                fault = self._device.shows("port-errors", port=name)
                return int(up * float(fault["rate"])) if fault else 0
            case "tx_window_errors":
                return int(up * 20) if self._device.shows("port-half-duplex", port=name) else 0
            case "tx_dropped":
                return int(up * 50) if self._device.shows("port-saturated", port=name) else 0
            case "tx_errors":
                return 0
        fault = self._device.shows("port-saturated", port=name)
        share = float(fault["percent"]) / 100 if fault else _USUAL_SHARE
        return int(up * share * _MBPS * 125_000) if self.plugged(name) else 0

    # ------------------------------------------------------------------ its network

    def scopes(self) -> Iterator[tuple[IPv4Interface, int, int]]:
        """Address, first number and count of each scope that is set up."""
        interfaces = {each.name: each for each in self._device.radios.interfaces()}
        for section in self._device.radios.load("dhcp").sections:
            at = interfaces.get(text(section, "interface", ""))
            given = text(section, "ignore", "0") != "1"
            if section.kind != "dhcp" or at is None or not given or not words(at, "ipaddr"):
                continue
            address, mask = words(at, "ipaddr")[0], text(at, "netmask", "32")
            start, limit = text(section, "start", "100"), text(section, "limit", "150")
            whole = address if "/" in address else f"{address}/{mask}"
            yield IPv4Interface(whole), int(start), int(limit)

    def filler(self) -> str:
        """Lines of the file of leases that a scope without room has."""
        lines = []
        until = int(self.clock()) + 3600
        for address, start, limit in self.scopes():
            if self._device.shows("scope-empty", network=str(address.network)):
                base = int(address.network.network_address) + start
                for number in range(limit):
                    given = type(address.ip)(base + number)
                    mac = f"02:77:00:00:{number >> 8:02x}:{number & 255:02x}"
                    lines.append(f"{until} {mac} {given} * *\n")
        return "".join(lines)


def _told(tell: Callable[[], str]) -> Special:
    """A file that is made when it is read."""
    return Special(lambda _n: encoded(tell()), mode=0o444)
