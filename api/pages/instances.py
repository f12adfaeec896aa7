"""What stands: servers, places in racks and events' WiFi, each with a page of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.acts import ACTS, GROUPS, Act
from api.pages.act_form import drift_of
from api.pages.details import size_text
from api.pages.form import Fault
from api.pages.form import Form as Typed
from api.pages.frame import Reader, go, page
from api.pages.handover import poster_page
from api.pages.request import place_title
from api.racks import label_of, place_of, rack_around
from api.security import Services
from api.seeing import look_at
from provisioner.bootstrap import Product
from provisioner.catalogue import Inventory
from provisioner.database import now
from provisioner.errors import NotFound, StepFailure
from provisioner.instances.views import InstanceView
from provisioner.people.rules import Actor
from provisioner.texts import Message, say

router = APIRouter(prefix="/instances")
_EACH = 60
"""Instances of one page."""


@router.get("")
def show(
    request: Request, actor: Reader, product: Services, older_than: str | None = None
) -> Response:
    """What the reader may see, newest first, a page at a time."""
    some = product.instances.list(actor, older_than=older_than, limit=_EACH + 1)
    found = some[:_EACH]
    kinds = ("vm", "colocation", "site", "event_wifi")
    return page(
        request,
        "instances.html",
        found={kind: [one for one in found if one.kind == kind] for kind in kinds},
        older=found[-1].id if len(some) > _EACH else None,
        first_page=older_than is None,
        departments={one.id: one.name for one in product.people.departments()},
        places={key: place.title for key, place in product.inventory.network.places.items()},
    )


@router.get("/{id}")
def show_one(request: Request, actor: Reader, product: Services, id: str) -> Response:
    """One instance, with its proof and what may be asked for it."""
    return instance_page(request, actor, product, id)


@router.post("/{id}/look")
def look(request: Request, actor: Reader, product: Services, id: str) -> Response:
    """Compare it with its record now."""
    look_at(product, actor, id)
    return go(request, f"/instances/{id}#drift")


@router.get("/{id}/look")
def no_page(_actor: Reader, id: str) -> Response:
    """An action's address has no page of its own."""
    return RedirectResponse(f"/instances/{id}", 303)


@router.get("/{id}/backups")
def backups(request: Request, actor: Reader, product: Services, id: str) -> Response:
    """The backups of a VM, read from its cluster now."""
    one = product.instances.get(actor, id)
    try:
        found, trouble = product.instances.backups(actor, id), None
    except StepFailure as failure:
        found, trouble = [], failure
    return page(request, "backups.html", one=one, backups=found, trouble=trouble)


@router.get("/{id}/poster")
def poster(request: Request, actor: Reader, product: Services, id: str) -> Response:
    """The poster of an open network, which holds no secret."""
    found = product.instances.get(actor, id)
    if found.security != "open":
        raise NotFound(say("There is no instance %(id)s.", id=id[:40]))
    return poster_page(request, product, found.request, None)


def instance_page(
    request: Request,
    actor: Actor,
    product: Product,
    id: str,
    *,
    status: int = 200,
    typed: Typed | None = None,
    problem: Message | None = None,
) -> Response:
    """The page of one instance, with what was wrong with the last action, if anything."""
    found = product.instances.get(actor, id)
    errors: tuple[Fault, ...] = typed.errors if typed else ()
    context: dict[str, Any] = {
        "one": found,
        "errors": errors,
        "form": typed or Typed(),
        "problem": problem,
        "report": product.reports.get(actor, found.request),
        "place": place_title(product.inventory, found.place) if found.place else None,
        "departments": {one.id: one.name for one in product.people.departments()},
        "groups": _groups(found),
        "drift": drift_of(product, actor, found),
        "checks": product.checks.list(actor, instance=id, limit=3),
        "size": _size(found, product.inventory),
        "image": _image(found, product.inventory),
        "days_left": _days_left,
        **_racked(product, actor, found),
    }
    return page(request, "instance.html", status=status, **context)


def _racked(product: Product, actor: Actor, one: InstanceView) -> dict[str, Any]:
    """A server's place in its rack."""
    server = place_of(product, one.id) if one.kind == "colocation" else None
    rack = rack_around(product, actor, server) if server and one.state != "ended" else None
    return {"server": server, "rack": rack, "slot_label": label_of}


def _days_left(ends_at: datetime) -> int:
    return max((ends_at - now()).days, 0)


def _groups(one: InstanceView) -> list[tuple[Message, list[Act]]]:
    """The actions that the reader may ask for now, under their headings."""
    possible = [
        act
        for key, act in ACTS.get(one.kind, {}).items()
        if key in one.actions and ("snapshot" not in act.asks or one.snapshots)
    ]
    grouped = [
        (title, [act for act in possible if act.group == group]) for group, title in GROUPS.items()
    ]
    return [(title, acts) for title, acts in grouped if acts]


def _size(one: InstanceView, inventory: Inventory) -> Message | str:
    offer = inventory.cloud_vps
    key = one.size or ""
    return size_text(key, offer.sizes[key]) if offer and key in offer.sizes else key


def _image(one: InstanceView, inventory: Inventory) -> str:
    offer = inventory.cloud_vps
    key = one.image or ""
    return offer.images[key].title if offer and key in offer.images else key
