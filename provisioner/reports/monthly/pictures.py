"""The pictures of the monthly report; each begins with what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from provisioner import dates
from provisioner.reports import charts
from provisioner.reports.clock import Work, figure, spelled
from provisioner.reports.journeys import WAITS
from provisioner.reports.monthly import words
from provisioner.reports.monthly.findings import TARGET, shares
from provisioner.reports.monthly.views import Figures, ResourceFigures
from provisioner.texts import Message, render, say

Draw = Callable[[str, str, Any], Markup]
_TONES = dict(zip(WAITS, charts.TONES, strict=True))


@dataclass(frozen=True)
class Picture:
    """A picture with its sentence; ``table`` is the key of the table that has the same figures."""

    key: str
    title: str
    finding: str
    svg: Markup
    table: str


def pictures(figures: Figures, language: str, prefix: str = "p") -> list[Picture]:
    """Those for which there is something to show; ``prefix`` begins the ids within them."""
    made = _Pictures(figures, language, prefix)
    return [*made.targets(), *made.dots(), *made.waits(), *made.capacity()]


class _Pictures:
    def __init__(self, figures: Figures, language: str, prefix: str) -> None:
        self._of, self._language, self._prefix = figures, language, prefix

    def targets(self) -> Iterator[Picture]:
        measured = [one for one in self._of.services if one.promises]
        if not measured or self._of.percent is None:
            return
        short = [one for one in measured if one.in_time < len(one.promises)]
        finding = (
            say("%(count)s of %(all)s services did not reach the target.",
                count=len(short), all=len(measured))
            if short else say("Every service reached the target.")
        )  # fmt: skip
        rows = [
            charts.Bullet(
                self._service(one.service),
                one.percent,
                TARGET,
                self._say(
                    say("%(percent)s %% (%(in_time)s of %(all)s)", percent=one.percent,
                        in_time=one.in_time, all=len(one.promises))
                ),
            )
            for one in measured
        ]  # fmt: skip
        yield self._picture("targets", say("Targets and what was reached"), finding, "targets",
                            charts.bullets, rows)  # fmt: skip

    def dots(self) -> Iterator[Picture]:
        measured = [one for one in self._of.services if one.promises]
        if not measured:
            return
        late = self._of.promised - self._of.in_time
        finding = (
            say("%(late)s of %(all)s requests came too late: the dark squares.",
                late=late, all=self._of.promised)
            if late else say("None of %(all)s requests came too late.", all=self._of.promised)
        )  # fmt: skip
        rows = [
            charts.Strip(
                self._service(one.service),
                [promise.late for promise in one.promises],
                self._say(say("%(late)s late of %(all)s", late=len(one.promises) - one.in_time,
                              all=len(one.promises))),
            )
            for one in measured
        ]  # fmt: skip
        yield self._picture("dots", say("Every request, one dot"), finding, "targets",
                            charts.strips, rows)  # fmt: skip

    def waits(self) -> Iterator[Picture]:
        done = [one for one in self._of.services if one.done]
        spent = shares(self._of)
        most = max(spent, key=lambda wait: spent[wait][0].days)
        if not done or spent[most][0].days <= 0:
            return
        finding = say(
            "%(percent)s %% of the working time went into: %(what)s.",
            percent=spent[most][1],
            what=words.WAITS[most],
        )
        rows = []
        for one in done:
            whole = Work(
                sum(one.waits[wait].days for wait in WAITS),
                sum(one.waits[wait].hours for wait in WAITS),
            )
            parts = [
                charts.Part(_TONES[wait], one.waits[wait].days, self._number(one.waits[wait].days))
                for wait in WAITS
            ]
            text = self._say(spelled(whole, self._number(figure(whole))))
            rows.append(charts.Stack(self._service(one.service), parts, text))
        legend = [
            (_TONES[wait],
             f"{words.word(words.WAITS, wait, self._language)} ({spent[wait][1]} %)")
            for wait in WAITS if spent[wait][0].days > 0
        ]  # fmt: skip
        yield self._picture(
            "waits", say("Where time goes, for each request"), finding, "waits",
            lambda key, title, given: charts.stacks(key, title, given, legend), rows,
        )  # fmt: skip

    def capacity(self) -> Iterator[Picture]:
        for number, cluster in enumerate(self._of.clusters):
            tightest = max(cluster.resources, key=_taken, default=None)
            if tightest is None:
                continue
            finding = say(
                "%(resource)s is tightest: %(percent)s %% of what may be given away is taken.",
                resource=_titled(words.resource(tightest.resource, self._language)),
                percent=round(100 * _taken(tightest)),
            )
            rows = [
                charts.Room(
                    _titled(words.resource(one.resource, self._language)),
                    one.used, one.promised, one.limit, one.total,
                    self._say(say("%(free)s free of %(limit)s",
                                  free=self._amount(one, one.free),
                                  limit=self._amount(one, one.limit))),
                )
                for one in cluster.resources
            ]  # fmt: skip
            title = say("Capacity of %(cluster)s", cluster=cluster.cluster)
            yield self._picture(f"room{number}", title, finding, "capacity", charts.rooms, rows)

    def _picture(
        self, key: str, title: Message, finding: Message, table: str, draw: Draw, rows: Any
    ) -> Picture:
        said = self._say(finding)
        svg = draw(f"{self._prefix}-{key}", f"{self._say(title)}. {said}", rows)
        return Picture(key, self._say(title), said, svg, table)

    def _amount(self, one: ResourceFigures, value: float) -> str:
        return words.amount(one.resource, value, self._language)

    def _service(self, key: str) -> str:
        return words.word(words.SERVICES, key, self._language)

    def _number(self, value: float) -> str:
        return dates.number(round(value, 1), self._language)

    def _say(self, message: Message) -> str:
        return render(message, self._language)


def _taken(one: ResourceFigures) -> float:
    return (one.used + one.promised) / one.limit if one.limit > 0 else 1.0


def _titled(name: str) -> str:
    """With a capital, and abbreviations as they are: “Inti CPU”."""
    return name[:1].upper() + name[1:]
