"""The office's overview: room on the clusters, what stands by department, what needs a look."""

from __future__ import annotations

import threading
from datetime import timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import seeing
from api.pages.details import size_text
from api.pages.frame import Reader, go, page
from api.pages.picture import cluster_bars, node_bars
from api.security import Services
from provisioner.catalogue import Inventory
from provisioner.database import now
from provisioner.errors import Forbidden
from provisioner.people.rules import may_operate, sees_all
from provisioner.texts import Message, say

router = APIRouter()
SOON = timedelta(days=30)
_LOOKING = threading.Lock()


@router.get("/capacity")
def show_capacity(request: Request, actor: Reader, product: Services) -> Response:
    """Every cluster: what is left, until when, how many more of each size fit."""
    return page(
        request,
        "capacity.html",
        clusters=seeing.capacity(product, actor),
        bars=cluster_bars,
        node_bars=node_bars,
        titles=_titles(product.inventory),
    )


@router.get("/overview")
def show_overview(request: Request, actor: Reader, product: Services) -> Response:
    """What stands, by department."""
    return page(request, "overview.html", overview=product.overview.view(actor))


@router.get("/findings")
def show_findings(request: Request, actor: Reader, product: Services) -> Response:
    """Differences, leftovers and what ends soon."""
    if not sees_all(actor):
        raise Forbidden(say("This is looked at by the office only."))
    ending = product.instances.list(actor, ends_by=now() + SOON)
    return page(
        request,
        "findings.html",
        drift=seeing.drift(product, actor),
        orphans=seeing.orphans(product, actor),
        ending=sorted(
            (one for one in ending if one.kind != "event_wifi"),
            key=lambda one: str(one.expires_at),
        ),
        departments={one.id: one.name for one in product.people.departments()},
        may_look=may_operate(actor),
    )


@router.post("/findings/look")
def look(request: Request, actor: Reader, product: Services) -> Response:
    """Look at every cluster once, then show what was found; one look at a time."""
    if not may_operate(actor):
        raise Forbidden(say("Your role does not allow this."))
    if _LOOKING.acquire(blocking=False):
        try:
            seeing.look_everywhere(product, actor)
        finally:
            _LOOKING.release()
    return go(request, "/findings")


@router.get("/findings/look")
def no_page(_actor: Reader) -> Response:
    """An action's address has no page of its own."""
    return RedirectResponse("/findings", 303)


def _titles(inventory: Inventory) -> dict[str, Message]:
    """Every size with what is in it."""
    offer = inventory.cloud_vps
    return {key: size_text(key, size) for key, size in offer.sizes.items()} if offer else {}
