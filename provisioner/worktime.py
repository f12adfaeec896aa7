"""Deadlines in working days of the office: its week, Indonesia's holidays and collective leave."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate, count
from typing import Literal

import holidays

from provisioner.catalogue.office import Hours, Office

Pause = tuple[datetime, datetime | None]
"""The clock stopped from … to …; None while it still stands."""
_DAY = timedelta(days=1)
_FIRST_YEAR_LOOKED_AT = 2024
_COLLECTIVE_LEAVE = "government"
_ESTIMATE = "(perkiraan)"


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


DayKind = Literal["work", "rest", "public", "leave", "local", "extra"]
"""Of a day: worked; not in the week; national holiday; collective leave; the office's own day off;
worked although it would be off."""


def kind_of(day: date, office: Office) -> DayKind:
    """Why the office works on that day, or does not."""
    if day in office.extra_working_days:
        return "extra"
    if day in office.extra_holidays:
        return "local"
    if day in _national(day.year):
        return "public" if day in _public(day.year) else "leave"
    return "work" if office.in_week(day) else "rest"


def is_estimate(name: str) -> bool:
    """Whether the library calculated that holiday: the moon's sighting may move it by a day."""
    return _ESTIMATE in name


def working_days_between(a: date, b: date, office: Office) -> int:
    """Working days after ``a`` up to and including ``b``; negative when ``b`` is before ``a``."""
    if b < a:
        return -working_days_between(b, a, office)
    return calendar_of(office).days_between(a, b)


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
    return Remaining(
        due_at=due,
        working_days=days_left(now, due, office),
        used=share_used(now, received, due, office, closed),
        stopped=stopped,
        late=now > due,
    )


def days_left(now: datetime, due: datetime, office: Office) -> int:
    """Working days from today to the due day; 0 on the due day, negative when late."""
    today, day = (_aware(moment).astimezone(office.zone).date() for moment in (now, due))
    return working_days_between(today, day, office)


def share_used(
    now: datetime,
    received: datetime,
    due: datetime,
    office: Office,
    pauses: Sequence[Pause] = (),
) -> float:
    """Share of the working time up to a known deadline that is used up; 0 at receipt, 1 when due.

    Paused time is left out; a pause still open is counted up to ``now``.
    """
    closed = [(begun, end if end is not None else max(begun, now)) for begun, end in pauses]
    paused = sum(_worked(begun, min(end, now), office) for begun, end in _merged(closed, received))
    whole = _worked(received, due, office) - paused
    used = _worked(received, now, office) - paused
    return max(0.0, used / whole) if whole > 0 else float(now > due)


def fingerprint(office: Office, year: int) -> str:
    """Tells one calendar from another: the office's week, hours and days, and the holidays of the
    year before, this one and the next."""
    own = office.model_dump_json(
        include={
            "time_zone", "working_hours", "other_hours", "extra_holidays", "extra_working_days",
        }
    )  # fmt: skip
    national = [sorted(_national(each)) for each in (year - 1, year, year + 1)]
    return hashlib.sha256(f"{own}{national}".encode()).hexdigest()


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
def _public(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("ID", categories=("public",), years=year))


@cache
def _national(year: int) -> Mapping[date, str]:
    calendar = holidays.country_holidays(
        "ID", categories=("public", _COLLECTIVE_LEAVE), language="id", years=year
    )
    return dict(calendar)


class Calendar:
    """An office's working days and hours, added up per year: each question takes a few steps."""

    def __init__(self, office: Office) -> None:
        self._years: dict[int, _Year] = {}
        self._office = weakref.ref(office)

    def days_between(self, a: date, b: date) -> int:
        """Working days after ``a`` up to and including ``b``, which is not before it."""
        whole = sum(len(self._year(year).worked) for year in range(a.year, b.year))
        return whole + self._year(b.year).days[_index(b)] - self._year(a.year).days[_index(a)]

    def after(self, day: date, working_days: int) -> date:
        """The n-th working day after a day; the day itself for 0."""
        if working_days <= 0:
            return day
        wanted, year = working_days + self._year(day.year).days[_index(day)], day.year
        while wanted > len(worked := self._year(year).worked):
            wanted -= len(worked)
            year += 1
        return worked[wanted - 1]

    def seconds_before(self, local: datetime) -> tuple[int, float]:
        """The year of a moment of the office's clock, and the office hours of that year by then."""
        year, day = self._year(local.year), local.date()
        hours = year.hours.get(day)
        passed = year.seconds[_index(day) - 1] if _index(day) else 0.0
        if hours is not None:
            opens, closes = (datetime.combine(day, at) for at in (hours.opens, hours.closes))
            now = min(max(local.replace(tzinfo=None), opens), closes)
            passed += (now - opens).total_seconds()
        return local.year, passed

    def seconds_of(self, year: int) -> float:
        """Office hours of a whole year, in seconds."""
        return self._year(year).seconds[-1]

    def _year(self, year: int) -> _Year:
        found = self._years.get(year)
        if found is None:
            office = self._office()
            if office is None:
                raise RuntimeError("the calendar outlived its office")
            found = self._years[year] = _add_up(year, office)
        return found


@dataclass(frozen=True)
class _Year:
    """Of one year, by day: index 0 is 1 January."""

    worked: Sequence[date]
    days: Sequence[int]
    """Working days up to and including the day."""
    hours: Mapping[date, Hours]
    seconds: Sequence[float]
    """Seconds of office hours up to the end of the day."""


_CALENDARS: dict[int, Calendar] = {}


def calendar_of(office: Office) -> Calendar:
    """The office's calendar, added up once: what ``office.yml`` says does not change."""
    known = _CALENDARS.get(id(office))
    if known is None:
        known = _CALENDARS[id(office)] = Calendar(office)
        weakref.finalize(office, _CALENDARS.pop, id(office), None)
    return known


def _add_up(year: int, office: Office) -> _Year:
    first = date(year, 1, 1)
    every = [first + _DAY * n for n in range((date(year, 12, 31) - first).days + 1)]
    worked = [day for day in every if is_working_day(day, office)]
    hours = {day: office.hours_on(day) for day in worked}
    lengths = [_length(hours[day]) if day in hours else 0.0 for day in every]
    return _Year(
        worked,
        list(accumulate(int(day in hours) for day in every)),
        hours,
        list(accumulate(lengths)),
    )


def _length(hours: Hours) -> float:
    opens, closes = (at.hour * 3600 + at.minute * 60 for at in (hours.opens, hours.closes))
    return float(closes - opens)


def _index(day: date) -> int:
    return day.timetuple().tm_yday - 1


def _due_day(day: date, working_days: int, office: Office) -> date:
    return calendar_of(office).after(day, working_days)


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
    if b <= a:
        return 0.0
    calendar = calendar_of(office)
    begun, before = calendar.seconds_before(_aware(a).astimezone(office.zone))
    ended, after = calendar.seconds_before(_aware(b).astimezone(office.zone))
    return after - before + sum(calendar.seconds_of(year) for year in range(begun, ended))


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment
