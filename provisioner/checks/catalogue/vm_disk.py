"""How full the disks are, as the system in the VM sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from provisioner.checks.chain import VmPoint
from provisioner.checks.machines import Judged, fill, of_vms, untold
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor import Machine
from provisioner.drivers.hypervisor.health import VmHealth
from provisioner.texts import say

CHECK = Check(
    "vm.disk",
    title=say("Disk in the VM has room"),
    proves=say("Every file system in the VM has room."),
    meaning=say("Programs in the VM stop when they cannot write any more."),
    next=say("Free some room in the VM, or ask for a larger disk."),
    needs=frozenset({"vm"}),
)

FULL, FILLING = 95.0, 85.0
"""Per cent of a file system."""


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each VM that is there."""
    return of_vms(seen, CHECK, _judge)


def _judge(vm: VmPoint, read: VmHealth, machine: Machine) -> Judged | None:
    if read.inside is None:
        return untold(read.untold["agent"]) if "agent" in read.untold else None
    shares = {
        mount: 100 * used / total
        for mount, (used, total) in read.inside.filesystems.items()
        if total > 0
    }
    if not shares:
        return None
    mount = max(shares, key=lambda mount: shares[mount])
    judged = fill(
        shares[mount], ("vm.disk_full", FULL), ("vm.disk_filling", FILLING), vm=vm.name, mount=mount
    )
    return replace(judged, evidence=f"{mount} {judged.evidence}")
