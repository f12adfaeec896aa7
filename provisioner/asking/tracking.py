"""Tracking without an account: a number and a contact give the state, never what was asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner.database import Database
from provisioner.errors import NotFound
from provisioner.events import Event
from provisioner.people.limits import Limits
from provisioner.requests import store
from provisioner.requests.model import Request
from provisioner.requests.rules import OPEN, RequestState
from provisioner.secrets import SecretStore
from provisioner.texts import say

OF_ADDRESS = 60
"""Questions of one address in a quarter of an hour."""
OF_NUMBER = 10
"""Questions of one address about one number in a quarter of an hour."""
_PUBLIC = (
    "request:submitted", "request:returned", "request:planned", "request:approved",
    "request:scheduled", "request:in-progress", "request:done", "request:rejected",
    "request:cancelled", "request:created",
)  # fmt: skip


class PublicState(StrEnum):
    """Where a request stands, as its applicant reads it; the words are those of the console."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    NEEDS_INFO = "needs_info"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Tracked:
    """All that the public learns of a request."""

    number: str
    service: str
    state: PublicState
    due_at: datetime | None
    """None once it is closed."""
    last_on: datetime
    """When something last happened that the applicant would be told of."""


class Tracking:
    """Looks a request up by what only its applicant knows; limited against guessing."""

    def __init__(self, database: Database, secrets: SecretStore) -> None:
        self._database = database
        self._limits = Limits(database, secrets)

    def look(self, address: str, number: str, contact: str) -> Tracked:
        """The request whose applicant gave that telephone or e-mail.

        Raises NotFound, the same for a wrong number and for a wrong contact, and Unauthenticated
        (``too-many-tries``).
        """
        number = number.strip().upper()[:40]
        self._limits.count("track", address, OF_ADDRESS)
        self._limits.count("track", address, OF_NUMBER, key=number)
        with self._database.read() as session:
            request = self._find(session, number)
            if request is None or not _is_contact(request, contact):
                raise NotFound(
                    say("There is no request with this number and this telephone or e-mail.")
                )
            return _tracked(session, request)

    @staticmethod
    def _find(session: Session, number: str) -> Request | None:
        try:
            return store.by_number(session, number)
        except NotFound:
            return None


def same_phone(one: str, other: str) -> bool:
    """Whether two numbers are one, however written: 0812…, 62812…, +62 812-…; at least 6 digits."""
    first, second = _digits(one), _digits(other)
    return len(first) >= 6 and first == second


def _is_contact(request: Request, contact: str) -> bool:
    contact = contact.strip()
    email = str(request.applicant.get("email") or "")
    if "@" in contact:
        return contact.casefold() == email.casefold()
    return same_phone(contact, str(request.applicant.get("phone") or ""))


def _digits(phone: str) -> str:
    digits = re.sub(r"[^0-9]", "", phone)
    return digits.removeprefix("62").lstrip("0") if digits.startswith(("62", "0")) else digits


def _tracked(session: Session, request: Request) -> Tracked:
    last = session.scalar(
        select(Event.at)
        .where(Event.record == request.number, Event.tag.in_(_PUBLIC))
        .order_by(Event.seq.desc())
        .limit(1)
    )
    state = RequestState(request.state)
    return Tracked(
        number=request.number,
        service=request.service,
        state=_STATES.get(state, PublicState.IN_PROGRESS),
        due_at=request.due_at if state in OPEN else None,
        last_on=last or request.created_at,
    )


_STATES = {
    RequestState.DRAFT: PublicState.DRAFT,
    RequestState.SUBMITTED: PublicState.SUBMITTED,
    RequestState.PLANNED: PublicState.SUBMITTED,
    RequestState.NEEDS_INFO: PublicState.NEEDS_INFO,
    RequestState.DONE: PublicState.DONE,
    RequestState.REJECTED: PublicState.REJECTED,
    RequestState.CANCELLED: PublicState.CANCELLED,
}
