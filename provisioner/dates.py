"""Days, times and numbers as people read them, in their language and the office's zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from babel.dates import format_date
from babel.numbers import format_decimal


def day(moment: datetime | date | str, language: str, zone: tzinfo | None) -> str:
    """Such as “Jumat, 27 Maret 2026”; a string is an ISO date."""
    return _written(_date(moment, zone), "EEEE, d MMMM y", language)


def plain_day(moment: datetime | date | str, language: str, zone: tzinfo | None) -> str:
    """Such as “27 Maret 2026”, as letters write it."""
    return _written(_date(moment, zone), "d MMMM y", language)


def month(first: date, language: str) -> str:
    """Such as “November 2026”."""
    return _written(first, "MMMM y", language)


def moment(at: datetime, language: str, zone: tzinfo | None) -> str:
    """Such as “27 Mar 2026 14:05 WIB”."""
    local = at.astimezone(zone)
    return f"{_written(local.date(), 'd MMM y', language)} {local:%H:%M} {zone_name(local)}"


def zone_name(local: datetime) -> str:
    """WIB, WITA or WIT; elsewhere the zone's own name."""
    offset = local.utcoffset()
    hours = offset.total_seconds() / 3600 if offset else 0
    return {7: "WIB", 8: "WITA", 9: "WIT"}.get(int(hours), local.strftime("%Z"))


def last_day(ends_at: datetime) -> datetime:
    """Of what ends with a day: the last moment of use; what is kept is the midnight after it."""
    return ends_at - timedelta(seconds=1)


@lru_cache(4096)
def number(value: float, language: str) -> str:
    """Such as “1.234.567,5”."""
    return str(format_decimal(value, locale=language))


@lru_cache(4096)
def _written(day: date, pattern: str, language: str) -> str:
    """A page names the same few days again and again."""
    return format_date(day, pattern, locale=language)


def _date(moment: datetime | date | str, zone: tzinfo | None) -> date:
    if isinstance(moment, str):
        return date.fromisoformat(moment)
    if isinstance(moment, datetime):
        return moment.astimezone(zone).date()
    return moment
