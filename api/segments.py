"""The stocks of VLANs and networks: what is free of each, and who has the rest until when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from provisioner.bootstrap import Product
from provisioner.catalogue.segments import Segment
from provisioner.database import now
from provisioner.errors import Forbidden
from provisioner.people.rules import Actor, sees_all
from provisioner.plans.record import Reservation, ReservationState
from provisioner.plans.segments import Lot, lots
from provisioner.requests.model import Request
from provisioner.texts import say

State = Literal["free", "held", "reserved", "resting"]
_STATES: Mapping[str, State] = {
    ReservationState.HOLD: "held",
    ReservationState.RESERVED: "reserved",
    ReservationState.QUARANTINE: "resting",
}


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class LotClaim(_View):
    """Who has a VLAN with its network.

    ``held`` for a plan that waits for its approval; ``reserved`` for what was approved or stands;
    ``resting`` after its use, until nobody remembers it.
    """

    state: State
    request: str
    instance: str | None
    starts_at: datetime | None
    """Of an event: it is kept from then on only."""
    until: datetime | None


class LotView(_View):
    """A VLAN with the network that goes with it; free where nobody has it."""

    vlan: int
    cidr: str
    state: State
    claims: tuple[LotClaim, ...]


class SegmentView(_View):
    """A segment of network.yml."""

    key: str
    title: str
    vlans: str
    cidr: str
    reserved: tuple[str, ...]
    """What network.yml keeps from being given away."""
    quarantine_hours: int
    counts: dict[State, int]
    lots: tuple[LotView, ...]


def segments(product: Product, actor: Actor) -> list[SegmentView]:
    """Every segment of network.yml, for the office. Raises Forbidden."""
    if not sees_all(actor):
        raise Forbidden(say("The network is looked at by the office only."))
    with product.database.read() as session:
        claims = _claims(session)
    found = product.inventory.network.segments.items()
    return [_segment(key, segment, claims) for key, segment in found]


_Claims = Mapping[tuple[str, str], list[LotClaim]]
"""By segment and VLAN or network."""


def _claims(session: Session) -> _Claims:
    row = Reservation
    query = (
        select(row, Request.number)
        .join(Request, Request.id == row.request_id)
        .where(
            row.kind.in_(("vlan", "scope")), or_(row.expires_at.is_(None), row.expires_at > now())
        )
        .order_by(row.id)
    )
    found: dict[tuple[str, str], list[LotClaim]] = defaultdict(list)
    for claim, number in session.execute(query):
        found[claim.scope, claim.key.partition(" ")[0]].append(_claim(claim, number))
    return found


def _claim(row: Reservation, number: str) -> LotClaim:
    amounts = row.amounts
    return LotClaim(
        state=_STATES[row.state],
        request=number,
        instance=row.instance_id,
        starts_at=_moment(amounts.get("starts_at")),
        until=row.expires_at or _moment(amounts.get("ends_at")),
    )


def _moment(said: Any) -> datetime | None:
    return datetime.fromisoformat(said) if said else None


def _segment(key: str, segment: Segment, claims: _Claims) -> SegmentView:
    found = tuple(_lots(lots(key, segment), claims))
    states: tuple[State, ...] = ("free", "held", "reserved", "resting")
    return SegmentView(
        key=key,
        title=segment.title or key,
        vlans=", ".join(map(str, segment.vlans)),
        cidr=str(segment.cidr),
        reserved=tuple(map(str, segment.reserved)),
        quarantine_hours=segment.quarantine_hours,
        counts={state: sum(lot.state == state for lot in found) for state in states},
        lots=found,
    )


def _lots(every: Iterable[Lot], claims: _Claims) -> Iterator[LotView]:
    for lot in every:
        mine = [
            claim
            for name in (lot.vlan_key, str(lot.cidr))
            for claim in claims.get((lot.segment, name), ())
        ]
        once = tuple(dict.fromkeys(mine))
        firm: tuple[State, ...] = ("reserved", "held", "resting")
        state = next((s for s in firm if any(c.state == s for c in once)), "free")
        yield LotView(vlan=lot.vlan, cidr=str(lot.cidr), state=state, claims=once)
