"""What looks at whole clusters: drift, orphans, capacity and its daily reading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from provisioner.bootstrap.world import World
from provisioner.catalogue import Inventory
from provisioner.database import Database
from provisioner.facts.capacity import CapacityRecorder
from provisioner.instances.capacity import CapacityService
from provisioner.instances.drift import DriftService
from provisioner.instances.orphans import OrphanService
from provisioner.settings import Settings


@dataclass(frozen=True)
class Sight:
    """The services, and what a clock calls of them."""

    drift: DriftService
    orphans: OrphanService
    capacity: CapacityService
    watchers: Sequence[Callable[[], object]]


def sight_of(settings: Settings, database: Database, inventory: Inventory, world: World) -> Sight:
    """All of them, on the clusters of the configuration."""
    clusters, hypervisors = settings.clusters, world.clusters
    drift = DriftService(database, clusters, hypervisors)
    orphans = OrphanService(database, clusters, hypervisors, inventory.network, world.seat)
    capacity = CapacityService(database, inventory, clusters, hypervisors)
    recorder = CapacityRecorder(database, clusters, capacity.measure, inventory.office.zone)
    return Sight(drift, orphans, capacity, (drift.once, orphans.once, recorder.once))
