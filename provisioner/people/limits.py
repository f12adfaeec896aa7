"""Counting of guesses: so many per kind and address within a while, and then wait."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from provisioner.database import Database, now
from provisioner.errors import Unauthenticated
from provisioner.people import store
from provisioner.texts import say

WINDOW = timedelta(minutes=15)
LONGEST = timedelta(hours=24)
"""No window may be longer: older counts are forgotten."""


class Limits:
    """Counts in the database, so that all processes count together; keeps only SHA-256 keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(
        self, kind: str, address: str, limit: int, window: timedelta = WINDOW, key: str = ""
    ) -> None:
        """Count one try of ``kind`` (``track``, ``complain`` …) from a network address.

        With ``key`` (a number that is guessed at, a name) the tries for that key are counted apart.
        Call it before looking, so that parallel guesses gain nothing. A window begins with its
        first try. Raises Unauthenticated(``too-many-tries``, status 429) with ``after`` seconds
        once more than ``limit`` were counted.
        """
        with self._database.write() as session:
            count(session, kind, address, limit, window, key)

    def forgive(self, kind: str, address: str, key: str = "") -> None:
        """Take one try out again that turned out to be no guess."""
        with self._database.write() as session:
            store.take_back(session, _digest(kind, address, key))


def count(
    session: Session,
    kind: str,
    address: str,
    limit: int,
    window: timedelta = WINDOW,
    key: str = "",
) -> None:
    """As ``Limits.count``, within the caller's transaction, which a refusal ends."""
    if window > LONGEST:
        raise ValueError("a window is at most 24 hours long")
    moment = now()
    counted = store.count_try(session, _digest(kind, address, key), moment, moment - window)
    if counted.tries > limit:
        raise _too_many(counted.since + window, moment)


def first(session: Session, kind: str, address: str, key: str, window: timedelta = WINDOW) -> bool:
    """Whether nothing of the kind was counted within the window; counts this."""
    moment = now()
    return store.count_try(session, _digest(kind, address, key), moment, moment - window).tries == 1


def forgive(session: Session, kind: str, address: str, key: str) -> None:
    """Forget the tries for a key, and one of those of the address alone: this one was right."""
    store.forget_tries(session, _digest(kind, address, key))
    store.take_back(session, _digest(kind, address, ""))


def _too_many(until: datetime, moment: datetime) -> Unauthenticated:
    seconds = max(1, round((until - moment).total_seconds()))
    return Unauthenticated(
        say("Too many tries. Wait %(minutes)s minutes and try again.", minutes=-(-seconds // 60)),
        slug="too-many-tries",
        extra={"after": seconds},
    )


def _digest(kind: str, address: str, key: str) -> str:
    return hashlib.sha256(f"{kind}\n{address}\n{key}".encode()).hexdigest()
