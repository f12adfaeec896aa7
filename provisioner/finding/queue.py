"""What waits: open requests in groups, each with what happened last, in a handful of queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import NamedTuple

from sqlalchemy import func, not_, or_, select, tuple_
from sqlalchemy.orm import Session

from provisioner.approvals.model import FirstApproval
from provisioner.approvals.second import FirstApprovalView, may_be_second, view_of
from provisioner.catalogue import Office
from provisioner.database import Database, now
from provisioner.events import Event, EventPayload, Happening
from provisioner.facts.capacity import CapacityReading
from provisioner.people.rules import Actor, sees_all
from provisioner.plans import store as plans
from provisioner.requests.model import Request
from provisioner.requests.present import request_views
from provisioner.requests.rules import OPEN, RequestState, actions
from provisioner.requests.rules import S as State
from provisioner.requests.service import OFFICE_ONLY
from provisioner.requests.views import RequestView
from provisioner.runs.model import Run
from provisioner.runs.rules import RunState
from provisioner.worktime import is_working_day

SHOWN = 15
"""Rows of a group on the queue; one group by itself shows up to ``ALONE``."""
ALONE = 200
_LOOKED_AT = 3000
"""Open requests, the newest: an office that has more of them has other worries."""
_WORKING = (RunState.RUNNING, RunState.WAITING_RETRY, RunState.WAITING_PERSON, RunState.UNDOING)
_APPROVALS = frozenset({"approve", "approve_own"})
_DECISIONS = _APPROVALS | {"plan"}
_TIGHT, _FULL = 0.8, 1.0
"""Of what may be given away: from the first the lamp warns, from the second nothing more fits."""


@dataclass(frozen=True)
class Group:
    """Requests under one heading: how many, and the most urgent of them."""

    key: str
    count: int
    items: Sequence[RequestView]

    @property
    def cut(self) -> bool:
        """Whether there are more than are shown."""
        return self.count > len(self.items)


@dataclass(frozen=True)
class Lamp:
    """How full the fullest cluster is, by its last reading."""

    cluster: str
    share: float
    """Used and promised, of what may be given away: 1 is full."""
    day: date

    @property
    def tone(self) -> str:
        """``good``, ``wait`` or ``bad``."""
        return "bad" if self.share >= _FULL else "wait" if self.share >= _TIGHT else "good"


@dataclass(frozen=True)
class Strip:
    """What the office sees at a glance."""

    running: int
    failed: int
    """Runs that failed within 24 hours."""
    lamp: Lamp | None


@dataclass(frozen=True)
class Waiting:
    """The queue of one reader."""

    groups: Sequence[Group]
    firsts: Mapping[str, FirstApprovalView]
    """Number to who has approved its plan as the first of two people."""
    to_review: Collection[str]
    """Numbers whose next step is the reader's."""
    last_done: RequestView | None
    """Only where nothing waits."""


class _Open(NamedTuple):
    """The little that decides where a request belongs."""

    id: int
    number: str
    state: RequestState
    due_at: datetime | None
    starts_at: datetime | None
    decisions: frozenset[str]
    """Of those that take the next step, what the reader may do."""


class Queue:
    """Reads only; the same numbers of queries however much waits."""

    def __init__(self, database: Database, office: Office) -> None:
        self._database = database
        self._office = office

    def waiting(self, actor: Actor, only: str | None = None) -> Waiting:
        """All groups that have something in them; ``only`` one of them, then longer."""
        with self._database.read() as session:
            found = _open(session, actor)
            firsts = _firsts(session, [one for one in found if one.state is State.PLANNED])
            if sees_all(actor):
                sorted_ = self._of_office(actor, found, firsts)
            else:
                firsts, sorted_ = {}, _of_department(found)
            wanted = {k: v for k, v in sorted_.items() if v and (only is None or k == only)}
            most = SHOWN if only is None else ALONE
            shown = {key: ones[:most] for key, ones in wanted.items()}
            views = self._views(session, actor, [one.id for o in shown.values() for one in o])
            groups = [
                Group(key, len(wanted[key]), [views[one.id] for one in ones])
                for key, ones in shown.items()
            ]
            finished: list[Group] = []
            if not sees_all(actor) and only in (None, "finished"):
                finished = [g for g in [self._finished(session, actor, most)] if g.count]
            return Waiting(
                groups=[*groups, *finished],
                firsts=firsts,
                to_review={o.number for o in found if _decides(o) or o.number in firsts},
                last_done=None if groups or only else self._last_done(session, actor),
            )

    def strip(self) -> Strip:
        """Runs at work, runs that failed, and the capacity as it was last read."""
        with self._database.read() as session:
            running = select(func.count(Run.id)).where(Run.state.in_(_WORKING))
            failed = select(func.count(Run.id)).where(
                Run.state == RunState.FAILED, Run.ended_at >= now() - timedelta(hours=24)
            )
            return Strip(session.scalar(running) or 0, session.scalar(failed) or 0, _lamp(session))

    def last_events(self, actor: Actor, numbers: Collection[str]) -> dict[str, Happening]:
        """What happened last to each of these requests, as far as the reader may know."""
        if not numbers:
            return {}
        newest = select(Event.record, func.max(Event.seq)).where(Event.record.in_(numbers))
        if not sees_all(actor):
            newest = newest.where(not_(or_(*(Event.tag.startswith(one) for one in OFFICE_ONLY))))
        query = (
            select(Event, EventPayload.payload)
            .outerjoin(EventPayload, EventPayload.event_id == Event.id)
            .where(tuple_(Event.record, Event.seq).in_(newest.group_by(Event.record)))
        )
        with self._database.read() as session:
            return {
                e.record: Happening(e.record, e.seq, e.tag, e.actor, e.at, e.correlation, payload)
                for e, payload in session.execute(query)
            }

    # ------------------------------------------------------------------ inside

    def _of_office(
        self, actor: Actor, found: Iterable[_Open], firsts: Mapping[str, FirstApprovalView]
    ) -> dict[str, list[_Open]]:
        groups: dict[str, list[_Open]] = {
            key: [] for key in ("attention", "mine", "begins", "soon", "rest")
        }
        soon, tomorrow = self._next_working_day(), now() + timedelta(hours=24)
        for one in found:
            groups[self._group(actor, one, firsts.get(one.number), soon, tomorrow)].append(one)
        for key, ones in groups.items():
            ones.sort(key=_begin if key == "begins" else _due)
        return groups

    def _group(
        self, actor: Actor, one: _Open, first: FirstApprovalView | None, soon: date,
        tomorrow: datetime,
    ) -> str:  # fmt: skip
        if one.state is State.ATTENTION:
            return "attention"
        if _mine(actor, one, first):
            return "mine"
        if one.starts_at is not None and one.starts_at < tomorrow:
            return "begins"
        waits = one.due_at is not None and one.state is not State.NEEDS_INFO
        if waits and one.due_at and one.due_at.astimezone(self._office.zone).date() <= soon:
            return "soon"
        return "rest"

    def _next_working_day(self) -> date:
        day = now().astimezone(self._office.zone).date() + timedelta(days=1)
        while not is_working_day(day, self._office):
            day += timedelta(days=1)
        return day

    def _views(self, session: Session, actor: Actor, ids: Sequence[int]) -> dict[int, RequestView]:
        rows = list(session.scalars(select(Request).where(Request.id.in_(ids))))
        views = request_views(session, actor, rows, self._office) if rows else []
        return {row.id: view for row, view in zip(rows, views, strict=True)}

    def _finished(self, session: Session, actor: Actor, most: int) -> Group:
        """The newest that were fulfilled; one more is counted where there are others."""
        query = (
            select(Request)
            .where(Request.department_id == (actor.department or "-"), Request.state == State.DONE)
            .order_by(Request.id.desc())
            .limit(most + 1)
        )
        rows = list(session.scalars(query))
        views = request_views(session, actor, rows[:most], self._office) if rows else []
        return Group("finished", len(rows), views)

    def _last_done(self, session: Session, actor: Actor) -> RequestView | None:
        query = select(Request).where(Request.state == State.DONE)
        if not sees_all(actor):
            query = query.where(Request.department_id == (actor.department or "-"))
        rows = list(session.scalars(query.order_by(Request.id.desc()).limit(1)))
        return request_views(session, actor, rows, self._office)[0] if rows else None


def _open(session: Session, actor: Actor) -> list[_Open]:
    query = (
        select(
            Request.id, Request.number, Request.state, Request.due_at, Request.created_by,
            Request.busy, Request.details["starts_at"].as_string(),
        )
        .where(Request.state.in_(sorted(OPEN)))
        .order_by(Request.id.desc())
        .limit(_LOOKED_AT)
    )  # fmt: skip
    if not sees_all(actor):
        query = query.where(Request.department_id == (actor.department or "-"))

    @cache  # hundreds of requests, a handful of answers: on these no department has a say
    def decides(state: RequestState, own: bool, busy: bool) -> frozenset[str]:
        return _DECISIONS & set(actions(actor, state, department="", own=own, busy=busy))

    found = []
    for id, number, written, due, creator, busy, begins in session.execute(query):
        state = RequestState(written)
        decisions = decides(state, creator == actor.id, busy)
        found.append(_Open(id, number, state, due, _moment(begins), decisions))
    return found


def _of_department(found: Iterable[_Open]) -> dict[str, list[_Open]]:
    groups: dict[str, list[_Open]] = {"own": [], "office": []}
    for one in found:
        own = one.state in (State.NEEDS_INFO, State.DRAFT)
        groups["own" if own else "office"].append(one)
    groups["office"].sort(key=_due)
    groups["own"].sort(key=lambda one: one.state != State.NEEDS_INFO)
    return groups


def _firsts(session: Session, planned: Iterable[_Open]) -> dict[str, FirstApprovalView]:
    """Only a plan that reaches far has a first approval: there are few."""
    numbers = {one.id: one.number for one in planned}
    waiting = session.scalars(
        select(FirstApproval.request_id).where(FirstApproval.request_id.in_(numbers))
    )
    found: dict[str, FirstApprovalView] = {}
    for id in waiting.all():
        record = plans.current(session, id)
        if record is not None and (first := view_of(session, record)) is not None:
            found[numbers[id]] = first
    return found


def _decides(one: _Open) -> bool:
    """Whether the reader is the one who takes the next step."""
    return one.state is not State.ATTENTION and bool(one.decisions)


def _mine(actor: Actor, one: _Open, first: FirstApprovalView | None) -> bool:
    """Whether it waits for the reader; also as the second of two people."""
    if first is None:
        return _decides(one)
    approves = not _APPROVALS.isdisjoint(one.decisions)
    return first.by != actor.username and (approves or may_be_second(actor))


def _due(one: _Open) -> tuple[bool, str]:
    return one.due_at is None, str(one.due_at)


def _begin(one: _Open) -> str:
    return str(one.starts_at)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _lamp(session: Session) -> Lamp | None:
    last = select(CapacityReading.cluster, func.max(CapacityReading.day)).group_by(
        CapacityReading.cluster
    )
    query = select(CapacityReading).where(
        tuple_(CapacityReading.cluster, CapacityReading.day).in_(last)
    )
    lamps = [Lamp(row.cluster, _share(row.amounts), row.day) for row in session.scalars(query)]
    return max(lamps, key=lambda lamp: lamp.share, default=None)


def _share(amounts: Mapping[str, Mapping[str, float]]) -> float:
    return max(
        (
            (one["used"] + one["promised"]) / one["limit"]
            for one in amounts.values()
            if one["limit"] > 0
        ),
        default=0.0,
    )
