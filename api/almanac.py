"""A year of the office's calendar, day by day, as page and program read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby

from pydantic import BaseModel, ConfigDict

from provisioner.catalogue import Office
from provisioner.requests.deadlines import Move
from provisioner.worktime import DayKind, holiday_name, is_estimate, is_working_day, kind_of

YEARS = range(2020, 2100)


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class Day(_Out):
    """One day; ``name`` of a day off is Indonesian, as it is decreed."""

    date: date
    kind: DayKind
    name: str | None
    hours: str | None
    """Office hours, such as ``07:30-16:00``; none on a day off."""
    other_hours: bool
    """Other hours than the weekday has usually, as in Ramadan."""
    estimate: bool


class Almanac(_Out):
    """A year; ``working_days`` of each of its months."""

    year: int
    working_days: Sequence[int]
    days: Sequence[Day]

    @property
    def months(self) -> list[list[list[Day | None]]]:
        """Per month its weeks from Monday on; None where the week has days of another month."""
        return [_weeks(list(days)) for _, days in groupby(self.days, lambda day: day.date.month)]

    @property
    def named(self) -> list[Day]:
        """The days that somebody gave a name."""
        return [day for day in self.days if day.name]


class WhatIf(_Out):
    """What one more day off (or worked) would move."""

    date: date
    works: bool
    changes: bool
    """Whether the day is not so already."""
    moves: Sequence[Move]


def almanac(office: Office, year: int) -> Almanac:
    """Every day of that year."""
    first = date(year, 1, 1)
    count = (date(year + 1, 1, 1) - first).days
    days = [_day(first + timedelta(days=n), office) for n in range(count)]
    worked = [0] * 12
    for day in days:
        worked[day.date.month - 1] += day.hours is not None
    return Almanac(year=year, working_days=worked, days=days)


def _day(day: date, office: Office) -> Day:
    works = is_working_day(day, office)
    name = office.extra_working_days.get(day) or holiday_name(day, office)
    return Day(
        date=day,
        kind=kind_of(day, office),
        name=name,
        hours=str(office.hours_on(day)) if works else None,
        other_hours=works and office.week_of(day) is not office.working_hours,
        estimate=bool(name) and is_estimate(name or ""),
    )


def _weeks(days: list[Day]) -> list[list[Day | None]]:
    cells: list[Day | None] = [*[None] * days[0].date.weekday(), *days]
    cells += [None] * (-len(cells) % 7)
    return [cells[n : n + 7] for n in range(0, len(cells), 7)]
