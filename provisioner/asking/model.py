"""Forms that are being filled in, as rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from provisioner.database import Base


class Form(Base):
    """The answers so far of one person for one service; no secret is among them."""

    __tablename__ = "prov_form"

    id: Mapped[str] = mapped_column(primary_key=True)
    """Random: nobody guesses another's."""
    person_id: Mapped[int] = mapped_column(
        ForeignKey("prov_person.id", ondelete="CASCADE"), index=True
    )
    service: Mapped[str]
    answers: Mapped[dict[str, Any]]
    letter: Mapped[dict[str, Any] | None]
    """``intake.KeptLetter`` of the file that was uploaded."""
    number: Mapped[str | None]
    """The request that it became; the form is then only a memory against a second click."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime] = mapped_column(index=True)
