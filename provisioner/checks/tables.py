"""Checks that were asked for and what they gave, last looks at devices, open causes; as rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from provisioner.database import Base


class CheckState(StrEnum):
    """How far one check is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    BROKEN_OFF = "broken_off"


class Purpose(StrEnum):
    """Why it is made."""

    ASKED = "asked"
    COMPLAINT = "complaint"
    REMEDY = "remedy"
    """After a remedy: whether it helped."""
    NIGHTLY = "nightly"
    HANDOVER = "handover"
    AGAIN = "again"
    """By itself, as long as something is broken there."""


BY_PEOPLE: Final = (Purpose.ASKED, Purpose.COMPLAINT, Purpose.REMEDY)
"""Somebody waits for these; they go first."""
OPEN: Final = (CheckState.QUEUED, CheckState.RUNNING)


class CheckRow(Base):
    """One look at one target with a set of checks."""

    __tablename__ = "prov_check"
    __table_args__ = (
        Index("ix_prov_check_target_asked_at", "target", "asked_at"),
        Index("ix_prov_check_state_due_at", "state", "due_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    target: Mapped[str]
    title: Mapped[str]
    asked_by: Mapped[str]
    """A user name, or ``system``."""
    request_number: Mapped[str | None] = mapped_column(index=True)
    """On whose record it is told: that of the request it was asked for, or of the instance."""
    instance_id: Mapped[str | None] = mapped_column(index=True)
    department_id: Mapped[str | None]
    """Who may see it besides the office."""
    purpose: Mapped[str]
    state: Mapped[str] = mapped_column(default=CheckState.QUEUED)
    again_of: Mapped[str | None]
    """The check whose red ones are looked at once more."""
    wanted: Mapped[list[str]]
    """Keys of checks; empty: the standard set."""
    due_at: Mapped[datetime]
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    worker: Mapped[str | None]
    beat_at: Mapped[datetime | None]
    """When its worker was last heard of."""
    tries: Mapped[int] = mapped_column(default=0)
    progress: Mapped[list[Any]]
    """What it is doing, as messages, the last one last."""
    results: Mapped[list[Any]]
    diagnosis: Mapped[dict[str, Any] | None]
    colour: Mapped[str | None]
    """``green``, ``weak`` (it works, but it will hurt) or ``red``."""
    failure: Mapped[dict[str, Any] | None]
    """Why it was broken off: a failure as JSON."""
    comparison: Mapped[dict[str, Any] | None]
    """``{green, before, red: [[check, place]], mended: [[check, place]]}``: the last green look at
    the same target and the last one at all, what is red since the one, green since the other."""

    @property
    def over(self) -> bool:
        return self.state not in OPEN


class RemedyRow(Base):
    """A remedy of a check that was asked for, and the request that it became."""

    __tablename__ = "prov_check_remedy"

    number: Mapped[str] = mapped_column(primary_key=True)
    check_id: Mapped[str] = mapped_column(index=True)
    key: Mapped[str]
    """Of the offer, within the diagnosis."""


class SightingRow(Base):
    """What a device counted when it was last examined (``checks.seen.Sighting``)."""

    __tablename__ = "prov_sighting"

    device: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    sighting: Mapped[dict[str, Any]]


class AlertRow(Base):
    """One cause at one place, open as long as a target hangs on it."""

    __tablename__ = "prov_alert"
    __table_args__ = (Index("ix_prov_alert_key_place", "key", "place"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    """Of the cause."""
    place: Mapped[str]
    """``kind name part``, as ``place_key`` writes it."""
    cause: Mapped[dict[str, Any]]
    """With ``check``: by which it was found."""
    targets: Mapped[dict[str, Any]]
    """Target to ``{check, numbers}``: where it was last seen to hang on it, and the requests of
    what stands there."""
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None] = mapped_column(index=True)
    told: Mapped[str | None]
    """What people were last told: ``opened`` or ``closed``."""
    told_at: Mapped[datetime | None]


def place_key(place: Mapping[str, str]) -> str:
    """A place as JSON in one text."""
    return " ".join((place["kind"], place["name"], place["part"])).rstrip()
