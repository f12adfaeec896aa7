"""Runs over JSON: look, try again, stop."""

from __future__ import annotations

from fastapi import APIRouter

from api.replay import Replaying
from api.security import Person, Services
from provisioner.runs.views import RunView

router = APIRouter(prefix="/runs", tags=["runs"], route_class=Replaying)


@router.get("/{id}")
def show(product: Services, actor: Person, id: str) -> RunView:
    """A run with its steps."""
    return product.runs.get(actor, id)


@router.post("/{id}/retry")
def retry(product: Services, actor: Person, id: str) -> RunView:
    """Try again a run that waits for a person."""
    return product.runs.retry(actor, id)


@router.post("/{id}/stop")
def stop(product: Services, actor: Person, id: str) -> RunView:
    """Stop after the step in hand, then undo."""
    return product.runs.stop(actor, id)
