"""Who owns what according to our books: the queries that the search for leftovers rests on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, false, or_, select, true
from sqlalchemy.orm import Session

from provisioner.instances.leftovers import Books, Former, Orphan
from provisioner.instances.making import VM
from provisioner.instances.model import Instance, InstanceState
from provisioner.plans.claims import capacity_scope
from provisioner.plans.record import Reservation, ReservationState
from provisioner.requests.model import Request
from provisioner.requests.rules import OPEN
from provisioner.requests.states import say_state
from provisioner.runs.model import Run
from provisioner.runs.rules import ENDED
from provisioner.texts import Message, say

GRACE = timedelta(minutes=10)
"""How long after the end of a run or an instance the cluster's own books may still lag."""


def books(session: Session, cluster: str, networks: Collection[str], at: datetime) -> Books:
    """What we know of a cluster's VMs and addresses at that moment."""
    instances = session.scalars(
        select(Instance).where(Instance.kind == VM, Instance.cluster == cluster)
    ).all()
    standing = [row for row in instances if row.state != InstanceState.ENDED]
    claims = session.execute(
        select(Reservation, _lives())
        .join(Request, Request.id == Reservation.request_id)
        .outerjoin(Instance, Instance.id == Reservation.instance_id)
        .where(
            or_(Reservation.expires_at.is_(None), Reservation.expires_at > at),
            or_(
                (Reservation.kind == "vmid") & (Reservation.scope == cluster),
                (Reservation.kind == "address") & Reservation.scope.in_(list(networks)),
            ),
        )
    ).all()
    vmids = {int(claim.key) for claim, lives in claims if claim.kind == "vmid" and lives}
    addresses = {claim.key for claim, _ in claims if claim.kind == "address"}
    lately = {
        row.vmid for row in instances
        if row.vmid and row.ended_at is not None and row.ended_at > at - GRACE
    }  # fmt: skip
    active = session.scalars(
        select(Request.department_id)
        .join(Run, Run.request_id == Request.id)
        .where(or_(Run.state.not_in(ENDED), Run.ended_at > at - GRACE))
    )
    return Books(
        owned=frozenset({*vmids, *lately, *(row.vmid or 0 for row in standing)}),
        standing={row.vmid or 0: (row.request_number, row.made_at) for row in standing},
        former=[
            Former(row.id, row.request_number, row.vmid or 0, row.name, row.ended_at)
            for row in instances if row.state == InstanceState.ENDED
        ],
        addresses=frozenset(
            addresses | {address for row in standing for address in row.addresses}
        ),
        at_work=frozenset(active),
        at=at,
    )  # fmt: skip


def requests_named(session: Session, numbers: Collection[str]) -> dict[str, tuple[Message, str]]:
    """Number to state and department of those requests that there are."""
    rows = session.execute(
        select(Request.number, Request.state, Request.department_id).where(
            Request.number.in_(list(numbers))
        )
    )
    return {number: (say_state(state), department) for number, state, department in rows}


def _lives() -> ColumnElement[bool]:
    """Whether somebody stands behind a claim: an instance, a plan, or a request not yet closed."""
    open_request = or_(Request.busy, Request.state.in_(OPEN))
    return case(
        (Reservation.state == ReservationState.HOLD, true()),
        (Reservation.state == ReservationState.QUARANTINE, false()),
        (Reservation.instance_id.is_(None), open_request),
        else_=Instance.state.is_not(None) & (Instance.state != InstanceState.ENDED),
    )


def stale_claims(session: Session, cluster: str, networks: Collection[str]) -> tuple[Orphan, ...]:
    """Reservations on a cluster whose request is closed and whose instance does not stand."""
    rows = session.execute(
        select(Reservation, Request.number, Request.state, Request.department_id, Request.closed_at)
        .join(Request, Request.id == Reservation.request_id)
        .outerjoin(Instance, Instance.id == Reservation.instance_id)
        .where(
            Reservation.state == ReservationState.RESERVED,
            ~_lives(),
            or_(
                Reservation.scope == cluster,
                Reservation.scope.startswith(capacity_scope(cluster, ""), autoescape=True),
                Reservation.scope.in_(list(networks)),
            ),
        )
        .order_by(Reservation.id)
    )
    return tuple(
        Orphan(
            kind="claim",
            key=f"{row.kind}:{row.scope}:{row.key}",
            what=say("a claim (%(kind)s) on %(key)s", kind=row.kind, key=row.key),
            where=row.scope,
            since=closed_at,
            number=number,
            whose=say(
                "request %(number)s of %(department)s, which is closed (%(state)s)",
                number=number, department=department, state=say_state(state),
            ),
            line=None,
            advice=say(
                "It keeps others from using it. An administrator has to look into why it was not "
                "given back."
            ),
        )
        for row, number, state, department, closed_at in rows
    )  # fmt: skip
