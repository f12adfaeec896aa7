"""Whether a snapshot of a VM was left behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from provisioner.checks.chain import VmPoint
from provisioner.checks.machines import Judged, Values, of_vms, untold
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor import Machine
from provisioner.drivers.hypervisor.health import VmHealth
from provisioner.texts import say

CHECK = Check(
    "vm.snapshot",
    title=say("VM has no old snapshot"),
    proves=say("No snapshot of the VM is older than two weeks."),
    meaning=say("An old snapshot grows until it fills the storage, and makes the VM slow."),
    next=say("Ask whoever took it, then remove it."),
    needs=frozenset({"vm"}),
)

OLDEST = timedelta(days=14)
_NEVER = datetime.fromtimestamp(0, UTC)


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each VM that is there."""

    def each(vm: VmPoint, read: VmHealth, machine: Machine) -> Judged | None:
        if "snapshots" in read.untold:
            return untold(read.untold["snapshots"])
        dated = [each for each in read.snapshots if each.taken_at > _NEVER]
        oldest = min(dated, key=lambda each: each.taken_at, default=None)
        if oldest is None:
            return Judged("none")
        evidence = f"{oldest.name} {oldest.taken_at:%Y-%m-%d}"
        age = seen.at - oldest.taken_at
        if age <= OLDEST:
            return Judged(evidence)
        values: Values = {"vm": vm.name, "snapshot": oldest.name, "days": age.days}
        return Judged(evidence, "vm.snapshot_old", "weak", values)

    return of_vms(seen, CHECK, each)
