"""Whether a VM has the address that it was given."""

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
    "vm.address",
    title=say("VM has its address"),
    proves=say("The system in the VM uses the address of our record."),
    meaning=say("Whoever looks for the VM at its address does not find it."),
    next=say("Look at the VM's console and at its cloud-init settings."),
    needs=frozenset({"vm"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each VM that is there."""
    return of_vms(seen, CHECK, _judge)


def _judge(vm: VmPoint, read: VmHealth, machine: Machine) -> Judged | None:
    if read.report is None or not read.report.answering or not vm.addresses:
        return None
    wanted = {address.partition("/")[0] for address in vm.addresses}
    there = ", ".join(sorted(read.report.addresses)) or "-"
    if wanted & read.report.addresses:
        return Judged(there)
    if (read.uptime or 0) < STARTING:
        return Judged(skipped=say("The VM has only just been started."))
    values = {"vm": vm.name, "wanted": ", ".join(sorted(wanted)), "there": there}
    return Judged(there, "vm.address", values=values)
