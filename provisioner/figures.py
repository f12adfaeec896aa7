"""How many of what: the figures that monitoring asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from provisioner.database import Database
from provisioner.outbox import OutboxRow
from provisioner.requests.model import Request
from provisioner.runs.model import Run


@dataclass(frozen=True)
class Figures:
    """Counts at one moment; ``outbox_backlog`` is what still has to be delivered."""

    requests: Mapping[str, int]
    runs: Mapping[str, int]
    outbox_backlog: int


def figures(database: Database) -> Figures:
    """Count requests and runs by state, and what waits in the outbox."""
    with database.read() as session:
        requests = session.execute(select(Request.state, func.count()).group_by(Request.state))
        runs = session.execute(select(Run.state, func.count()).group_by(Run.state))
        backlog = session.scalar(
            select(func.count()).select_from(OutboxRow).where(OutboxRow.done_at.is_(None))
        )
        return Figures(
            dict(requests.all()),
            dict(runs.all()),
            backlog or 0,
        )
