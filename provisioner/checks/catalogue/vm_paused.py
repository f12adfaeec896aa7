"""Whether QEMU holds a VM that is switched on."""

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
    "vm.paused",
    title=say("VM does not stand still"),
    proves=say("QEMU lets the VM run."),
    meaning=say(
        "The VM has power and does nothing: its disk gave an error, or somebody paused it."
    ),
    next=say("Look at its storage first, then restart the VM."),
    needs=frozenset({"vm"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each VM that is there."""
    return of_vms(seen, CHECK, _judge)


def _judge(vm: VmPoint, read: VmHealth, machine: Machine) -> Judged | None:
    if not vm.running or machine.power not in ("running", "paused"):
        return None
    state = read.state or machine.power
    if machine.power == "paused":
        return Judged(state, "vm.paused", values={"vm": vm.name, "state": state})
    return Judged(state)
