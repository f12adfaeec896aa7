"""The start of asking, for everybody: what the office offers, and the standard of each service."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.pages.frame import Visitor, page
from api.security import Services
from provisioner.asking.cards import card, cards
from provisioner.people.policy import Permission
from provisioner.people.rules import allows

router = APIRouter(prefix="/services")


@router.get("")
def show(request: Request, actor: Visitor, product: Services, kept: str = "") -> Response:
    """All services; to those who may ask, what they have begun too.

    ``kept``: a form that was just put aside, which is said.
    """
    may_ask = actor is not None and allows(actor, Permission.FILE)
    forms = product.desk.asking.forms
    unfinished = forms.unfinished(actor) if actor is not None and may_ask else ()
    return page(
        request,
        "services.html",
        cards=cards(product.inventory),
        may_ask=may_ask,
        unfinished=unfinished,
        kept=next((one for one in unfinished if one.id == kept), None),
    )


@router.get("/{service}")
def one(request: Request, actor: Visitor, product: Services, service: str) -> Response:
    """The card of one service, to be read and printed on one page."""
    may_ask = actor is not None and allows(actor, Permission.FILE)
    found = card(product.inventory, service)
    return page(request, "services_card.html", card=found, may_ask=may_ask)
