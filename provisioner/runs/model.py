"""Runs, steps, attempts and leases, as rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from provisioner.database import Base
from provisioner.runs.rules import Purpose, RunState, StepState


class Run(Base):
    """One carrying-out of one approved plan; ``attempt`` grows with every retry by a person."""

    __tablename__ = "prov_run"
    __table_args__ = (Index("ix_prov_run_state_ended", "state", "ended_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("prov_request.id"), index=True)
    number: Mapped[str]
    """The request's number."""
    plan_id: Mapped[str] = mapped_column(ForeignKey("prov_plan.id"), unique=True)
    attempt: Mapped[int] = mapped_column(default=1)
    purpose: Mapped[str] = mapped_column(default=Purpose.FULFIL)
    instance_id: Mapped[str | None]
    """Which instance it ends, where that is its purpose."""
    begin_at: Mapped[datetime | None]
    """When a scheduled run begins by itself."""
    look_at: Mapped[datetime | None]
    """When a scheduled run is planned again next, to see whether its plan still holds."""
    state: Mapped[str] = mapped_column(default=RunState.QUEUED, index=True)
    phase: Mapped[str] = mapped_column(default="apply")
    """``apply`` or ``undo``: what the current attempt does."""
    outcome: Mapped[str | None]
    """Once undoing: how it will end (``failed``, ``stopped``)."""
    reason: Mapped[str | None]
    """Why it was stopped: ``plan-changed``, ``by-person``, ``step-refused``."""
    checked_plan: Mapped[bool] = mapped_column(default=False)
    """The plan was made again and was the same, once, before the first side effect."""
    plan_looks: Mapped[int] = mapped_column(default=0)
    """How often the world could not be looked at to check the plan, in this attempt."""
    difference: Mapped[dict[str, Any] | None]
    waiting_who: Mapped[str | None]
    waiting_for: Mapped[dict[str, Any] | None]
    """The error (as JSON) that a person has to answer."""
    retry_at: Mapped[datetime | None]
    stop_asked_by: Mapped[int | None] = mapped_column(ForeignKey("prov_person.id"))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class StepRecord(Base):
    """One step of one run: its journal."""

    __tablename__ = "prov_step"

    run_id: Mapped[str] = mapped_column(ForeignKey("prov_run.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    title: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default=StepState.PENDING)
    memory: Mapped[dict[str, Any]]
    """What the step remembers for itself and later steps: intents, UPIDs, the VM's UUID."""
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    changed: Mapped[bool | None]
    diff: Mapped[list[Any] | None]
    evidence: Mapped[list[Any] | None]
    error: Mapped[dict[str, Any] | None]
    progress: Mapped[dict[str, Any] | None]
    """A message: what it is waiting for just now."""


class StepAttempt(Base):
    """One try of one step, or of its undoing."""

    __tablename__ = "prov_step_attempt"
    __table_args__ = (UniqueConstraint("run_id", "key", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("prov_run.id"), index=True)
    key: Mapped[str]
    number: Mapped[int]
    run_attempt: Mapped[int]
    phase: Mapped[str]
    version: Mapped[str]
    """Of the code that made it."""
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    error: Mapped[dict[str, Any] | None]


class Lease(Base):
    """A run's exclusive use of a resource, or one slot of it; survives crashes.

    ``fence`` comes from a counter that only grows, so a late-comer with an old one is noticed.
    """

    __tablename__ = "prov_lease"

    resource: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True, default=0)
    run_id: Mapped[str] = mapped_column(ForeignKey("prov_run.id"), index=True)
    step_key: Mapped[str | None]
    fence: Mapped[int]
    since: Mapped[datetime]


class LeaseWait(Base):
    """A run's place in the line for resources that it takes all together."""

    __tablename__ = "prov_lease_wait"

    run_id: Mapped[str] = mapped_column(ForeignKey("prov_run.id"), primary_key=True)
    resources: Mapped[list[str]]
    place: Mapped[int]
    """From the counter of fences: who came first has the lower one."""
    since: Mapped[datetime]
