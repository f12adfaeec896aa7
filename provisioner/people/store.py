"""Queries on people, departments, tokens and sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from provisioner.people.model import (
    Department,
    Invitation,
    PendingSignIn,
    Person,
    PersonRole,
    RecoveryCode,
    SecondFactor,
    SignInTry,
    Token,
    WebSession,
)

_SESSION = (
    select(
        WebSession.seen_at, Person.id, Person.username, Person.name, Person.department_id,
        Person.language, PersonRole.role,
    )
    .join(Person, WebSession.person_id == Person.id)
    .outerjoin(PersonRole, PersonRole.person_id == Person.id)
    .where(
        WebSession.digest == bindparam("digest"),
        WebSession.expires_at > bindparam("moment"),
        Person.active,
    )
)  # fmt: skip
"""Of every page that somebody looks at: put together once."""


def person(session: Session, username: str) -> Person | None:
    """The person of that user name, active or not."""
    return session.scalar(select(Person).where(Person.username == username))


def people(session: Session) -> Sequence[Person]:
    """Everyone, by user name."""
    return session.scalars(select(Person).order_by(Person.username)).all()


def names(session: Session) -> dict[str, str]:
    """Everyone's name, by user name."""
    return dict(session.execute(select(Person.username, Person.name)).tuples().all())


def departments(session: Session) -> Sequence[Department]:
    """All departments, by name."""
    return session.scalars(select(Department).order_by(Department.name)).all()


def session_of(session: Session, digest: str, moment: datetime) -> Sequence[Any]:
    """The unexpired web session of this digest and its active person: a row for each role."""
    return session.execute(_SESSION, {"digest": digest, "moment": moment}).all()


def sessions(session: Session, person_id: int, moment: datetime) -> Sequence[WebSession]:
    """A person's unexpired web sessions, last used first."""
    return session.scalars(
        select(WebSession)
        .where(WebSession.person_id == person_id, WebSession.expires_at > moment)
        .order_by(WebSession.seen_at.desc(), WebSession.digest)
    ).all()


def touch(session: Session, digest: str, moment: datetime) -> None:
    """Note that a web session was used."""
    session.execute(update(WebSession).where(WebSession.digest == digest).values(seen_at=moment))


def others_with(session: Session, role: str, person_id: int) -> bool:
    """Whether somebody else has the role and an open account."""
    query = (
        select(Person.id)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .where(PersonRole.role == role, Person.active, Person.id != person_id)
    )
    return session.scalar(query.limit(1)) is not None


def with_codes(session: Session) -> frozenset[int]:
    """The ids of those who sign in with one-time codes."""
    query = select(SecondFactor.person_id).where(SecondFactor.confirmed_at.is_not(None))
    return frozenset(session.scalars(query))


def second_factor(session: Session, person_id: int) -> SecondFactor | None:
    """A person's one-time codes, for this transaction alone: no code is accepted twice."""
    return session.get(SecondFactor, person_id, with_for_update=True)


def end_codes(session: Session, person_id: int) -> None:
    """Forget a person's one-time and recovery codes."""
    session.execute(delete(SecondFactor).where(SecondFactor.person_id == person_id))
    drop_recovery(session, person_id)


def drop_recovery(session: Session, person_id: int) -> None:
    """Forget a person's recovery codes."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))


def use_recovery(session: Session, digest: str) -> bool:
    """Use a recovery code up; whether there was such."""
    query = delete(RecoveryCode).where(RecoveryCode.digest == digest)
    return session.execute(query.returning(RecoveryCode.digest)).first() is not None


def recovery_count(session: Session, person_id: int) -> int:
    """How many recovery codes a person still has."""
    query = select(func.count()).where(RecoveryCode.person_id == person_id)
    return session.scalar(query) or 0


def pending(session: Session, digest: str, moment: datetime) -> Person | None:
    """The active person whose code is waited for."""
    return session.scalar(
        select(Person)
        .join(PendingSignIn, PendingSignIn.person_id == Person.id)
        .where(PendingSignIn.digest == digest, PendingSignIn.expires_at > moment, Person.active)
    )


def end_pending(session: Session, person_id: int) -> None:
    """Wait for no code of this person any more."""
    session.execute(delete(PendingSignIn).where(PendingSignIn.person_id == person_id))


def invited(session: Session, digest: str, moment: datetime) -> Person | None:
    """The active person whom an unexpired link invites."""
    return session.scalar(
        select(Person)
        .join(Invitation, Invitation.person_id == Person.id)
        .where(Invitation.digest == digest, Invitation.expires_at > moment, Person.active)
    )


def end_invitations(session: Session, person_id: int) -> bool:
    """Make a person's links worthless; whether there were any."""
    query = delete(Invitation).where(Invitation.person_id == person_id)
    return session.execute(query.returning(Invitation.digest)).first() is not None


def token_and_person(session: Session, digest: str) -> tuple[Token, Person] | None:
    """The token of this digest with its active person; expired and revoked ones too."""
    return session.execute(
        select(Token, Person)
        .join(Person, Token.person_id == Person.id)
        .where(Token.digest == digest, Person.active)
    ).one_or_none()


def tokens(session: Session, person_id: int) -> Sequence[Token]:
    """A person's tokens, oldest first."""
    return session.scalars(
        select(Token).where(Token.person_id == person_id).order_by(Token.id)
    ).all()


def end_sessions(session: Session, person_id: int, except_for: str = "") -> None:
    """Sign a person out everywhere, but for the web session of that digest."""
    session.execute(
        delete(WebSession).where(WebSession.person_id == person_id, WebSession.digest != except_for)
    )


def end_session(session: Session, digest: str) -> None:
    """End one web session."""
    session.execute(delete(WebSession).where(WebSession.digest == digest))


def count_try(session: Session, key: str, moment: datetime, since: datetime) -> SignInTry:
    """Count one try and return the count; one that began before ``since`` begins anew."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    over = SignInTry.since <= since
    statement = (
        insert(SignInTry)
        .values(key=key, tries=1, since=moment)
        .on_conflict_do_update(
            index_elements=[SignInTry.key],
            set_={
                "tries": case((over, 1), else_=SignInTry.tries + 1),
                "since": case((over, moment), else_=SignInTry.since),
            },
        )
        .returning(SignInTry)
    )
    return session.scalars(statement, execution_options={"populate_existing": True}).one()


def try_of(session: Session, key: str, moment: datetime) -> SignInTry:
    """The count of a key, for this transaction alone; one not yet there begins now, at none."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    fresh = insert(SignInTry).values(key=key, tries=0, since=moment)
    session.execute(fresh.on_conflict_do_nothing(index_elements=[SignInTry.key]))
    return session.get_one(SignInTry, key, with_for_update=True, populate_existing=True)


def drop_old(session: Session, moment: datetime, since: datetime) -> None:
    """Forget what has expired, and tries that no longer count."""
    for table in (WebSession, PendingSignIn, Invitation):
        session.execute(delete(table).where(table.expires_at <= moment))
    session.execute(delete(SignInTry).where(SignInTry.since <= since))


def forget_tries(session: Session, key: str) -> None:
    """Begin counting anew for a key."""
    session.execute(delete(SignInTry).where(SignInTry.key == key))


def take_back(session: Session, key: str) -> None:
    """Take one try out of those that were counted for a key."""
    session.execute(
        update(SignInTry)
        .where(SignInTry.key == key, SignInTry.tries > 0)
        .values(tries=SignInTry.tries - 1)
    )
