"""Deadlines in working days of the office: its week, Indonesia's holidays and collective leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count

import holidays

from provisioner.catalogue.office import Office

Pause = tuple[datetime, datetime | None]
"""The clock stopped from … to …; None while it still stands."""
_DAY = timedelta(days=1)
_FIRST_YEAR_LOOKED_AT = 2024
_COLLECTIVE_LEAVE = "government"


@dataclass(frozen=True)
class Remaining:
    """How a deadline stands at one moment."""

    due_at: datetime
    """Aware, UTC. While the clock stands still it moves on by a day with every working day."""
    working_days: int
    """Working days from today to the due day; 0 on the due day, negative when late."""
    used: float
    """Share of the working time that is used up, paused days left out: 0 at receipt, 1 when due."""
    stopped: bool
    late: bool


def is_working_day(day: date, office: Office) -> bool:
    """Whether the office works on that day.

    The office's own extra working days and holidays come first, then its week, then the national
    holidays and collective leave (cuti bersama).
    """
    if day in office.extra_working_days:
        return True
    return holiday_name(day, office) is None and office.in_week(day)


def holiday_name(day: date, office: Office) -> str | None:
    """The holiday's name in Indonesian, or None; a plain weekend has no name."""
    if day in office.extra_working_days:
        return None
    return office.extra_holidays.get(day) or _national(day.year).get(day)


def working_days_between(a: date, b: date, office: Office) -> int:
    """Working days after ``a`` up to and including ``b``; negative when ``b`` is before ``a``."""
    if b < a:
        return -working_days_between(b, a, office)
    days = (a + _DAY * n for n in range(1, (b - a).days + 1))
    return sum(is_working_day(day, office) for day in days)


def due_at(
    received: datetime, working_days: int, office: Office, pauses: Sequence[Pause] = ()
) -> datetime:
    """When something received then has to be done; aware, UTC.

    Day 0 is the day received; what comes after closing or on a day off counts as received on the
    next working day. Due is the end of office hours of the n-th working day after it.

    A pause gives back whole working days: those after the day it began, up to and including the
    day it ended (each moment counted as a receipt is). Begun and ended within one working day it
    gives back nothing. Pauses that overlap count once; one that begins after the deadline does
    not move it; one still open is not counted (see ``remaining``).
    """
    due = _due_day(_day_of(received, office), working_days, office)
    for begun, ended in _merged(pauses, received):
        if begun > _closing(due, office):
            break
        given_back = working_days_between(_day_of(begun, office), _day_of(ended, office), office)
        due = _due_day(due, given_back, office)
    return _closing(due, office)


def remaining(
    now: datetime,
    received: datetime,
    working_days: int,
    office: Office,
    pauses: Sequence[Pause] = (),
) -> Remaining:
    """How the deadline stands at ``now``; a pause still open is counted up to ``now``."""
    stopped = any(end is None for _, end in pauses)
    closed = [(begun, end if end is not None else max(begun, now)) for begun, end in pauses]
    due = due_at(received, working_days, office, closed)
    due_day = due.astimezone(office.zone).date()
    paused = sum(_worked(begun, min(end, now), office) for begun, end in _merged(closed, received))
    whole = _worked(received, due, office) - paused
    used = _worked(received, now, office) - paused
    return Remaining(
        due_at=due,
        working_days=working_days_between(now.astimezone(office.zone).date(), due_day, office),
        used=max(0.0, used / whole) if whole > 0 else float(now > due),
        stopped=stopped,
        late=now > due,
    )


def holiday_data_until() -> int:
    """The last year for which the library knows the collective leave, decreed a year at a time.

    Later years have calculated holidays only: deadlines there are too early.
    """
    return next(
        year - 1
        for year in count(_FIRST_YEAR_LOOKED_AT)
        if not holidays.country_holidays("ID", categories=(_COLLECTIVE_LEAVE,), years=year)
    )


def year_without_holidays(today: date) -> int | None:
    """The year whose collective leave has to be known by now and is not; None when all is well.

    From 1 December on the next year has to be known. The remedy is a newer ``holidays`` library,
    or the days in office.yml.
    """
    needed = today.year + (today.month == 12)
    return needed if needed > holiday_data_until() else None


@cache
def _national(year: int) -> Mapping[date, str]:
    calendar = holidays.country_holidays(
        "ID", categories=("public", _COLLECTIVE_LEAVE), language="id", years=year
    )
    return dict(calendar)


def _due_day(day: date, working_days: int, office: Office) -> date:
    while working_days > 0:
        day += _DAY
        working_days -= is_working_day(day, office)
    return day


def _day_of(moment: datetime, office: Office) -> date:
    """The working day to which a moment counts: its own, or the next one after closing."""
    local = _aware(moment).astimezone(office.zone)
    day = local.date()
    if is_working_day(day, office) and local.time() <= office.hours_on(day).closes:
        return day
    return _due_day(day, 1, office)


def _closing(day: date, office: Office) -> datetime:
    return datetime.combine(day, office.hours_on(day).closes, office.zone).astimezone(UTC)


def _merged(pauses: Sequence[Pause], received: datetime) -> list[tuple[datetime, datetime]]:
    """The closed pauses after the receipt, in order, overlapping ones made one."""
    merged: list[tuple[datetime, datetime]] = []
    closed = ((max(_aware(a), received), _aware(b)) for a, b in pauses if b is not None)
    for begun, ended in sorted(pause for pause in closed if pause[0] < pause[1]):
        if merged and begun <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(ended, merged[-1][1]))
        else:
            merged.append((begun, ended))
    return merged


def _worked(a: datetime, b: datetime, office: Office) -> float:
    """Seconds of office hours between two moments; 0 when ``b`` is not after ``a``."""
    a, b = _aware(a).astimezone(office.zone), _aware(b).astimezone(office.zone)
    total = 0.0
    for n in range((b.date() - a.date()).days + 1):
        day = a.date() + _DAY * n
        if not is_working_day(day, office):
            continue
        hours = office.hours_on(day)
        opens = datetime.combine(day, hours.opens, office.zone)
        closes = datetime.combine(day, hours.closes, office.zone)
        total += max(0.0, (min(b, closes) - max(a, opens)).total_seconds())
    return total


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment
