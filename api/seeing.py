"""The office's view over everything: room on the clusters, differences, leftovers."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from provisioner.bootstrap import Product
from provisioner.errors import Forbidden, StepFailure
from provisioner.instances.capacity import CapacityView
from provisioner.instances.drift import DriftService
from provisioner.instances.drift_views import ClusterLookView, DriftView, TroubleView
from provisioner.instances.network_drift import NetworkDriftService
from provisioner.instances.network_records import KINDS
from provisioner.instances.orphan_views import OrphansView
from provisioner.people.rules import Actor, may_operate, sees_all
from provisioner.texts import render, say
from provisioner.topology import TopologyView


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class ClusterCapacity(_View):
    """A cluster with what it has left, or why it does not tell."""

    cluster: str
    capacity: CapacityView | None
    trouble: TroubleView | None


class Drift(_View):
    """What differed at its last look or could not be looked at: VMs, and what stands on network
    devices (there ``cluster`` is empty and ``vmid`` 0); and the last look at each cluster."""

    instances: list[DriftView]
    clusters: list[ClusterLookView]


def capacity(product: Product, actor: Actor, request: str | None = None) -> list[ClusterCapacity]:
    """Every cluster, read now, and with the current plan of ``request``. Raises Forbidden."""
    _of_the_office(actor)
    return [_capacity(product, actor, name, request) for name in sorted(product.clusters)]


def drift(product: Product, actor: Actor) -> Drift:
    """The last looks, as far as the actor may see them."""
    return Drift(
        instances=[*product.drift.list(actor), *product.network_drift.list(actor)],
        clusters=list(product.drift.clusters(actor)),
    )


def drift_of(product: Product, actor: Actor, id: str) -> DriftView:
    """The last look at one instance. Raises NotFound, also for what the actor may not see."""
    return _looker(product, actor, id).get(actor, id)


def look_at(product: Product, actor: Actor, id: str) -> DriftView:
    """Look at one instance now. Raises like ``drift_of``."""
    return _looker(product, actor, id).look(actor, id)


def _looker(product: Product, actor: Actor, id: str) -> DriftService | NetworkDriftService:
    on_devices = product.instances.get(actor, id).kind in KINDS
    return product.network_drift if on_devices else product.drift


def look_around(product: Product, actor: Actor) -> TopologyView:
    """Ask every device now who its neighbours are. Raises Forbidden."""
    if not may_operate(actor):
        raise Forbidden(say("Your role does not allow this."))
    return product.topology.check(actor)


def orphans(product: Product, actor: Actor) -> list[OrphansView]:
    """The last search on every cluster. Raises Forbidden."""
    _of_the_office(actor)
    return [product.orphans.last(actor, name) for name in sorted(product.clusters)]


def look_everywhere(product: Product, actor: Actor) -> None:
    """Look at every cluster and every network device now, for differences and for leftovers.

    Raises Forbidden.
    """
    if not may_operate(actor):
        raise Forbidden(say("Your role does not allow this."))
    for name in sorted(product.clusters):
        product.drift.sweep(name, thorough=True)
        product.orphans.sweep(name)
    product.network_drift.sweep()


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
