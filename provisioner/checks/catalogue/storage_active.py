"""Whether the storages of a cluster can be reached from its nodes."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.machines import Judged, of_clusters
from provisioner.checks.model import Check, Place, Result, Weight
from provisioner.checks.seen import Seen
from provisioner.checks.storages import of_guests, resting_on
from provisioner.drivers.hypervisor.health import ClusterHealth
from provisioner.texts import say

CHECK = Check(
    "storage.active",
    title=say("Storage can be reached"),
    proves=say("Every node that needs the storage sees it."),
    meaning=say("VMs with disks there stand still; backups fail."),
    next=say("Look at the storage server and at the network between it and the nodes."),
    needs=frozenset({"cluster", "vm"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each storage that the chain rests on, seen by all of its nodes or not."""

    def each(_: str, health: ClusterHealth) -> Iterator[tuple[Place, Judged]]:
        for place, readings in resting_on(seen, health).items():
            blind = ", ".join(sorted(each.node for each in readings if not each.active))
            weight: Weight = "broken" if of_guests(readings[0]) else "weak"
            gone = Judged(f"not seen by {blind}", "storage.inactive", weight, {"nodes": blind})
            yield place, gone if blind else Judged("active")

    return of_clusters(seen, CHECK, each)
