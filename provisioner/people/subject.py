"""What all parts of the people service share: the database, the office's terms, who someone is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from provisioner.database import Database
from provisioner.errors import Misconfigured, NotFound
from provisioner.people import store
from provisioner.people.limits import Limits
from provisioner.people.model import Person, Role, SecondFactor
from provisioner.people.policy import APPROVERS
from provisioner.people.rules import Actor
from provisioner.secrets import SecretStore
from provisioner.texts import Message, say

SYSTEM = "system"


@dataclass(frozen=True)
class Terms:
    """How long a browser stays signed in, and of whom one-time codes are asked."""

    session: timedelta = timedelta(hours=12)
    """From signing in, however busy."""
    idle: timedelta = timedelta(hours=4)
    """Without being used."""
    codes_required: bool = False
    """Whoever may approve has to have one-time codes."""


class Subject:
    """One part of the people service; each call is one transaction of its own."""

    def __init__(
        self, database: Database, terms: Terms | None = None, secrets: SecretStore | None = None
    ) -> None:
        self._database = database
        self.terms = terms or Terms()
        self._secrets = secrets or SecretStore(database, _no_key)
        self._limits = Limits(database, self._secrets)

    def _actor(
        self,
        session: Session,
        row: Person | Row[Any],
        scopes: Iterable[str] = (),
        roles: Iterable[str] | None = None,
    ) -> Actor:
        """``row``: a person, or the columns of one with its ``roles``."""
        given = [one.role for one in row.roles] if roles is None else roles
        held = frozenset(Role(role) for role in given)
        asked = self.terms.codes_required and not held.isdisjoint(APPROVERS)
        return Actor(
            id=row.id,
            username=row.username,
            name=row.name,
            roles=held,
            department=row.department_id,
            language=row.language,
            scopes=frozenset(scopes),
            unproven=asked and not has_codes(session, row.id),
        )


def has_codes(session: Session, person_id: int) -> bool:
    """Whether a person signs in with one-time codes."""
    row = session.get(SecondFactor, person_id)
    return row is not None and row.confirmed_at is not None


def digest(secret: str) -> str:
    """What is kept of a random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def person_of(session: Session, username: str) -> Person:
    """The account of that name, open or closed. Raises NotFound."""
    row = store.person(session, username)
    if not row:
        raise NotFound(no_person(username))
    return row


def no_person(username: str) -> Message:
    """That there is no such account."""
    return say("There is no account %(name)s.", name=username[:64])


def _no_key() -> str:
    raise Misconfigured("provisioner.toml", "secrets.key", say("is empty"))
