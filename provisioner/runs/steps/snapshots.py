"""Snapshots of a VM: taken, put back, removed; only those that carry our mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.drivers.hypervisor import (
    DropSnapshot,
    Machine,
    Order,
    PowerOn,
    RollBack,
    SnapshotReading,
    TakeSnapshot,
)
from provisioner.errors import Refused
from provisioner.runs.steps.base import Context, Done, Wait
from provisioner.runs.steps.orders import OneOrder, SentOnce, give_order, still_ours
from provisioner.runs.steps.ownership import own_machine
from provisioner.runs.steps.standing import as_before
from provisioner.texts import say


class SnapshotVm(OneOrder):
    """A snapshot of that name stands and is ours."""

    def needed(self, context: Context, machine: Machine) -> Order | None:
        there = _find(context, machine)
        if there is None:
            params = context.params
            return TakeSnapshot(machine.vmid, machine.node, params["name"], params["note"])
        if _is_ours(context, there):
            return None
        raise Refused(
            say("A snapshot named %(name)s is there already.", name=there.name),
            meaning=say("It was not made by this request and is left as it is."),
            next=say("Ask for a snapshot with another name."),
        )

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        there = _find(context, own_machine(context))
        return ({"snapshot": there.name, "taken_at": there.taken_at.isoformat()},) if there else ()

    def take_back(self, context: Context) -> Done | Wait:
        machine = still_ours(context) if context.memory.get("acted") else None
        there = _find(context, machine) if machine else None
        if machine is None or there is None or not _is_ours(context, there):
            return Done(changed=bool(context.memory.get("acted")))
        drop = DropSnapshot(machine.vmid, machine.node, there.name)
        return give_order(context, drop) or Done(changed=True)


class RollBackVm(SentOnce):
    """Put back to a snapshot, once, and started again where it ran."""

    def needed(self, context: Context, machine: Machine) -> Order | None:
        if not context.memory.get("done"):
            if _find(context, machine) is None:
                raise _gone(context)
            return RollBack(machine.vmid, machine.node, context.params["name"], uuid=machine.uuid)
        if context.params["start"] and machine.power != "running":
            return PowerOn(machine.vmid, machine.node)
        return None

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        machine = own_machine(context)
        return ({"snapshot": context.params["name"], "power": machine.power},)

    def take_back(self, context: Context) -> Done | Wait:
        """There is no way back; but what ran runs again, whatever it holds."""
        acted = context.memory.get("acted") and context.params["start"]
        machine = still_ours(context) if acted else None
        return as_before(context, machine, "running") if machine else Done(changed=False)


class DropSnapshotOfVm(OneOrder):
    """The snapshot stands no longer."""

    def needed(self, context: Context, machine: Machine) -> Order | None:
        there = _find(context, machine)
        return DropSnapshot(machine.vmid, machine.node, there.name) if there else None


def _find(context: Context, machine: Machine) -> SnapshotReading | None:
    name = context.params["name"]
    return next((s for s in context.hypervisor.snapshots(machine) if s.name == name), None)


def _is_ours(context: Context, there: SnapshotReading) -> bool:
    """Its note, which names the request, is the one that this step writes."""
    return there.description.split() == str(context.params["note"]).split()


def _gone(context: Context) -> Refused:
    return Refused(
        say("The snapshot %(name)s is not there any more.", name=context.params["name"]),
        meaning=say("Somebody removed it; the VM was not touched."),
        next=say("Choose another snapshot or a backup."),
    )
