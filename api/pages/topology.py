"""The page of the network: a drawing of the campus, tables that say the same, a look now."""

from __future__ import annotations

import threading

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.campus import topology
from api.pages.drawing import BOX_HEIGHT, BOX_WIDTH, draw
from api.pages.frame import Reader, go, page
from api.security import Services
from api.seeing import look_around
from provisioner.errors import Forbidden
from provisioner.people.rules import may_operate
from provisioner.texts import say

router = APIRouter(prefix="/topology")
_LOOKING = threading.Lock()


@router.get("")
def show(request: Request, actor: Reader, product: Services) -> Response:
    """The campus as it was last seen."""
    campus = topology(product, actor)
    sites = product.inventory.network.sites
    return page(
        request,
        "topology.html",
        campus=campus,
        drawing=draw(campus),
        box=(BOX_WIDTH, BOX_HEIGHT),
        sites={key: site.title for key, site in sites.items()},
        places={place.key: place.title for place in campus.places},
        may_look=may_operate(actor),
        compared=product.topology.differences(actor),
    )


@router.post("/look")
def look(request: Request, actor: Reader, product: Services) -> Response:
    """Log in to every device once, then show the campus; one look at a time."""
    if not may_operate(actor):
        raise Forbidden(say("Your role does not allow this."))
    if _LOOKING.acquire(blocking=False):
        try:
            product.look_around()
        finally:
            _LOOKING.release()
    return go(request, "/topology")


@router.post("/compare")
def compare(request: Request, actor: Reader, product: Services) -> Response:
    """Ask every device for its neighbours, then show where network.yml differs."""
    look_around(product, actor)
    return go(request, "/topology#differences")


@router.get("/compare")
@router.get("/look")
def no_page(_actor: Reader) -> Response:
    """An action's address has no page of its own."""
    return RedirectResponse("/topology", 303)
