"""Instances over JSON: what stands."""

from __future__ import annotations

from fastapi import APIRouter

from api.security import Person, Services
from provisioner.instances.views import InstanceView

router = APIRouter(prefix="/instances", tags=["instances"])


@router.get("")
def find(product: Services, actor: Person) -> list[InstanceView]:
    """Instances that the caller may see."""
    return product.instances.list(actor)


@router.get("/{id}")
def show(product: Services, actor: Person, id: str) -> InstanceView:
    """One instance."""
    return product.instances.get(actor, id)
