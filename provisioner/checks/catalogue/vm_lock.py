"""Whether a VM is held by a task that is over."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.chain import VmPoint
from provisioner.checks.machines import Judged, of_vms
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor import Machine
from provisioner.drivers.hypervisor.health import VmHealth
from provisioner.texts import say

CHECK = Check(
    "vm.lock",
    title=say("VM is not locked"),
    proves=say("No work on the VM is under way, or was broken off."),
    meaning=say("Nothing can be done with the VM while it is locked."),
    next=say(
        "Look in the cluster's task list what held it; unlock it on the node when that is over."
    ),
    needs=frozenset({"vm"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each VM that is there."""
    return of_vms(seen, CHECK, _judge)


def _judge(vm: VmPoint, read: VmHealth, machine: Machine) -> Judged | None:
    if machine.lock is None:
        return Judged("no lock")
    evidence = f"lock: {machine.lock}"
    if read.working:
        return Judged(f"{evidence}, {read.working} is under way")
    return Judged(evidence, "vm.locked", "weak", {"vm": vm.name, "lock": machine.lock})
