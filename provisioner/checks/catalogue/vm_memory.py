"""How much of its memory a VM uses, as far as the cluster sees."""

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
    "vm.memory",
    title=say("VM has memory left"),
    proves=say("The cluster sees memory that the VM does not use."),
    meaning=say("The VM may be slow or end programs; what it keeps of files counts as used too."),
    next=say("Look in the VM which program takes the memory, or ask for more."),
    needs=frozenset({"vm"}),
    heavy=True,
)

FULL = 99.0
"""Per cent; the cluster counts what the system in the VM keeps of files, so little can be said."""


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each VM that is there."""
    return of_vms(seen, CHECK, _judge)


def _judge(vm: VmPoint, read: VmHealth, machine: Machine) -> Judged | None:
    if read.memory_percent is None or machine.power != "running":
        return None
    evidence = f"{read.memory_percent:.0f} %"
    if read.memory_percent < FULL:
        return Judged(evidence)
    return Judged(evidence, "vm.memory", "weak", {"vm": vm.name, "percent": evidence})
