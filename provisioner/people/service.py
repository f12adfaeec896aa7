"""Accounts, departments, sign-in, sessions and tokens; each call is one transaction of its own."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy.orm import Session

from provisioner import events
from provisioner.database import Database, now
from provisioner.errors import Conflict, FieldError, Invalid, NotFound, Unauthenticated
from provisioner.people import store
from provisioner.people.model import (
    Department,
    Person,
    PersonRole,
    Role,
    Token,
    WebSession,
)
from provisioner.people.passwords import check_password, hash_password
from provisioner.people.rules import DEPARTMENT, PASSWORD_LENGTH, SCOPES, USERNAME, Actor
from provisioner.people.views import DepartmentView, PersonView, TokenView
from provisioner.texts import LANGUAGES, Message, say

__all__ = ["Actor", "PeopleService"]

SESSION_HOURS = 12
TOKEN_PREFIX = "prv_"  # noqa: S105  lets scanners for leaked secrets recognise it
TRIES_PER_NAME = 5
TRIES_PER_ADDRESS = 50
_WINDOW = timedelta(minutes=15)
_LAST_USE = timedelta(hours=1)
_SYSTEM = "system"


class PeopleService:
    """Who has an account, and who is asking."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_department(self, id: str, name: str) -> DepartmentView:
        """Add an OPD, or give the one of that id this name."""
        _check("/id", DEPARTMENT.fullmatch(id), _bad_department())
        _check("/name", name.strip(), say("A name is needed."))
        with self._database.write() as session:
            row = session.get(Department, id) or Department(id=id, name=name)
            row.name = name.strip()
            session.add(row)
            return DepartmentView.of(row)

    def ensure_department(self, id: str) -> DepartmentView:
        """The OPD of that id; one not yet there is added, with its id for a name."""
        with self._database.read() as session:
            if row := session.get(Department, id):
                return DepartmentView.of(row)
        return self.add_department(id, id)

    def departments(self) -> list[DepartmentView]:
        """All OPD, by name."""
        with self._database.read() as session:
            return [DepartmentView.of(row) for row in store.departments(session)]

    def add_person(
        self,
        username: str,
        name: str,
        password: str | None,
        roles: Iterable[Role | str],
        department: str | None = None,
        language: str = "id",
        actor: str = _SYSTEM,
    ) -> PersonView:
        """Add an account; without a password it can only use tokens.

        Raises Invalid for bad fields, Conflict(``username-taken``), NotFound for the department.
        """
        granted = _roles(roles)
        _check("/username", USERNAME.fullmatch(username), _bad_username())
        _check("/name", name.strip(), say("A name is needed."))
        _check("/language", language in LANGUAGES, say("Only id and en are known."))
        _check(
            "/department",
            department or Role.APPLICANT not in granted,
            say("An applicant belongs to a department."),
        )
        hashed = _hash(password) if password is not None else None
        with self._database.write() as session:
            if store.person(session, username):
                raise Conflict(
                    say("The user name %(name)s is taken.", name=username), slug="username-taken"
                )
            if department and not session.get(Department, department):
                raise NotFound(say("There is no department %(id)s.", id=department))
            row = Person(
                username=username,
                name=name.strip(),
                password_hash=hashed,
                department_id=department,
                language=language,
                active=True,
                created_at=now(),
                roles=[PersonRole(role=role) for role in granted],
            )
            session.add(row)
            session.flush()
            payload = {"username": username, "roles": list(granted), "department": department}
            events.append(session, _SYSTEM, "person:added", actor=actor, payload=payload)
            return PersonView.of(row)

    def people(self) -> list[PersonView]:
        """Everyone with an account, by user name."""
        with self._database.read() as session:
            return [PersonView.of(row) for row in store.people(session)]

    def set_password(self, username: str, password: str) -> None:
        """Give a person a new password and sign every browser out."""
        hashed = _hash(password)
        with self._database.write() as session:
            row = _person(session, username)
            row.password_hash = hashed
            store.end_sessions(session, row.id)
            events.append(session, _SYSTEM, "person:password-set", payload={"username": username})

    def set_active(self, username: str, active: bool) -> PersonView:
        """Close or reopen an account; closed, neither sessions nor tokens let anyone in."""
        with self._database.write() as session:
            row = _person(session, username)
            row.active = active
            store.end_sessions(session, row.id)
            tag = "person:opened" if active else "person:closed"
            events.append(session, _SYSTEM, tag, payload={"username": username})
            return PersonView.of(row)

    def actor(self, username: str) -> Actor:
        """The active person of that user name, as an actor; raises NotFound."""
        with self._database.read() as session:
            row = _person(session, username)
            if not row.active:
                raise NotFound(_no_person(username))
            return _actor(row)

    def sign_in(self, username: str, password: str, address: str = "") -> tuple[str, Actor]:
        """The secret for the cookie, and who signed in.

        Raises Unauthenticated: ``wrong-credentials``, or ``too-many-tries`` with ``after`` seconds.
        The work done is the same whether or not the name exists.
        """
        if not USERNAME.fullmatch(username):
            username = ""  # nobody's: goes the same way, takes the same time
        keys = _try_keys(username, address)
        self._count_try(keys)
        with self._database.read() as session:
            row = store.person(session, username)
        good = check_password(password[: PASSWORD_LENGTH.stop], row.password_hash if row else None)
        with self._database.write() as session:
            row = store.person(session, username)
            if not (row and row.active and good):
                # A name that nobody has may be a password typed into the wrong field.
                payload = {"username": row.username if row else None, "address": address}
                events.append(session, _SYSTEM, "person:sign-in-failed", payload=payload)
            else:
                secret = secrets.token_urlsafe(32)
                ends = now() + timedelta(hours=SESSION_HOURS)
                session.add(
                    WebSession(
                        digest=_digest(secret), person_id=row.id, created_at=now(), expires_at=ends
                    )
                )
                store.forgive(session, *keys)
                store.drop_old(session, now(), now() - _WINDOW)
                payload = {"username": row.username, "address": address}
                events.append(
                    session, _SYSTEM, "person:signed-in", actor=row.username, payload=payload
                )
                return secret, _actor(row)
        raise Unauthenticated(
            say("The user name or the password is wrong."), slug="wrong-credentials"
        )

    def by_session(self, secret: str) -> Actor | None:
        """Who a cookie stands for; None when it has expired or its account is closed."""
        with self._database.read() as session:
            row = store.person_of_session(session, _digest(secret), now())
            return _actor(row) if row else None

    def sign_out(self, secret: str) -> None:
        """End one browser's session; one that has ended already is no error."""
        with self._database.write() as session:
            store.end_session(session, _digest(secret))

    def create_token(
        self,
        username: str,
        scopes: Iterable[str] = (),
        days: int | None = 90,
        label: str = "",
        actor: str = _SYSTEM,
    ) -> str:
        """A new token's secret, which is shown once and never again; None days: no end."""
        wanted = sorted(set(scopes))
        _check("/scopes", SCOPES.issuperset(wanted), say("Only read and write are known."))
        _check("/days", days is None or 0 < days <= 3660, say("From 1 to 3660 days."))
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        with self._database.write() as session:
            row = _person(session, username)
            token = Token(
                person_id=row.id,
                digest=_digest(secret),
                label=label,
                scopes=wanted,
                created_at=now(),
                expires_at=now() + timedelta(days=days) if days else None,
            )
            session.add(token)
            session.flush()
            payload = {"token": token.id, "username": username, "scopes": wanted, "days": days}
            events.append(session, _SYSTEM, "token:created", actor=actor, payload=payload)
        return secret

    def by_token(self, secret: str) -> Actor | None:
        """Who a token stands for, with its scopes; None when unknown, expired or revoked."""
        moment = now()
        with self._database.read() as session:
            found = store.token_and_person(session, _digest(secret))
            if not found:
                return None
            token, row = found
            if token.revoked_at or (token.expires_at and token.expires_at <= moment):
                return None
            actor = _actor(row, token.scopes)
        if token.last_used_at is None or moment - token.last_used_at > _LAST_USE:
            with self._database.write() as session:
                if current := session.get(Token, token.id):
                    current.last_used_at = moment
        return actor

    def tokens(self, username: str) -> list[TokenView]:
        """A person's tokens, revoked and expired ones too."""
        with self._database.read() as session:
            return [TokenView.of(t) for t in store.tokens(session, _person(session, username).id)]

    def revoke_token(self, id: int, actor: str = _SYSTEM) -> None:
        """Make a token worthless at once; raises NotFound."""
        with self._database.write() as session:
            token = session.get(Token, id)
            if not token:
                raise NotFound(say("There is no token %(id)s.", id=id))
            if token.revoked_at is None:
                token.revoked_at = now()
                events.append(session, _SYSTEM, "token:revoked", actor=actor, payload={"token": id})

    def _count_try(self, keys: tuple[str, str]) -> None:
        """Counted before the password is looked at, so that parallel guesses gain nothing."""
        moment = now()
        with self._database.write() as session:
            for key, limit in zip(keys, (TRIES_PER_NAME, TRIES_PER_ADDRESS), strict=True):
                counted = store.count_try(session, key, moment, moment - _WINDOW)
                if counted.tries > limit:
                    raise _too_many(counted.since + _WINDOW - moment)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _too_many(wait: timedelta) -> Unauthenticated:
    seconds = max(1, round(wait.total_seconds()))
    return Unauthenticated(
        say("Too many tries. Wait %(minutes)s minutes and try again.", minutes=-(-seconds // 60)),
        slug="too-many-tries",
        extra={"after": seconds},
    )


def _try_keys(username: str, address: str) -> tuple[str, str]:
    return _digest(f"{username}\n{address}"), _digest(f"\n{address}")


def _actor(row: Person, scopes: Iterable[str] = ()) -> Actor:
    return Actor(
        id=row.id,
        username=row.username,
        name=row.name,
        roles=frozenset(Role(r.role) for r in row.roles),
        department=row.department_id,
        language=row.language,
        scopes=frozenset(scopes),
    )


def _person(session: Session, username: str) -> Person:
    row = store.person(session, username)
    if not row:
        raise NotFound(_no_person(username))
    return row


def _hash(password: str) -> str:
    _check(
        "/password",
        len(password) in PASSWORD_LENGTH,
        say("A password has at least %(least)s characters.", least=PASSWORD_LENGTH.start),
    )
    return hash_password(password)


def _roles(roles: Iterable[Role | str]) -> list[Role]:
    wanted = sorted({str(role) for role in roles})
    known = {str(role) for role in Role}
    _check(
        "/roles",
        wanted and known.issuperset(wanted),
        say("At least one of these roles: %(roles)s.", roles=", ".join(Role)),
    )
    return [Role(role) for role in wanted]


def _check(pointer: str, holds: object, message: Message) -> None:
    if not holds:
        raise Invalid([FieldError(pointer, message)])


def _no_person(username: str) -> Message:
    return say("There is no account %(name)s.", name=username)


def _bad_username() -> Message:
    return say(
        "A user name has 2 to 32 characters: small letters, digits, dot, dash and underscore, "
        "beginning with a letter."
    )


def _bad_department() -> Message:
    return say(
        "A department's short name has up to 40 letters, digits, dots, dashes and underscores."
    )
