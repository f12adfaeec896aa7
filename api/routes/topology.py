"""The campus over JSON: devices, cables, places, and our events on it."""

from __future__ import annotations

from fastapi import APIRouter

from api.campus import Topology, topology
from api.replay import Replaying
from api.security import Person, Services
from api.seeing import look_around
from provisioner.topology import TopologyView

router = APIRouter(prefix="/topology", tags=["topology"], route_class=Replaying)


@router.get("")
def show(product: Services, actor: Person) -> Topology:
    """The campus as it was last seen, with what of ours is on it; for the office only."""
    return topology(product, actor)


@router.get("/differences")
def differences(product: Services, actor: Person) -> TopologyView:
    """Where network.yml and the neighbours that devices tell of do not agree; the last look."""
    return product.topology.differences(actor)


@router.post("/look")
def look(product: Services, actor: Person) -> TopologyView:
    """Ask every device now who its neighbours are, and compare; for technicians."""
    return look_around(product, actor)
