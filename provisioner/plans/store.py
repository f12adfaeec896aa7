"""Plans and the ledger of claims in the database: the only place with queries for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from provisioner.errors import Conflict, NotFound
from provisioner.plans.claims import HeldClaim, Ledger, capacity_scope
from provisioner.plans.model import Claim, Plan, ReservationKind
from provisioner.plans.record import PlanRecord, Reservation, ReservationState
from provisioner.requests.model import Request
from provisioner.texts import say

STRANGER_REST = timedelta(hours=1)
"""How long an address where a stranger answered is passed over before it is tried again."""
_RESTING = ("address", "scope", "vlan", "switch_port")
"""What rests after use, because neighbours remember who had it."""
VMID_REST = timedelta(hours=1)
"""How long a VMID rests after a clone that failed: a volume of it may have been left behind."""


def current(session: Session, request_id: int) -> PlanRecord | None:
    """The plan of a request that counts, or None; its holds may have run out."""
    return session.scalars(
        select(PlanRecord)
        .where(PlanRecord.request_id == request_id, PlanRecord.superseded.is_(False))
        .order_by(PlanRecord.made_at.desc())
        .limit(1)
    ).one_or_none()


def by_id(session: Session, plan_id: str) -> PlanRecord:
    """The plan, superseded or not. Raises NotFound."""
    found = session.get(PlanRecord, plan_id)
    if found is None:
        raise NotFound(say("There is no such plan."))
    return found


def plan(record: PlanRecord) -> Plan:
    """The plan as a value."""
    return Plan.from_json(record.body)


def supersede(session: Session, request_id: int) -> None:
    """No plan of the request counts any more."""
    session.execute(
        update(PlanRecord).where(PlanRecord.request_id == request_id).values(superseded=True)
    )


def purge_expired(session: Session, at: datetime) -> None:
    """Drop holds that have run out and what has rested long enough."""
    session.execute(delete(Reservation).where(Reservation.expires_at <= at))


def ledger(
    session: Session, request_id: int, at: datetime, instance_id: str | None = None
) -> Ledger:
    """What is claimed at that moment by others than the request; its own quarantine included.

    What has run out does not count, whether or not it has been purged; what belongs to the instance
    neither.
    """
    own = (Reservation.request_id == request_id) & (
        Reservation.state != ReservationState.QUARANTINE
    )
    row = Reservation
    rows = session.execute(
        select(row.kind, row.scope, row.key, Request.number, row.state, row.amounts)
        .join(Request, Request.id == row.request_id)
        .where(
            or_(row.expires_at.is_(None), row.expires_at > at),
            ~own,
            or_(row.instance_id.is_(None), row.instance_id != (instance_id or "-")),
        )
        .order_by(row.id)
    )
    return Ledger(
        tuple(
            HeldClaim(
                cast(ReservationKind, kind), scope, key, number,
                state == ReservationState.QUARANTINE, amounts,
            )
            for kind, scope, key, number, state, amounts in rows
        )
    )  # fmt: skip


def hold(session: Session, plan: PlanRecord, claims: Iterable[Claim]) -> None:
    """Take expiring holds for a plan, until its ``holds_until``.

    Call inside ``Database.allocate`` after ``purge_expired``; the table's unique constraint is the
    last word (IntegrityError) if a caller did not.
    """
    session.add_all(
        Reservation(
            kind=claim.kind,
            scope=claim.scope,
            key=claim.key,
            amounts=dict(claim.amounts),
            state=ReservationState.HOLD,
            request_id=plan.request_id,
            plan_id=plan.id,
            expires_at=plan.holds_until,
        )
        for claim in claims
    )
    session.flush()


def drop_holds(session: Session, request_id: int) -> None:
    """Give back a request's holds; reservations and what rests stay."""
    session.execute(
        delete(Reservation).where(
            Reservation.request_id == request_id, Reservation.state == ReservationState.HOLD
        )
    )


def drop_holds_of(session: Session, plan: PlanRecord) -> None:
    """Give back the holds of one plan."""
    session.execute(
        delete(Reservation).where(
            Reservation.plan_id == plan.id, Reservation.state == ReservationState.HOLD
        )
    )


def holds_whole(session: Session, plan: PlanRecord, at: datetime) -> bool:
    """Whether every claim of the plan is still held by it."""
    found = session.scalars(
        select(Reservation.id).where(
            Reservation.plan_id == plan.id,
            Reservation.state == ReservationState.HOLD,
            Reservation.expires_at > at,
        )
    ).all()
    return len(found) == len(plan.body["claims"])


def has_reservations(session: Session, request_id: int) -> bool:
    """Whether the request has reservations: a run of it may still be at work, or its VM stands."""
    return bool(
        session.scalars(
            select(Reservation.id)
            .where(
                Reservation.request_id == request_id,
                Reservation.state == ReservationState.RESERVED,
            )
            .limit(1)
        ).first()
    )


def reserve(session: Session, plan: PlanRecord, at: datetime) -> None:
    """Turn a plan's holds into reservations, which do not run out.

    Raises Conflict(``plan-changed``) when some of them have run out or were given away.
    """
    if not holds_whole(session, plan, at):
        raise Conflict(
            say(
                "What this plan had kept for itself has run out (%(when)s). Plan again, then "
                "approve the new plan.",
                when=plan.holds_until,
            ),
            slug="plan-changed",
            extra={"plan": plan.id, "digest": plan.digest},
        )
    _change(session, plan, ReservationState.HOLD, ReservationState.RESERVED, None)


def hold_again(session: Session, plan: PlanRecord, until: datetime) -> None:
    """Turn a plan's reservations back into holds, because nothing of it was carried out."""
    plan.holds_until = until
    _change(session, plan, ReservationState.RESERVED, ReservationState.HOLD, until)


def give_to_instance(session: Session, request_id: int, instance_id: str) -> None:
    """The request's reservations belong to the instance from now on, as long as it stands."""
    session.execute(
        update(Reservation)
        .where(Reservation.request_id == request_id, Reservation.state == ReservationState.RESERVED)
        .values(instance_id=instance_id)
    )


def move_capacity(
    session: Session, instance_id: str, node: str, place: Mapping[str, Any] | None = None
) -> None:
    """What the instance claims of a node, it claims of another one from now on.

    ``place`` (``storage``, ``shared``) is where its disks are there, where that has changed.
    """
    for row in _capacity_of(session, instance_id):
        row.scope = capacity_scope(row.scope.partition("/")[0], node)
        row.amounts = {**row.amounts, **(place or {})}
    session.flush()


def settle_capacity(session: Session, instance_id: str, amounts: Mapping[str, float]) -> None:
    """The instance claims these amounts in all (cores, memory_mb, disk_gb), however they came."""
    rows = _capacity_of(session, instance_id)
    for name, wanted in amounts.items():
        claimed = sum(row.amounts.get(name, 0) for row in rows)
        first = rows[0]
        first.amounts = {**first.amounts, name: first.amounts.get(name, 0) + wanted - claimed}
    session.flush()


def _capacity_of(session: Session, instance_id: str) -> Sequence[Reservation]:
    query = select(Reservation).where(
        Reservation.instance_id == instance_id, Reservation.kind == "capacity"
    )
    return session.scalars(query.order_by(Reservation.id)).all()


def release_instance(session: Session, instance_id: str, at: datetime) -> None:
    """Give back what an instance owns, because it stands no longer."""
    query = select(Reservation).where(Reservation.instance_id == instance_id)
    _give_back(session, session.scalars(query).all(), at, address_used=True, vmid_used=True)


def release(
    session: Session,
    request_id: int,
    at: datetime,
    *,
    address_used: bool = True,
    vmid_used: bool = True,
) -> None:
    """Give back everything that a request holds or has reserved.

    What may have been used of a network (address, scope, VLAN) rests for its ``quarantine_hours``
    (neighbours remember who had it), a VMID for which a clone was begun for ``VMID_REST``. What
    rests already goes on resting.
    """
    rows = session.scalars(
        select(Reservation).where(
            Reservation.request_id == request_id, Reservation.state != ReservationState.QUARANTINE
        )
    ).all()
    _give_back(session, rows, at, address_used=address_used, vmid_used=vmid_used)


def _give_back(
    session: Session,
    rows: Sequence[Reservation],
    at: datetime,
    *,
    address_used: bool,
    vmid_used: bool,
) -> None:
    for row in rows:
        rest = _rest(row, address_used=address_used, vmid_used=vmid_used)
        if rest > timedelta(0):
            row.state, row.instance_id = ReservationState.QUARANTINE, None
            row.expires_at = at + rest
        else:
            session.delete(row)
    session.flush()


def pass_over(session: Session, plan: PlanRecord, claim: Claim, how: str, at: datetime) -> None:
    """Keep everybody off something that the world holds against us, for ``STRANGER_REST``."""
    row = session.scalars(
        select(Reservation).where(
            Reservation.kind == claim.kind,
            Reservation.scope == claim.scope,
            Reservation.key == claim.key,
            Reservation.plan_id == plan.id,
            Reservation.state == ReservationState.HOLD,
        )
    ).one_or_none()
    if row is not None:
        row.state = ReservationState.QUARANTINE
        row.expires_at = at + STRANGER_REST
        row.amounts = {**row.amounts, "answers": how}
        session.flush()


def _rest(row: Reservation, *, address_used: bool, vmid_used: bool) -> timedelta:
    if row.kind in _RESTING and address_used:
        return timedelta(hours=row.amounts.get("quarantine_hours", 0))
    if row.kind == "vmid" and vmid_used:
        return VMID_REST
    return timedelta(0)


def _change(
    session: Session,
    plan: PlanRecord,
    before: ReservationState,
    after: ReservationState,
    expires_at: datetime | None,
) -> None:
    values: dict[str, Any] = {"state": after, "expires_at": expires_at}
    session.execute(
        update(Reservation)
        .where(Reservation.plan_id == plan.id, Reservation.state == before)
        .values(values)
    )


def by_digest(session: Session, request_id: int, digest: str) -> PlanRecord | None:
    """The newest plan of the request with that digest, superseded or not."""
    return session.scalars(
        select(PlanRecord)
        .where(PlanRecord.request_id == request_id, PlanRecord.digest == digest)
        .order_by(PlanRecord.made_at.desc())
        .limit(1)
    ).one_or_none()
