"""Whether backups of the last day failed."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.machines import Judged, Values, health_of, of_clusters
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor.health import ClusterHealth, FailedTask
from provisioner.texts import say

CHECK = Check(
    "task.backup",
    title=say("No backup failed"),
    proves=say("No backup task of the last day ended badly."),
    meaning=say("The latest state of a VM is not kept."),
    next=say("Read the task's log on the cluster, and let the backup run again."),
    needs=frozenset({"cluster", "vm"}),
)
KIND = "vzdump"


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each VM of ours; for a cluster also one about all others."""

    def each(name: str, health: ClusterHealth) -> Iterator[tuple[Place, Judged]]:
        untold = any(key.startswith(("tasks", "node")) for key in health.untold)
        failed = [task for task in health.failed if task.kind == KIND]
        ours = [vm for vm in seen.chain.vms if vm.cluster == name]
        for vm in ours:
            read = health_of(seen, vm)
            newer = [b.made_at for b in read.backups if b.made_at] if read else []
            bad = [
                task
                for task in failed
                if task.id == str(vm.vmid) and all(made < task.ended_at for made in newer)
            ]
            if bad or not untold:
                yield Place("vm", vm.key), _judged(bad)
        if seen.chain.target.kind == "cluster":
            numbers = {str(vm.vmid) for vm in ours}
            others = [task for task in failed if task.id not in numbers]
            if others or not untold:
                yield Place("cluster", name), _judged(others)

    return of_clusters(seen, CHECK, each)


def _judged(failed: list[FailedTask]) -> Judged:
    if not failed:
        return Judged("none failed")
    newest = max(failed, key=lambda task: task.ended_at)
    values: Values = {"task": newest.kind, "text": newest.text}
    evidence = f"{newest.ended_at:%Y-%m-%d %H:%M} {newest.kind} {newest.id}: {newest.text}"
    return Judged(evidence, "task.failed", "weak", values)
