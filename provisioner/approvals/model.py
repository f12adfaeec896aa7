"""Approvals, as rows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from provisioner.database import Base


class Approval(Base):
    """One person's yes to one plan; a plan is approved once."""

    __tablename__ = "prov_approval"

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("prov_request.id"), index=True)
    plan_id: Mapped[str] = mapped_column(ForeignKey("prov_plan.id"), unique=True)
    digest: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("prov_person.id"))
    comment: Mapped[str | None]
    override_reason: Mapped[str | None]
    at: Mapped[datetime]


class FirstApproval(Base):
    """The first of two people's yes to a plan that reaches far; one at a time for a request."""

    __tablename__ = "prov_first_approval"

    request_id: Mapped[int] = mapped_column(ForeignKey("prov_request.id"), primary_key=True)
    plan_id: Mapped[str] = mapped_column(ForeignKey("prov_plan.id"))
    digest: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("prov_person.id"))
    comment: Mapped[str | None]
    override_reason: Mapped[str | None]
    at: Mapped[datetime]
