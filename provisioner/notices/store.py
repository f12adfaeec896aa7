"""Queries for people, their choices and their channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from provisioner.notices.model import NoticeChannel, NoticeChoice, NoticePending
from provisioner.notices.rules import ROLE_OF, TOPICS, Audience, Channel, Subject
from provisioner.people.model import Person, PersonRole
from provisioner.secrets import Secret
from provisioner.texts import Message

OWN: Final = "notices.own"
"""Kind of secret: a person's own Apprise address."""


def owner_of(person_id: int) -> str:
    """Under which name a person's own address is kept."""
    return f"person:{person_id}"


def take_pending(session: Session, record: str) -> list[NoticePending]:
    """What waits to be told of a record, oldest first; it is gone with the transaction."""
    query = select(NoticePending).where(NoticePending.record == record).order_by(NoticePending.id)
    found = list(session.scalars(query.with_for_update()))
    session.execute(delete(NoticePending).where(NoticePending.id.in_([row.id for row in found])))
    return found


def audience(session: Session, audience: Audience, subject: Subject) -> Sequence[Person]:
    """The active people of an audience."""
    query = select(Person).where(Person.active.is_(True))
    if audience is Audience.NAMED:
        return session.scalars(query.where(Person.username.in_(subject.named))).all()
    query = query.join(PersonRole).where(PersonRole.role == ROLE_OF[audience])
    if audience is Audience.APPLICANTS:
        query = query.where(Person.department_id == subject.department)
    return session.scalars(query).all()


def audiences(
    session: Session, topics: Iterable[str], subject: Subject
) -> dict[int, tuple[Person, set[Audience]]]:
    """Everybody to whom one of the topics is of use, with why."""
    found: dict[int, tuple[Person, set[Audience]]] = {}
    for one in {each for topic in topics for each in TOPICS[topic].audiences}:
        for person in audience(session, one, subject):
            found.setdefault(person.id, (person, set()))[1].add(one)
    return found


def choices(session: Session, people: Iterable[int]) -> dict[int, Mapping[str, Sequence[str]]]:
    """What people chose, by person."""
    rows = session.scalars(select(NoticeChoice).where(NoticeChoice.person_id.in_(people)))
    return {row.person_id: row.topics for row in rows}


def with_own(session: Session, people: Iterable[int]) -> set[int]:
    """Which of them gave an address of their own."""
    owners = {owner_of(id): id for id in people}
    query = select(Secret.owner).where(Secret.kind == OWN, Secret.owner.in_(owners))
    return {owners[owner] for owner in session.scalars(query)}


def channel(session: Session, person_id: int, name: Channel) -> NoticeChannel:
    """How a person's channel does; made on first use."""
    found = session.get(NoticeChannel, (person_id, name))
    if found is None:
        found = NoticeChannel(person_id=person_id, channel=name)
        session.add(found)
    return found


def went(session: Session, person_id: int, name: Channel, at: datetime) -> None:
    """A delivery was taken."""
    row = channel(session, person_id, name)
    row.delivered_at, row.failing_since, row.error = at, None, None


def failed(session: Session, person_id: int, name: Channel, at: datetime, what: Message) -> None:
    """A delivery was not taken."""
    row = channel(session, person_id, name)
    row.failing_since, row.error = row.failing_since or at, what.to_json()
