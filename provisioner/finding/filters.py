"""What of the requests somebody wants to see, and the choices that were given a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner.catalogue.fields import one_line
from provisioner.database import Database
from provisioner.errors import Conflict, NotFound
from provisioner.finding.model import SavedFilter
from provisioner.people.rules import Actor
from provisioner.texts import say

MOST = 12
"""Saved filters of one person: more are no shortcut any longer."""


class Choice(BaseModel):
    """Filters of a list; empty ones do not count."""

    model_config = ConfigDict(frozen=True)

    q: str = ""
    state: str = ""
    service: str = ""
    department: str = ""
    overdue: bool = False

    def chosen(self) -> dict[str, Any]:
        """Those that count, as in an address."""
        given = {key: value for key, value in self if value}
        return given | ({"overdue": "1"} if self.overdue else {})


class SavedView(BaseModel):
    """One saved filter."""

    model_config = ConfigDict(frozen=True)

    id: int
    name: str
    query: dict[str, Any]


class Filters:
    """Each person's own; nobody sees those of others."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, actor: Actor) -> Sequence[SavedView]:
        """By name."""
        with self._database.read() as session:
            return [SavedView(id=f.id, name=f.name, query=f.query) for f in _of(session, actor)]

    def save(self, actor: Actor, name: str, choice: Choice) -> None:
        """Keep the choice under that name, in the place of an earlier one of that name.

        Raises Invalid for the name, Conflict (``too-many-filters``) beyond ``MOST``.
        """
        name = one_line("/name", name, minimum=1)[:60]
        with self._database.allocate() as session:
            mine = _of(session, actor)
            kept = next((one for one in mine if one.name == name), None)
            if kept is None:
                if len(mine) >= MOST:
                    raise Conflict(
                        say("You have %(most)s saved filters. Remove one first.", most=MOST),
                        slug="too-many-filters",
                    )
                kept = SavedFilter(person_id=actor.id, name=name)
                session.add(kept)
            kept.query = choice.chosen()

    def remove(self, actor: Actor, id: int) -> None:
        """Raises NotFound, also for somebody else's."""
        with self._database.write() as session:
            kept = session.get(SavedFilter, id) if 0 < id < 2**31 else None
            if kept is None or kept.person_id != actor.id:
                raise NotFound(say("There is no such saved filter."))
            session.delete(kept)


def _of(session: Session, actor: Actor) -> Sequence[SavedFilter]:
    query = select(SavedFilter).where(SavedFilter.person_id == actor.id)
    return session.scalars(query.order_by(SavedFilter.name)).all()
