"""What a RouterOS device says of itself: clock, resources, board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros.clock import date_text, duration_text

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import RouterOsDevice

_POWER = {
    "psu1-max-power": "180W",
    "routerboard-max-total-power": "30W",
    "poe-out-limit-power": "150W",
}
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
        now = device.clock()
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
        return {"temperature": f"{_celsius(device)}C", "voltage": "24.1V"}[name]
    if store == "system ntp client":
        return _time_server(device, name)
    if store == "interface ethernet poe settings":
        return _POWER.get(name)
    return None


def health_table(device: RouterOsDevice) -> str:
    """Version 7 tells its health in a table."""
    return (
        "Columns: NAME, VALUE, TYPE\n#  NAME             VALUE  TYPE\n"
        f"0  voltage          24.1   V   \n1  cpu-temperature  {_celsius(device):<5}  C   \n"
        "2  fan1-speed       4320   RPM \n"
    )


def _celsius(device: RouterOsDevice) -> str:
    hot = device.shows("overheated")
    return hot["celsius"] if hot else "41"


def _time_server(device: RouterOsDevice, name: str) -> str | None:
    """Whom its clock follows; version 6 only tells whom it has heard."""
    settings = device.store.singles.get("system ntp client", {})
    follows = settings.get("enabled") == "yes" and not device.shows("clock-wrong")
    server = settings.get("servers") or settings.get("primary-ntp") or ""
    if name == "status" and device.major >= 7:
        off = "waiting" if settings.get("enabled") == "yes" else "stopped"
        return "synchronized" if follows else off
    if not follows:
        return None
    if device.major >= 7:
        return {"synced-server": server, "synced-stratum": "2", "system-offset": "0.214 ms"}.get(
            name
        )
    return {
        "last-update-from": server,
        "last-update-before": "4m10s",
        "last-adjustment": "1ms90us",
    }.get(name)


def uptime(device: RouterOsDevice) -> str:
    return duration_text(device.up_for().total_seconds())


def _resource(device: RouterOsDevice, name: str) -> str:
    if name == "uptime":
        return uptime(device)
    if name == "version":
        return f"{device.version} ({'stable' if device.major >= 7 else 'long-term'})"
    if name == "board-name":
        return device.model
    if name == "build-time" and device.major < 7:
        return "Dec/03/2021 12:15:05"
    for fault, of, whole, unit in (
        ("memory-low", "free-memory", 1024.0, "MiB"),
        ("flash-full", "free-hdd-space", 1025.0, "MiB"),
    ):
        if name == of and (low := device.shows(fault)):
            return f"{whole * (1 - float(low['percent']) / 100):.1f}{unit}"
    if name == "cpu-load" and (busy := device.shows("cpu-busy")):
        return f"{busy['percent']}%"
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
