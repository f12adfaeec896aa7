"""The way of each request through its states, read from the event log for a span of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from provisioner.database import UtcDateTime, now
from provisioner.events import Event
from provisioner.reports.clock import NOTHING, OfficeClock, Work
from provisioner.requests.model import Request
from provisioner.requests.rules import RequestState

Wait = Literal["review", "applicant", "machine", "people", "date"]
WAITS: tuple[Wait, ...] = ("applicant", "review", "machine", "people", "date")
"""Who a request waited for, in the order of the picture: the department; being looked at and
approved; the program at work; a person at a site or at a repair; the day that was asked for."""

_S = RequestState
_WAIT_OF: Mapping[str, Wait] = {
    _S.SUBMITTED: "review",
    _S.PLANNED: "review",
    _S.NEEDS_INFO: "applicant",
    _S.APPROVED: "machine",
    _S.IN_PROGRESS: "machine",
    _S.ATTENTION: "people",
    _S.SCHEDULED: "date",
}
_STATE_OF: Mapping[str, RequestState] = {
    "request:submitted": _S.SUBMITTED,
    "request:returned": _S.NEEDS_INFO,
    "request:planned": _S.PLANNED,
    "plan:changed": _S.PLANNED,
    "request:approved": _S.APPROVED,
    "request:scheduled": _S.SCHEDULED,
    "request:in-progress": _S.IN_PROGRESS,
    "request:attention": _S.ATTENTION,
    "request:done": _S.DONE,
    "request:rejected": _S.REJECTED,
    "request:cancelled": _S.CANCELLED,
}
FIRST_APPROVAL = "request:first_approval"
DECISIONS = frozenset({
    "request:planned", "request:returned", "request:rejected", "request:approved", FIRST_APPROVAL,
})  # fmt: skip
"""What a reviewer does; the first of them is the first look at a request."""
TAGS = (*_STATE_OF, FIRST_APPROVAL)
_NEEDED = (
    Request.number, Request.service, Request.department_id,
    func.coalesce(Request.received_at, Request.submitted_at, type_=UtcDateTime),
    Request.submitted_at, Request.due_at, Request.closed_at,
)  # fmt: skip

_RECENT = timedelta(days=90)


class Month(NamedTuple):
    """One month of the office's calendar."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        return self.following.first - timedelta(days=1)

    @property
    def following(self) -> Month:
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def previous(self) -> Month:
        return month_of(self.first - timedelta(days=1))

    def span(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Its first moment, and the first one after it."""
        ends = (self.first, self.following.first)
        begun, ended = (datetime.combine(day, time.min, zone) for day in ends)
        return begun, ended


def month_of(day: date) -> Month:
    """The month that a day is of."""
    return Month(day.year, day.month)


class Move(NamedTuple):
    """One event of a request's way."""

    at: datetime
    tag: str
    actor: str


@dataclass(frozen=True)
class Journey:
    """One request with what happened to it, oldest first."""

    number: str
    service: str
    department: str
    received_at: datetime
    submitted_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    moves: tuple[Move, ...]

    @cached_property
    def _firsts(self) -> Mapping[str, Move]:
        """Of each tag the first move."""
        found: dict[str, Move] = {}
        for move in self.moves:
            found.setdefault(move.tag, move)
        return found

    @property
    def first_look(self) -> Move | None:
        """When somebody of the office first decided anything about it."""
        return next((move for move in self.moves if move.tag in DECISIONS), None)

    @property
    def approved(self) -> Move | None:
        """Its first approval by which work could begin."""
        return self._firsts.get("request:approved")

    @property
    def done_at(self) -> datetime | None:
        """When it was fulfilled."""
        done = self._firsts.get("request:done")
        return done.at if done else None

    @property
    def kept_at(self) -> datetime | None:
        """When the promise was kept: done, or everything prepared for the day asked for."""
        scheduled = self._firsts.get("request:scheduled")
        return scheduled.at if scheduled else self.done_at

    def state_at(self, moment: datetime) -> RequestState:
        """The state in which it was then."""
        state = _S.SUBMITTED
        for move in self.moves:
            if move.at < moment:
                state = _STATE_OF.get(move.tag, state)
        return state

    def missed(self, until: datetime) -> bool:
        """Whether its deadline had passed without the promise kept, as far as known ``until``."""
        if self.due_at is None:
            return False
        answered = min((at for at in (self.kept_at, self.closed_at) if at), default=None)
        if answered is not None and answered < until:
            return self.due_at < answered
        return self.due_at < until and self.state_at(until) is not _S.NEEDS_INFO

    def waits(self, clock: OfficeClock) -> dict[Wait, Work]:
        """Working time from receipt to its end, by who it waited for; ended ones only."""
        found = dict.fromkeys(WAITS, NOTHING)
        if self.closed_at is None:
            return found
        steps = [(self.received_at, _S.SUBMITTED)]
        steps += [(m.at, _STATE_OF[m.tag]) for m in self.moves if m.tag in _STATE_OF]
        steps.append((self.closed_at, _S.DONE))
        spent = [(clock.until(at), _WAIT_OF.get(state)) for at, state in steps]
        for (begun, wait), (ended, _) in pairwise(spent):
            if wait:
                found[wait] = found[wait].plus(begun.to(ended))
        return found


def journeys(session: Session, begun: datetime, ended: datetime) -> list[Journey]:
    """Every request that was handed in, open or closed between the two moments, by number."""
    found = _assembled(session, _alive(begun, ended))
    return sorted(found, key=lambda way: way.number)


def _alive(begun: datetime, ended: datetime) -> ColumnElement[bool]:
    """Written so that every part is a range of an index; drafts that came along fall out later."""
    handed_in, closed = Request.submitted_at, Request.closed_at
    before: ColumnElement[Any] = handed_in.expression
    if now() - ended < _RECENT:  # then far fewer were closed after it than handed in before
        before = func.coalesce(handed_in, Request.created_at)
    return or_(
        and_(handed_in >= begun, handed_in < ended),
        and_(closed >= begun, closed < ended, handed_in.is_not(None)),
        and_(handed_in < begun, closed.is_(None)),
        and_(before < begun, closed >= ended),
    )


def _assembled(session: Session, chosen: ColumnElement[bool]) -> Iterator[Journey]:
    """In any order: to sort by number the database would read through all that there are."""
    moves: dict[str, list[Move]] = {}
    told = (
        select(Event.record, Event.at, Event.tag, Event.actor)
        .where(Event.record.in_(select(Request.number).where(chosen)), Event.tag.in_(TAGS))
        .order_by(Event.record, Event.seq)
    )
    for record, at, tag, actor in session.execute(told):
        moves.setdefault(record, []).append(Move(at, tag, actor))
    query = select(*_NEEDED).where(chosen)
    for number, service, department, begun, handed_in, due, closed in session.execute(query):
        if handed_in is not None:
            yield Journey(
                number, service, department, begun, handed_in, due, closed,
                tuple(moves.get(number, ())),
            )  # fmt: skip
