"""The list of months: what was issued, the meeting and what is still open, in three queries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioner.reports.monthly.model import MonthlyReport, ReportAction, ReportMeeting


class Line(NamedTuple):
    """What is known of one month. ``percent`` in time, None where nothing was measured."""

    issue: int | None = None
    """The id of its newest issue."""
    percent: int | None = None
    received: int | None = None
    meeting_on: date | None = None
    open_actions: int = 0


def lines(session: Session) -> dict[str, Line]:
    """By month, those of which anything is kept."""
    found: dict[str, Line] = {}
    newest = select(func.max(MonthlyReport.id)).group_by(MonthlyReport.month)
    issued = select(MonthlyReport.month, MonthlyReport.id, MonthlyReport.figures["services"])
    for month, id, services in session.execute(issued.where(MonthlyReport.id.in_(newest))):
        late = [promise["late"] for one in services for promise in one["promises"]]
        found[month] = Line(
            id, 100 * late.count(False) // len(late) if late else None, _received(services)
        )
    for month, held_on in session.execute(select(ReportMeeting.month, ReportMeeting.held_on)):
        found[month] = found.get(month, Line())._replace(meeting_on=held_on)
    still_open = (
        select(ReportAction.month, func.count())
        .where(ReportAction.done_on.is_(None))
        .group_by(ReportAction.month)
    )
    for month, count in session.execute(still_open):
        found[month] = found.get(month, Line())._replace(open_actions=count)
    return found


def _received(services: list[Mapping[str, Any]]) -> int:
    return sum(one["received"] for one in services)
