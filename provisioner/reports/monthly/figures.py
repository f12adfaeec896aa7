"""The one set of queries from which a month's report is made, whoever reads it and however."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioner.catalogue import Inventory, Office
from provisioner.events import Event
from provisioner.people.model import Department
from provisioner.reports.clock import OfficeClock, mean, middle, ninetieth
from provisioner.reports.journeys import WAITS, Journey, Month, journeys
from provisioner.reports.monthly import agreed
from provisioner.reports.monthly.causes import work_figures
from provisioner.reports.monthly.room import cluster_figures
from provisioner.reports.monthly.views import (
    AnchorView,
    Complaints,
    ComplaintsView,
    DepartmentFigures,
    Figures,
    LateComplaintView,
    LateView,
    PromiseView,
    ServiceFigures,
    WorkView,
)
from provisioner.requests.rules import OPEN, RequestState
from provisioner.requests.store import PREFIXES
from provisioner.worktime import working_days_between

LONGEST_WAY = timedelta(days=400)
"""Working time is counted from at most so long before the month."""
LETTER_TAGS = ("letter:drafted", "letter:issued", "letter:signed", "letter:sent")


class MonthCounter:
    """Counts months; ``storages``: where each cluster makes its disks."""

    def __init__(
        self,
        inventory: Inventory,
        complaints: Complaints | None,
        storages: Mapping[str, str],
        anchors: Path,
    ) -> None:
        self._inventory, self._complaints = inventory, complaints
        self._storages, self._anchors = storages, anchors

    def count(self, session: Session, month: Month, moment: datetime) -> Figures:
        """The figures of the month, up to ``moment`` while it is in progress."""
        office = self._inventory.office
        begun, ended = month.span(office.zone)
        until = min(ended, moment)
        ways = journeys(session, begun, until)
        clock = OfficeClock(office, (begun - LONGEST_WAY).date(), month.last)
        tags = _counted(session, (*LETTER_TAGS, "contact:logged"), begun, until)
        span = (begun, until)
        return Figures(
            month=str(month),
            until=until,
            in_progress=moment < ended,
            services=[
                _service(key, sla, [w for w in ways if w.service == key], span, clock)
                for key, sla in self._services(ways).items()
            ],
            departments=_departments(session, ways, span),
            states=Counter(way.state_at(until) for way in ways),
            late=_late(ways, span, office),
            work=work_figures(session, begun, until),
            contacts=tags.pop("contact:logged", 0),
            letters={tag.partition(":")[2]: count for tag, count in tags.items()},
            complaints=self._complaints_of(session, month),
            clusters=cluster_figures(session, self._inventory, self._storages, month.last),
            anchor=_anchor(self._anchors, month),
            actions=agreed.carried(session, month),
        )

    def _services(self, ways: Sequence[Journey]) -> dict[str, int | None]:
        """What is offered, and what was asked for besides, with the days promised."""
        offered = self._inventory.catalogue.offered()
        found = {key: offer.sla_working_days for key, offer in offered.items()}
        order = [*PREFIXES, *sorted({way.service for way in ways} - PREFIXES.keys())]
        asked = {way.service for way in ways}
        return {key: found.get(key) for key in order if key in found or key in asked}

    def _complaints_of(self, session: Session, month: Month) -> ComplaintsView | None:
        if self._complaints is None:
            return None
        seen = self._complaints.figures(session, month.first, month.last)
        return ComplaintsView(
            received=seen.received,
            by_kind=dict(seen.by_kind),
            by_class=dict(seen.by_class),
            by_channel=dict(seen.by_channel),
            answered_in_time=seen.answered_in_time,
            answered_late=seen.answered_late,
            open=seen.open,
            open_late=seen.open_late,
            median_days=seen.median_days,
            late=[
                LateComplaintView(
                    number=one.number,
                    classification=one.classification,
                    due_at=one.due_at,
                    answered_at=one.answered_at,
                    working_days=one.days_late,
                )
                for one in seen.late
            ],
        )


def _service(
    key: str,
    sla: int | None,
    ways: Sequence[Journey],
    span: tuple[datetime, datetime],
    clock: OfficeClock,
) -> ServiceFigures:
    done = [way for way in ways if _within(way.done_at, span)]
    took = [clock.between(way.received_at, way.done_at) for way in done if way.done_at]
    looks = [
        clock.between(way.received_at, look.at)
        for way in ways
        if (look := way.first_look) and _within(look.at, span)
    ]
    waits = [way.waits(clock) for way in done]
    states = Counter(way.state_at(span[1]) for way in ways)
    closed = Counter(way.state_at(span[1]) for way in ways if _within(way.closed_at, span))
    return ServiceFigures(
        service=key,
        sla_working_days=sla,
        received=sum(_within(way.submitted_at, span) for way in ways),
        done=len(done),
        rejected=closed[RequestState.REJECTED],
        cancelled=closed[RequestState.CANCELLED],
        open=sum(states[state] for state in OPEN),
        promises=_promises(ways, span),
        median=WorkView.of(middle(took)),
        ninetieth=WorkView.of(ninetieth(took)),
        first_look=WorkView.of(middle(looks)),
        waits={
            wait: WorkView(days=spent.days, hours=spent.hours)
            for wait in WAITS
            for spent in [mean([each[wait] for each in waits])]
        },
    )


def _promises(ways: Sequence[Journey], span: tuple[datetime, datetime]) -> list[PromiseView]:
    return [PromiseView(number=number, late=late) for _, number, late in sorted(_fell(ways, span))]


def _fell(
    ways: Sequence[Journey], span: tuple[datetime, datetime]
) -> Iterator[tuple[datetime, str, bool]]:
    """Each request once: in the month in which it was kept in time or its deadline passed."""
    for way in ways:
        if way.missed(span[1]):
            if way.due_at and _within(way.due_at, span):
                yield way.due_at, way.number, True
        elif way.kept_at and _within(way.kept_at, span):
            yield way.kept_at, way.number, False


def _late(
    ways: Sequence[Journey], span: tuple[datetime, datetime], office: Office
) -> list[LateView]:
    """What missed its deadline in the month, and what had before and is open; the oldest first."""
    found = []
    for way in ways:
        if way.due_at is None or not way.missed(span[1]):
            continue
        ended_at = min((at for at in (way.kept_at, way.closed_at) if at), default=None)
        if ended_at is not None and ended_at >= span[1]:
            ended_at = None
        carried = way.due_at < span[0]
        if carried and ended_at is not None and ended_at < span[0]:
            continue
        due, end = (at.astimezone(office.zone).date() for at in (way.due_at, ended_at or span[1]))
        found.append(
            LateView(
                number=way.number,
                service=way.service,
                department=way.department,
                due_at=way.due_at,
                ended_at=ended_at,
                working_days=working_days_between(due, end, office),
                carried=carried,
            )
        )
    return sorted(found, key=lambda one: (one.due_at, one.number))


def _departments(
    session: Session, ways: Sequence[Journey], span: tuple[datetime, datetime]
) -> list[DepartmentFigures]:
    names = dict(session.execute(select(Department.id, Department.name)).all())
    by_id: dict[str, list[Journey]] = {}
    for way in ways:
        by_id.setdefault(way.department, []).append(way)
    found = [
        DepartmentFigures(
            department=id,
            name=names.get(id, id),
            received=sum(_within(way.submitted_at, span) for way in of_it),
            done=sum(_within(way.done_at, span) for way in of_it),
            open=sum(way.state_at(span[1]) in OPEN for way in of_it),
            late=sum(late for _, _, late in _fell(of_it, span)),
        )
        for id, of_it in by_id.items()
    ]
    return sorted(found, key=lambda one: (-one.received, one.name))


def _counted(
    session: Session, tags: Sequence[str], begun: datetime, ended: datetime
) -> dict[str, int]:
    query = (
        select(Event.tag, func.count())
        .where(Event.tag.in_(tags), Event.at >= begun, Event.at < ended)
        .group_by(Event.tag)
    )
    return dict(session.execute(query).all())


def _anchor(folder: Path, month: Month) -> AnchorView | None:
    """The last anchor up to the end of the month."""
    days = sorted(path for path in folder.glob("*.json") if path.stem <= month.last.isoformat())
    if not days:
        return None
    return AnchorView(day=days[-1].stem, sha256=hashlib.sha256(days[-1].read_bytes()).hexdigest())


def _within(moment: datetime | None, span: tuple[datetime, datetime]) -> bool:
    return moment is not None and span[0] <= moment < span[1]
