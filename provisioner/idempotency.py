"""Answers kept by Idempotency-Key, so that a call sent twice is carried out once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, delete
from sqlalchemy.orm import Mapped, mapped_column

from provisioner.database import Base, Database, now
from provisioner.errors import Conflict
from provisioner.texts import say

KEPT = timedelta(hours=24)
ABANDONED = timedelta(minutes=5)
"""After this a call without an answer counts as dead, and its key may be used again."""


class IdempotencyRow(Base):
    """One key of one person; without a ``status`` the call is still being carried out."""

    __tablename__ = "prov_idempotency"

    person_id: Mapped[int] = mapped_column(
        ForeignKey("prov_person.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    """SHA-256 of method, path and body."""
    status: Mapped[int | None]
    media_type: Mapped[str | None]
    location: Mapped[str | None]
    body: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class Answer:
    """An answer as it was given the first time."""

    status: int
    media_type: str | None
    location: str | None
    body: bytes


class Idempotency:
    """Claims keys and keeps answers; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, person_id: int, key: str, fingerprint: str) -> Answer | None:
        """The answer already given to this call; None: nobody has, and the caller now must.

        Raises Conflict: ``idempotency-key-reused`` for another call under the same key,
        ``idempotency-in-progress`` while the first one is still being carried out.
        """
        moment = now()
        with self._database.allocate() as session:
            session.execute(delete(IdempotencyRow).where(IdempotencyRow.created_at < moment - KEPT))
            row = session.get(IdempotencyRow, (person_id, key), with_for_update=True)
            if row and row.status is None and row.created_at < moment - ABANDONED:
                session.delete(row)
                session.flush()
                row = None
            if row is None:
                session.add(
                    IdempotencyRow(
                        person_id=person_id, key=key, fingerprint=fingerprint, created_at=moment
                    )
                )
                return None
            if row.fingerprint != fingerprint:
                raise Conflict(
                    say("This Idempotency-Key was already used for another call; use a new one."),
                    slug="idempotency-key-reused",
                )
            if row.status is None:
                raise Conflict(
                    say("The same call is being carried out just now; look again in a moment."),
                    slug="idempotency-in-progress",
                )
            return Answer(row.status, row.media_type, row.location, row.body or b"")

    def keep(self, person_id: int, key: str, answer: Answer) -> None:
        """Store the answer to a claimed call."""
        with self._database.write() as session:
            row = session.get_one(IdempotencyRow, (person_id, key))
            row.status, row.media_type = answer.status, answer.media_type
            row.location, row.body = answer.location, answer.body

    def release(self, person_id: int, key: str) -> None:
        """Give a claimed key back: the call changed nothing and may be sent again."""
        with self._database.write() as session:
            session.execute(
                delete(IdempotencyRow).where(
                    IdempotencyRow.person_id == person_id,
                    IdempotencyRow.key == key,
                    IdempotencyRow.status.is_(None),
                )
            )
