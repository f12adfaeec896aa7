"""Whether the guest agent in a VM answers."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.chain import VmPoint
from provisioner.checks.machines import STARTING, Judged, of_vms
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor import Machine
from provisioner.drivers.hypervisor.health import VmHealth
from provisioner.texts import say

CHECK = Check(
    "vm.agent",
    title=say("Guest agent answers"),
    proves=say("The system in the VM is up."),
    meaning=say("The system in the VM hangs, did not start, or its agent was switched off."),
    next=say("Look at the VM's console."),
    needs=frozenset({"vm"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each VM that is there."""
    return of_vms(seen, CHECK, _judge)


def _judge(vm: VmPoint, read: VmHealth, machine: Machine) -> Judged | None:
    if read.report is None or not vm.running:
        return None
    if read.report.answering:
        return Judged("answers")
    if (read.uptime or 0) < STARTING:
        return Judged(skipped=say("The VM has only just been started."))
    return Judged(read.report.detail, "vm.agent", "weak", {"vm": vm.name})
