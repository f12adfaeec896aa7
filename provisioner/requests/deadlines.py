"""Deadlines of open requests: warned before, told when late, moved with the calendar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from math import ceil

from sqlalchemy import ForeignKey, Select, and_, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from provisioner import events
from provisioner.catalogue import Inventory, Office
from provisioner.database import Base, Database, now
from provisioner.requests import store
from provisioner.requests.model import Request
from provisioner.requests.rules import RequestState
from provisioner.requests.rules import S as State
from provisioner.texts import say
from provisioner.worktime import calendar_of, due_at, fingerprint, share_used

CLOCK_RUNS: frozenset[RequestState] = frozenset(
    {State.SUBMITTED, State.PLANNED, State.APPROVED, State.IN_PROGRESS, State.ATTENTION}
)
"""A request that waits for its event (``scheduled``) was confirmed: its time is met."""
MOVES: frozenset[RequestState] = CLOCK_RUNS | {State.NEEDS_INFO}
_BATCH = 500


class Stage(IntEnum):
    """How far people were told of one due date."""

    NOTHING = 0
    SOON = 1
    LATE = 2
    ESCALATED = 3
    MET = 9
    """Confirmed in time, though its event is still to come: nobody is told any more."""


class DeadlineMark(Base):
    """What was told of a request's deadline; another due date begins anew."""

    __tablename__ = "prov_deadline_mark"

    request_id: Mapped[int] = mapped_column(
        ForeignKey("prov_request.id", ondelete="CASCADE"), primary_key=True
    )
    due_at: Mapped[datetime]
    stage: Mapped[int]
    at: Mapped[datetime]


class CalendarMark(Base):
    """The calendar by which the open deadlines were last worked out: one row."""

    __tablename__ = "prov_calendar_mark"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str]
    at: Mapped[datetime]


@dataclass(frozen=True)
class Move:
    """A deadline that another calendar would put elsewhere."""

    number: str
    before: datetime
    after: datetime


def due_of(request: Request, inventory: Inventory, office: Office | None = None) -> datetime | None:
    """When the request has to be done; None before it was handed in or when it is not offered.

    ``office``: another calendar than the one in force.
    """
    offer = inventory.catalogue.offer(request.service)
    begun = request.clock_began_at
    if offer is None or begun is None:
        return None
    pauses = store.pauses_of(request)
    return due_at(begun, offer.sla_working_days, office or inventory.office, pauses)


def used_of(request: Request, office: Office, moment: datetime) -> float | None:
    """Share of the request's working time that is used up; 0 at receipt, 1 when due."""
    begun = request.clock_began_at
    if request.due_at is None or begun is None:
        return None
    return share_used(moment, begun, request.due_at, office, store.pauses_of(request))


def with_day(office: Office, day: date, *, works: bool) -> Office:
    """The office with one more day off, or one more worked."""
    off, on = dict(office.extra_holidays), dict(office.extra_working_days)
    added, taken = (on, off) if works else (off, on)
    taken.pop(day, None)
    added[day] = "?"
    return office.model_copy(update={"extra_holidays": off, "extra_working_days": on})


class Deadlines:
    """Looks at the clock; what was told is on record, so a restart tells nothing twice."""

    def __init__(self, database: Database, inventory: Inventory) -> None:
        self._database, self._inventory = database, inventory
        self._office, self._terms = inventory.office, inventory.office.escalation

    def once(self, moment: datetime | None = None) -> int:
        """Tell of every deadline that is near or past; returns of how many."""
        moment = moment or now()
        with self._database.read() as session:
            waiting = list(session.scalars(self._candidates(moment)))
        return sum(self._tell(id, moment) for id in waiting)

    def follow_calendar(self) -> int:
        """Work out every open deadline anew once the calendar changed; returns how many moved."""
        digest = fingerprint(self._office, now().year)
        with self._database.read() as session:
            known = session.get(CalendarMark, 1)
        if known is not None and known.digest == digest:
            return 0
        moved = sum(map(self._move, (move.number for move in self.moves(self._office))))
        with self._database.allocate() as session:
            mark = session.get(CalendarMark, 1) or CalendarMark(id=1)
            mark.digest, mark.at = digest, now()
            session.add(mark)
        return moved

    def moves(self, office: Office, since: datetime | None = None) -> list[Move]:
        """The open deadlines that this calendar puts elsewhere; ``since``: due then or later."""
        with self._database.read() as session:
            return [
                Move(request.number, request.due_at, after)
                for request in _open(session, since)
                if request.due_at and (after := due_of(request, self._inventory, office))
                if after != request.due_at
            ]

    def what_if(self, day: date, *, works: bool) -> list[Move]:
        """The open deadlines that move when that day is worked, or is a day off; nothing is."""
        return self.moves(
            with_day(self._office, day, works=works),
            datetime.combine(day, time(), self._office.zone),
        )

    # ------------------------------------------------------------------ inside

    def _candidates(self, moment: datetime) -> Select[int]:
        """Ids of requests of which something may be to be told, by the index on state and due."""
        told = and_(DeadlineMark.request_id == Request.id, DeadlineMark.due_at == Request.due_at)
        stage = DeadlineMark.stage
        return (
            select(Request.id)
            .outerjoin(DeadlineMark, told)
            .where(
                Request.state.in_(CLOCK_RUNS),
                Request.due_at <= self._horizon(moment),
                or_(
                    stage.is_(None),
                    and_(stage < Stage.LATE, Request.due_at < moment),
                    and_(stage < Stage.ESCALATED, Request.due_at < self._long_ago(moment)),
                ),
            )
            .order_by(Request.due_at)
            .limit(_BATCH)
        )

    def _horizon(self, moment: datetime) -> datetime:
        """No deadline after it can be near: the longest term's last part ends before."""
        terms = [offer.sla_working_days for offer in self._inventory.catalogue.offered().values()]
        # half as many again: days differ in length, and pauses give back whole ones
        days = ceil((max(terms, default=0) + 1) * 1.5 * (1 - self._terms.warn_at)) + 1
        last = calendar_of(self._office).after(self._day(moment), days)
        return datetime.combine(last + timedelta(days=1), time(), self._office.zone)

    def _long_ago(self, moment: datetime) -> datetime:
        return moment - timedelta(days=self._terms.after_working_days)

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._office.zone).date()

    def _tell(self, id: int, moment: datetime) -> bool:
        with self._database.write() as session:
            request = session.get(Request, id, with_for_update=True)
            if request is None or request.due_at is None or request.state not in CLOCK_RUNS:
                return False
            mark = session.get(DeadlineMark, id)
            told = mark.stage if mark and mark.due_at == request.due_at else Stage.NOTHING
            stage = self._stage(session, request, request.due_at, told, moment)
            if stage <= told:
                return False
            mark = mark or DeadlineMark(request_id=id)
            mark.due_at, mark.stage, mark.at = request.due_at, stage, moment
            session.add(mark)
            if stage in _TOLD:
                tag, text = _TOLD[stage]
                payload = {"due_at": request.due_at.isoformat(), "text": text.to_json()}
                events.append(session, request.number, tag, payload=payload)
            return stage in _TOLD

    def _stage(
        self, session: Session, request: Request, due: datetime, told: int, moment: datetime
    ) -> Stage:
        """The next thing to be told, one after the other: late comes before the superior."""
        if moment <= due:
            used = used_of(request, self._office, moment)
            near = used is not None and used >= self._terms.warn_at
            return Stage.SOON if near else Stage.NOTHING
        if told < Stage.LATE:
            return Stage.MET if _confirmed_by(session, request.number, due) else Stage.LATE
        last = calendar_of(self._office).after(self._day(due), self._terms.after_working_days)
        end = datetime.combine(last, self._office.hours_on(last).closes, self._office.zone)
        return Stage.ESCALATED if moment > end else Stage.LATE

    def _move(self, number: str) -> bool:
        with self._database.write() as session:
            request = store.by_number(session, number, lock=True)
            before, after = request.due_at, due_of(request, self._inventory)
            if request.state not in MOVES or not before or not after or before == after:
                return False
            request.due_at = after
            shown = {"before": self._written(before), "after": self._written(after)}
            why = say("the office's calendar was changed")
            text = say("Due on %(after)s instead of %(before)s: %(why)s", why=why, **shown)
            payload = {
                "before": before.isoformat(),
                "after": after.isoformat(),
                "why": why.to_json(),
                "text": text.to_json(),
            }
            events.append(session, number, "request:due-moved", payload=payload)
            return True

    def _written(self, moment: datetime) -> str:
        """The day in figures, which both languages read alike."""
        return f"{moment.astimezone(self._office.zone):%d/%m/%Y}"


def _open(session: Session, since: datetime | None) -> Iterator[Request]:
    """Requests whose deadline still counts, some at a time."""
    query = select(Request).where(Request.state.in_(MOVES), Request.due_at.is_not(None))
    if since is not None:
        query = query.where(Request.due_at >= since)
    yield from session.scalars(query.order_by(Request.id).execution_options(yield_per=_BATCH))


def _confirmed_by(session: Session, number: str, due: datetime) -> bool:
    """Whether the work was fixed for the time of its event before it was due."""
    found = select(events.Event.id).where(
        events.Event.record == number,
        events.Event.tag == "request:scheduled",
        events.Event.at <= due,
    )
    return session.scalars(found.limit(1)).first() is not None


_TOLD = {
    Stage.SOON: ("request:due-soon", say("Most of its time is used up")),
    Stage.LATE: ("request:overdue", say("It is late")),
    Stage.ESCALATED: ("request:escalated-late", say("It is still late; the superior was told")),
}
