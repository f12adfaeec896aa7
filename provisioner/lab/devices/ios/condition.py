"""How the ports of an IOS switch really are: link, faults that it noticed, counters that grow."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from provisioner.lab.devices.device import Device
from provisioner.lab.devices.ios.settings import ALL_VLANS, Interface

if TYPE_CHECKING:
    from provisioner.lab.devices.ios.switch import IosDevice

ALL = frozenset(ALL_VLANS)
GIGABIT = 1_000_000_000
PERSISTENT = "persistent"
"""The reason that comes back at once when a port is switched on again."""
_LATE = 5
"""Late collisions a second on a port in half duplex."""
_DROPPED = 200
_FLAPS = 20
"""Times a second that a port which flaps changes: a minute of the lab is short."""


def err_disabled(device: IosDevice, name: str) -> str:
    """Why the switch has switched that port off by itself; '' where it has not."""
    shown = device.shows("port-err-disabled", port=name)
    return shown["reason"] if shown else ""


def looped(device: IosDevice, name: str) -> bool:
    return device.shows("port-looped", port=name) is not None


def half(device: IosDevice, name: str) -> bool:
    return device.shows("port-half-duplex", port=name) is not None


def set_speed(port: Interface) -> str:
    """Mbit/s that somebody has set by hand; '' where both ends agree by themselves."""
    text = port.others.get("speed", "").removeprefix("speed ").strip()
    return text if text.isdigit() else ""


def connected(device: IosDevice, port: Interface) -> bool:
    """Whether its line protocol is up."""
    if port.shutdown or port.made:
        return not port.shutdown
    return (
        port.name in device.neighbours
        and not err_disabled(device, port.name)
        and device.link(port.name) is not False
    )


def foreign_native(device: IosDevice, port: Interface) -> tuple[Device, str, int] | None:
    """Of a trunk whose other end has another native VLAN: device, port and VLAN there."""
    far = device.ground.far(device, port.name)
    if port.mode != "trunk" or far is None or far[0].platform != device.platform:
        return None
    other = cast("IosDevice", far[0]).running.interfaces.get(far[1])
    if other is None or other.mode != "trunk" or other.native == port.native:
        return None
    return far[0], far[1], other.native


def broken(device: IosDevice, port: Interface) -> frozenset[int]:
    """The VLANs that spanning tree holds back because both ends disagree about them."""
    far = foreign_native(device, port) if connected(device, port) else None
    return frozenset({port.native, far[2]}) if far else frozenset()


def held(device: IosDevice, port: Interface) -> frozenset[int]:
    """The VLANs that spanning tree does not let pass there."""
    return ALL if looped(device, port.name) else broken(device, port)


def power(device: IosDevice, port: Interface) -> str:
    """What the port feeds: on, off, power-deny, faulty; ``never`` where it is set so."""
    if port.others.get("power inline", "").endswith("never"):
        return "never"
    if device.shows("poe-denied", port=port.name):
        return "power-deny"
    if device.shows("poe-fault", port=port.name):
        return "faulty"
    fed = device.neighbours.get(port.name, ("", ""))[0].startswith("ap-")
    return "on" if fed and not port.shutdown and not err_disabled(device, port.name) else "off"


@dataclass
class Counters:
    """Of one port since counting began."""

    at: float
    errors: float = 0
    late: float = 0
    drops: float = 0
    changes: float = 0


def _flaps(device: IosDevice, name: str) -> bool:
    """At both ends of the cable."""
    far = device.ground.far(device, name)
    there = far is not None and far[0].shows("port-flaps", port=far[1]) is not None
    return there or device.shows("port-flaps", port=name) is not None


def counters(device: IosDevice, name: str) -> Counters:
    """As they stand now: what arrived since they were last asked for has been added."""
    now = time.time()
    found = device.counted.setdefault(name, Counters(now - 60))
    seconds, found.at = now - found.at, now
    if shown := device.shows("port-errors", port=name):
        found.errors += float(shown["rate"]) * seconds
    if half(device, name):
        found.late += _LATE * seconds
    if device.shows("port-saturated", port=name):
        found.drops += _DROPPED * seconds
    if _flaps(device, name):
        found.changes += _FLAPS * seconds
    return found


def rates(device: IosDevice, name: str) -> tuple[int, int]:
    """Bits a second in and out."""
    shown = device.shows("port-saturated", port=name)
    out = int(GIGABIT * float(shown["percent"]) / 100) if shown else 0
    return out // 20, out
