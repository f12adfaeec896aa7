"""Requests, their letters and the counters of their numbers, as rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from provisioner.database import Base
from provisioner.requests.rules import RequestState


class Counter(Base):
    """The last number given per prefix and year; numbers are never used again."""

    __tablename__ = "prov_counter"

    prefix: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class Request(Base):
    """What a department asked for. ``revision`` grows with every change (optimistic lock)."""

    __tablename__ = "prov_request"
    __table_args__ = (
        Index("ix_prov_request_state_due", "state", "due_at"),
        Index("ix_prov_request_service_state", "service", "state"),
        Index("ix_prov_request_state_id", "state", "id"),
        Index("ix_prov_request_service_id", "service", "id"),
        Index("ix_prov_request_service_state_id", "service", "state", "id"),
        Index("ix_prov_request_department_id_id", "department_id", "id"),
        Index("ix_prov_request_department_state_id", "department_id", "state", "id"),
        Index("ix_prov_request_closed_at", "closed_at"),
        Index("ix_prov_request_submitted_at_closed_at", "submitted_at", "closed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    service: Mapped[str]
    department_id: Mapped[str] = mapped_column(ForeignKey("prov_department.id"), index=True)
    applicant: Mapped[dict[str, Any]]
    details: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default=RequestState.DRAFT)
    reason: Mapped[str | None]
    """Why it was returned, rejected or cancelled."""
    created_by: Mapped[int] = mapped_column(ForeignKey("prov_person.id"))
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    pauses: Mapped[list[Any]]
    """When the clock stood still (``needs_info``): ``[from, to or null]``, RFC 3339."""
    closed_at: Mapped[datetime | None]
    channel: Mapped[str] = mapped_column(default="web")
    """How it came: see ``views.CHANNELS``."""
    received_at: Mapped[datetime | None]
    """When the letter was received, where a technician entered it: the clock begins there."""
    run_id: Mapped[str | None]
    """The newest run."""
    busy: Mapped[bool] = mapped_column(default=False)
    """A run of it has not ended."""
    instance_id: Mapped[str | None]
    revision: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012

    @property
    def clock_began_at(self) -> datetime | None:
        """When its time began; None while it is a draft."""
        return (self.received_at or self.submitted_at) if self.submitted_at else None


class Letter(Base):
    """The letter of a request: what the form says of it, and the file as it was received."""

    __tablename__ = "prov_letter"

    request_id: Mapped[int] = mapped_column(ForeignKey("prov_request.id"), primary_key=True)
    kind: Mapped[str | None]
    number: Mapped[str | None]
    date: Mapped[str | None]
    """ISO date as written on the letter."""
    signatory: Mapped[dict[str, Any] | None]
    file_name: Mapped[str | None]
    sha256: Mapped[str | None]
    media_type: Mapped[str | None]
    cleaned_media_type: Mapped[str | None]
    pages: Mapped[int | None]
    bytes: Mapped[int | None]
    uploaded_at: Mapped[datetime | None]
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("prov_person.id"))
