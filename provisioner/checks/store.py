"""Queries for checks: adding, claiming, keeping what they gave, and looking back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, case, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from provisioner.checks.model import Target
from provisioner.checks.seen import Sighting
from provisioner.checks.tables import (
    BY_PEOPLE,
    OPEN,
    AlertRow,
    CheckRow,
    CheckState,
    Purpose,
    RemedyRow,
    SightingRow,
)
from provisioner.database import now
from provisioner.errors import NotFound
from provisioner.texts import Message, say

SILENT = timedelta(seconds=30)
"""A worker that was not heard of for so long is taken to be dead."""


def add(
    session: Session,
    target: Target,
    title: str,
    purpose: str,
    *,
    asked_by: str = "system",
    number: str | None = None,
    instance: str | None = None,
    department: str | None = None,
    wanted: Sequence[str] = (),
    again_of: str | None = None,
    due_at: datetime | None = None,
) -> CheckRow:
    """A check that waits for a worker."""
    moment = now()
    row = CheckRow(
        id=f"check-{uuid4().hex[:12]}",
        target=str(target),
        title=title,
        asked_by=asked_by,
        request_number=number,
        instance_id=instance,
        department_id=department,
        purpose=purpose,
        state=CheckState.QUEUED,
        wanted=[*wanted],
        again_of=again_of,
        due_at=due_at or moment,
        asked_at=moment,
        progress=[],
        results=[],
    )
    session.add(row)
    session.flush()
    return row


def get(session: Session, id: str, *, lock: bool = False) -> CheckRow:
    """One check. Raises NotFound."""
    query = select(CheckRow).where(CheckRow.id == id)
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(no_such_check(id))
    return row


def no_such_check(id: str) -> Message:
    """Also said of checks that someone may not see."""
    return say("There is no check %(id)s.", id=id[:40])


def find(session: Session, *conditions: ColumnElement[bool], limit: int = 50) -> list[CheckRow]:
    """Checks, the newest first."""
    query = select(CheckRow).where(*conditions).order_by(CheckRow.asked_at.desc(), CheckRow.id)
    return [*session.scalars(query.limit(limit))]


def by_itself(session: Session, since: datetime) -> set[str]:
    """Targets whose whole check is open, or was asked for by the product itself since then."""
    query = select(CheckRow.target, CheckRow.wanted).where(
        CheckRow.purpose.not_in(BY_PEOPLE),
        or_(CheckRow.state.in_(OPEN), CheckRow.asked_at >= since),
    )
    return {target for target, wanted in session.execute(query) if not wanted}


def looked_at(session: Session, targets: Collection[str], since: datetime) -> set[str]:
    """Those of the targets with a whole check that is open or was asked for since then."""
    query = select(CheckRow.target, CheckRow.wanted).where(
        CheckRow.target.in_([*targets]),
        or_(CheckRow.state.in_(OPEN), CheckRow.asked_at >= since),
    )
    return {target for target, wanted in session.execute(query) if not wanted}


# ------------------------------------------------------------------ workers


def is_due(session: Session) -> bool:
    """Whether there may be something to claim; a look that keeps nobody from writing."""
    moment = now()
    dead = (CheckRow.state == CheckState.RUNNING) & (CheckRow.beat_at < moment - SILENT)
    fresh = (CheckRow.state == CheckState.QUEUED) & (CheckRow.due_at <= moment)
    return session.scalar(select(CheckRow.id).where(or_(dead, fresh)).limit(1)) is not None


def claim(
    session: Session, worker: str, purposes: Collection[str] | None = None
) -> CheckRow | None:
    """Take the next check that is due, or one whose worker has died; those of people first.

    Never one of a target that is being checked. Needs ``Database.allocate``, in which nobody else
    takes one.
    """
    moment = now()
    dead = (CheckRow.state == CheckState.RUNNING) & (CheckRow.beat_at < moment - SILENT)
    other = aliased(CheckRow)
    busy = exists().where(
        other.target == CheckRow.target,
        other.id != CheckRow.id,
        other.state == CheckState.RUNNING,
        other.beat_at >= moment - SILENT,
    )
    fresh = (CheckRow.state == CheckState.QUEUED) & (CheckRow.due_at <= moment) & ~busy
    query = select(CheckRow.id).where(or_(dead & ~busy, fresh))
    if purposes is not None:
        query = query.where(CheckRow.purpose.in_(purposes))
    first = case((CheckRow.purpose.in_(BY_PEOPLE), 0), else_=1)
    id = session.scalar(query.order_by(first, CheckRow.due_at, CheckRow.id).limit(1))
    if id is None:
        return None
    row = get(session, id, lock=True)
    row.state, row.worker = CheckState.RUNNING, worker
    row.beat_at, row.started_at = moment, row.started_at or moment
    row.tries, row.progress = row.tries + 1, []
    session.flush()
    return row


def beat(session: Session, id: str, worker: str, progress: list[Any] | None = None) -> bool:
    """Say that the worker lives, with what came so far; False where the check is not its own."""
    values: dict[str, Any] = {"beat_at": now()}
    if progress is not None:
        values["progress"] = progress
    return bool(session.execute(_own(id, worker).values(**values)).rowcount)  # type: ignore[attr-defined]


def owned(session: Session, id: str, worker: str) -> CheckRow | None:
    """The check, locked; None where it is that worker's no longer."""
    query = select(CheckRow).where(
        CheckRow.id == id, CheckRow.worker == worker, CheckRow.state == CheckState.RUNNING
    )
    return session.scalars(query.with_for_update()).one_or_none()


def give_back(session: Session, worker: str) -> None:
    """What that worker has not finished is free for others, at once."""
    session.execute(
        update(CheckRow)
        .where(CheckRow.worker == worker, CheckRow.state == CheckState.RUNNING)
        .values(
            state=CheckState.QUEUED,
            worker=None,
            beat_at=None,
            progress=[],
            tries=CheckRow.tries - 1,
        )
    )


def _own(id: str, worker: str) -> Any:
    return update(CheckRow).where(
        CheckRow.id == id, CheckRow.worker == worker, CheckRow.state == CheckState.RUNNING
    )


# ------------------------------------------------------------------ looking back


def last(session: Session, row: CheckRow, *, colour: str | None = None) -> CheckRow | None:
    """The last whole check of the same target that ended before this one."""
    query = select(CheckRow).where(
        CheckRow.target == row.target,
        CheckRow.id != row.id,
        CheckRow.state == CheckState.DONE,
        CheckRow.asked_at <= row.asked_at,
    )
    if colour is not None:
        query = query.where(CheckRow.colour == colour)
    rows = session.scalars(query.order_by(CheckRow.asked_at.desc()).limit(20))
    return next((one for one in rows if not one.wanted), None)


def last_of_each(session: Session, prefix: str) -> list[CheckRow]:
    """The last check that is over of each target whose name begins so."""
    latest = (
        select(CheckRow.target, func.max(CheckRow.asked_at).label("at"))
        .where(CheckRow.target.startswith(prefix), CheckRow.ended_at.is_not(None))
        .group_by(CheckRow.target)
        .subquery()
    )
    query = select(CheckRow).join(
        latest, (latest.c.target == CheckRow.target) & (latest.c.at == CheckRow.asked_at)
    )
    return [*session.scalars(query.where(CheckRow.ended_at.is_not(None)))]


def open_alerts(session: Session) -> list[AlertRow]:
    """Causes that something still hangs on, the oldest first."""
    query = select(AlertRow).where(AlertRow.closed_at.is_(None)).order_by(AlertRow.id)
    return [*session.scalars(query)]


def alerts(session: Session) -> list[AlertRow]:
    """All causes that are kept, open ones and closed ones, the oldest first."""
    return [*session.scalars(select(AlertRow).order_by(AlertRow.id))]


def handed_over(session: Session, numbers: Collection[str]) -> set[str]:
    """Those of the requests whose check after hand-over was asked for already."""
    query = select(CheckRow.request_number).where(
        CheckRow.request_number.in_([*numbers]), CheckRow.purpose == Purpose.HANDOVER
    )
    return {str(number) for number in session.scalars(query)}


def sightings(session: Session, devices: Collection[str]) -> Mapping[str, Sighting]:
    """The last look at each of these devices."""
    query = select(SightingRow).where(SightingRow.device.in_([*devices]))
    found: dict[str, Sighting] = {}
    for row in session.scalars(query):
        found[row.device] = Sighting(**{**row.sighting, "at": row.at})
    return found


def keep_sightings(session: Session, seen: Mapping[str, Sighting]) -> None:
    """Remember these looks; an older one never replaces a newer one."""
    for device, sighting in sorted(seen.items()):
        row = session.get(SightingRow, device, with_for_update=True)
        if row is None:
            row = SightingRow(device=device, at=sighting.at)
            session.add(row)
        elif row.at > sighting.at:
            continue
        row.at = sighting.at
        row.sighting = {k: v for k, v in asdict(sighting).items() if k != "at"}
    session.flush()


def remedies(session: Session, check: str) -> Mapping[str, str]:
    """Key of a remedy of that check to the newest request that it became."""
    query = select(RemedyRow).where(RemedyRow.check_id == check).order_by(RemedyRow.number)
    return {row.key: row.number for row in session.scalars(query)}


def prune(session: Session, before: datetime) -> None:
    """Forget checks and closed causes that ended before then."""
    old = select(CheckRow.id).where(CheckRow.ended_at < before)
    session.execute(delete(RemedyRow).where(RemedyRow.check_id.in_(old)))
    session.execute(delete(CheckRow).where(CheckRow.ended_at < before))
    session.execute(delete(AlertRow).where(AlertRow.closed_at < before))
    session.execute(delete(SightingRow).where(SightingRow.at < before))
