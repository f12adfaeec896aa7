"""``ubus``, ``wifi``, ``iwinfo``, ``iw``: the radios and interfaces as the device tells them."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from provisioner.lab.openwrt.calling import Call, Program, UsageError, program
from provisioner.lab.openwrt.radios import Radios, Station, text, words

_BOARD = {
    "kernel": "5.15.167",
    "system": "Qualcomm Atheros QCA9558 ver 1 rev 0",
    "model": "Simulated Access Point",
    "board_name": "lab,access-point",
    "rootfs_type": "squashfs",
    "release": {
        "distribution": "OpenWrt",
        "version": "23.05.5",
        "revision": "r24106-10cc5fcd00",
        "target": "ath79/generic",
        "description": "OpenWrt 23.05.5 r24106-10cc5fcd00",
    },
}
_CHANNELS = {"2g": (6, 2437), "5g": (36, 5180), "6g": (5, 5975)}


class Netifd:
    """What these programs talk to."""

    def __init__(
        self,
        radios: Radios,
        hostname: Callable[[], str],
        live: Callable[[], Mapping[str, Station]],
        started: Callable[[str], None],
    ) -> None:
        self.radios = radios
        self.hostname = hostname
        self.live = live
        """The wireless interfaces that transmit."""
        self.started = started
        """Somebody has started a radio anew."""

    def wireless(self) -> dict[str, Any]:
        """``network.wireless status``."""
        found: dict[str, Any] = {}
        package = self.radios.load("wireless")
        for radio in package.sections:
            if radio.kind != "wifi-device":
                continue
            stations = [s for s in self.live().values() if s.radio == radio.name]
            found[radio.name] = {
                "up": bool(stations),
                "pending": radio.name in self.radios.pending,
                "autostart": True,
                "disabled": text(radio, "disabled", "0") == "1",
                "retry_setup_failed": False,
                "config": dict(radio.options),
                "interfaces": [self._interface(package, station) for station in stations],
            }
        return found

    @staticmethod
    def _interface(package: Any, station: Station) -> dict[str, Any]:
        section = package.find(station.section)
        config = {
            name: value
            for name, value in (section.options if section else {}).items()
            if name not in ("ssid", "device", "network")
        }
        config |= {"mode": "ap", "ssid": station.ssid, "network": list(station.networks)}
        return {
            "section": station.section,
            "ifname": station.interface,
            "config": config,
            "vlans": [],
            "stations": [],
        }

    def hostapd(self, station: Station) -> dict[str, Any]:
        channel, frequency = self.channel(station)
        return {
            "status": "ENABLED",
            "bssid": _bssid(station),
            "ssid": station.ssid,
            "freq": frequency,
            "channel": channel,
            "op_class": 81,
            "beacon_interval": 100,
            "num_sta": station.clients,
        }

    def channel(self, station: Station) -> tuple[int, int]:
        radio = self.radios.load("wireless").find(station.radio)
        return _CHANNELS.get(text(radio, "band", "2g") if radio else "2g", (6, 2437))

    def interfaces(self) -> dict[str, Any]:
        """``network.interface dump``."""
        return {
            "interface": [
                {
                    "interface": section.name,
                    "up": text(section, "proto", "none") != "dhcp",
                    "pending": False,
                    "available": True,
                    "autostart": True,
                    "proto": text(section, "proto", "none"),
                    "device": text(section, "device", ""),
                    "ipv4-address": [
                        {"address": address.partition("/")[0], "mask": 24}
                        for address in words(section, "ipaddr")
                    ],
                }
                for section in self.radios.interfaces()
            ]
        }

    def objects(self) -> dict[str, dict[str, Callable[[], Any]]]:
        """Everything on the bus: methods by object."""
        found: dict[str, dict[str, Callable[[], Any]]] = {
            f"hostapd.{station.interface}": {"get_status": lambda s=station: self.hostapd(s)}  # type: ignore[misc]
            for station in self.live().values()
        }
        found["network"] = {"reload": self.radios.reload, "restart": self.radios.restart}
        found["network.interface"] = {"dump": self.interfaces}
        for section in self.radios.interfaces():
            found[f"network.interface.{section.name}"] = {
                "status": lambda n=section.name: next(  # type: ignore[misc]
                    each for each in self.interfaces()["interface"] if each["interface"] == n
                )
            }
        found["network.wireless"] = {
            "status": self.wireless,
            "up": self.radios.restart,
            "down": self.radios.down,
        }
        found["system"] = {"board": lambda: {**_BOARD, "hostname": self.hostname()}}
        found["uci"] = {}
        return found


def _bssid(station: Station) -> str:
    digits = f"{sum(map(ord, station.radio + station.interface)):04x}"
    return f"02:00:00:00:{digits[:2]}:{digits[2:]}"


async def _ubus(netifd: Netifd, call: Call) -> int:
    rest = call.arguments
    if rest[:1] == ["-t"]:
        rest = rest[2:]
    objects = netifd.objects()
    if rest[:1] == ["list"]:
        pattern = rest[1] if len(rest) > 1 else "*"
        found = [name for name in sorted(objects) if fnmatch.fnmatchcase(name, pattern)]
        call.out("".join(f"{name}\n" for name in found))
        return 0 if found else 4
    if rest[:1] != ["call"] or len(rest) < 3:
        raise UsageError("usage: ubus [<options>] <command> [arguments...]")
    if rest[1] not in objects:
        call.shell.write(2, "Command failed: Not found\n")
        return 4
    if rest[2] not in objects[rest[1]]:
        call.shell.write(2, "Command failed: Method not found\n")
        return 3
    answer = objects[rest[1]][rest[2]]()
    if answer is not None:
        call.out(json.dumps(answer, indent="\t", ensure_ascii=False) + "\n")
    return 0


async def _wifi(netifd: Netifd, call: Call) -> int:
    action = call.arguments[0] if call.arguments else "up"
    only = call.arguments[1] if len(call.arguments) > 1 else ""
    if action in ("up", "isup", "config"):
        netifd.started(only)
        netifd.radios.restart(only)
    elif action in ("reload", "reload_legacy"):
        netifd.radios.reload()
    elif action == "down":
        netifd.radios.down()
    elif action == "status":
        call.out(json.dumps(netifd.wireless(), indent="\t", ensure_ascii=False) + "\n")
    else:
        call.shell.write(2, "Usage: /sbin/wifi [config|up|down|reload|status|isup]\n")
        return 1
    return 0


async def _iwinfo(netifd: Netifd, call: Call) -> int:
    stations = sorted(netifd.live().values(), key=lambda one: one.interface)
    if call.arguments:
        stations = [one for one in stations if one.interface == call.arguments[0]]
        if not stations:
            call.shell.write(2, f"No such wireless device: {call.arguments[0]}\n")
            return 1
    for station in stations:
        channel, frequency = netifd.channel(station)
        shown = "unknown" if station.hidden else f'"{station.ssid}"'
        call.out(
            f"{station.interface:9} ESSID: {shown}\n"
            f"          Access Point: {_bssid(station).upper()}\n"
            f"          Mode: Master  Channel: {channel} ({frequency / 1000:.3f} GHz)\n"
            f"          Encryption: {station.encryption}\n\n"
        )
    return 0


async def _reload_config(netifd: Netifd, call: Call) -> int:
    """Reloads the services whose configuration may have changed."""
    for service in ("system", "network"):
        await program(call.shell, [f"/etc/init.d/{service}", "reload"])
    return 0


def programs(netifd: Netifd) -> Mapping[str, Program]:
    """The programs that ask this device's netifd."""
    made = {
        "ubus": _ubus, "wifi": _wifi, "iwinfo": _iwinfo,
        "reload_config": _reload_config,
    }  # fmt: skip
    return {name: partial(each, netifd) for name, each in made.items()}
