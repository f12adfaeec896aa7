"""What a RouterOS device says of itself: clock, resources, board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros.clock import date_text, duration_text

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import RouterOsDevice

_RESOURCES = {
    "build-time": "2024-10-09 08:32:10",
    "factory-software": "6.47.9",
    "free-memory": "812.5MiB",
    "total-memory": "1024.0MiB",
    "cpu": "ARM64",
    "cpu-count": "4",
    "cpu-frequency": "1400MHz",
    "cpu-load": "2%",
    "free-hdd-space": "980.4MiB",
    "total-hdd-space": "1025.0MiB",
    "write-sect-since-reboot": "1822",
    "write-sect-total": "57218",
    "bad-blocks": "0%",
    "architecture-name": "arm64",
    "platform": "MikroTik",
}


def told(device: RouterOsDevice, store: str, name: str) -> str | None:
    """What only the device itself knows; None for settings that are simply kept."""
    if store == "system clock":
        now = device.now()
        if name == "time":
            return f"{now:%H:%M:%S}"
        return date_text(now, modern=device.modern_dates) if name == "date" else None
    if store == "system resource":
        return _resource(device, name)
    if store == "system routerboard":
        return _board(device, name)
    if store == "system license" and name == "software-id":
        return device.software_id
    if store == "system package update" and name == "installed-version":
        return device.version
    if store == "system health":
        return {"temperature": "41C", "voltage": "24.1V"}[name]
    return None


def uptime(device: RouterOsDevice) -> str:
    return duration_text((device.now() - device.booted).total_seconds())


def _resource(device: RouterOsDevice, name: str) -> str:
    if name == "uptime":
        return uptime(device)
    if name == "version":
        return f"{device.version} ({'stable' if device.major >= 7 else 'long-term'})"
    if name == "board-name":
        return device.model
    if name == "build-time" and device.major < 7:
        return "Dec/03/2021 12:15:05"
    return _RESOURCES[name]


def _board(device: RouterOsDevice, name: str) -> str:
    return {
        "routerboard": "yes",
        "board-name": device.model,
        "model": device.model,
        "revision": "r2",
        "serial-number": device.serial,
        "firmware-type": "70x0",
        "factory-firmware": "6.47.9",
        "current-firmware": device.version,
        "upgrade-firmware": device.version,
    }[name]
