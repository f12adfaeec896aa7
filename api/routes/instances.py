"""Instances over JSON: what stands, and what is asked to become of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Response

from api.replay import Replaying
from api.security import Person, Services
from provisioner.instances.views import InstanceView
from provisioner.requests.views import RequestView

router = APIRouter(prefix="/instances", tags=["instances"], route_class=Replaying)


@router.get("")
def find(product: Services, actor: Person) -> list[InstanceView]:
    """Instances that the caller may see."""
    return product.instances.list(actor)


@router.get("/{id}")
def show(product: Services, actor: Person, id: str) -> InstanceView:
    """One instance."""
    return product.instances.get(actor, id)


@router.post("/{id}/actions/{action}", status_code=201)
def act(
    product: Services,
    actor: Person,
    id: str,
    action: str,
    response: Response,
    details: Annotated[dict[str, Any] | None, Body()] = None,
) -> RequestView:
    """Ask for an action, such as ``extend`` with ``{"ends_at": …}``; it becomes a request."""
    view = product.instances.act(actor, id, action, details or {})
    response.headers["Location"] = f"/api/v1/requests/{view.number}"
    return view
