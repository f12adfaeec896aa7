"""One request: what was asked, how it stands, what may be done, and all that happened."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.pages.details import key_lines, lines
from api.pages.form import Fault
from api.pages.frame import Reader, page
from api.pages.second import first_of, may_decide
from api.security import Services, policy
from provisioner.bootstrap import Product
from provisioner.catalogue import Inventory
from provisioner.people.rules import Actor, may_operate
from provisioner.requests.rules import OPEN, RequestState
from provisioner.requests.views import EventView, RequestView
from provisioner.runs.views import RunView
from provisioner.texts import Message

_SMALL = ("step:", "device:", "run:queued", "request:in-progress")

router = APIRouter(prefix="/requests")


@router.get("/{number}")
def show(request: Request, actor: Reader, product: Services, number: str) -> Response:
    """The page of one request."""
    return request_page(request, product, actor, number)


@router.get("/{number}/letter")
def letter(actor: Reader, product: Services, number: str) -> Response:
    """The cleaned copy of the letter, to be shown within our own pages only."""
    data, media_type = product.requests.letter_copy(actor, number)
    return Response(
        data, media_type=media_type, headers={"Content-Security-Policy": policy("'self'")}
    )


@router.get("/{number}/letter/original")
def original(actor: Reader, product: Services, number: str) -> Response:
    """The letter byte for byte as it came, to be saved, never shown by the browser."""
    data, _, file_name = product.requests.letter_original(actor, number)
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in file_name)
    return Response(
        data,
        media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{plain or "letter"}"'},
    )


def request_page(
    request: Request,
    product: Product,
    actor: Actor,
    number: str,
    *,
    status: int = 200,
    problem: Message | None = None,
    errors: tuple[Fault, ...] = (),
) -> Response:
    """The page of one request, with what was wrong with the last action, if anything."""
    view = product.requests.get(actor, number)
    events = product.requests.events(actor, number, 0, actor.language)
    newest_first = list(reversed(events))
    context: dict[str, Any] = {
        "view": view,
        "problem": problem,
        "errors": errors,
        "events": [event for event in newest_first if _of_note(event)],
        "all_events": newest_first,
        "last_event": events[-1].id if events else 0,
        "open": view.state in OPEN,
        "first": (first := first_of(product, actor, view)),
        "decides": first is not None and may_decide(actor, view, first),
        "lines": lines(view.details, view.service, product.inventory),
        "keys": key_lines(view.details),
        "report": _report(product, actor, view),
        "scheduled": _scheduled(product, actor, view),
        "wants_letter": _wants_letter(product, view),
        "checks": product.checks.list(actor, request=number, limit=5),
        "may_check": may_operate(actor) and view.state != "draft",
        "place_title": partial(place_title, product.inventory),
    }
    return page(request, "request.html", status=status, **context)


def _wants_letter(product: Product, view: RequestView) -> bool:
    offer = product.inventory.catalogue.offer(view.service)
    return offer is None or bool(offer.letters)


def _of_note(event: EventView) -> bool:
    """Whether the event belongs to the story; single steps that went well are looked up."""
    return event.tag in ("step:failed", "step:completed") or not event.tag.startswith(_SMALL)


def place_title(inventory: Inventory, key: str) -> str:
    """What people call a place; its key where it has gone from network.yml."""
    place = inventory.network.places.get(key)
    return place.title if place else key


def _scheduled(product: Product, actor: Actor, view: RequestView) -> RunView | None:
    """The run that begins by itself, where there is one."""
    if view.run is None or view.state != RequestState.SCHEDULED:
        return None
    run = product.runs.get(actor, view.run)
    return run if run.begin_at else None


def _report(product: Product, actor: Actor, view: RequestView) -> Any:
    return product.reports.get(actor, view.number) if view.run else None
