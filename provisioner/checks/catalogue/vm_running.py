"""Whether each VM that has to run is switched on."""

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
    "vm.running",
    title=say("VM runs"),
    proves=say("The VM is switched on."),
    meaning=say("Nobody reaches what runs in the VM."),
    next=say("Look who switched it off; start it."),
    needs=frozenset({"vm"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each VM that is there."""
    return of_vms(seen, CHECK, _judge)


def _judge(vm: VmPoint, read: VmHealth, machine: Machine) -> Judged | None:
    evidence = machine.power
    if vm.running and machine.power == "stopped":
        return Judged(evidence, "vm.stopped", values={"vm": vm.name})
    return None if machine.power == "unknown" else Judged(evidence)
