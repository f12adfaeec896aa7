"""The device itself: model, uptime, load, memory, flash, heat, clock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

from provisioner.drivers.ios import looking
from provisioner.drivers.ios.examining_asked import Asked
from provisioner.drivers.network.examination import System

VERSION = "show version"
CLOCK = "show clock detail"
SETTINGS = (
    "show running-config | include ^hostname|^ip domain|^ip name-server|^clock timezone"
    "|^ip dhcp excluded|^ip dhcp pool|^no service dhcp"
)
"""The few lines of its configuration that say what its tables do not."""
_CPU = "show processes cpu | include CPU utilization"
_MEMORY = "show processes memory | include Total"
_FILES = "show file systems"
_SURROUNDINGS = ("show environment all", "show environment")

_UNITS = {"year": 31_536_000, "week": 604_800, "day": 86_400, "hour": 3600, "minute": 60,
          "second": 1}  # fmt: skip
_UPTIME = re.compile(r"^(\S+) uptime is (.+)$", re.MULTILINE)
_REASONS = (
    re.compile(r"^Last reload reason: *(\S.*)$", re.MULTILINE),
    re.compile(r"^System returned to ROM by (.+?)(?: at \d.*)?$", re.MULTILINE),
    re.compile(r"^Last reset from (.+)$", re.MULTILINE),
)
_BUSY = re.compile(r"^(?!Load for).*five minutes: +(\d+)%", re.MULTILINE)
_POOL = re.compile(r"^(.*?)Total: *(\d+),? +Used: *(\d+)", re.MULTILINE)
_STORE = re.compile(r"^(\*?) *(\d+) +(\d+) +(?:flash|disk) +\S+ +(\S+)", re.MULTILINE)
_FOREIGN = ("usb", "crashinfo", "stby-", "slave")
_HEAT = re.compile(r"(?<![\d(,.-])(\d{1,3}) *(?:degrees? +celsius|celsius)\b", re.IGNORECASE)
_HOTTEST = 200
_ALARM = re.compile(
    r"\b(?:FAULTY|Faulty|FAIL(?:ED|URE)?|Failed|NOT OK|Bad|No Input Power|Over-?[Tt]emp\w*)\b"
    r"|\bState: *(?:YELLOW|RED)\b|\s(?:Critical|Shutdown)\s+-?\d"
    r"|Number of Critical alarms: *[1-9]"
)
_TIME = re.compile(
    r"^([*.]?)(\d\d):(\d\d):(\d\d)(\.\d+)? (\S+) \w{3} (\w{3}) +(\d+) (\d{4})", re.MULTILINE
)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_ZONES = {"UTC": 0, "GMT": 0, "Z": 0, "WIB": 7, "WITA": 8, "WIT": 9}
"""Those that mean the same everywhere, and those of the country."""
_ZONE = re.compile(r"^clock timezone (\S+) (-?\d+)(?: (\d+))?", re.MULTILINE)


def hostname(asked: Asked) -> str:
    """As it calls itself."""
    named = _UPTIME.search(asked.text(VERSION, " uptime is |Version"))
    said = re.search(r"^hostname (\S+)", asked.text(SETTINGS), re.MULTILINE)
    return named[1] if named else said[1] if said else ""


def system(asked: Asked) -> System:
    """What it says of itself; of a stack, the one that speaks for it."""
    told = asked.text(VERSION, " uptime is |Version")
    _, model, version, serial = looking.identity(asked.text) if told else ("", "", "", "")
    offset, synchronized = _clock(asked)
    temperature, alarms = _surroundings(asked)
    return System(
        model=model,
        version=version,
        serial=serial,
        uptime=_uptime(told),
        restarted=next((m[1].strip() for r in _REASONS if (m := r.search(told))), ""),
        cpu_percent=float(busy[1]) if (busy := _BUSY.search(asked.text(_CPU))) else None,
        memory_percent=_memory(asked.text(_MEMORY)),
        storage_percent=_storage(asked.text(_FILES)),
        temperature=temperature,
        alarms=alarms,
        clock_offset=offset,
        synchronized=synchronized,
    )


def _uptime(text: str) -> float | None:
    said = _UPTIME.search(text)
    found = re.findall(r"(\d+) (year|week|day|hour|minute|second)s?", said[2]) if said else []
    return float(sum(int(count) * _UNITS[unit] for count, unit in found)) if found else None


def _memory(text: str) -> float | None:
    """Of the processor's own pool where several are told."""
    pools = _POOL.findall(text)
    own = [pool for pool in pools if "processor" in pool[0].lower()] or pools
    return round(100 * int(own[0][2]) / int(own[0][1]), 1) if own and int(own[0][1]) else None


def _storage(text: str) -> float | None:
    found = [
        (star, 100 * (1 - int(free) / int(size)))
        for star, size, free, name in _STORE.findall(text)
        if int(size) and not name.startswith(_FOREIGN)
    ]
    chosen = [used for star, used in found if star] or [used for _, used in found]
    return round(max(chosen), 1) if chosen else None


def _surroundings(asked: Asked) -> tuple[float | None, tuple[str, ...]]:
    text = asked.either(*_SURROUNDINGS)
    lines = [line for line in text.splitlines() if "hreshold" not in line]
    heats = [int(found[1]) for line in lines if (found := _HEAT.search(line))]
    heats = [heat for heat in heats if heat < _HOTTEST]
    alarms = (" ".join(line.split()) for line in lines if _ALARM.search(line))
    return float(max(heats)) if heats else None, tuple(alarms)


# ---------------------------------------------------------------- time


def local(asked: Asked) -> datetime | None:
    """Its own clock, in its own zone, without saying which; None where it does not tell."""
    found = _TIME.search(_time(asked))
    return _moment(found) if found else None


def _time(asked: Asked) -> str:
    return asked.either(CLOCK, "show clock", sign=_TIME.pattern)


def _moment(found: re.Match[str]) -> datetime | None:
    _, hour, minute, second, fraction, _, month, day, year = found.groups()
    if month not in _MONTHS:
        return None
    numbers = (int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))
    try:
        moment = datetime(*numbers)  # noqa: DTZ001 - its zone is another question
        return moment + timedelta(seconds=float(fraction or 0))
    except ValueError:
        return None


def _clock(asked: Asked) -> tuple[float | None, bool | None]:
    text = _time(asked)
    now = datetime.now(UTC)
    found = _TIME.search(text)
    moment = _moment(found) if found else None
    if found is None or moment is None:
        return None, None
    zone = next(_zones(found[6], asked.text(SETTINGS)), None)
    offset = (moment.replace(tzinfo=zone) - now).total_seconds() if zone else None
    source = re.search(r"^Time source is (\S+)", text, re.MULTILINE)
    follows = bool(source and source[1].upper().startswith(("NTP", "SNTP", "PTP")))
    known = bool(found[1]) or source is not None or "No time source" in text
    return offset, (follows and not found[1]) if known else None


def _zones(name: str, settings: str) -> Iterator[timezone]:
    for zone, hours, minutes in _ZONE.findall(settings):
        if zone == name:
            sign = -1 if hours.startswith("-") else 1
            yield timezone(timedelta(hours=int(hours), minutes=sign * int(minutes or 0)))
    if name in _ZONES:
        yield timezone(timedelta(hours=_ZONES[name]))


def events(asked: Asked) -> Iterator[str]:
    """Lines of its log that concern ports and addresses, with their stamps."""
    yield from asked.text(LOG, log=True).splitlines()


LOG = (
    "show logging | include UPDOWN|ERR_DISABLE|DHCP_SNOOPING|PVID|NATIVE_VLAN|ILPOWER"
)  # fmt: skip
_STAMP = re.compile(r"([A-Z][a-z]{2}) +(\d{1,2}) (?:\d{4} )?(\d\d):(\d\d):(\d\d)")


def age(line: str, now: datetime | None) -> timedelta | None:
    """How long ago a line of the log was written, by the device's own clock."""
    found = _STAMP.search(line.partition("%")[0])
    if found is None or now is None or found[1] not in _MONTHS:
        return None
    month, (day, hour, minute, second) = _MONTHS.index(found[1]) + 1, map(int, found.groups()[1:])
    try:
        then = now.replace(month=month, day=day, hour=hour, minute=minute, second=second)
        return now - (then if then <= now + timedelta(days=1) else then.replace(year=now.year - 1))
    except ValueError:
        return None
