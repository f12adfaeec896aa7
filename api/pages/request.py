"""One request: what was asked, how it stands, what may be done, and all that happened."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.pages import contacts
from api.pages.called import Names
from api.pages.details import key_lines, lines
from api.pages.form import Fault
from api.pages.frame import Reader, page
from api.pages.holder import holder_of
from api.pages.letters_card import letters_of_request
from api.pages.second import first_of, may_decide
from api.pages.timeline import STREAMS, stream_of
from api.security import Services, policy
from provisioner.bootstrap import Product
from provisioner.catalogue import Inventory
from provisioner.database import now
from provisioner.people.rules import Actor, may_operate, sees_all
from provisioner.requests.rules import OPEN, RequestState
from provisioner.requests.views import RequestView
from provisioner.texts import Message

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
    typed: tuple[str, str] | None = None,
) -> Response:
    """The page of one request, with what was wrong with the last action, if anything.

    ``typed``: the action that was refused, and the reason that had been written for it.
    """
    view = product.requests.get(actor, number)
    events = product.requests.events(actor, number, 0, actor.language)
    first = first_of(product, actor, view)
    run = product.runs.get(actor, view.run) if view.run else None
    context: dict[str, Any] = {
        "view": view,
        "problem": problem,
        "errors": errors,
        "typed": typed,
        "stream": stream_of(actor, events, request.query_params.get("stream", "")),
        "streams": STREAMS,
        "newest": events[-1].text if events else "",
        "last_event": events[-1].id if events else 0,
        "open": view.state in OPEN,
        "first": first,
        "decides": first is not None and may_decide(actor, view, first),
        "holder": holder_of(actor, view, run, first),
        "lines": lines(view.details, view.service, product.inventory, Names(product).instance),
        "keys": key_lines(view.details),
        "report": product.reports.get(actor, view.number) if view.run else None,
        "scheduled": run if run and run.begin_at and view.state == RequestState.SCHEDULED else None,
        "wants_letter": _wants_letter(product, view),
        "checks": product.checks.list(actor, request=number, limit=5),
        "may_check": may_operate(actor) and view.state != "draft",
        "of_office": sees_all(actor),
        "place_title": partial(place_title, product.inventory),
        "letters": letters_of_request(product, actor, view),
        "complaints": product.desk.complaints.linked_to(actor, "request", number),
        "printed_at": now(),
        **contacts.context(product, actor, view),
    }
    return page(request, "request.html", status=status, **context)


def _wants_letter(product: Product, view: RequestView) -> bool:
    offer = product.inventory.catalogue.offer(view.service)
    return offer is None or bool(offer.letters)


def place_title(inventory: Inventory, key: str) -> str:
    """What people call a place; its key where it has gone from network.yml."""
    place = inventory.network.places.get(key)
    return place.title if place else key
