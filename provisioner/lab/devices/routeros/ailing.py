"""How a RouterOS device shows the faults of its own state: ports, counters, power, radios."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros.forwarding import running
from provisioner.lab.devices.routeros.store import Item

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import RouterOsDevice

_SPEED = 1_000_000_000
_FLAPS = 2.0
"""A second."""
_WATTS = 5.2


def since(device: RouterOsDevice) -> float:
    """Real seconds since the lab began: what counters of faults grow by."""
    return time.monotonic() - device.began


def plan_port(item: Item) -> str:
    """The port as the lab's cables know it."""
    return item.values.get("default-name", item.name)


def flaps(device: RouterOsDevice, item: Item) -> int:
    """How often its link went down."""
    shown = device.shows("port-flaps", port=plan_port(item))
    return 1 + int(since(device) * _FLAPS) if shown else 0


def load(device: RouterOsDevice, item: Item) -> float:
    """The bits a second that go through."""
    full = device.shows("port-saturated", port=plan_port(item))
    if not running(device, item.name):
        return 0.0
    return _SPEED * float(full["percent"]) / 100 if full else 184_000.0


def counters(device: RouterOsDevice, item: Item) -> dict[str, int]:
    """What ``print stats-detail`` of all interfaces counts."""
    port, passed = plan_port(item), since(device)
    broken = device.shows("port-errors", port=port)
    full = device.shows("port-saturated", port=port)
    up = running(device, item.name)
    packets = 104_200 + int(passed * 200) if up else 0
    return {
        "rx-byte": packets * 812,
        "tx-byte": packets * 411,
        "rx-packet": packets,
        "tx-packet": packets,
        "rx-drop": 0,
        "tx-drop": 0,
        "tx-queue-drop": int(passed * 900) if full else 0,
        "rx-error": 1 + int(passed * float(broken["rate"])) if broken else 0,
        "tx-error": 0,
    }


def frames(device: RouterOsDevice, item: Item) -> dict[str, int]:
    """What ``print stats`` of Ethernets counts."""
    of_all = counters(device, item)
    half = device.shows("port-half-duplex", port=plan_port(item))
    late = 1 + int(since(device) * 3) if half else 0
    return {
        "driver-rx-byte": of_all["rx-byte"],
        "driver-tx-byte": of_all["tx-byte"],
        "rx-broadcast": of_all["rx-packet"] // 90,
        "rx-pause": 0,
        "rx-fcs-error": of_all["rx-error"],
        "rx-align-error": 0,
        "rx-too-short": 0,
        "tx-multiple-collision": late,
        "tx-collision": late,
        "tx-late-collision": late,
    }


def role(device: RouterOsDevice, port: str) -> str:
    """What spanning tree makes of a bridge's port."""
    item = device.store.get("interface", port)
    if item is None or not running(device, port):
        return "disabled-port"
    if device.shows("port-looped", port=plan_port(item)):
        return "alternate-port"
    uplink = next(iter(device.neighbours), "")
    return "root-port" if plan_port(item) == uplink else "designated-port"


def feeding(device: RouterOsDevice, item: Item) -> str:
    """``poe-out-status`` of a port."""
    port, out = plan_port(item), item.values.get("poe-out", "auto-on")
    if out == "off" or port in device.unfed:
        return "disabled"
    if device.shows("poe-fault", port=port):
        return "short-circuit"
    if device.shows("poe-denied", port=port):
        return "overload"
    return "powered-on" if running(device, item.name) else "waiting-for-load"


def watts(device: RouterOsDevice, item: Item) -> float:
    return _WATTS if feeding(device, item) == "powered-on" else 0.0


def starves(device: RouterOsDevice, port: str) -> bool:
    """Whether what is plugged in there gets no power."""
    if "poe" not in device.packages:
        return False
    item = next((i for i in device.store.items("interface") if plan_port(i) == port), None)
    off = item is not None and item.values.get("poe-out") == "off"
    faults = (device.shows(name, port=port) for name in ("poe-denied", "poe-fault"))
    return off or port in device.unfed or any(faults)


def transmits(device: RouterOsDevice, item: Item) -> bool:
    """Whether a radio, or what is announced besides on it, is on the air."""
    master = item.values.get("master-interface", "")
    radio = device.store.get("interface", master) if master else item
    on = [i for i in (item, radio) if i is not None and i.values.get("disabled", "yes") == "no"]
    name = radio.name if radio is not None else ""
    return len(on) == 2 and not device.shows("radio-off", radio=name)
