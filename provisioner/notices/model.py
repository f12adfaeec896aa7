"""What waits to be told, what people want to be told, and how their channels do, as rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from provisioner.database import Base


class NoticePending(Base):
    """One event that somebody may want to hear of; gone once it was worked out for whom."""

    __tablename__ = "prov_notice_pending"

    id: Mapped[int] = mapped_column(primary_key=True)
    record: Mapped[str] = mapped_column(index=True)
    tag: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]


class NoticeChoice(Base):
    """What a person chose; topics that are not in it have their default."""

    __tablename__ = "prov_notice_choice"

    person_id: Mapped[int] = mapped_column(
        ForeignKey("prov_person.id", ondelete="CASCADE"), primary_key=True
    )
    topics: Mapped[dict[str, Any]]
    """Topic to the list of channels: ``email``, ``own``."""
    updated_at: Mapped[datetime]


class NoticeChannel(Base):
    """How deliveries to one person over one channel went lately."""

    __tablename__ = "prov_notice_channel"

    person_id: Mapped[int] = mapped_column(
        ForeignKey("prov_person.id", ondelete="CASCADE"), primary_key=True
    )
    channel: Mapped[str] = mapped_column(primary_key=True)
    delivered_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    error: Mapped[dict[str, Any] | None]
    """The last failure, a message."""
    tried_at: Mapped[datetime | None]
    """When the person last asked for a trial."""
