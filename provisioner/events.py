"""The append-only record of what happened: numbered and chained per record, erasable payloads."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from provisioner.database import Base, Database, now

GENESIS = "0" * 64
CLICK: ContextVar[str | None] = ContextVar("click", default=None)
"""The correlation id of what a person does just now; set where the call comes in."""
_CHAIN_LOCK = 7_240_002
"""First half of the keys of PostgreSQL's advisory locks on chains."""


class Event(Base):
    """One thing that happened to one record. ``seq`` counts from 1 within ``record``."""

    __tablename__ = "prov_event"
    __table_args__ = (
        UniqueConstraint("record", "seq"),
        Index("ix_prov_event_at", "at", "id"),
        Index("ix_prov_event_actor_at", "actor", "at", "id"),
        Index("ix_prov_event_tag_at", "tag", "at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    record: Mapped[str]
    seq: Mapped[int]
    tag: Mapped[str]
    """``subject:action``, such as ``request:approved`` or ``step:failed``."""
    actor: Mapped[str]
    """A user name, or ``system``."""
    at: Mapped[datetime]
    correlation: Mapped[str | None]
    """The same for everything that one click set off."""
    payload_hash: Mapped[str]
    previous: Mapped[str]
    hash: Mapped[str]


class EventPayload(Base):
    """What an event carries; erased by deleting the row, the chain of hashes stays whole."""

    __tablename__ = "prov_event_payload"

    event_id: Mapped[int] = mapped_column(ForeignKey("prov_event.id"), primary_key=True)
    salt: Mapped[str]
    payload: Mapped[dict[str, Any]]


@dataclass(frozen=True)
class Happening:
    """An event as readers see it; ``payload`` is None once erased."""

    record: str
    seq: int
    tag: str
    actor: str
    at: datetime
    correlation: str | None
    payload: dict[str, Any] | None


Listener = Callable[[Session, Happening], None]
"""Called within the event's transaction: what it writes is kept or lost with it."""
_LISTENERS = "listeners to events"


def listen(database: Database, listener: Listener) -> None:
    """Have every event that is appended through this database told to ``listener`` too."""
    database.info.setdefault(_LISTENERS, []).append(listener)


def append(
    session: Session,
    record: str,
    tag: str,
    *,
    actor: str = "system",
    payload: dict[str, Any] | None = None,
    correlation: str | None = None,
) -> int:
    """Add an event to a record's chain within the caller's write transaction; returns its seq.

    Two writers of one record never get the same number: SQLite has one writer, on PostgreSQL the
    later one waits for the record's advisory lock until the earlier has committed.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(
            text("select pg_advisory_xact_lock(:kind, hashtext(:record))"),
            {"kind": _CHAIN_LOCK, "record": record},
        )
    last = session.scalars(
        select(Event).where(Event.record == record).order_by(Event.seq.desc()).limit(1)
    ).one_or_none()
    salt = secrets.token_hex(16)
    body = payload or {}
    event = Event(
        record=record,
        seq=last.seq + 1 if last else 1,
        tag=tag,
        actor=actor,
        at=now(),
        correlation=correlation or CLICK.get(),
        payload_hash=_payload_hash(salt, body),
        previous=last.hash if last else GENESIS,
        hash="",
    )
    event.hash = _chain_hash(event)
    session.add(event)
    session.flush()
    session.add(EventPayload(event_id=event.id, salt=salt, payload=body))
    session.flush()
    told = Happening(record, event.seq, tag, actor, event.at, event.correlation, body)
    for listener in session.info.get(_LISTENERS, ()):
        listener(session, told)
    return event.seq


def read(session: Session, record: str, after: int = 0, limit: int = 1000) -> list[Happening]:
    """The record's events with ``seq`` above ``after``, oldest first."""
    rows = session.execute(
        select(Event, EventPayload.payload)
        .outerjoin(EventPayload, EventPayload.event_id == Event.id)
        .where(Event.record == record, Event.seq > after)
        .order_by(Event.seq)
        .limit(limit)
    )
    return [
        Happening(e.record, e.seq, e.tag, e.actor, e.at, e.correlation, payload)
        for e, payload in rows
    ]


def newest(
    session: Session, record: str, correlation: str, limit: int, down_to: int | None = None
) -> list[Happening]:
    """The newest ``limit`` events of one correlation, oldest first.

    With ``down_to`` all from that seq on, however many they are.
    """
    query = (
        select(Event, EventPayload.payload)
        .outerjoin(EventPayload, EventPayload.event_id == Event.id)
        .where(Event.record == record, Event.correlation == correlation)
        .order_by(Event.seq.desc())
    )
    query = query.limit(limit) if down_to is None else query.where(Event.seq >= down_to)
    found = [
        Happening(e.record, e.seq, e.tag, e.actor, e.at, e.correlation, payload)
        for e, payload in session.execute(query)
    ]
    return found[::-1]


def verify(session: Session) -> list[str]:
    """Check every chain; returns a line per fault (empty: all whole).

    A payload that was erased is no fault; one that was altered is, as is a gap or a broken link.
    """
    faults: list[str] = []
    previous: Event | None = None
    rows = session.execute(
        select(Event, EventPayload)
        .outerjoin(EventPayload, EventPayload.event_id == Event.id)
        .order_by(Event.record, Event.seq)
        .execution_options(yield_per=1000)
    )
    for event, payload in rows:
        same = previous is not None and previous.record == event.record
        expected_seq, expected_link = (previous.seq + 1, previous.hash) if same else (1, GENESIS)  # type: ignore[union-attr]
        name = f"{event.record}#{event.seq}"
        if event.seq != expected_seq:
            faults.append(f"{name}: number {expected_seq} is missing")
        if event.previous != expected_link or event.hash != _chain_hash(event):
            faults.append(f"{name}: the chain is broken")
        if (
            payload is not None
            and _payload_hash(payload.salt, payload.payload) != event.payload_hash
        ):
            faults.append(f"{name}: the payload was altered")
        previous = event
    return faults


def verify_anchor(session: Session, anchored: Sequence[tuple[str, int, str]]) -> list[str]:
    """Compare with heads that were kept elsewhere; a line per event that is gone or another.

    Finds what ``verify`` cannot: a chain whose end was cut off, or that was made anew as a whole.
    """
    faults: list[str] = []
    for record, seq, digest in anchored:
        found = session.scalar(select(Event.hash).where(Event.record == record, Event.seq == seq))
        if found != digest:
            faults.append(f"{record}#{seq}: is not what was anchored")
    return faults


def heads(session: Session) -> Sequence[tuple[str, int, str]]:
    """(record, seq, hash) of the last event of every record: what an anchor keeps."""
    last = select(Event.record, func.max(Event.seq).label("seq")).group_by(Event.record).subquery()
    rows = session.execute(
        select(Event.record, Event.seq, Event.hash)
        .join(last, (last.c.record == Event.record) & (last.c.seq == Event.seq))
        .order_by(Event.record)
    )
    return [(record, seq, digest) for record, seq, digest in rows]


def _payload_hash(salt: str, payload: dict[str, Any]) -> str:
    body = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{salt}\n{body}".encode()).hexdigest()


def _chain_hash(event: Event) -> str:
    parts = (
        event.record, str(event.seq), event.tag, event.actor, event.at.isoformat(),
        event.correlation or "", event.payload_hash, event.previous,
    )  # fmt: skip
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
