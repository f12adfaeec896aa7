"""Checks over JSON: have something looked at, follow it, ask for a remedy."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.checks import ask_remedy
from api.replay import Replaying
from api.security import Person, Services
from provisioner.checks.views import CatalogueView, CheckSummary, CheckView, RuleView
from provisioner.requests.views import RequestView

router = APIRouter(prefix="/checks", tags=["checks"], route_class=Replaying)

Named = Annotated[str, Field(min_length=1, max_length=300)]


class NewCheck(BaseModel):
    """What is to be checked: one of ``target``, ``request`` and ``instance``."""

    model_config = ConfigDict(extra="forbid")

    target: Named | None = Field(
        None,
        description="site:KEY, place:KEY, device:NAME, instance:ID, cluster:NAME, url:ADDRESS, or "
        "a name that only one of them has",
    )
    request: Named | None = Field(None, description="number of a request: what it is about")
    instance: Named | None = None
    checks: list[Named] | None = Field(
        None, max_length=200, description="keys of the catalogue; the standard set if left out"
    )


class Wanted(BaseModel):
    """Why a remedy is wanted."""

    model_config = ConfigDict(extra="forbid")

    reason: str | None = Field(None, max_length=1000)


@router.post("", status_code=202)
def start(product: Services, actor: Person, new: NewCheck, response: Response) -> CheckView:
    """Have a target checked; it is made at once, and followed by looking at it again."""
    view = product.checks.start(
        actor, target=new.target, request=new.request, instance=new.instance, checks=new.checks
    )
    response.headers["Location"] = f"/api/v1/checks/{view.id}"
    return view


@router.get("")
def find(
    product: Services,
    actor: Person,
    target: str | None = None,
    request: str | None = None,
    instance: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[CheckSummary]:
    """Checks that the caller may see, newest first."""
    return product.checks.list(
        actor, target=target, request=request, instance=instance, limit=limit
    )


@router.get("/catalogue")
def catalogue(product: Services, actor: Person) -> list[CatalogueView]:
    """All checks that there are: what each proves, what red means, what to do then."""
    return product.checks.catalogue(actor)


@router.get("/rules")
def rules(product: Services, actor: Person) -> list[RuleView]:
    """From a finding to its cause, and what the cause explains."""
    return product.checks.rules(actor)


@router.get("/{id}")
def show(product: Services, actor: Person, id: str) -> CheckView:
    """One check: how far it is, what was found, and what that comes down to."""
    return product.checks.get(actor, id)


@router.post("/{id}/remedies/{key:path}", status_code=201)
def remedy(
    product: Services,
    actor: Person,
    id: str,
    key: str,
    response: Response,
    wanted: Annotated[Wanted | None, Body()] = None,
) -> RequestView:
    """Ask for a remedy that the diagnosis offers; it becomes a request with a plan of its own."""
    view = ask_remedy(product, actor, id, key, wanted.reason if wanted else None)
    response.headers["Location"] = f"/api/v1/requests/{view.number}"
    return view
