"""Figures of complaints for the monthly report, from the same rows as the screens."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from provisioner.catalogue import Office
from provisioner.complaints import store
from provisioner.complaints.model import Complaint
from provisioner.complaints.present import days_left
from provisioner.complaints.rules import Kind
from provisioner.database import now
from provisioner.worktime import working_days_between


@dataclass(frozen=True)
class LateComplaint:
    """One that was, or is, not answered in time."""

    number: str
    summary: str
    """Empty where the office wrote none: the reporter's own words stay out of reports."""
    classification: str | None
    officer: str | None
    """The officer's name."""
    received_at: datetime
    due_at: datetime
    answered_at: datetime | None
    days_late: int
    """Working days."""


@dataclass(frozen=True)
class ComplaintFigures:
    """Of a span of days; holds no personal data of reporters."""

    received: int
    by_kind: Mapping[str, int]
    by_class: Mapping[str, int]
    """Complaints only; ``unclassified`` for those without a class."""
    by_channel: Mapping[str, int]
    answered_in_time: int
    """Within the span, whenever received."""
    answered_late: int
    open: int
    """Received up to the last day and unanswered at its end."""
    open_late: int
    median_days: float | None
    """Working days from receipt to answer, of those answered within the span."""
    late: Sequence[LateComplaint]
    """Answered late within the span, or open and late at its end; oldest first."""


def figures(
    session: Session, first: date, last: date, office: Office, moment: datetime | None = None
) -> ComplaintFigures:
    """Of the days ``first`` to ``last`` of the office's zone, both included, as of ``moment``.

    An answer that was taken back by reopening does not count as one.
    """
    begins = datetime.combine(first, time(), office.zone)
    ends = datetime.combine(last + timedelta(days=1), time(), office.zone)
    seen = min(ends, moment or now())
    rows = session.scalars(
        select(Complaint)
        .where(
            Complaint.received_at < ends,
            or_(
                Complaint.received_at >= begins,
                Complaint.answered_at.is_(None),
                Complaint.answered_at >= begins,
            ),
        )
        .order_by(Complaint.received_at, Complaint.id)
    ).all()
    received = [row for row in rows if row.received_at >= begins]
    answered = [r for r in rows if r.answered_at is not None and begins <= r.answered_at < ends]
    unanswered = [r for r in rows if r.answered_at is None or r.answered_at >= ends]
    late = [r for r in answered if r.answered_at is not None and r.answered_at > r.due_at]
    still = [r for r in unanswered if r.due_at < seen]
    complaints = [r for r in received if r.kind == Kind.COMPLAINT]
    return ComplaintFigures(
        received=len(received),
        by_kind=Counter(r.kind for r in received),
        by_class=Counter(r.classification or "unclassified" for r in complaints),
        by_channel=Counter(r.channel for r in received),
        answered_in_time=len(answered) - len(late),
        answered_late=len(late),
        open=len(unanswered),
        open_late=len(still),
        median_days=_median(answered, office),
        late=_late(session, [r for r in rows if r in late or r in still], office, seen),
    )


def _median(answered: Sequence[Complaint], office: Office) -> float | None:
    days = [working_days(row, office) for row in answered]
    return float(statistics.median(day for day in days if day is not None)) if days else None


def working_days(row: Complaint, office: Office) -> int | None:
    """Working days from receipt (or the last reopening) to the answer; None without one."""
    if row.answered_at is None:
        return None
    begun, ended = (at.astimezone(office.zone).date() for at in (row.clock_from, row.answered_at))
    return max(0, working_days_between(begun, ended, office))


def _late(
    session: Session, rows: Sequence[Complaint], office: Office, seen: datetime
) -> list[LateComplaint]:
    officers = store.people(session, (row.officer_id for row in rows))
    found = []
    for row in rows:
        answered = row.answered_at if row.answered_at and row.answered_at <= seen else None
        found.append(
            LateComplaint(
                number=row.number,
                summary=row.summary or "",
                classification=row.classification,
                officer=officers[row.officer_id][1] if row.officer_id else None,
                received_at=row.received_at,
                due_at=row.due_at,
                answered_at=answered,
                days_late=max(0, -days_left(row.due_at, answered or seen, office)),
            )
        )
    return found
