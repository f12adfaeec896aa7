"""Plans and what they claim (holds, then reservations), as rows."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from provisioner.database import Base


class PlanRecord(Base):
    """One plan of one request; the newest that is not ``superseded`` is the current one."""

    __tablename__ = "prov_plan"

    id: Mapped[str] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("prov_request.id"), index=True)
    digest: Mapped[str]
    body: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("prov_person.id"))
    holds_until: Mapped[datetime]
    superseded: Mapped[bool] = mapped_column(default=False)


class ReservationState(StrEnum):
    """``hold`` expires, ``reserved`` does not, ``quarantine`` keeps a released one for a while."""

    HOLD = "hold"
    RESERVED = "reserved"
    QUARANTINE = "quarantine"


class Reservation(Base):
    """One claim of one request; unique while the row stands, freed by deleting the row."""

    __tablename__ = "prov_reservation"
    __table_args__ = (UniqueConstraint("kind", "scope", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    scope: Mapped[str]
    key: Mapped[str]
    amounts: Mapped[dict[str, Any]]
    state: Mapped[str]
    request_id: Mapped[int] = mapped_column(ForeignKey("prov_request.id"), index=True)
    plan_id: Mapped[str] = mapped_column(ForeignKey("prov_plan.id"))
    instance_id: Mapped[str | None]
    expires_at: Mapped[datetime | None]
