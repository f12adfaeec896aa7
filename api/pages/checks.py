"""Checks in the console: have one made, watch it, read the cause, ask for a remedy."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from api import checks
from api.pages.form import faults
from api.pages.frame import Reader, go, page
from api.security import Services
from provisioner.bootstrap import Product
from provisioner.checks.views import CheckSummary
from provisioner.errors import Conflict, Forbidden, Invalid, Mistake, NotFound
from provisioner.people.rules import Actor, may_operate, sees_all
from provisioner.texts import Message, say

router = APIRouter(prefix="/checks")
_SITES_SHOWN = 500


@router.get("")
def show(request: Request, actor: Reader, product: Services) -> Response:
    """Sites as they were last checked, the latest checks, and a form for another."""
    return _list(request, actor, product)


@router.post("")
def start(
    request: Request,
    actor: Reader,
    product: Services,
    target: Annotated[str, Form()] = "",
    instance: Annotated[str, Form()] = "",
    of_request: Annotated[str, Form(alias="request")] = "",
) -> Response:
    """Have something checked; then watch it."""
    named = {"target": target, "instance": instance, "request": of_request}
    try:
        view = product.checks.start(actor, **{k: v for k, v in named.items() if v})
    except Invalid as error:
        return _list(request, actor, product, error=error, status=422)
    except (NotFound, Conflict) as error:
        return _list(request, actor, product, problem=error.what, status=404)
    return go(request, f"/checks/{view.id}")


@router.get("/rules")
def rules(request: Request, actor: Reader, product: Services) -> Response:
    """Every rule and every check, for whoever wants to know why."""
    if not sees_all(actor):
        raise Forbidden(say("This is looked at by the office only."))
    return page(
        request,
        "check_rules.html",
        rules=product.checks.rules(actor),
        catalogue=product.checks.catalogue(actor),
    )


@router.get("/{id}")
def look(request: Request, actor: Reader, product: Services, id: str) -> Response:
    """One check; while it runs, with what was found so far."""
    return _one(request, actor, product, id)


@router.post("/{id}/remedies/{key:path}")
def remedy(request: Request, actor: Reader, product: Services, id: str, key: str) -> Response:
    """A remedy becomes a request; on to its page, where it is planned."""
    try:
        made = checks.ask_remedy(product, actor, id, key)
    except (Conflict, Invalid) as error:
        return _one(request, actor, product, id, problem=error.what, status=409)
    return go(request, f"/requests/{made.number}")


def _one(
    request: Request,
    actor: Actor,
    product: Product,
    id: str,
    *,
    problem: Message | None = None,
    status: int = 200,
) -> Response:
    view = product.checks.get(actor, id)
    return page(
        request,
        "check.html",
        status=status,
        one=view,
        way=product.checks.way(actor, id),
        may_ask=may_operate(actor),
        may_start=may_operate(actor) or view.instance is not None,
        problem=problem,
    )


def _list(
    request: Request,
    actor: Actor,
    product: Product,
    *,
    error: Mistake | None = None,
    problem: Message | None = None,
    status: int = 200,
) -> Response:
    errors = faults(error.errors, ("target",)) if isinstance(error, Invalid) else ()
    return page(
        request,
        "checks.html",
        status=status,
        form=_Empty(errors),
        errors=errors,
        problem=problem,
        targets=_targets(product),
        sites=_sites(product, actor) if sees_all(actor) else [],
        checks=product.checks.list(actor),
        may_start=may_operate(actor),
    )


class _Empty:
    """The form with nothing typed."""

    def __init__(self, errors: object) -> None:
        self.values: dict[str, str] = {}
        self.errors = errors


def _targets(product: Product) -> list[tuple[str, str]]:
    """What can be chosen: sites, places, devices, clusters."""
    network = product.inventory.network
    return [
        *((f"site:{key}", site.title) for key, site in network.sites.items()),
        *((f"place:{key}", place.title) for key, place in network.places.items()),
        *((f"device:{name}", name) for name in sorted(product.hosts())),
        *((f"cluster:{name}", name) for name in product.clusters),
    ]


def _sites(product: Product, actor: Actor) -> list[tuple[str, str, CheckSummary | None]]:
    """Each site with its last check."""
    last = product.checks.last_of_sites(actor)
    sites = product.inventory.network.sites.items()
    return [(key, site.title, last.get(f"site:{key}")) for key, site in sites][:_SITES_SHOWN]
