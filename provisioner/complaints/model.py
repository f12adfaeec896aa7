"""Complaints, suggestions and appreciation, their answers, files and links, as rows."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from provisioner.complaints.rules import State
from provisioner.database import Base


class Complaint(Base):
    """What somebody told the office. ``revision`` grows with every change (optimistic lock).

    Of an anonymous reporter nothing is kept: ``reporter``, ``department_id`` and ``handed_in_by``
    are empty.
    """

    __tablename__ = "prov_complaint"
    __table_args__ = (
        Index("ix_prov_complaint_state_due", "state", "due_at"),
        Index("ix_prov_complaint_received_at", "received_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    channel: Mapped[str]
    reference: Mapped[str | None]
    """The channel's own number, such as SP4N-LAPOR's tracking id."""
    text: Mapped[str]
    """In the reporter's words; empty once erased."""
    summary: Mapped[str | None]
    """In the office's words and without personal data, so that it outlives erasure."""
    privacy: Mapped[str]
    reporter: Mapped[dict[str, Any] | None]
    """``name`` and ``contact``."""
    department_id: Mapped[str | None] = mapped_column(ForeignKey("prov_department.id"), index=True)
    handed_in_by: Mapped[int | None] = mapped_column(ForeignKey("prov_person.id"), index=True)
    """The reporter's own account."""
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("prov_person.id"))
    """Who of the office entered it."""
    key_digest: Mapped[str | None] = mapped_column(unique=True)
    """SHA-256 of the key that opens the answer without an account."""
    said_request: Mapped[str | None]
    """The request that the reporter named; the office links it."""
    received_at: Mapped[datetime]
    entered_at: Mapped[datetime]
    clock_from: Mapped[datetime]
    """The receipt, or the last time it was reopened."""
    state: Mapped[str] = mapped_column(default=State.RECEIVED)
    classification: Mapped[str | None]
    due_at: Mapped[datetime]
    """Of the answer; of the classification while that is missing."""
    warned_for: Mapped[datetime | None]
    """The due date for which “due soon” was said."""
    overdue_for: Mapped[datetime | None]
    """The due date for which “overdue” was said."""
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("prov_person.id"), index=True)
    team: Mapped[list[str]]
    answered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    erased_at: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012


class ComplaintAnswer(Base):
    """An answer that was given; a reopened complaint has several."""

    __tablename__ = "prov_complaint_answer"

    id: Mapped[int] = mapped_column(primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("prov_complaint.id"), index=True)
    text: Mapped[str]
    channel: Mapped[str]
    day: Mapped[date]
    """When it was given, in the office's zone."""
    by: Mapped[int] = mapped_column(ForeignKey("prov_person.id"))
    at: Mapped[datetime]


class ComplaintFile(Base):
    """A file that came with a complaint, or with an answer."""

    __tablename__ = "prov_complaint_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("prov_complaint.id"), index=True)
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("prov_complaint_answer.id"))
    sha256: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    bytes: Mapped[int]
    at: Mapped[datetime]


class ComplaintLink(Base):
    """A request or a check that a complaint has to do with."""

    __tablename__ = "prov_complaint_link"
    __table_args__ = (UniqueConstraint("complaint_id", "kind", "target"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("prov_complaint.id"))
    kind: Mapped[str]
    target: Mapped[str] = mapped_column(index=True)
    at: Mapped[datetime]
