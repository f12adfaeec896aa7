"""Exclusive use of resources and of their slots, in our own table, surviving crashes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from provisioner.database import Database, now
from provisioner.errors import Retriable
from provisioner.requests.model import Counter
from provisioner.runs.model import Lease, LeaseWait, Run
from provisioner.texts import say

_FENCE = ("fence", 0)


class LeaseLost(Retriable):
    """Someone else has what this run believed to hold; nothing more may be touched."""


def take_slot(session: Session, resource: str, limit: int, run_id: str, step_key: str) -> bool:
    """Take one of ``limit`` slots, or keep the run's own; False while all are taken.

    Call it within ``Database.allocate``, so that two runs never take the same.
    """
    held = session.scalars(select(Lease).where(Lease.resource == resource)).all()
    if any(lease.run_id == run_id for lease in held):
        return True
    taken = {lease.slot for lease in held}
    free = next((slot for slot in range(limit) if slot not in taken), None)
    if free is None:
        return False
    _add(session, resource, free, run_id, step_key)
    return True


def take_together(
    session: Session, resources: Sequence[str], run_id: str, step_key: str
) -> str | None:
    """Take all of them at once, or none: then the number of the request that is in the way.

    First come, first served: a run that came earlier and waits for one of them goes first, so
    nobody starves; as all are taken at once there is no dead-lock. Who has them all keeps them,
    under a new fence: whatever worked on this run until now notices it. Call it within
    ``Database.allocate``.
    """
    wanted = set(resources)
    mine = session.get(LeaseWait, run_id)
    held = session.scalars(select(Lease).where(Lease.resource.in_(wanted))).all()
    own = [lease for lease in held if lease.run_id == run_id]
    if len(own) == len(wanted):
        fence = _next_fence(session)
        for lease in own:
            lease.fence = fence
        return None
    others = [lease.run_id for lease in held if lease.run_id != run_id]
    waiting = session.scalars(select(LeaseWait).order_by(LeaseWait.place)).all()
    others += [
        line.run_id
        for line in waiting
        if line.run_id != run_id
        and wanted & set(line.resources)
        and (mine is None or line.place < mine.place)
    ]
    if others:
        if mine is None:
            place = _next_fence(session)
            mine = LeaseWait(run_id=run_id, place=place, since=now())
            session.add(mine)
        mine.resources = sorted(wanted)
        return session.scalars(select(Run.number).where(Run.id == others[0])).one()
    if mine is not None:
        session.delete(mine)
    for resource in sorted(wanted - {lease.resource for lease in own}):
        _add(session, resource, 0, run_id, step_key)
    return None


def release(session: Session, run_id: str, resource: str | None = None) -> None:
    """Give back one resource of the run, or all of them and its place in the line."""
    query = delete(Lease).where(Lease.run_id == run_id)
    session.execute(query.where(Lease.resource == resource) if resource else query)
    if resource is None:
        session.execute(delete(LeaseWait).where(LeaseWait.run_id == run_id))


class RunSlots:
    """The slots of one run while one of its steps is at work."""

    def __init__(self, database: Database, run_id: str, step_key: str) -> None:
        self._database, self._run_id, self._step_key = database, run_id, step_key

    def take(self, resource: str, limit: int) -> bool:
        """See ``take_slot``."""
        with self._database.allocate() as session:
            return take_slot(session, resource, limit, self._run_id, self._step_key)

    def give_back(self, resource: str) -> None:
        """See ``release``."""
        with self._database.write() as session:
            release(session, self._run_id, resource)


class RunDevices:
    """The devices that one run has for itself while it changes them."""

    def __init__(self, database: Database, run_id: str, step_key: str) -> None:
        self._database, self._run_id, self._step_key = database, run_id, step_key
        self._fences: dict[str, int] = {}

    def take(self, hosts: Sequence[str]) -> str | None:
        """Take them all, or none: then the number of the request that is in the way."""
        resources = [device(host) for host in hosts]
        with self._database.allocate() as session:
            blocked = take_together(session, resources, self._run_id, self._step_key)
        if blocked is None:
            self._fences = self._held()
        return blocked

    def check(self) -> None:
        """Raises LeaseLost when one of them is no longer this run's; before each touch."""
        if self._fences and self._held() != self._fences:
            raise LeaseLost(
                say("The devices were given to another run meanwhile."),
                meaning=say("This run was believed dead; it has touched nothing since."),
                next=say("Nothing to do: it is tried again by itself."),
            )

    def give_back(self) -> None:
        """All of them, and the place in the line."""
        with self._database.write() as session:
            release(session, self._run_id)
        self._fences = {}

    def _held(self) -> dict[str, int]:
        query = select(Lease.resource, Lease.fence).where(
            Lease.run_id == self._run_id, Lease.resource.startswith(device(""))
        )
        with self._database.read() as session:
            return dict(session.execute(query).all())


def device(host: str) -> str:
    """The resource that stands for a network device."""
    return f"device/{host}"


def holders(session: Session) -> dict[str, str]:
    """Network device to the number of the request whose run works on it just now."""
    query = (
        select(Lease.resource, Run.number)
        .join(Run, Run.id == Lease.run_id)
        .where(Lease.resource.startswith(device("")))
    )
    rows = session.execute(query)
    return {resource.removeprefix(device("")): number for resource, number in rows}


def _add(session: Session, resource: str, slot: int, run_id: str, step_key: str) -> None:
    session.add(
        Lease(
            resource=resource,
            slot=slot,
            run_id=run_id,
            step_key=step_key,
            fence=_next_fence(session),
            since=now(),
        )
    )


def _next_fence(session: Session) -> int:
    prefix, year = _FENCE
    if session.get(Counter, _FENCE) is None:
        session.add(Counter(prefix=prefix, year=year, last=0))
        session.flush()
    return session.execute(
        update(Counter)
        .where(Counter.prefix == prefix, Counter.year == year)
        .values(last=Counter.last + 1)
        .returning(Counter.last)
    ).scalar_one()
