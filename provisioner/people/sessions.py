"""Browsers that are signed in: found again, listed, ended."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy.orm import Session

from provisioner import events
from provisioner.database import now
from provisioner.errors import NotFound
from provisioner.people import store
from provisioner.people.model import Person, WebSession
from provisioner.people.rules import Actor
from provisioner.people.subject import SYSTEM, Subject, digest, person_of
from provisioner.people.views import SessionView
from provisioner.texts import say

_TOUCHED = timedelta(minutes=5)


class Sessions(Subject):
    """The sessions of browsers."""

    def by_session(self, secret: str) -> Actor | None:
        """Who a cookie stands for; None when it has expired or its account is closed."""
        moment, mine = now(), digest(secret)
        with self._database.read() as session:
            rows = store.session_of(session, mine, moment)
            if not rows or rows[0].seen_at + self.terms.idle <= moment:
                return None
            seen_at = rows[0].seen_at
            actor = self._actor(session, rows[0], roles=[row.role for row in rows if row.role])
        if moment - seen_at > min(_TOUCHED, self.terms.idle / 4):
            with self._database.write() as session:
                store.touch(session, mine, moment)
        return actor

    def sign_out(self, secret: str) -> None:
        """End one browser's session; one that has ended already is no error."""
        with self._database.write() as session:
            store.end_session(session, digest(secret))

    def sessions(self, username: str, current: str = "") -> list[SessionView]:
        """Where a person is signed in, last used first; ``current`` is the asking one's secret."""
        moment, mine = now(), digest(current)
        with self._database.read() as session:
            rows = store.sessions(session, person_of(session, username).id, moment)
        alive = [row for row in rows if row.seen_at + self.terms.idle > moment]
        return [SessionView.of(row, row.digest == mine) for row in alive]

    def end_session(self, username: str, id: str, actor: str = SYSTEM) -> None:
        """Sign one of a person's browsers out. Raises NotFound."""
        with self._database.write() as session:
            person = person_of(session, username)
            for row in store.sessions(session, person.id, now()):
                if SessionView.of(row, False).id == id:
                    session.delete(row)
                    break
            else:
                raise NotFound(say("There is no such session."))
            _ended(session, username, actor)

    def end_others(self, username: str, keep: str = "", actor: str = SYSTEM) -> None:
        """Sign a person out everywhere but in the browser whose secret is ``keep``."""
        with self._database.write() as session:
            store.end_sessions(session, person_of(session, username).id, except_for=digest(keep))
            _ended(session, username, actor)

    def _enter(self, session: Session, row: Person, address: str, browser: str) -> str:
        """A new session's secret, for the cookie."""
        secret, moment = secrets.token_urlsafe(32), now()
        session.add(
            WebSession(
                digest=digest(secret),
                person_id=row.id,
                created_at=moment,
                expires_at=moment + self.terms.session,
                seen_at=moment,
                address=address[:64],
                browser="".join(c for c in browser if c.isprintable())[:200],
            )
        )
        payload = {"username": row.username, "address": address}
        events.append(session, SYSTEM, "person:signed-in", actor=row.username, payload=payload)
        return secret


def _ended(session: Session, username: str, actor: str) -> None:
    payload = {"username": username}
    events.append(session, SYSTEM, "person:signed-out", actor=actor, payload=payload)
