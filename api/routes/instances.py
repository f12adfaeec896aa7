"""Instances over JSON: what stands, and what is asked to become of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Response

from api.replay import Replaying
from api.security import Person, Services
from api.seeing import drift_of, look_at
from provisioner.instances.drift_views import DriftView
from provisioner.instances.views import BackupView, InstanceView
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


@router.get("/{id}/backups")
def backups(product: Services, actor: Person, id: str) -> list[BackupView]:
    """The backups of a VM since it was made, newest first; read from its cluster now."""
    return product.instances.backups(actor, id)


@router.get("/{id}/drift")
def show_drift(product: Services, actor: Person, id: str) -> DriftView:
    """Where an instance is not as our record says, as of the last look."""
    return drift_of(product, actor, id)


@router.post("/{id}/look")
def look(product: Services, actor: Person, id: str) -> DriftView:
    """Compare an instance with its record now."""
    return look_at(product, actor, id)


@router.post("/{id}/actions/{action}", status_code=201)
def act(
    product: Services,
    actor: Person,
    id: str,
    action: str,
    response: Response,
    details: Annotated[dict[str, Any] | None, Body()] = None,
) -> RequestView:
    """Ask for an action, such as ``resize`` with ``{"size": …}``; it becomes a request."""
    view = product.instances.act(actor, id, action, details or {})
    response.headers["Location"] = f"/api/v1/requests/{view.number}"
    return view
