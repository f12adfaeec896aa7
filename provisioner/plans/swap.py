"""Another VMID for a request whose own was taken by someone outside our books."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner.errors import ActionNeeded
from provisioner.plans.addressing import next_vmid
from provisioner.plans.claims import capacity_scope
from provisioner.plans.record import Reservation, ReservationState
from provisioner.texts import say


def swap_vmid(
    session: Session, request_id: int, cluster: str, span: tuple[int, int], taken: set[int]
) -> int:
    """Move the request's reservations to the lowest VMID that neither we nor ``taken`` have.

    Call inside ``Database.allocate``. Raises ActionNeeded when the range is used up.
    """
    claimed = session.scalars(
        select(Reservation).where(Reservation.kind == "vmid", Reservation.scope == cluster)
    ).all()
    new = next_vmid(span, {*taken, *(int(row.key) for row in claimed)})
    if new is None:
        raise ActionNeeded(
            say("Every VM number of cluster %(cluster)s is taken.", cluster=cluster),
            meaning=say("The range %(low)s to %(high)s is used up.", low=span[0], high=span[1]),
            next=say("Widen vmid_range in the configuration, then choose retry."),
            who="administrator",
        )
    own = session.scalars(
        select(Reservation).where(
            Reservation.request_id == request_id,
            Reservation.state == ReservationState.RESERVED,
            Reservation.kind.in_(("vmid", "capacity")),
        )
    )
    scopes = capacity_scope(cluster, "")
    for row in own:
        if row.scope == cluster or row.scope.startswith(scopes):
            row.key = str(new)
    session.flush()
    return new
