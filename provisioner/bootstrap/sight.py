"""What looks at clusters and the network as a whole: drift, orphans, capacity, topology."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from provisioner.bootstrap.world import World
from provisioner.catalogue import Inventory
from provisioner.database import Database
from provisioner.facts.capacity import CapacityRecorder
from provisioner.instances.capacity import CapacityService
from provisioner.instances.drift import DriftService
from provisioner.instances.network_drift import NetworkDriftService
from provisioner.instances.orphans import OrphanService
from provisioner.runs.steps.network import passphrase_kind
from provisioner.secrets import SecretStore
from provisioner.settings import Settings
from provisioner.topology.service import TopologyService


@dataclass(frozen=True)
class Sight:
    """The services, and what a clock calls of them."""

    drift: DriftService
    orphans: OrphanService
    capacity: CapacityService
    network_drift: NetworkDriftService
    topology: TopologyService
    watchers: Sequence[Callable[[], object]]


def sight_of(
    settings: Settings,
    database: Database,
    inventory: Inventory,
    world: World,
    secrets: SecretStore,
) -> Sight:
    """All of them, on the clusters and devices of the configuration."""
    clusters, hypervisors = settings.clusters, world.clusters
    drift = DriftService(database, clusters, hypervisors)
    orphans = OrphanService(database, clusters, hypervisors, inventory.network, world.seat)
    capacity = CapacityService(database, inventory, clusters, hypervisors)
    recorder = CapacityRecorder(database, clusters, capacity.measure, inventory.office.zone)
    zone = inventory.office.zone
    network_drift = NetworkDriftService(
        database, world.fleet, partial(passphrase_of, database, secrets),
        zone=zone, hour=settings.devices.drift_hour,
    )  # fmt: skip
    return Sight(
        drift, orphans, capacity, network_drift,
        TopologyService(world.fleet, lambda: inventory.network),
        (drift.once, orphans.once, recorder.once, network_drift.once),
    )  # fmt: skip


def passphrase_of(database: Database, secrets: SecretStore, number: str) -> str | None:
    """What the users of that request's WiFi type in; None where it is not kept."""
    with database.read() as session:
        kept = secrets.find(session, passphrase_kind(number), number)
    return secrets.get(kept) if kept else None
