"""Whether the cluster still has each of our VMs."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.machines import Judged, Values, result, untold
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.errors import StepFailure
from provisioner.texts import say

CHECK = Check(
    "vm.present",
    title=say("VM is there"),
    proves=say("The cluster has the VM."),
    meaning=say("The VM was removed on the cluster, not by us."),
    next=say("Look in the cluster's task list who removed it; put it back from a backup."),
    needs=frozenset({"vm"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each VM that was asked about."""
    for vm in seen.chain.vms:
        place = Place("vm", vm.key)
        read = seen.vms.get(place.name)
        if read is None:
            continue
        if isinstance(read, StepFailure) and isinstance(seen.clusters.get(vm.cluster), StepFailure):
            judged = Judged(skipped=read.what)
        elif isinstance(read, StepFailure):
            values: Values = {"vm": vm.name, "why": read.what}
            judged = Judged(str(read.what), "vm.unread", "weak", values)
        elif not read.node_online:
            judged = untold(read.untold.get("machine", "node off"))
        elif read.machine is None:
            judged = Judged(f"no VM {vm.vmid}", "vm.missing", values={"vm": vm.name})
        else:
            judged = Judged(f"on {read.machine.node}")
        yield result(seen, CHECK, place, judged)
