"""Queries for letters that go out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioner.errors import NotFound
from provisioner.people.model import Department
from provisioner.reports.letters.model import OutLetter
from provisioner.reports.letters.rules import LIVE
from provisioner.requests.model import Request
from provisioner.texts import say


def by_id(session: Session, id: int, *, lock: bool = False) -> OutLetter:
    """The letter. Raises NotFound."""
    query = select(OutLetter).where(OutLetter.id == id)
    found = None
    if 0 < id < 2**31:
        found = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise NotFound(say("There is no letter %(id)s.", id=str(id)[:20]))
    return found


def by_code(session: Session, code: str) -> OutLetter | None:
    """The letter of a verification code."""
    return session.scalars(select(OutLetter).where(OutLetter.code == code)).one_or_none()


def of_request(session: Session, request_id: int) -> Sequence[OutLetter]:
    """All letters of a request, newest first."""
    return session.scalars(
        select(OutLetter).where(OutLetter.request_id == request_id).order_by(OutLetter.id.desc())
    ).all()


def live(session: Session, request_id: int, kind: str) -> OutLetter | None:
    """The one of that kind that counts now."""
    return session.scalars(
        select(OutLetter)
        .where(
            OutLetter.request_id == request_id, OutLetter.kind == kind, OutLetter.state.in_(LIVE)
        )
        .order_by(OutLetter.id.desc())
        .limit(1)
    ).one_or_none()


def find(
    session: Session,
    *,
    states: Collection[str],
    department: str | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> Sequence[OutLetter]:
    """Letters in these states, newest first."""
    query = select(OutLetter).where(OutLetter.state.in_(states))
    if department is not None:
        query = query.where(OutLetter.department_id == department)
    if before_id:
        query = query.where(OutLetter.id < before_id)
    return session.scalars(query.order_by(OutLetter.id.desc()).limit(limit)).all()


def counts(session: Session, department: str | None = None) -> Mapping[str, int]:
    """How many letters are in each state."""
    query = select(OutLetter.state, func.count()).group_by(OutLetter.state)
    if department is not None:
        query = query.where(OutLetter.department_id == department)
    return dict(session.execute(query).all())


def replacements(session: Session, ids: Collection[int]) -> Mapping[int, int]:
    """Each replaced letter's successor."""
    rows = session.execute(
        select(OutLetter.replaces_id, OutLetter.id).where(OutLetter.replaces_id.in_(ids))
    )
    return {old: new for old, new in rows if old is not None}


def department_names(session: Session, ids: Collection[str]) -> Mapping[str, str]:
    """The names of departments."""
    rows = session.execute(select(Department.id, Department.name).where(Department.id.in_(ids)))
    return dict(rows.all())


def words_of_letters(session: Session, rows: Sequence[Request]) -> Mapping[int, Iterable[str]]:
    """The numbers that letters to these requests were given, withdrawn ones too, by request."""
    query = select(OutLetter).where(OutLetter.request_id.in_([row.id for row in rows]))
    found: dict[int, list[str]] = {}
    for letter in session.scalars(query):
        if letter.number:
            found.setdefault(letter.request_id, []).append(letter.number)
    return found
