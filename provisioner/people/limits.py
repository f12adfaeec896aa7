"""Counting of guesses: so many per kind and address within a while, and then wait."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

from sqlalchemy.orm import Session

from provisioner.database import Database, now
from provisioner.errors import Unauthenticated
from provisioner.people import store
from provisioner.secrets import SecretStore
from provisioner.texts import say

WINDOW = timedelta(minutes=15)
LONGEST = timedelta(hours=24)
"""No window may be longer: older counts are forgotten."""
FREE_TRIES = 10
"""For one key from everywhere, before ``slow_down`` makes wait."""
_FIRST_WAIT = timedelta(seconds=30)
_SITE = 64
"""Bits of an IPv6 address that name a site: one customer has all the addresses below them."""


class Limits:
    """Counts in the database, so that all processes count together.

    Of addresses and keys only what the installation's own secret makes of them is kept: there are
    so few addresses that a plain hash would give them away.
    """

    def __init__(self, database: Database, secrets: SecretStore) -> None:
        self._database = database
        self._secrets = secrets

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
            self.count_in(session, kind, address, limit, window, key)

    def forgive(self, kind: str, address: str, key: str = "") -> None:
        """Take one try out again that turned out to be no guess."""
        with self._database.write() as session:
            store.take_back(session, self._mark(kind, address, key))

    def count_in(
        self,
        session: Session,
        kind: str,
        address: str,
        limit: int,
        window: timedelta = WINDOW,
        key: str = "",
    ) -> None:
        """As ``count``, within the caller's transaction, which a refusal ends."""
        if window > LONGEST:
            raise ValueError("a window is at most 24 hours long")
        moment = now()
        mark = self._mark(kind, address, key)
        counted = store.count_try(session, mark, moment, moment - window)
        if counted.tries > limit:
            raise _too_many(counted.since + window, moment)

    def slow_down(self, session: Session, kind: str, key: str) -> None:
        """Count one try for a key from wherever; after ten each one makes wait twice as long.

        From half a minute to a quarter of an hour, counted from the last try that was let through:
        who is refused lengthens nothing, so that nobody can keep another out for longer than that.
        A day without a try begins anew. Raises as ``count`` does.
        """
        moment = now()
        row = store.try_of(session, self._mark(kind, "", key), moment)
        if row.since <= moment - LONGEST:
            row.tries = 0
        until = row.since + wait_after(row.tries)
        if moment < until:
            raise _too_many(until, moment)
        row.tries, row.since = row.tries + 1, moment

    def first(self, session: Session, kind: str, address: str, key: str) -> bool:
        """Whether nothing of the kind was counted within the window; counts this."""
        moment = now()
        mark = self._mark(kind, address, key)
        return store.count_try(session, mark, moment, moment - WINDOW).tries == 1

    def forget(self, session: Session, kind: str, address: str, key: str) -> None:
        """Forget the tries for a key, and one of those of the address alone: this one was right."""
        store.forget_tries(session, self._mark(kind, address, key))
        store.take_back(session, self._mark(kind, address, ""))

    def _mark(self, kind: str, address: str, key: str) -> str:
        return self._secrets.fingerprint(f"{kind}\n{site_of(address)}\n{key}")


def wait_after(tries: int) -> timedelta:
    """How long ``slow_down`` makes wait after so many tries; pure."""
    over = tries - FREE_TRIES
    return min(WINDOW, _FIRST_WAIT * 2 ** min(over, 9)) if over >= 0 else timedelta()


def site_of(address: str) -> str:
    """What counts as one address: of IPv6 the /64, IPv4 also where it is written in IPv6; pure."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or IPv6Network((int(found), _SITE), strict=False))
    return str(found)


def _too_many(until: datetime, moment: datetime) -> Unauthenticated:
    seconds = max(1, round((until - moment).total_seconds()))
    return Unauthenticated(
        say("Too many tries. Wait %(minutes)s minutes and try again.", minutes=-(-seconds // 60)),
        slug="too-many-tries",
        extra={"after": seconds},
    )
