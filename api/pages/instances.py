"""What stands: servers and events' WiFi, each with a page and what may be asked of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.pages.asking import ACTION
from api.pages.form import Fault, faults, in_zone
from api.pages.form import Form as Typed
from api.pages.frame import Reader, go, page
from api.pages.handover import poster_page
from api.pages.request import place_title
from api.security import Services
from api.statuses import status_of
from provisioner.bootstrap import Product
from provisioner.errors import Conflict, FieldError, Invalid, NotFound
from provisioner.people.rules import Actor
from provisioner.texts import Message, say

router = APIRouter(prefix="/instances")


@router.get("")
def show(request: Request, actor: Reader, product: Services) -> Response:
    """All that the reader may see, newest first."""
    found = product.instances.list(actor)
    return page(
        request,
        "instances.html",
        servers=[one for one in found if one.kind == "vm"],
        networks=[one for one in found if one.kind == "event_wifi"],
        departments={one.id: one.name for one in product.people.departments()},
        places={key: place.title for key, place in product.inventory.network.places.items()},
    )


@router.get("/{id}")
def show_one(request: Request, actor: Reader, product: Services, id: str) -> Response:
    """One instance, with its proof and what may be asked for it."""
    return _show(request, actor, product, id)


@router.get("/{id}/poster")
def poster(request: Request, actor: Reader, product: Services, id: str) -> Response:
    """The poster of an open network, which holds no secret."""
    found = product.instances.get(actor, id)
    if found.security != "open":
        raise NotFound(say("There is no instance %(id)s.", id=id[:40]))
    return poster_page(request, product, found.request, None)


@router.post("/{id}/actions/{action}")
def act(
    request: Request,
    actor: Reader,
    product: Services,
    id: str,
    action: str,
    ends_at: Annotated[str, Form(alias="details/ends_at")] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Ask for an action, which becomes a request that goes its way."""
    said = {"ends_at": in_zone(ends_at, product.inventory.office.zone), "reason": reason}
    try:
        if action == "extend" and not ends_at:
            raise Invalid([FieldError("/details/ends_at", say("please fill this in"))])
        wanted = {name: text for name, text in said.items() if text and _takes(action, name)}
        made = product.instances.act(actor, id, action, wanted)
    except Invalid as error:
        typed = Typed({"details/ends_at": ends_at}, faults(error.errors, ACTION.own))
        return _show(request, actor, product, id, status=422, typed=typed)
    except Conflict as error:
        return _show(request, actor, product, id, status=status_of(error), problem=error.what)
    return go(request, f"/requests/{made.number}")


@router.get("/{id}/actions/{action}")
def no_page(_actor: Reader, id: str, action: str) -> Response:
    """An action's address has no page of its own."""
    return RedirectResponse(f"/instances/{id}", 303)


def _takes(action: str, name: str) -> bool:
    return (action, name) in {("extend", "ends_at"), ("end", "reason")}


def _show(
    request: Request,
    actor: Actor,
    product: Product,
    id: str,
    *,
    status: int = 200,
    typed: Typed | None = None,
    problem: Message | None = None,
) -> Response:
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
    }
    return page(request, "instance.html", status=status, **context)
