"""Queries for complaints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select, tuple_
from sqlalchemy.orm import Session

from provisioner.complaints.model import (
    Complaint,
    ComplaintAnswer,
    ComplaintFile,
    ComplaintLink,
)
from provisioner.complaints.rules import UNANSWERED, Privacy
from provisioner.errors import NotFound
from provisioner.people.model import Department, Person, PersonRole
from provisioner.texts import Message, say

PREFIX = "ADU"
NUMBER = re.compile(r"ADU-[0-9]{4}-[0-9]{4,9}")


@dataclass(frozen=True)
class Filter:
    """Which complaints; what is empty does not count."""

    kind: str = ""
    classification: str = ""
    state: str = ""
    channel: str = ""
    text: str = ""
    first: datetime | None = None
    """Received from then …"""
    until: datetime | None = None
    """… up to before then."""


def by_number(session: Session, number: str, *, lock: bool = False) -> Complaint:
    """The complaint. Raises NotFound."""
    query = select(Complaint).where(Complaint.number == number)
    known = NUMBER.fullmatch(number)
    found = known and session.scalars(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise NotFound(no_such_complaint(number))
    return found


def no_such_complaint(number: str) -> Message:
    """Also said of those that someone may not see."""
    return say("There is no complaint %(number)s.", number=number[:40])


def by_digest(session: Session, digest: str) -> Complaint | None:
    """The complaint that a key opens."""
    return session.scalar(select(Complaint).where(Complaint.key_digest == digest))


def find(
    session: Session,
    chosen: Filter,
    *,
    of: tuple[int, str | None] | None = None,
    before: Complaint | None = None,
    limit: int | None = None,
) -> list[Complaint]:
    """Complaints by receipt, newest first; ``of``: an applicant's id and department.

    ``before``: only those that follow this one in the list.
    """
    query = select(Complaint).order_by(Complaint.received_at.desc(), Complaint.id.desc())
    for column, wanted in (
        (Complaint.kind, chosen.kind),
        (Complaint.classification, chosen.classification),
        (Complaint.channel, chosen.channel),
    ):
        if wanted == "none":
            query = query.where(column.is_(None), Complaint.kind == "complaint")
        elif wanted:
            query = query.where(column == wanted)
    if chosen.state == "open":
        query = query.where(Complaint.state.in_(UNANSWERED))
    elif chosen.state == "ended":
        query = query.where(Complaint.state.not_in(UNANSWERED))
    elif chosen.state:
        query = query.where(Complaint.state == chosen.state)
    if chosen.first:
        query = query.where(Complaint.received_at >= chosen.first)
    if chosen.until:
        query = query.where(Complaint.received_at < chosen.until)
    if chosen.text:
        query = query.where(_says(chosen.text))
    if of:
        query = query.where(_own(*of))
    if before:
        place = tuple_(Complaint.received_at, Complaint.id)
        query = query.where(place < tuple_(before.received_at, before.id))
    return list(session.scalars(query.limit(limit)))


def _says(text: str) -> ColumnElement[bool]:
    """By number, summary, words, the channel's own number, or what it is linked to."""
    plain = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("\0", "")
    like = f"%{plain}%"
    linked = exists().where(
        ComplaintLink.complaint_id == Complaint.id, ComplaintLink.target.ilike(like, escape="\\")
    )
    columns = (Complaint.number, Complaint.summary, Complaint.text, Complaint.reference)
    return or_(*(column.ilike(like, escape="\\") for column in columns), linked)


def _own(person: int, department: str | None) -> ColumnElement[bool]:
    openly = and_(
        Complaint.department_id == (department or ""), Complaint.privacy == Privacy.OPEN.value
    )
    return or_(Complaint.handed_in_by == person, openly)


def unanswered(session: Session) -> Sequence[Complaint]:
    """All that wait for a classification or an answer, soonest due first."""
    return session.scalars(
        select(Complaint).where(Complaint.state.in_(UNANSWERED)).order_by(Complaint.due_at)
    ).all()


def people(session: Session, ids: Iterable[int | None]) -> dict[int, tuple[str, str]]:
    """(user name, name) by id."""
    wanted = {id for id in ids if id is not None}
    rows = session.execute(
        select(Person.id, Person.username, Person.name).where(Person.id.in_(wanted))
    )
    return {id: (username, name) for id, username, name in rows}


def departments(session: Session, ids: Iterable[str | None]) -> dict[str, str]:
    """Names by id."""
    wanted = {id for id in ids if id is not None}
    rows = session.execute(select(Department.id, Department.name).where(Department.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def officers(session: Session, role: str) -> list[Person]:
    """Who has that role and an active account, by name."""
    return list(
        session.scalars(
            select(Person)
            .join(PersonRole, PersonRole.person_id == Person.id)
            .where(PersonRole.role == role, Person.active)
            .order_by(Person.name)
        )
    )


def answers(session: Session, complaints: Sequence[Complaint]) -> list[ComplaintAnswer]:
    """Their answers, oldest first."""
    ids = [c.id for c in complaints]
    query = select(ComplaintAnswer).where(ComplaintAnswer.complaint_id.in_(ids))
    return list(session.scalars(query.order_by(ComplaintAnswer.id)))


def files(session: Session, complaints: Sequence[Complaint]) -> list[ComplaintFile]:
    """Their files, oldest first."""
    ids = [c.id for c in complaints]
    query = select(ComplaintFile).where(ComplaintFile.complaint_id.in_(ids))
    return list(session.scalars(query.order_by(ComplaintFile.id)))


def links(session: Session, complaints: Sequence[Complaint]) -> list[ComplaintLink]:
    """What they are linked to, oldest first."""
    ids = [c.id for c in complaints]
    query = select(ComplaintLink).where(ComplaintLink.complaint_id.in_(ids))
    return list(session.scalars(query.order_by(ComplaintLink.id)))


def linked_to(session: Session, kind: str, target: str) -> list[str]:
    """The numbers of the complaints that are linked to a request or a check."""
    return list(
        session.scalars(
            select(Complaint.number)
            .join(ComplaintLink, ComplaintLink.complaint_id == Complaint.id)
            .where(ComplaintLink.kind == kind, ComplaintLink.target == target)
            .order_by(Complaint.id)
        )
    )
