"""How full the storages of a cluster are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from provisioner.checks.machines import Judged, fill, of_clusters
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.checks.storages import of_guests, resting_on
from provisioner.drivers.hypervisor.health import ClusterHealth
from provisioner.texts import say

CHECK = Check(
    "storage.fill",
    title=say("Storage has room"),
    proves=say("The storage has room for what its VMs write."),
    meaning=say("VMs stand still as soon as they cannot write, and backups fail."),
    next=say("Remove old snapshots, backups and disks that nobody uses, or add disks."),
    needs=frozenset({"cluster", "vm"}),
)
FULL, FILLING = 95.0, 85.0
"""Per cent."""


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each storage that the chain rests on; a full one without disks of guests keeps
    nobody from working."""

    def each(_: str, health: ClusterHealth) -> Iterator[tuple[Place, Judged]]:
        for place, readings in resting_on(seen, health).items():
            storage = next((each for each in readings if each.active and each.total_gb), None)
            if storage is None:
                continue
            used = 100 * (1 - storage.free_gb / storage.total_gb)
            judged = fill(used, ("storage.full", FULL), ("storage.filling", FILLING))
            yield place, judged if of_guests(storage) else replace(judged, weight="weak")

    return of_clusters(seen, CHECK, each)
