"""Working time between two moments, counted fast: days and hours that the office was open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from math import ceil
from statistics import median
from typing import NamedTuple

from provisioner.catalogue import Office
from provisioner.texts import Message, say
from provisioner.worktime import is_working_day

_DAY = timedelta(days=1)


class Work(NamedTuple):
    """A length of working time; half of any office day is half a day, however long the day is."""

    days: float
    hours: float

    def plus(self, other: Work) -> Work:
        """Both together."""
        return Work(self.days + other.days, self.hours + other.hours)

    def to(self, later: Work) -> Work:
        """What lies between two lengths; nothing when the other is not longer."""
        return Work(max(0.0, later.days - self.days), max(0.0, later.hours - self.hours))

    @property
    def rounded(self) -> Work:
        """As it is written down: days to a hundredth, hours to a tenth."""
        return Work(round(self.days, 2), round(self.hours, 1))


NOTHING = Work(0.0, 0.0)


class OfficeClock:
    """Counts between ``first`` and ``last``; what lies outside counts as its nearest end."""

    def __init__(self, office: Office, first: date, last: date) -> None:
        self._zone, self._first = office.zone, first.toordinal()
        self._before: list[Work] = [NOTHING]
        self._hours: list[tuple[float, float]] = []
        """Of each day: when it opens, for how long."""
        for n in range((last - first).days + 1):
            day, so_far = first + _DAY * n, self._before[-1]
            open_hours = _length(office, day)
            self._before.append(so_far.plus(Work(float(open_hours > 0), open_hours)))
            opens = _hour(office.hours_on(day).opens) if open_hours else 0.0
            self._hours.append((opens, open_hours))

    def between(self, begun: datetime, ended: datetime) -> Work:
        """The working time from one moment to another; nothing when it is not after the first."""
        return self.until(begun).to(self.until(ended))

    def until(self, moment: datetime) -> Work:
        """The working time from the clock's first day to a moment."""
        local = moment.astimezone(self._zone)
        n = local.toordinal() - self._first
        if n < 0:
            return self._before[0]
        if n >= len(self._before) - 1:
            return self._before[-1]
        days, passed = self._before[n]
        opens, length = self._hours[n]
        if length == 0:
            return self._before[n]
        hours = min(max(_hour(local) - opens, 0.0), length)
        return Work(days + hours / length, passed + hours)


def middle(spans: Sequence[Work]) -> Work | None:
    """The median; None of nothing."""
    if not spans:
        return None
    return Work(median(w.days for w in spans), median(w.hours for w in spans)).rounded


def ninetieth(spans: Sequence[Work]) -> Work | None:
    """What nine of ten stay below or reach (nearest rank); None of nothing."""
    if not spans:
        return None
    rank = ceil(0.9 * len(spans)) - 1
    return Work(sorted(w.days for w in spans)[rank], sorted(w.hours for w in spans)[rank]).rounded


def mean(spans: Sequence[Work]) -> Work:
    """The mean; nothing of nothing."""
    total = summed(spans)
    return Work(total.days / len(spans), total.hours / len(spans)).rounded if spans else NOTHING


def summed(spans: Iterable[Work]) -> Work:
    """All together."""
    total = NOTHING
    for span in spans:
        total = total.plus(span)
    return total


def _hour(moment: datetime | time) -> float:
    """The hours since midnight that a clock on the wall shows."""
    return moment.hour + moment.minute / 60 + (moment.second + moment.microsecond / 1e6) / 3600


def _length(office: Office, day: date) -> float:
    if not is_working_day(day, office):
        return 0.0
    hours = office.hours_on(day)
    opens, closes = (datetime.combine(day, t) for t in (hours.opens, hours.closes))
    return (closes - opens).total_seconds() / 3600


def spelled(work: Work, number: str) -> Message:
    """The length in words; ``number`` is its figure in the reader's language (``figure``)."""
    if work.days < 1:
        return say("%(count)s working hours", count=number)
    return say("%(count)s working days", count=number)


def figure(work: Work) -> float:
    """What is written of it: below a day its hours, else its days, to a tenth."""
    return round(work.hours if work.days < 1 else work.days, 1)
