"""What an earlier stage sets off in a later one: stored with its cause, delivered at least once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from provisioner.database import Base, Database, now

log = logging.getLogger(__name__)

Handler = Callable[[Mapping[str, Any]], None]
"""Gets the payload; has to be idempotent; whatever it raises, it is tried again later."""


class OutboxRow(Base):
    """One message on its way."""

    __tablename__ = "prov_outbox"
    __table_args__ = (Index("ix_prov_outbox_due", "done_at", "next_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str]
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    next_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    done_at: Mapped[datetime | None]


def put(
    session: Session, topic: str, payload: dict[str, Any], after: timedelta = timedelta()
) -> None:
    """Add a message within the caller's transaction; ``after``: not to be delivered before."""
    moment = now()
    row = OutboxRow(topic=topic, payload=payload, created_at=moment, next_at=moment + after)
    session.add(row)


def prune(session: Session, before: datetime) -> None:
    """Forget what was delivered before that moment."""
    session.execute(delete(OutboxRow).where(OutboxRow.done_at < before))


class Outbox:
    """Delivers what is due, in order, one after the other.

    Two of them share the work: one has the topics of ``only``, the other all ``without`` those, so
    that what waits for somebody else's server holds up nothing else.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        *,
        only: Collection[str] = (),
        without: Collection[str] = (),
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._mine = [OutboxRow.topic.in_(only)] if only else []
        self._mine += [OutboxRow.topic.not_in(without)] if without else []
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def deliver_due(self) -> int:
        """Deliver everything that is due now; returns how many were delivered."""
        with self._database.read() as session:
            due = session.scalars(
                select(OutboxRow)
                .where(OutboxRow.done_at.is_(None), OutboxRow.next_at <= now(), *self._mine)
                .order_by(OutboxRow.id)
                .limit(100)
            ).all()
        return sum(self._deliver(row) for row in due)

    def _deliver(self, row: OutboxRow) -> bool:
        error: str | None = None
        try:
            self._handlers[row.topic](row.payload)
        except Exception as failure:
            # whatever went wrong: this message is tried again later, the others go on
            error = f"{type(failure).__name__}: {failure}"
            log.exception("outbox: %s %s is tried again later", row.topic, row.id)
        with self._database.write() as session:
            kept = session.get_one(OutboxRow, row.id)
            kept.tries += 1
            kept.error = error
            if error is None:
                kept.done_at = now()
            else:
                kept.next_at = now() + timedelta(seconds=min(2**kept.tries, 600))
        return error is None

    def start(self, every: float = 1.0) -> None:
        """Deliver in a thread of its own until ``stop``."""
        self._thread = threading.Thread(target=self._run, args=(every,), name="outbox", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look now rather than at the next turn."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread after the message in hand."""
        self._ending.set()
        self._wake.set()
        if self._thread:
            self._thread.join()

    def _run(self, every: float) -> None:
        while not self._ending.is_set():
            try:
                self.deliver_due()
            except SQLAlchemyError:
                log.exception("outbox: the database did not answer; trying again")
            self._wake.wait(every)
            self._wake.clear()
