"""Monthly reports as they were issued, the meetings about them and what was agreed, as rows."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from provisioner.database import Base


class MonthlyReport(Base):
    """One issue of one month's report; it never changes, a correction is the next revision."""

    __tablename__ = "prov_monthly_report"
    __table_args__ = (UniqueConstraint("month", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str]
    """Such as ``2026-10``."""
    revision: Mapped[int]
    """0 as first issued, then counted up."""
    figures: Mapped[dict[str, Any]]
    figures_sha256: Mapped[str]
    pdf: Mapped[bytes]
    pdf_sha256: Mapped[str]
    xlsx: Mapped[bytes]
    xlsx_sha256: Mapped[str]
    issued_by: Mapped[str]
    issued_at: Mapped[datetime]
    reason: Mapped[str | None]
    """Of a revision: why."""


class ReportMeeting(Base):
    """The meeting about one month's report. ``revision`` grows with every change."""

    __tablename__ = "prov_report_meeting"

    month: Mapped[str] = mapped_column(primary_key=True)
    held_on: Mapped[date | None]
    place: Mapped[str]
    attendance: Mapped[list[Any]]
    """``{username or null, name}`` of each."""
    minutes: Mapped[str]
    revision: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012


class ReportAction(Base):
    """What one meeting agreed; it is carried on to the next reports until it is done."""

    __tablename__ = "prov_report_action"

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(index=True)
    """Of the report whose meeting agreed it."""
    what: Mapped[str]
    who: Mapped[str]
    until: Mapped[date | None]
    outcome: Mapped[str]
    """What came of it."""
    done_on: Mapped[date | None]
    """The day on which it was entered as done; None while it is open."""
