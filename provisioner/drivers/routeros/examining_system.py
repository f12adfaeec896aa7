"""How a router itself is doing: load, memory, heat, clock, why it started last; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from provisioner.drivers.network import System
from provisioner.drivers.routeros.examining_shapes import moment, number, size
from provisioner.drivers.routeros.facts import fields, rows
from provisioner.drivers.routeros.syntax import seconds

_HEALTH = re.compile(r"^ *\d+ +(?P<name>[a-z][a-z0-9-]*) +(?P<value>\S+)", re.MULTILINE)
_STARTED = re.compile(r"reboot|kernel failure", re.IGNORECASE)
_BROKEN = re.compile(r"fail|fault|error|alarm", re.IGNORECASE)


def system(said: Mapping[str, str], clock_at: datetime | None) -> System:
    """``said``: answers by name, '' where there is none; ``clock_at``: when the clock was asked."""
    resource, board = fields(said["resource"]), fields(said["board"])
    hot = health(said["health"])
    degrees = [number(text) for name, text in hot.items() if "temperature" in name]
    clock, ntp = fields(said["clock"]), fields(said["ntp"])
    told = moment(clock.get("date", ""), clock.get("time", ""), clock.get("gmt-offset", ""))
    started = [
        row.get("message") for row in rows(said["log"]) if _STARTED.search(row.get("message"))
    ]
    return System(
        model=board.get("model") or resource.get("board-name", ""),
        version=resource.get("version", "").partition(" ")[0],
        serial=board.get("serial-number", ""),
        uptime=_seconds(resource.get("uptime", "")),
        restarted=started[-1].strip() if started else "",
        cpu_percent=number(resource.get("cpu-load", "")),
        memory_percent=_used(resource, "memory"),
        storage_percent=_used(resource, "hdd-space"),
        temperature=max((each for each in degrees if each is not None), default=None),
        alarms=tuple(
            f"{name}: {text}"
            for name, text in hot.items()
            if name.endswith(("-state", "-status")) and _BROKEN.search(text)
        ),
        clock_offset=(
            (told - clock_at).total_seconds() if told is not None and clock_at is not None else None
        ),
        synchronized=_follows(ntp),
    )


def health(text: str) -> dict[str, str]:
    """Version 6 tells rows of ``name: value``, version 7 a table."""
    listed = {row.get("name"): row.get("value") for row in rows(text) if row.get("name")}
    table = {found["name"]: found["value"] for found in _HEALTH.finditer(text)}
    return listed or table or fields(text)


def _seconds(text: str) -> float | None:
    told = seconds(text)
    return None if told is None else float(told)


def _used(resource: Mapping[str, str], what: str) -> float | None:
    free, whole = (size(resource.get(f"{which}-{what}", "")) for which in ("free", "total"))
    return None if free is None or not whole else round((1 - free / whole) * 100, 1)


def _follows(ntp: Mapping[str, str]) -> bool | None:
    """Version 6 without the package of its own does not tell, but whom it heard last."""
    if not ntp.get("enabled"):
        return None
    if ntp["enabled"] != "yes":
        return False
    if "status" in ntp:
        return ntp["status"] == "synchronized"
    return bool(ntp.get("last-update-from") or ntp.get("active-server"))
