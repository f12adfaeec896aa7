"""What meetings agreed: kept from report to report until it is done."""

from __future__ import annotations

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from provisioner.reports.journeys import Month
from provisioner.reports.monthly.model import MonthlyReport, ReportAction
from provisioner.reports.monthly.views import ActionView


def of_month(session: Session, month: Month | str) -> list[ReportAction]:
    """What the meeting about that month agreed."""
    query = select(ReportAction).where(ReportAction.month == str(month)).order_by(ReportAction.id)
    return list(session.scalars(query))


def earlier(session: Session, month: Month) -> list[ReportAction]:
    """Agreed before the meeting about this month, and open or done since the meeting before it.

    What was entered as done in time for an earlier report has had its line there.
    """
    query = (
        select(ReportAction)
        .where(
            ReportAction.month < str(month),
            or_(ReportAction.done_on.is_(None), ReportAction.done_on >= month.first),
        )
        .order_by(ReportAction.id)
    )
    return list(session.scalars(query))


def carried(session: Session, month: Month) -> list[ActionView]:
    """The same, as the report shows it."""
    return [view_of(row) for row in earlier(session, month)]


def view_of(row: ReportAction) -> ActionView:
    """One of them."""
    return ActionView(
        id=row.id,
        month=row.month,
        what=row.what,
        who=row.who,
        until=row.until,
        outcome=row.outcome,
        done_on=row.done_on,
    )


def issued(session: Session, month: Month | str) -> int | None:
    """The revision of that month's report as last issued."""
    query = select(func.max(MonthlyReport.revision)).where(MonthlyReport.month == str(month))
    return session.scalar(query)
