"""Signing in: by password, then by a one-time code where there are such, or by an invitation."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from provisioner import events
from provisioner.database import now
from provisioner.errors import NotFound, Unauthenticated
from provisioner.people import fields, store
from provisioner.people.limits import LONGEST
from provisioner.people.model import Invitation, PendingSignIn, Person
from provisioner.people.passwords import check_password
from provisioner.people.rules import PASSWORD_LENGTH, USERNAME, Actor
from provisioner.people.second_factor import SecondFactors, wrong_code
from provisioner.people.subject import SYSTEM, digest, has_codes, person_of
from provisioner.people.tokens import end_tokens
from provisioner.texts import say

TRIES_PER_NAME = 5
TRIES_PER_ADDRESS = 50
INVITATION = timedelta(hours=72)
PENDING = timedelta(minutes=10)
_SIGN_IN, _OF_NAME, _KNOWN = "sign-in", "sign-in-name", "sign-in-known"
_NOBODY = "?"
"""Stands for what cannot be a user name: goes the same way and takes the same time."""


class SignedIn(NamedTuple):
    """The secret for the cookie, and who signed in."""

    secret: str
    actor: Actor


class CodeNeeded(NamedTuple):
    """The password was right; ``pending`` is shown together with the code, within 10 minutes."""

    pending: str


class SigningIn(SecondFactors):
    """From a name and a password to a session."""

    def sign_in(
        self, username: str, password: str, address: str = "", browser: str = "", known: str = ""
    ) -> SignedIn | CodeNeeded:
        """Check name and password; ``known`` is what ``vouch`` gave this browser, if anything.

        Guesses are limited per address and name, per address over all names, and per name over all
        addresses by waits that grow (NIST SP 800-63B 5.2.2, OWASP Authentication Cheat Sheet). From
        a browser in which the person has signed in before the last of the three is not asked, so
        that nobody keeps its owner out by guessing from elsewhere (OWASP's device cookies).

        Raises Unauthenticated: ``wrong-credentials``, or ``too-many-tries`` with ``after`` seconds.
        The work done is the same whether or not the name exists.
        """
        if not USERNAME.fullmatch(username):
            username = _NOBODY
        self._count_try(username, address, known)
        with self._database.read() as session:
            row = store.person(session, username)
        good = check_password(password[: PASSWORD_LENGTH.stop], row.password_hash if row else None)
        with self._database.write() as session:
            row = store.person(session, username)
            if row and row.active and good:
                self._limits.forget(session, _SIGN_IN, address, username)
                self._limits.forget(session, *self._whose(username, known))
                store.drop_old(session, now(), now() - LONGEST)
                if has_codes(session, row.id):
                    return CodeNeeded(_pend(session, row))
                secret = self._enter(session, row, address, browser)
                return SignedIn(secret, self._actor(session, row))
            # A name that nobody has may be a password typed into the wrong field.
            _failed(session, row.username if row else None, address)
        raise Unauthenticated(
            say("The user name or the password is wrong."), slug="wrong-credentials"
        )

    def vouch(self, username: str) -> str:
        """For the browser in which somebody has just signed in: what ``sign_in`` knows it by."""
        nonce = secrets.token_urlsafe(16)
        return f"{nonce}.{self._voucher(username, nonce)}"

    def pending(self, secret: str) -> bool:
        """Whether a code is still waited for."""
        with self._database.read() as session:
            return store.pending(session, digest(secret), now()) is not None

    def enter_code(self, pending: str, code: str, address: str = "", browser: str = "") -> SignedIn:
        """The second page: a one-time code, or a recovery code.

        Raises Unauthenticated: ``sign-in-again`` when the password's time is over, ``wrong-code``,
        ``too-many-tries`` with ``after`` seconds.
        """
        with self._database.read() as session:
            row = store.pending(session, digest(pending), now())
        if row is None:
            raise _again()
        self._count_code(row.id)
        with self._database.write() as session:
            row = store.pending(session, digest(pending), now())
            if row is None:
                raise _again()
            if self._accepts(session, row, code):
                self._limits.forget(session, "code", "", str(row.id))
                store.end_pending(session, row.id)
                secret = self._enter(session, row, address, browser)
                return SignedIn(secret, self._actor(session, row))
            _failed(session, row.username, address, "person:code-failed")
        raise wrong_code()

    def invite(self, username: str, actor: str = SYSTEM) -> str:
        """A link's token with which the person sets a password, once within 72 hours.

        Earlier links end. Raises NotFound.
        """
        secret = secrets.token_urlsafe(32)
        with self._database.write() as session:
            row = person_of(session, username)
            store.end_invitations(session, row.id)
            ends = now() + INVITATION
            session.add(Invitation(digest=digest(secret), person_id=row.id, expires_at=ends))
            payload = {"username": username}
            events.append(session, SYSTEM, "person:invited", actor=actor, payload=payload)
        return secret

    def invited(self, token: str) -> str:
        """The user name of the one whom the link invites; looking does not use it up.

        Raises NotFound for one that was never, is used, or has expired.
        """
        with self._database.read() as session:
            return _guest(session, token).username

    def accept(self, token: str, password: str) -> None:
        """Set the password by the link; every browser is signed out, and no token works any more.

        Raises NotFound, Invalid.
        """
        hashed = fields.hash_of(password)
        with self._database.write() as session:
            row = _guest(session, token)
            if not store.end_invitations(session, row.id):
                raise _no_invitation()
            row.password_hash = hashed
            store.end_sessions(session, row.id)
            end_tokens(session, row.id, row.username)
            payload = {"username": row.username}
            events.append(
                session, SYSTEM, "person:password-set", actor=row.username, payload=payload
            )

    def _count_try(self, username: str, address: str, known: str) -> None:
        """Counted before the password is looked at, so that parallel guesses gain nothing."""
        kind, everywhere, key = self._whose(username, known)
        try:
            with self._database.write() as session:
                self._limits.count_in(session, _SIGN_IN, address, TRIES_PER_ADDRESS)
                self._limits.count_in(session, _SIGN_IN, address, TRIES_PER_NAME, key=username)
                if kind == _KNOWN:
                    self._limits.count_in(session, kind, everywhere, TRIES_PER_NAME, key=key)
                elif username != _NOBODY:
                    self._limits.slow_down(session, kind, key)
        except Unauthenticated:
            self._limited(username, address)
            raise

    def _whose(self, username: str, known: str) -> tuple[str, str, str]:
        """Kind, address and key under which all tries for a name are counted, or a browser's."""
        nonce, _, voucher = known.partition(".")
        good = hmac.compare_digest(voucher.encode(), self._voucher(username, nonce).encode())
        return (_KNOWN, "", nonce) if good else (_OF_NAME, "", username)

    def _voucher(self, username: str, nonce: str) -> str:
        return self._secrets.fingerprint(f"browser\n{username}\n{nonce}")

    def _limited(self, username: str, address: str) -> None:
        """One entry in the record for each time that somebody begins to be refused."""
        with self._database.write() as session:
            if self._limits.first(session, "sign-in-limited", address, key=username):
                known = store.person(session, username)
                payload = {"username": known.username if known else None, "address": address}
                events.append(session, SYSTEM, "person:sign-in-limited", payload=payload)


def _pend(session: Session, row: Person) -> str:
    secret = secrets.token_urlsafe(32)
    session.add(PendingSignIn(digest=digest(secret), person_id=row.id, expires_at=now() + PENDING))
    return secret


def _failed(
    session: Session, username: str | None, address: str, tag: str = "person:sign-in-failed"
) -> None:
    events.append(session, SYSTEM, tag, payload={"username": username, "address": address})


def _guest(session: Session, token: str) -> Person:
    row = store.invited(session, digest(token), now())
    if row is None:
        raise _no_invitation()
    return row


def _no_invitation() -> NotFound:
    return NotFound(say("This link was used already or has expired. Ask the office for a new one."))


def _again() -> Unauthenticated:
    return Unauthenticated(
        say("Too much time has passed. Please begin with your password again."),
        slug="sign-in-again",
    )
