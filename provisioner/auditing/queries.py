"""Queries over the record that follow an index whatever is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    and_,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from provisioner.auditing.views import Look
from provisioner.errors import FieldError, Invalid
from provisioner.events import Event
from provisioner.texts import say

FEW = 5000
"""So many events of a person are looked through; of a busier one only those of each tag asked for.
"""
_CURSOR = re.compile(r"(-?[0-9]{1,17})\.([0-9]{1,18})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_DAY = date(9999, 12, 30)


@dataclass(frozen=True)
class Place:
    """Where in the record a page begins."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}.{self.id}"


def place_of(cursor: str | None, pointer: str) -> Place | None:
    """Raises Invalid at ``pointer``."""
    if not cursor:
        return None
    known = _CURSOR.fullmatch(cursor)
    if not known:
        raise Invalid([FieldError(pointer, say("is not a valid cursor"))])
    try:
        at = _EPOCH + timedelta(microseconds=int(known[1]))
    except OverflowError:
        raise Invalid([FieldError(pointer, say("is not a valid cursor"))]) from None
    return Place(at, int(known[2]))


def tags(session: Session) -> list[str]:
    """Every tag that ever happened, by jumping from one to the next in the index."""
    every = select(func.min(Event.tag).label("tag")).cte(recursive=True)
    following = select(func.min(Event.tag)).where(Event.tag > every.c.tag).scalar_subquery()
    every = every.union_all(select(following).where(every.c.tag.is_not(None)))
    return [tag for tag in session.scalars(select(every.c.tag)) if tag is not None]


def ids(
    session: Session, look: Look, zone: ZoneInfo, start: Place | None, newer: bool, limit: int
) -> list[int]:
    """Ids of events: the next older ones than ``start`` newest first, or the next newer ones."""
    limits = _limits(look, zone, start, newer)
    if look.record:
        query = _ordered(select(Event.id), newer).where(Event.record == look.record, *limits)
        if look.actor:
            query = query.where(_hidden(Event.actor) == look.actor)
        if look.group:
            query = query.where(_hidden(Event.tag).startswith(f"{look.group}:", autoescape=True))
        return list(session.scalars(query.limit(limit)))
    if look.actor and (not look.group or _few(session, look.actor)):
        query = _ordered(select(Event.id), newer).where(Event.actor == look.actor, *limits)
        if look.group:
            query = query.where(_hidden(Event.tag).startswith(f"{look.group}:", autoescape=True))
        return list(session.scalars(query.limit(limit)))
    if look.group:
        wanted = [tag for tag in tags(session) if tag.partition(":")[0] == look.group]
        return _of_tags(session, wanted, look, limits, newer, limit)
    query = _ordered(select(Event.id), newer).where(*limits)
    return list(session.scalars(query.limit(limit)))


def _of_tags(
    session: Session, wanted: Sequence[str], look: Look, limits: Sequence[ColumnElement[bool]],
    newer: bool, limit: int,
) -> list[int]:  # fmt: skip
    """Of each tag its next few, of those the next few."""
    if not wanted:
        return []
    parts: list[Any] = []
    for tag in wanted:
        part = _ordered(select(Event.id).add_columns(Event.at), newer)
        part = part.where(Event.tag == tag, *limits)
        if look.actor:
            part = part.where(_hidden(Event.actor) == look.actor)
        parts.append(select(part.limit(limit).subquery()))
    found = union_all(*parts).subquery()
    order = (found.c.at, found.c.id) if newer else (found.c.at.desc(), found.c.id.desc())
    return list(session.scalars(select(found.c.id).order_by(*order).limit(limit)))


def _ordered(query: Any, newer: bool) -> Any:
    return query.order_by(*((Event.at, Event.id) if newer else (Event.at.desc(), Event.id.desc())))


def _begin(day: date, zone: ZoneInfo) -> datetime:
    """When the day begins there; the first and the last year that there are have no UTC."""
    return datetime.combine(min(max(day, _EPOCH.date()), _LAST_DAY), time.min, zone)


def _limits(
    look: Look, zone: ZoneInfo, start: Place | None, newer: bool
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if look.since:
        found.append(Event.at >= _begin(look.since, zone))
    if look.until:
        found.append(Event.at < _begin(look.until, zone) + timedelta(days=1))
    if start:
        at = literal(start.at, Event.at.type)
        if newer:
            found += (Event.at >= at, or_(Event.at > at, and_(Event.at == at, Event.id > start.id)))
        else:
            found += (Event.at <= at, or_(Event.at < at, and_(Event.at == at, Event.id < start.id)))
    return found


def _hidden(column: Any) -> ColumnElement[str]:
    """The column where its index would lead through far more than another one does."""
    hidden: ColumnElement[str] = column + ""
    return hidden


def _few(session: Session, actor: str) -> bool:
    some = select(Event.id).where(Event.actor == actor).limit(FEW + 1).subquery()
    return (session.scalar(select(func.count()).select_from(some)) or 0) <= FEW
