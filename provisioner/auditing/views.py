"""What is asked of the record, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class Look(_View):
    """Filters of the record; empty ones do not count."""

    actor: str = ""
    """User name, or ``system``."""
    record: str = ""
    """A number such as VPS-2026-0001, or ``system``."""
    group: str = ""
    """What events are about: the part of their tag before the colon."""
    since: date | None = None
    until: date | None = None
    """Last day, included; both days are the office's."""

    def chosen(self) -> dict[str, str]:
        """Those that count, as in an address."""
        return {key: str(value) for key, value in self if value}


class Entry(_View):
    """One event."""

    id: int
    at: datetime
    actor: str
    record: str
    seq: int
    tag: str
    text: str
    before: str | None
    after: str | None
    more: Mapping[str, str]
    """What else it carries, as text."""
    erased: bool
    """What it carried was erased, as the law on personal data demands; the chain stays whole."""
    correlation: str | None
    """The same for everything that one click set off."""


class AuditPage(_View):
    """Some events, newest first; ``older`` and ``newer`` are cursors, null at the end."""

    items: list[Entry]
    older: str | None
    newer: str | None


class Verdict(_View):
    """When the chains' heads were last kept elsewhere, and when they were last verified."""

    anchored_at: datetime | None
    verified_at: datetime | None
    faults: int | None
    """Of that verification: 0 is whole."""
