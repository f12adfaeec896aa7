"""Service instances, as rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from provisioner.database import Base


class InstanceState(StrEnum):
    """How an instance stands."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ATTENTION = "attention"
    ENDED = "ended"


class Instance(Base):
    """What stands for a department (a VM, the WiFi of an event); it owns its reservations."""

    __tablename__ = "prov_instance"
    __table_args__ = (
        UniqueConstraint("cluster", "vmid", "uuid"),
        Index("ix_prov_instance_created", "created_at", "id"),
        Index("ix_prov_instance_department_created", "department_id", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    request_id: Mapped[int] = mapped_column(ForeignKey("prov_request.id"), unique=True)
    request_number: Mapped[str]
    department_id: Mapped[str] = mapped_column(ForeignKey("prov_department.id"), index=True)
    name: Mapped[str] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(default=InstanceState.ACTIVE)
    cluster: Mapped[str | None]
    node: Mapped[str | None]
    vmid: Mapped[int | None]
    uuid: Mapped[str | None]
    addresses: Mapped[list[str]]
    size: Mapped[str | None]
    image: Mapped[str | None]
    facts: Mapped[dict[str, Any]]
    """What later work on it needs: of a VM its host key, SSH port and user; of an event's WiFi its
    place, network, SSID and access points."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    end_run_id: Mapped[str | None]
    """The run that takes it away."""
    made_by_run: Mapped[str | None]
    """The run that made what stands now, where it was made anew since its first request."""
    made_at: Mapped[datetime]
    """When what stands now was made; only backups since then are its own."""
    remove_at: Mapped[datetime | None] = mapped_column(index=True)
    """Its end has begun and it is off; at this moment it is taken away for good."""
    upkeep_run_id: Mapped[str | None]
    """A run by itself that is at work on it: switching it off, or removing a snapshot."""
    next_tidy_at: Mapped[datetime | None] = mapped_column(index=True)
    """When the next of its snapshots has had its time."""
    warned_days: Mapped[int | None]
    """The nearest end, in days, that was warned of last."""

    @property
    def backups_since(self) -> datetime:
        """Backups of its number from then on are its own; clusters tell whole seconds."""
        return self.made_at - timedelta(seconds=5)
