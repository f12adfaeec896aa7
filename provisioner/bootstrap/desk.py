"""The service desk, wired: asking, letters, complaints, reports, notices, the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.auditing.service import Audit
from provisioner.bootstrap.asking import Asking, asking_of
from provisioner.bootstrap.auditing import auditing_of
from provisioner.bootstrap.complaints import complaints_of
from provisioner.bootstrap.core import Core, Piece
from provisioner.bootstrap.finding import Finding, finding_of
from provisioner.bootstrap.letters import letters_of
from provisioner.bootstrap.noticing import deadlines_of, notices_of
from provisioner.bootstrap.reporting import monthly_of, supervision_of
from provisioner.complaints.service import ComplaintService
from provisioner.notices.choosing import NoticeChoices
from provisioner.outbox import Handler
from provisioner.reports.letters.service import OutLetterService
from provisioner.reports.monthly.service import MonthlyReports
from provisioner.reports.supervision import Supervision
from provisioner.requests.deadlines import Deadlines


@dataclass(frozen=True)
class Desk:
    """Its services, and what the outbox, housekeeping and the clock call of all of them."""

    asking: Asking
    finding: Finding
    audit: Audit
    complaints: ComplaintService
    deadlines: Deadlines
    letters: OutLetterService
    monthly: MonthlyReports
    notices: NoticeChoices
    supervision: Supervision
    handlers: Mapping[str, Handler]
    chores: Sequence[Callable[[], object]]
    watchers: Sequence[Callable[[], object]]


def desk_of(core: Core) -> Desk:
    """All of it; each piece is made in a module of its own."""
    complaints = complaints_of(core)
    pieces: dict[str, Piece[Any]] = {
        "asking": asking_of(core),
        "finding": finding_of(core),
        "audit": auditing_of(core),
        "complaints": complaints,
        "deadlines": deadlines_of(core),
        "letters": letters_of(core),
        "monthly": monthly_of(core, complaints.service),
        "notices": notices_of(core),
        "supervision": supervision_of(core),
    }
    return Desk(
        **{name: piece.service for name, piece in pieces.items()},
        handlers={key: handler for one in pieces.values() for key, handler in one.handlers.items()},
        chores=[chore for one in pieces.values() for chore in one.chores],
        watchers=[watcher for one in pieces.values() for watcher in one.watchers],
    )
