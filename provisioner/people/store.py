"""Queries on people, departments, tokens and sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from provisioner.people.model import Department, Person, SignInTry, Token, WebSession


def person(session: Session, username: str) -> Person | None:
    """The person of that user name, active or not."""
    return session.scalar(select(Person).where(Person.username == username))


def people(session: Session) -> Sequence[Person]:
    """Everyone, by user name."""
    return session.scalars(select(Person).order_by(Person.username)).all()


def departments(session: Session) -> Sequence[Department]:
    """All departments, by name."""
    return session.scalars(select(Department).order_by(Department.name)).all()


def person_of_session(session: Session, digest: str, moment: datetime) -> Person | None:
    """The active person whose unexpired web session has this digest."""
    return session.scalar(
        select(Person)
        .join(WebSession, WebSession.person_id == Person.id)
        .where(WebSession.digest == digest, WebSession.expires_at > moment, Person.active)
    )


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


def end_sessions(session: Session, person_id: int) -> None:
    """Sign a person out everywhere."""
    session.execute(delete(WebSession).where(WebSession.person_id == person_id))


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


def drop_old(session: Session, moment: datetime, since: datetime) -> None:
    """Forget sessions that have expired and tries that no longer count."""
    session.execute(delete(WebSession).where(WebSession.expires_at <= moment))
    session.execute(delete(SignInTry).where(SignInTry.since <= since))


def forgive(session: Session, key: str, address_key: str) -> None:
    """Take one successful sign-in out of the tries that were counted."""
    session.execute(delete(SignInTry).where(SignInTry.key == key))
    session.execute(
        update(SignInTry)
        .where(SignInTry.key == address_key, SignInTry.tries > 0)
        .values(tries=SignInTry.tries - 1)
    )
