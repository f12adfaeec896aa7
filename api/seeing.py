"""The office's view over everything: room on the clusters, differences, leftovers."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from provisioner.bootstrap import Product
from provisioner.errors import Forbidden, StepFailure
from provisioner.instances.capacity import CapacityView
from provisioner.instances.drift_views import ClusterLookView, DriftView, TroubleView
from provisioner.instances.orphan_views import OrphansView
from provisioner.people.rules import Actor, may_operate, sees_all
from provisioner.texts import render, say


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class ClusterCapacity(_View):
    """A cluster with what it has left, or why it does not tell."""

    cluster: str
    capacity: CapacityView | None
    trouble: TroubleView | None


class Drift(_View):
    """The VMs whose last look found a difference or failed, and the last look at each cluster."""

    instances: list[DriftView]
    clusters: list[ClusterLookView]


def capacity(product: Product, actor: Actor, request: str | None = None) -> list[ClusterCapacity]:
    """Every cluster, read now, and with the current plan of ``request``. Raises Forbidden."""
    _of_the_office(actor)
    return [_capacity(product, actor, name, request) for name in sorted(product.clusters)]


def drift(product: Product, actor: Actor) -> Drift:
    """The last looks, as far as the actor may see them."""
    return Drift(
        instances=list(product.drift.list(actor)), clusters=list(product.drift.clusters(actor))
    )


def orphans(product: Product, actor: Actor) -> list[OrphansView]:
    """The last search on every cluster. Raises Forbidden."""
    _of_the_office(actor)
    return [product.orphans.last(actor, name) for name in sorted(product.clusters)]


def look_everywhere(product: Product, actor: Actor) -> None:
    """Look at every cluster now, for differences and for leftovers. Raises Forbidden."""
    if not may_operate(actor):
        raise Forbidden(say("Your role does not allow this."))
    for name in sorted(product.clusters):
        product.drift.sweep(name, thorough=True)
        product.orphans.sweep(name)


def _of_the_office(actor: Actor) -> None:
    if not sees_all(actor):
        raise Forbidden(say("This is looked at by the office only."))


def _capacity(product: Product, actor: Actor, name: str, request: str | None) -> ClusterCapacity:
    try:
        found = product.capacity.view(actor, name, request)
    except StepFailure as failure:
        trouble = TroubleView(
            kind=failure.kind,
            what=render(failure.what, actor.language),
            meaning=render(failure.meaning, actor.language),
            next=render(failure.next, actor.language),
        )
        return ClusterCapacity(cluster=name, capacity=None, trouble=trouble)
    return ClusterCapacity(cluster=name, capacity=found, trouble=None)
