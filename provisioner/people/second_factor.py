"""One-time codes (TOTP, RFC 6238) of people, and the codes for who has lost the telephone."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

import pyotp
from sqlalchemy.orm import Session

from provisioner import events
from provisioner.database import now
from provisioner.errors import Conflict, Forbidden, Unauthenticated
from provisioner.people import store
from provisioner.people.model import Person, RecoveryCode, SecondFactor
from provisioner.people.rules import Actor
from provisioner.people.sessions import Sessions
from provisioner.people.subject import SYSTEM, person_of
from provisioner.texts import Message, say

RECOVERY_CODES = 8
CODE_TRIES = 5
_KIND = "totp"
_DRIFT = 1
"""Steps of 30 seconds by which a telephone's clock may be wrong, either way."""
_SIX_DIGITS = re.compile(r"[0-9]{6}")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Enrolment:
    """What a telephone has to take over; ``uri`` goes into the QR code."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


class SecondFactors(Sessions):
    """Setting one-time codes up, proving them, doing without."""

    def begin_codes(self, actor: Actor, issuer: str) -> Enrolment:
        """A new secret, which counts once a first code has confirmed it.

        Raises Conflict(``codes-exist``), Forbidden for a token.
        """
        _in_person(actor)
        secret = pyotp.random_base32()
        with self._database.write() as session:
            row = session.get(SecondFactor, actor.id)
            if row and row.confirmed_at:
                raise Conflict(_exist(), slug="codes-exist")
            kept = self._secrets.replace(session, _KIND, _owner(actor.id), secret)
            session.merge(SecondFactor(person_id=actor.id, secret_id=kept, last_step=0))
        return _enrolment(secret, actor, issuer)

    def enrolment(self, actor: Actor, issuer: str) -> Enrolment | None:
        """What was begun and not yet confirmed; None where nothing was."""
        _in_person(actor)
        with self._database.read() as session:
            row = session.get(SecondFactor, actor.id)
            if row is None or row.confirmed_at:
                return None
            [(_, secret)] = self._secrets.values(session, [row.secret_id])
        return _enrolment(secret, actor, issuer)

    def confirm_codes(self, actor: Actor, code: str) -> list[str]:
        """The recovery codes, shown this once; from now on signing in asks for a code.

        Raises Unauthenticated(``wrong-code``, ``too-many-tries``), Conflict.
        """
        _in_person(actor)
        self._count_code(actor.id)
        with self._database.write() as session:
            row = store.second_factor(session, actor.id)
            if row is None or row.confirmed_at:
                raise Conflict(_exist(), slug="codes-exist")
            if not self._fits(session, row, code):
                raise wrong_code()
            row.confirmed_at = now()
            self._limits.forget(session, "code", "", str(actor.id))
            _record(session, "person:codes-added", actor.username, actor.username)
            return _new_recovery(session, actor.id)

    def renew_recovery(self, actor: Actor) -> list[str]:
        """New recovery codes instead of the former. Raises Conflict without one-time codes."""
        _in_person(actor)
        with self._database.write() as session:
            row = store.second_factor(session, actor.id)
            if row is None or row.confirmed_at is None:
                raise Conflict(say("No one-time codes are set up."), slug="no-codes")
            _record(session, "person:recovery-renewed", actor.username, actor.username)
            return _new_recovery(session, actor.id)

    def end_codes(self, username: str, actor: str = SYSTEM) -> None:
        """Forget a person's codes, who then signs in by password alone; browsers are signed out
        unless the person does it. Raises NotFound."""
        with self._database.write() as session:
            person = person_of(session, username)
            store.end_codes(session, person.id)
            self._secrets.forget_kind(session, _KIND, _owner(person.id))
            if actor != username:
                store.end_sessions(session, person.id)
            _record(session, "person:codes-ended", username, actor)

    def recovery_left(self, username: str) -> int:
        """How many recovery codes a person still has."""
        with self._database.read() as session:
            return store.recovery_count(session, person_of(session, username).id)

    def _count_code(self, person_id: int) -> None:
        """Counted per person: whoever guesses knows the password already."""
        with self._database.write() as session:
            self._limits.count_in(session, "code", "", CODE_TRIES, key=str(person_id))

    def _accepts(self, session: Session, person: Person, code: str) -> bool:
        """Whether the code is the person's, of either kind; it is used up by this."""
        row = store.second_factor(session, person.id)
        if row is None or row.confirmed_at is None:
            return False
        given = "".join(c for c in code.lower() if c.isalnum())
        if _SIX_DIGITS.fullmatch(given):
            return self._fits(session, row, given)
        used = store.use_recovery(session, _recovery_digest(person.id, given))
        if used:
            _record(session, "person:recovery-used", person.username, person.username)
        return used

    def _fits(self, session: Session, row: SecondFactor, code: str) -> bool:
        """A code of now or a step beside it, never one that was used or is older than such."""
        given = "".join(code.split())
        [(_, secret)] = self._secrets.values(session, [row.secret_id])
        totp = pyotp.TOTP(secret)
        step = totp.timecode(now())
        for one in range(step - _DRIFT, step + _DRIFT + 1):
            if hmac.compare_digest(totp.generate_otp(one).encode(), given.encode()):
                fresh = one > row.last_step
                row.last_step = max(one, row.last_step)
                return fresh
        return False


def _new_recovery(session: Session, person_id: int) -> list[str]:
    store.drop_recovery(session, person_id)
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    digests = [_recovery_digest(person_id, code.replace("-", "")) for code in codes]
    session.add_all(RecoveryCode(digest=one, person_id=person_id) for one in digests)
    return codes


def _recovery_code() -> str:
    """Twelve letters, some 59 bits: no slow hash is needed."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(12))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def _recovery_digest(person_id: int, code: str) -> str:
    return hashlib.sha256(f"{person_id}\n{code}".encode()).hexdigest()


def _enrolment(secret: str, actor: Actor, issuer: str) -> Enrolment:
    uri = pyotp.TOTP(secret).provisioning_uri(name=actor.username, issuer_name=issuer)
    return Enrolment(secret=secret, uri=uri)


def _record(session: Session, tag: str, username: str, actor: str) -> None:
    events.append(session, SYSTEM, tag, actor=actor, payload={"username": username})


def _in_person(actor: Actor) -> None:
    if actor.scopes:
        raise Forbidden(say("A token cannot change how its person signs in."), slug="scope")


def _owner(person_id: int) -> str:
    return f"person:{person_id}"


def _exist() -> Message:
    return say("One-time codes are set up already.")


def wrong_code() -> Unauthenticated:
    """That a code does not count."""
    return Unauthenticated(
        say("This code is wrong or was used already. Wait for the next one."), slug="wrong-code"
    )
