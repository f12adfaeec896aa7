"""Which storages a chain rests on: those of its VMs' disks and backups, or all of the cluster."""

from __future__ import annotations

from provisioner.checks.machines import concerned, health_of, node_of
from provisioner.checks.model import Place
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor import Machine, StorageReading
from provisioner.drivers.hypervisor.health import ClusterHealth

_DISKS = frozenset({"images", "rootdir"})


def of_guests(storage: StorageReading) -> bool:
    """Whether guests have their disks there, so that they stop when it is full."""
    return bool(storage.content & _DISKS)


def resting_on(seen: Seen, health: ClusterHealth) -> dict[Place, list[StorageReading]]:
    """Each storage as the nodes see it that are on: a shared one by its name, one of a node as
    ``node/name``."""
    here = {node.name for node in concerned(seen, health) if node.online}
    names = _names(seen, health)
    found: dict[Place, list[StorageReading]] = {}
    for storage in health.storages:
        if storage.node in here and (names is None or (storage.node, storage.name) in names):
            part = storage.name if storage.shared else f"{storage.node}/{storage.name}"
            found.setdefault(Place("storage", health.cluster, part), []).append(storage)
    return found


def _names(seen: Seen, health: ClusterHealth) -> frozenset[tuple[str, str]] | None:
    """(node, storage) of the chain's VMs; None for all."""
    vms = [vm for vm in seen.chain.vms if vm.cluster == health.cluster]
    if seen.chain.target.kind == "cluster" or not vms:
        return None
    found: set[tuple[str, str]] = set()
    for vm in vms:
        node, read = node_of(seen, vm), health_of(seen, vm)
        if read and read.machine:
            found |= {(node, name) for name in _of_disks(read.machine)}
        if vm.backed_up:
            found |= {(node, each.name) for each in health.storages if "backup" in each.content}
    return frozenset(found)


def _of_disks(machine: Machine) -> frozenset[str]:
    volumes = (machine.options.get(key, "") for key in machine.disks_gb)
    return frozenset(volume.partition(":")[0] for volume in volumes if ":" in volume)
