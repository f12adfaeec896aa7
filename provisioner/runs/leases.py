"""Exclusive use of resources and of their slots, in our own table, surviving crashes."""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from provisioner.database import Database, now
from provisioner.requests.model import Counter
from provisioner.runs.model import Lease

_FENCE = ("fence", 0)


def take_slot(session: Session, resource: str, limit: int, run_id: str, step_key: str) -> bool:
    """Take one of ``limit`` slots, or keep the run's own; False while all are taken.

    Call it within ``Database.allocate``, so that two runs never take the same.
    """
    held = session.scalars(select(Lease).where(Lease.resource == resource)).all()
    if any(lease.run_id == run_id for lease in held):
        return True
    taken = {lease.slot for lease in held}
    free = next((slot for slot in range(limit) if slot not in taken), None)
    if free is None:
        return False
    session.add(
        Lease(
            resource=resource,
            slot=free,
            run_id=run_id,
            step_key=step_key,
            fence=_next_fence(session),
            since=now(),
        )
    )
    return True


def release(session: Session, run_id: str, resource: str | None = None) -> None:
    """Give back one resource of the run, or all of them."""
    query = delete(Lease).where(Lease.run_id == run_id)
    session.execute(query.where(Lease.resource == resource) if resource else query)


class RunSlots:
    """The slots of one run while one of its steps is at work."""

    def __init__(self, database: Database, run_id: str, step_key: str) -> None:
        self._database, self._run_id, self._step_key = database, run_id, step_key

    def take(self, resource: str, limit: int) -> bool:
        """See ``take_slot``."""
        with self._database.allocate() as session:
            return take_slot(session, resource, limit, self._run_id, self._step_key)

    def give_back(self, resource: str) -> None:
        """See ``release``."""
        with self._database.write() as session:
            release(session, self._run_id, resource)


def _next_fence(session: Session) -> int:
    prefix, year = _FENCE
    if session.get(Counter, _FENCE) is None:
        session.add(Counter(prefix=prefix, year=year, last=0))
        session.flush()
    return session.execute(
        update(Counter)
        .where(Counter.prefix == prefix, Counter.year == year)
        .values(last=Counter.last + 1)
        .returning(Counter.last)
    ).scalar_one()
