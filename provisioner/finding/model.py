"""Filters of the queue that people saved, as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from provisioner.database import Base


class SavedFilter(Base):
    """A name that one person gave to a choice of filters."""

    __tablename__ = "prov_saved_filter"
    __table_args__ = (UniqueConstraint("person_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("prov_person.id", ondelete="CASCADE"))
    name: Mapped[str]
    query: Mapped[dict[str, Any]]
    """Name of the filter to its value: ``q``, ``state``, ``service``, ``department``, ``overdue``.
    """
