"""The campus over JSON: devices, cables, places, and our events on it."""

from __future__ import annotations

from fastapi import APIRouter

from api.campus import Topology, topology
from api.security import Person, Services

router = APIRouter(prefix="/topology", tags=["topology"])


@router.get("")
def show(product: Services, actor: Person) -> Topology:
    """The campus as it was last seen, with what of ours is on it; for the office only."""
    return topology(product, actor)
