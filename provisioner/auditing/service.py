"""Who did what and when, for head, auditor and administrator; reads only."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner.auditing import queries
from provisioner.auditing.queries import Place, place_of
from provisioner.auditing.views import AuditPage, Entry, Look, Verdict
from provisioner.auditing.words import SENTENCES
from provisioner.database import Database
from provisioner.errors import Forbidden
from provisioner.events import Event, EventPayload, Happening
from provisioner.people.rules import Actor, may_audit
from provisioner.requests.present import sentence
from provisioner.requests.rules import RequestState
from provisioner.requests.states import say_state
from provisioner.texts import render, render_all, say

VERIFIED = "audit:verified"
COLUMNS = (
    "at", "actor", "record", "seq", "tag", "text", "before", "after", "more", "correlation"
)  # fmt: skip
_BATCH = 1000
_OF_COMPLAINTS = ("ADU-",)
_TOLD_OF_COMPLAINTS = frozenset({"class", "kind", "channel", "due_at", "officer", "team"})
"""What a complaint's event may carry besides its state; the rest is the complaint's own matter."""
_RISKY = ("=", "+", "-", "@", "\t", "\r")


class Audit:
    """The record, as it is; nothing here changes it."""

    def __init__(self, database: Database, anchors: Path, zone: ZoneInfo) -> None:
        self._database = database
        self._anchors = anchors
        self._zone = zone

    def page(
        self,
        actor: Actor,
        look: Look,
        *,
        older_than: str | None = None,
        newer_than: str | None = None,
        limit: int = 50,
    ) -> AuditPage:
        """Events newest first, from the newest or from a cursor on. Raises Forbidden, Invalid."""
        _demand(actor)
        back, forth = place_of(older_than, "/older_than"), place_of(newer_than, "/newer_than")
        newer = forth is not None and back is None
        with self._database.read() as session:
            found = queries.ids(
                session, look, self._zone, forth if newer else back, newer, limit + 1
            )
            shown = found[:limit][::-1] if newer else found[:limit]
            items = self._entries(session, actor, shown)
        further = len(found) > limit
        first, last = (_place(items[0]), _place(items[-1])) if items else (None, None)
        return AuditPage(
            items=items,
            older=last if newer or further else None,
            newer=first if (further if newer else back is not None) else None,
        )

    def groups(self, actor: Actor) -> list[str]:
        """What there are events about."""
        _demand(actor)
        with self._database.read() as session:
            return sorted({tag.partition(":")[0] for tag in queries.tags(session)})

    def verdict(self, actor: Actor) -> Verdict:
        """How it stands with the proof that nothing was taken out of the record."""
        _demand(actor)
        kept = max(self._anchors.glob("*.json"), default=None)
        query = (
            select(Event.at, EventPayload.payload)
            .join(EventPayload, EventPayload.event_id == Event.id)
            .where(Event.tag == VERIFIED)
            .order_by(Event.at.desc(), Event.id.desc())
            .limit(1)
        )
        with self._database.read() as session:
            last = session.execute(query).first()
        return Verdict(
            anchored_at=datetime.fromtimestamp(kept.stat().st_mtime, UTC) if kept else None,
            verified_at=last.at if last else None,
            faults=int(last.payload["faults"]) if last else None,
        )

    def csv(self, actor: Actor, look: Look) -> Iterator[str]:
        """All that is asked for as lines of CSV, newest first. Raises Forbidden at once."""
        _demand(actor)
        return self._lines(actor, look)

    def _lines(self, actor: Actor, look: Look) -> Iterator[str]:
        yield "\ufeff" + _line(COLUMNS)  # by that mark spreadsheets know the letters of UTF-8
        start: Place | None = None
        while True:
            with self._database.read() as session:
                found = queries.ids(session, look, self._zone, start, False, _BATCH)
                entries = self._entries(session, actor, found)
            for one in entries:
                yield _line(
                    (
                        one.at.astimezone(self._zone).isoformat(timespec="seconds"), one.actor,
                        one.record, one.seq, one.tag, one.text, one.before or "", one.after or "",
                        "; ".join(f"{key}: {value}" for key, value in one.more.items()),
                        one.correlation or "",
                    )
                )  # fmt: skip
            if len(found) < _BATCH:
                return
            start = Place(entries[-1].at, entries[-1].id)

    @staticmethod
    def _entries(session: Session, actor: Actor, ids: Sequence[int]) -> list[Entry]:
        rows = session.execute(
            select(Event, EventPayload.payload)
            .outerjoin(EventPayload, EventPayload.event_id == Event.id)
            .where(Event.id.in_(ids))
        )
        found = {event.id: _entry(event, payload, actor.language) for event, payload in rows}
        return [found[id] for id in ids]


def _entry(event: Event, payload: dict[str, Any] | None, language: str) -> Entry:
    happened = Happening(
        event.record, event.seq, event.tag, event.actor, event.at, event.correlation, payload
    )
    told: dict[str, Any] = render_all(payload, language) if payload else {}
    text = told.pop("text", None)
    before, after = (_state(told.pop(key, None), language) for key in ("before", "after"))
    if event.record.startswith(_OF_COMPLAINTS):
        told = {key: value for key, value in told.items() if key in _TOLD_OF_COMPLAINTS}
    elif text is not None and not isinstance((payload or {}).get("text"), Mapping):
        told["text"] = text  # what somebody wrote, such as a note
    return Entry(
        id=event.id,
        at=event.at,
        actor=event.actor,
        record=event.record,
        seq=event.seq,
        tag=event.tag,
        text=render(SENTENCES.get(event.tag) or sentence(happened), language),
        before=before,
        after=after,
        more={key: _text(value) for key, value in told.items() if value not in (None, "", [])},
        erased=payload is None,
        correlation=event.correlation,
    )


def _state(value: Any, language: str) -> str | None:
    if value is None:
        return None
    known = isinstance(value, str) and value in list(RequestState)
    return render(say_state(value), language) if known else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(_text(one) for one in value)
    return str(value)


def _place(entry: Entry) -> str:
    return str(Place(entry.at, entry.id))


def _line(cells: Sequence[object]) -> str:
    """One line; what a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    csv.writer(out).writerow(
        f"'{cell}" if isinstance(cell, str) and cell.startswith(_RISKY) else cell for cell in cells
    )
    return out.getvalue()


def _demand(actor: Actor) -> None:
    if not may_audit(actor):
        raise Forbidden(say("Your role does not allow this."))
