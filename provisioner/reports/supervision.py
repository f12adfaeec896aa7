"""What each officer did in a month and how fast, from the record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioner.catalogue import Office
from provisioner.database import Database, now
from provisioner.errors import Forbidden, NotFound
from provisioner.events import Event, EventPayload
from provisioner.people.model import Person, Role
from provisioner.people.policy import Permission
from provisioner.people.rules import Actor, allows, sees_all
from provisioner.reports.clock import OfficeClock, Work, middle, ninetieth
from provisioner.reports.journeys import FIRST_APPROVAL, Journey, Month, journeys, month_of
from provisioner.reports.monthly.views import WorkView
from provisioner.texts import say

DEEDS: dict[str, tuple[str, ...]] = {
    "planned": ("request:planned",),
    "approved": ("request:approved", FIRST_APPROVAL),
    "returned": ("request:returned",),
    "rejected": ("request:rejected",),
    "retried": ("run:retried",),
    "by_hand": ("step:completed",),
    "contacts": ("contact:logged",),
    "letters": ("letter:issued",),
    "complaints": ("complaint:answered",),
}
"""What is counted, by its events; each record once for each."""
_BY_HAND = "step:completed"
_BEFORE = timedelta(days=400)


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class PaceView(_View):
    """How long something took: how often, the median and what nine of ten stay within."""

    count: int
    median: WorkView | None
    ninetieth: WorkView | None


class LateWorkView(_View):
    """A request of the officer's that missed its deadline."""

    number: str
    due_at: datetime
    ended_at: datetime | None


class OfficerView(_View):
    """One officer in one month. ``pace``: from receipt to ``first_look``, ``approval``, ``done``
    of the requests that the officer looked at first, approved, had approved."""

    username: str
    name: str
    roles: list[str]
    deeds: dict[str, int]
    reviewed: int
    """Requests decided on in any way."""
    pace: dict[str, PaceView]
    late: list[LateWorkView]


class SupervisionView(_View):
    """One month."""

    month: str
    previous: str
    following: str | None
    officers: list[OfficerView]


class Supervision:
    """Counts the work of officers."""

    def __init__(
        self, database: Database, office: Office, clock: Callable[[], datetime] = now
    ) -> None:
        self._database, self._office, self._clock = database, office, clock

    def view(self, actor: Actor, month: str | None = None) -> SupervisionView:
        """Everybody of the office, for who leads or audits; else only oneself. Raises Forbidden."""
        if not sees_all(actor):
            raise Forbidden(say("This is looked at by the office only."))
        return self._counted(month, None if allows(actor, Permission.SUPERVISE) else actor.username)

    def of(self, actor: Actor, username: str, month: str | None = None) -> SupervisionView:
        """One officer. Raises Forbidden for others' work, NotFound for who is none."""
        if not sees_all(actor) or not (
            allows(actor, Permission.SUPERVISE) or actor.username == username
        ):
            raise Forbidden(say("Only the superior sees the work of others."))
        found = self._counted(month, username)
        if not found.officers:
            raise NotFound(say("There is no officer %(name)s.", name=username[:40]))
        return found

    def _counted(self, written: str | None, username: str | None) -> SupervisionView:
        this = month_of(self._clock().astimezone(self._office.zone).date())
        month = _month(written, this)
        begun, ended = month.span(self._office.zone)
        until = min(ended, self._clock())
        clock = OfficeClock(self._office, (begun - _BEFORE).date(), month.last)
        with self._database.read() as session:
            deeds = _deeds(session, begun, until)
            work = _work(journeys(session, begun, until), (begun, until), clock)
            officers = [
                _officer(person, deeds.get(person.username, {}), work.get(person.username, _Work()))
                for person in _people(session, username)
            ]
        return SupervisionView(
            month=str(month),
            previous=str(month.previous),
            following=str(month.following) if month < this else None,
            officers=[
                one for one in officers if username or one.deeds or "technician" in one.roles
            ],
        )


def _month(written: str | None, this: Month) -> Month:
    if written is None:
        return this
    year, _, number = written.partition("-")
    if year.isdecimal() and number.isdecimal() and int(year) >= 2000 and 1 <= int(number) <= 12:
        month = Month(int(year), int(number))
        if month <= this and str(month) == written:
            return month
    raise NotFound(say("There is no report of %(month)s.", month=written[:20]))


def _people(session: Session, username: str | None) -> Iterator[Person]:
    query = select(Person).order_by(Person.name)
    if username:
        query = query.where(Person.username == username)
    for person in session.scalars(query):
        if {one.role for one in person.roles} - {Role.APPLICANT}:
            yield person


def _deeds(session: Session, begun: datetime, ended: datetime) -> dict[str, dict[str, int]]:
    """User name to deed to how many records."""
    kinds = {tag: deed for deed, tags in DEEDS.items() for tag in tags}
    rows = session.execute(
        select(Event.actor, Event.tag, func.count(Event.record.distinct()))
        .where(Event.tag.in_(set(kinds) - {_BY_HAND}), Event.at >= begun, Event.at < ended)
        .group_by(Event.actor, Event.tag)
    )
    found: dict[str, dict[str, int]] = {}
    for actor, tag, count in rows:
        mine = found.setdefault(actor, {})
        mine[kinds[tag]] = mine.get(kinds[tag], 0) + count
    for payload in session.scalars(  # written down by the run, which names who did it
        select(EventPayload.payload)
        .join(Event, Event.id == EventPayload.event_id)
        .where(Event.tag == _BY_HAND, Event.at >= begun, Event.at < ended)
    ):
        mine = found.setdefault(str(payload.get("by")), {})
        mine["by_hand"] = mine.get("by_hand", 0) + 1
    return found


@dataclass
class _Work:
    """What is added up of one officer."""

    reviewed: int = 0
    looks: list[Work] = field(default_factory=list)
    approvals: list[Work] = field(default_factory=list)
    done: list[Work] = field(default_factory=list)
    late: list[LateWorkView] = field(default_factory=list)


def _work(
    ways: Sequence[Journey], span: tuple[datetime, datetime], clock: OfficeClock
) -> dict[str, _Work]:
    """By user name, in one walk through the requests."""
    found: dict[str, _Work] = defaultdict(_Work)
    for way in ways:
        for actor in {m.actor for m in way.moves if m.tag in _DECIDED and _within(m.at, span)}:
            found[actor].reviewed += 1
        look, approved, done_at = way.first_look, way.approved, way.done_at
        if look and _within(look.at, span):
            found[look.actor].looks.append(clock.between(way.received_at, look.at))
        if approved and _within(approved.at, span):
            found[approved.actor].approvals.append(clock.between(way.received_at, approved.at))
        if approved and done_at and _within(done_at, span):
            found[approved.actor].done.append(clock.between(way.received_at, done_at))
        if way.due_at and way.missed(span[1]):
            ended = way.kept_at or way.closed_at
            if ended is None or ended >= span[0]:
                late = LateWorkView(number=way.number, due_at=way.due_at, ended_at=ended)
                for actor in {move.actor for move in (look, approved) if move}:
                    found[actor].late.append(late)
    return found


def _officer(person: Person, deeds: dict[str, int], work: _Work) -> OfficerView:
    pace = {"first_look": work.looks, "approval": work.approvals, "done": work.done}
    return OfficerView(
        username=person.username,
        name=person.name,
        roles=sorted(one.role for one in person.roles),
        deeds=deeds,
        reviewed=work.reviewed,
        pace={key: _pace(spans) for key, spans in pace.items()},
        late=sorted(work.late, key=lambda one: one.due_at),
    )


_DECIDED = frozenset(tag for deed in ("planned", "approved", "returned", "rejected")
                     for tag in DEEDS[deed])  # fmt: skip


def _pace(spans: Sequence[Work]) -> PaceView:
    return PaceView(
        count=len(spans),
        median=WorkView.of(middle(spans)),
        ninetieth=WorkView.of(ninetieth(spans)),
    )


def _within(moment: datetime, span: tuple[datetime, datetime]) -> bool:
    return span[0] <= moment < span[1]
