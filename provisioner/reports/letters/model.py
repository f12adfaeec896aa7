"""Letters that go out, as rows; their files lie by hash in the data folder."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from provisioner.database import Base
from provisioner.reports.letters.rules import LetterState


class OutLetter(Base):
    """One letter. ``revision`` grows with every change (optimistic lock)."""

    __tablename__ = "prov_out_letter"
    __table_args__ = (Index("ix_prov_out_letter_state_id", "state", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("prov_request.id"), index=True)
    request_number: Mapped[str]
    department_id: Mapped[str] = mapped_column(ForeignKey("prov_department.id"), index=True)
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default=LetterState.DRAFT)
    code: Mapped[str] = mapped_column(unique=True)
    """128 random bits, in the QR code: who has the letter can ask whether it is ours."""
    edits: Mapped[dict[str, Any]]
    """What the office chose for this letter: signatory, recipient, subject, note, copies."""
    number: Mapped[str | None]
    date: Mapped[str | None]
    """ISO date on the letter; both are as SRIKANDI gave them."""
    issued_sha256: Mapped[str | None] = mapped_column(index=True)
    """Of the PDF, byte for byte; from then on the letter is never written anew."""
    issued_at: Mapped[datetime | None]
    signed_sha256: Mapped[str | None] = mapped_column(index=True)
    signed_pages: Mapped[int | None]
    verdict: Mapped[dict[str, Any] | None]
    """What was found out about the signature when the signed file came."""
    signed_at: Mapped[datetime | None]
    sent: Mapped[dict[str, Any] | None]
    """``how`` and ``on`` (ISO date)."""
    sent_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    """Why it was withdrawn or replaced."""
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("prov_out_letter.id"))
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012
