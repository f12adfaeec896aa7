"""``iw`` and ``iwinfo``: the radios as their drivers tell them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from provisioner.lab.openwrt.calling import Call, Program, UsageError
from provisioner.lab.openwrt.radios import Station

if TYPE_CHECKING:
    from provisioner.lab.openwrt.device import OpenWrtDevice

_USUAL_BUSY, _NOISE = 11.0, -95


async def _iw(device: OpenWrtDevice, call: Call) -> int:
    match call.arguments:
        case ["dev"]:
            for station in _stations(device):
                call.out(_told(device, station))
        case ["dev", name, "survey", "dump"]:
            if name in device.live():
                call.out(_survey(device, device.live()[name]))
        case ["dev", name, "station", "dump"]:
            for number in range(device.live()[name].clients if name in device.live() else 0):
                mac = f"02:88:00:00:00:{number & 255:02x}"
                call.out(f"Station {mac} (on {name})\n\tinactive time:\t10 ms\n")
        case _:
            raise UsageError("Usage: iw dev")
    if len(call.arguments) > 1 and call.arguments[1] not in device.live():
        call.shell.write(2, "command failed: No such device (-19)\n")
        return 237
    return 0


def _stations(device: OpenWrtDevice) -> list[Station]:
    return sorted(device.live().values(), key=lambda one: one.interface)


def _told(device: OpenWrtDevice, station: Station) -> str:
    channel, frequency = device.netifd.channel(station)
    return (
        f"{station.interface.partition('-')[0].replace('phy', 'phy#')}\n"
        f"\tInterface {station.interface}\n\t\tssid {station.ssid}\n\t\ttype AP\n"
        f"\t\tchannel {channel} ({frequency} MHz), width: 20 MHz, center1: {frequency} MHz\n"
    )


def _survey(device: OpenWrtDevice, station: Station) -> str:
    _, frequency = device.netifd.channel(station)
    fault = device.shows("channel-jammed", radio=station.radio)
    active = int(device.kernel.uptime() * 1000)
    busy = int(active * (float(fault["percent"]) if fault else _USUAL_BUSY) / 100)
    return (
        f"Survey data from {station.interface}\n\tfrequency:\t\t\t{frequency} MHz [in use]\n"
        f"\tnoise:\t\t\t\t{_NOISE} dBm\n\tchannel active time:\t\t{active} ms\n"
        f"\tchannel busy time:\t\t{busy} ms\n\tchannel receive time:\t\t{busy // 2} ms\n"
        f"Survey data from {station.interface}\n\tfrequency:\t\t\t{frequency + 25} MHz\n"
    )


def air_programs(device: OpenWrtDevice) -> Mapping[str, Program]:
    """The programs, telling of that device's radios."""
    return {"iw": partial(_iw, device)}
