"""RouterOS's clock: how it writes times and dates, and when its scheduler runs what."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import RouterOsDevice
    from provisioner.lab.devices.routeros.store import Item

_UNITS = (("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_PARTS = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?")
STARTING = timedelta(seconds=3)
"""How long after boot `startup` is."""


def duration(text: str) -> float | None:
    """Seconds of 1d2h3m4s, 00:05:00, or a plain number; None for what is no time."""
    clock = re.fullmatch(r"(?:(?:(\d+)w)?(\d+)d\s?)?(\d+):(\d\d)(?::(\d\d))?", text)
    if clock:
        weeks, days, hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return float((weeks * 7 + days) * 86_400 + hours * 3600 + minutes * 60 + seconds)
    if re.fullmatch(r"\d+", text):
        return float(text)
    found = _PARTS.fullmatch(text)
    if not text or not found:
        return None
    sizes = [size for _, size in _UNITS]
    whole = sum(int(n or 0) * size for n, size in zip(found.groups()[:5], sizes, strict=True))
    return whole + int(found[6] or 0) / 1000


def duration_text(seconds: float) -> str:
    """As RouterOS writes it: 1d2h3m4s, 0s."""
    left, text = int(seconds), ""
    for unit, size in _UNITS:
        if left >= size:
            text += f"{left // size}{unit}"
            left %= size
    return text or "0s"


def date_text(moment: datetime, *, modern: bool) -> str:
    """2026-11-22 in newer versions, nov/22/2026 before."""
    return moment.strftime("%Y-%m-%d") if modern else moment.strftime("%b/%d/%Y").lower()


def read_date(text: str) -> datetime | None:
    for form in ("%Y-%m-%d", "%b/%d/%Y"):
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the device's own time
        except ValueError:
            continue
    return None


def next_run(
    start_date: str, start_time: str, interval: str, booted: datetime, now: datetime
) -> datetime | None:
    """When a scheduler's entry is due; None when never any more. All in the device's time."""
    every = duration(interval) or 0
    if start_time == "startup":
        start = booted + STARTING
        if not every:
            return start if start > now else None
        count = max(1, int((now - start).total_seconds() // every) + 1)
        return start + timedelta(seconds=every * count)
    day = read_date(start_date) or now
    seconds = duration(start_time) or 0
    start = datetime(day.year, day.month, day.day) + timedelta(seconds=seconds)  # noqa: DTZ001
    if start > now:
        return start
    if not every:
        return None
    count = int((now - start).total_seconds() // every) + 1
    return start + timedelta(seconds=every * count)


def due_at(device: RouterOsDevice, item: Item, after: datetime) -> datetime | None:
    """When an entry runs next after that moment; None when never."""
    values = item.values
    if values.get("disabled") == "yes":
        return None
    return next_run(
        values.get("start-date", ""),
        values.get("start-time", ""),
        values.get("interval", "0s"),
        device.booted,
        after,
    )
