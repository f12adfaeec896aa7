"""Tokens, with which programs act for a person."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy.orm import Session

from provisioner import events
from provisioner.database import now
from provisioner.errors import NotFound
from provisioner.people import fields, store
from provisioner.people.model import Token
from provisioner.people.policy import SCOPES
from provisioner.people.rules import Actor
from provisioner.people.subject import SYSTEM, Subject, digest, person_of
from provisioner.people.views import TokenView
from provisioner.texts import say

TOKEN_PREFIX = "prv_"  # noqa: S105  lets scanners for leaked secrets recognise it
_LAST_USE = timedelta(hours=1)


class Tokens(Subject):
    """What programs show instead of a password."""

    def create_token(
        self,
        username: str,
        scopes: Iterable[str] = (),
        days: int | None = 90,
        label: str = "",
        actor: str = SYSTEM,
    ) -> str:
        """A new token's secret, which is shown once and never again; None days: no end."""
        wanted = sorted(set(scopes))
        known = say("Known are: %(scopes)s.", scopes=", ".join(sorted(SCOPES)))
        fields.check("/scopes", SCOPES.issuperset(wanted), known)
        fields.check("/days", days is None or 0 < days <= 3660, say("From 1 to 3660 days."))
        label = " ".join(label.split())
        fields.check("/label", len(label) <= 80, say("At most 80 characters."))
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        with self._database.write() as session:
            row = person_of(session, username)
            token = Token(
                person_id=row.id,
                digest=digest(secret),
                label=label,
                scopes=wanted,
                created_at=now(),
                expires_at=now() + timedelta(days=days) if days else None,
            )
            session.add(token)
            session.flush()
            payload = {"token": token.id, "username": username, "scopes": wanted, "days": days}
            events.append(session, SYSTEM, "token:created", actor=actor, payload=payload)
        return secret

    def by_token(self, secret: str) -> Actor | None:
        """Who a token stands for, with its scopes; None when unknown, expired or revoked."""
        moment = now()
        with self._database.read() as session:
            found = store.token_and_person(session, digest(secret))
            if not found:
                return None
            token, row = found
            if token.revoked_at or (token.expires_at and token.expires_at <= moment):
                return None
            actor = self._actor(session, row, token.scopes)
        if token.last_used_at is None or moment - token.last_used_at > _LAST_USE:
            with self._database.write() as session:
                if current := session.get(Token, token.id):
                    current.last_used_at = moment
        return actor

    def tokens(self, username: str) -> list[TokenView]:
        """A person's tokens, revoked and expired ones too."""
        with self._database.read() as session:
            return [TokenView.of(t) for t in store.tokens(session, person_of(session, username).id)]

    def revoke_token(self, id: int, actor: str = SYSTEM, owner: str | None = None) -> None:
        """Make a token worthless at once; raises NotFound, also for one that is not ``owner``'s."""
        with self._database.write() as session:
            token = session.get(Token, id)
            if not token or (owner and token.person_id != person_of(session, owner).id):
                raise NotFound(say("There is no token %(id)s.", id=id))
            _revoke(session, token, actor)


def end_tokens(session: Session, person_id: int, actor: str) -> None:
    """Make all of a person's tokens worthless, within the caller's transaction."""
    for token in store.tokens(session, person_id):
        _revoke(session, token, actor)


def _revoke(session: Session, token: Token, actor: str) -> None:
    if token.revoked_at is None:
        token.revoked_at = now()
        events.append(session, SYSTEM, "token:revoked", actor=actor, payload={"token": token.id})
