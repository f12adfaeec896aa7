"""Complaints over JSON: list, record, look, classify, assign, answer, close, reopen, link."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.replay import Replaying
from api.security import Person, Services
from provisioner.bootstrap import Product
from provisioner.complaints.store import Filter
from provisioner.complaints.views import (
    Answer,
    Assign,
    Classify,
    Close,
    ComplaintView,
    EventView,
    LinkTo,
    NewComplaint,
    Reopen,
)
from provisioner.people.rules import Actor

router = APIRouter(prefix="/complaints", tags=["complaints"], route_class=Replaying)

Month = Annotated[str, Query(pattern="^(20[0-9]{2}-(0[1-9]|1[0-2]))?$")]


def month_span(month: str, product: Product) -> tuple[datetime | None, datetime | None]:
    """From and until of a month such as 2026-11, in the office's zone; None where it is empty."""
    if not month:
        return None, None
    first = date.fromisoformat(f"{month}-01")
    following = (first + timedelta(days=32)).replace(day=1)
    zone = product.inventory.office.zone
    return datetime.combine(first, time(), zone), datetime.combine(following, time(), zone)


@router.get("")
def find(
    product: Services,
    actor: Person,
    kind: str = "",
    classification: str = "",
    state: str = "",
    channel: str = "",
    month: Month = "",
    q: str = "",
    before: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 500,
) -> list[ComplaintView]:
    """Those that the caller may see, newest receipt first; ``before``: those after that number.

    ``classification=none``: not classified yet; ``state=open``: not answered yet, ``ended``: the
    others.
    """
    first, until = month_span(month, product)
    chosen = Filter(kind, classification, state, channel, q, first, until)
    return product.desk.complaints.find(actor, chosen, before=before, limit=limit)


@router.post("", status_code=201)
def record(
    product: Services, actor: Person, new: NewComplaint, response: Response
) -> ComplaintView:
    """Enter what came in, by any channel; it is given its number."""
    view = product.desk.complaints.record(actor, new)
    response.headers["Location"] = f"/api/v1/complaints/{view.number}"
    return view


@router.get("/{number}")
def show(product: Services, actor: Person, number: str) -> ComplaintView:
    """One of them."""
    return product.desk.complaints.get(actor, number)


@router.get("/{number}/events")
def timeline(
    product: Services, actor: Person, number: str, after: Annotated[int, Query(ge=0)] = 0
) -> list[EventView]:
    """Its timeline, oldest first."""
    return product.desk.complaints.events(actor, number, after)


@router.post("/{number}/classify")
def classify(product: Services, actor: Person, number: str, wanted: Classify) -> ComplaintView:
    """Give it its class; another one than before needs a reason."""
    return product.desk.complaints.classify(actor, number, wanted)


@router.post("/{number}/assign")
def assign(product: Services, actor: Person, number: str, wanted: Assign) -> ComplaintView:
    """Name the officer and the team."""
    return product.desk.complaints.assign(actor, number, wanted)


@router.post("/{number}/begin")
def begin(product: Services, actor: Person, number: str) -> ComplaintView:
    """Work on it has begun."""
    return product.desk.complaints.begin(actor, number)


@router.post("/{number}/answer")
def answer(product: Services, actor: Person, number: str, given: Answer) -> ComplaintView:
    """Keep the answer that was given."""
    return product.desk.complaints.answer(actor, number, given)


@router.post("/{number}/close")
def close(product: Services, actor: Person, number: str, wanted: Close) -> ComplaintView:
    """End it."""
    return product.desk.complaints.close(actor, number, wanted)


@router.post("/{number}/reopen")
def reopen(product: Services, actor: Person, number: str, wanted: Reopen) -> ComplaintView:
    """It is not settled after all."""
    return product.desk.complaints.reopen(actor, number, wanted)


@router.post("/{number}/link")
def link(product: Services, actor: Person, number: str, wanted: LinkTo) -> ComplaintView:
    """Say which request or check it has to do with. Both have to be there."""
    return link_to(product, actor, number, wanted)


@router.post("/{number}/erase")
def erase(product: Services, actor: Person, number: str) -> ComplaintView:
    """Take the reporter's personal data out, for good, once retention has ended."""
    return product.desk.complaints.erase(actor, number)


def link_to(product: Product, actor: Actor, number: str, wanted: LinkTo) -> ComplaintView:
    """Link with what the actor can see. Raises NotFound."""
    if wanted.kind == "request":
        product.requests.get(actor, wanted.target)
    else:
        product.checks.get(actor, wanted.target)
    return product.desk.complaints.link(actor, number, wanted)
