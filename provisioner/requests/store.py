"""Queries for requests, letters and numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from provisioner.database import now
from provisioner.errors import NotFound
from provisioner.people.model import Department, Person
from provisioner.requests.model import Counter, Letter, Request
from provisioner.texts import Message, say

PREFIXES = {
    "cloud_vps": "VPS",
    "colocation": "COL",
    "internet": "NET",
    "event_wifi": "WIFI",
    "troubleshooting": "TRB",
}
_NUMBER = re.compile(r"[A-Z]{3,4}-[0-9]{4}-[0-9]{4,9}")


def service_of(number: str) -> str:
    """The service that gives numbers like this one. Raises NotFound."""
    prefix = number.partition("-")[0]
    found = next((service for service, known in PREFIXES.items() if known == prefix), None)
    if found is None:
        raise NotFound(no_such_request(number))
    return found


def next_number(session: Session, service: str, year: int) -> str:
    """The next number of a service, such as VPS-2026-0001; given once, never again."""
    return take_number(session, PREFIXES[service], year)


def take_number(session: Session, prefix: str, year: int) -> str:
    """The next number of that prefix, such as ADU-2026-0001; within an allocating transaction."""
    if session.get(Counter, (prefix, year), with_for_update=True) is None:
        session.add(Counter(prefix=prefix, year=year, last=0))
        session.flush()
    last = session.execute(
        update(Counter)
        .where(Counter.prefix == prefix, Counter.year == year)
        .values(last=Counter.last + 1)
        .returning(Counter.last)
    ).scalar_one()
    return f"{prefix}-{year}-{last:04d}"


def by_number(session: Session, number: str, *, lock: bool = False) -> Request:
    """The request. Raises NotFound.

    ``lock``: nobody else changes it in this transaction; rows that refer to it are added as before.
    """
    query = select(Request).where(Request.number == number)
    if lock:
        query = query.with_for_update(key_share=True)
    known = _NUMBER.fullmatch(number)  # some of what callers write, no database takes
    found = known and session.scalars(query).one_or_none()
    if found is None:
        raise NotFound(no_such_request(number))
    return found


def no_such_request(number: str) -> Message:
    """Also said of requests that someone may not see."""
    return say("There is no request %(number)s.", number=number[:40])


def letter_of(session: Session, request: Request) -> Letter | None:
    """The request's letter, with or without its file."""
    return session.get(Letter, request.id)


def letter_or_new(session: Session, request: Request) -> Letter:
    """The request's letter, made empty where there was none."""
    letter = letter_of(session, request)
    if letter is None:
        letter = Letter(request_id=request.id)
        session.add(letter)
    return letter


def write_letter(session: Session, request: Request, said: Mapping[str, Any]) -> None:
    """Keep what the form says of the letter (kind, number, date, signatory)."""
    letter = letter_or_new(session, request)
    letter.kind, letter.number = said["kind"], said["number"]
    letter.date, letter.signatory = said["date"], said["signatory"]


def letters(session: Session, rows: Sequence[Request]) -> dict[int, Letter]:
    """The letters of several requests, by request id."""
    found = session.scalars(select(Letter).where(Letter.request_id.in_({r.id for r in rows})))
    return {letter.request_id: letter for letter in found}


def names(session: Session, rows: Sequence[Request]) -> dict[tuple[int, str], tuple[str, str]]:
    """(creator, department) of each row to (user name, department's name), in two queries."""
    creators = select(Person.id, Person.username).where(Person.id.in_({r.created_by for r in rows}))
    owners = select(Department.id, Department.name).where(
        Department.id.in_({r.department_id for r in rows})
    )
    people = dict(session.execute(creators).all())
    departments = dict(session.execute(owners).all())
    return {
        (r.created_by, r.department_id): (people[r.created_by], departments[r.department_id])
        for r in rows
    }


def open_pause(request: Request, moment: datetime | None = None) -> None:
    """The clock stands still from now on."""
    request.pauses = [*request.pauses, [(moment or now()).isoformat(), None]]


def close_pause(request: Request, moment: datetime | None = None) -> None:
    """The clock runs again."""
    if request.pauses and request.pauses[-1][1] is None:
        begun = request.pauses[-1][0]
        request.pauses = [*request.pauses[:-1], [begun, (moment or now()).isoformat()]]


def pauses_of(request: Request) -> list[tuple[datetime, datetime | None]]:
    """When the clock stood still."""
    return [
        (datetime.fromisoformat(a), datetime.fromisoformat(b) if b else None)
        for a, b in request.pauses
    ]
