"""Room, differences and leftovers over JSON; for the office, departments see their own."""

from __future__ import annotations

from fastapi import APIRouter

from api.replay import Replaying
from api.security import Person, Services
from api.seeing import ClusterCapacity, Drift, capacity, drift, look_everywhere, orphans
from provisioner.instances.orphan_views import OrphansView
from provisioner.instances.overview import OverviewView

router = APIRouter(tags=["seeing"], route_class=Replaying)


@router.get("/capacity")
def show_capacity(
    product: Services, actor: Person, request: str | None = None
) -> list[ClusterCapacity]:
    """Every cluster, read now: what is left, until when, and how many more of each size fit.

    With ``request`` also as it would be once that request's plan has been carried out.
    """
    return capacity(product, actor, request)


@router.get("/drift")
def show_drift(product: Services, actor: Person) -> Drift:
    """VMs, sites, events' WiFi and servers in racks that are not as our record says, by the last
    look at each."""
    return drift(product, actor)


@router.get("/orphans")
def show_orphans(product: Services, actor: Person) -> list[OrphansView]:
    """What stands on the clusters and belongs to nobody, as of the last search."""
    return orphans(product, actor)


@router.post("/look")
def look(product: Services, actor: Person) -> Drift:
    """Look at every cluster and network device now, for differences and leftovers."""
    look_everywhere(product, actor)
    return drift(product, actor)


@router.get("/overview")
def show_overview(product: Services, actor: Person) -> OverviewView:
    """What stands, by department."""
    return product.overview.view(actor)
