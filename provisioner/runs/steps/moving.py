"""Moving a VM to another node, backing it up, putting a backup in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.drivers.hypervisor import (
    BackUp,
    DropBackup,
    Machine,
    Migrate,
    Order,
    PowerOn,
    RestoreBackup,
    VolumeReading,
)
from provisioner.errors import ActionNeeded, Refused
from provisioner.runs.steps.base import Context, Done, Wait
from provisioner.runs.steps.orders import OneOrder, SentOnce, give_order, still_ours
from provisioner.runs.steps.ownership import identity, own_machine
from provisioner.texts import say


class MoveVm(OneOrder):
    """The VM lives on that node; a running one goes on running."""

    def needed(self, context: Context, machine: Machine) -> Order | None:
        target, storage = context.params["target"], context.params.get("storage")
        if machine.node == target:
            return None
        if "from" not in context.memory:
            context.remember({"from": machine.node})
        if context.memory.get("done"):
            context.remember({"done": None})
            raise ActionNeeded(
                say("VM %(vmid)s is still on node %(node)s.",
                    vmid=machine.vmid, node=machine.node),
                meaning=say("The cluster reported success, but the VM did not move."),
                next=say("Look at the VM's move task on the cluster, then choose retry."),
            )  # fmt: skip
        return _move(machine, target, storage)

    def slot(self, context: Context, machine: Machine) -> tuple[str, int]:
        cluster = context.params["cluster"]
        return f"moves:{cluster}/{machine.node}", context.cluster.concurrency.migrations

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        node = own_machine(context).node
        context.remember({"to": node})
        return ({"node": node},)

    def take_back(self, context: Context) -> Done | Wait:
        """Back to where it was, unless the VM is the run's own: that is removed as a whole."""
        home = context.memory.get("from")
        if home is None or "vm" not in context.params:
            return Done(changed=False)
        machine = still_ours(context)
        if machine is None or machine.node == home:
            return Done(changed=True)
        order = _move(machine, home, context.params.get("storage"))
        return give_order(context, order) or Done(changed=True)


class BackUpVm(SentOnce):
    """A backup with this request's mark stands."""

    def needed(self, context: Context, machine: Machine) -> Order | None:
        if _marked(context) is not None:
            return None
        if context.memory.get("done"):
            context.remember({"done": None})
            raise ActionNeeded(
                say("The backup of VM %(vmid)s cannot be found.", vmid=machine.vmid),
                meaning=say("The cluster reported success, but the storage does not list it."),
                next=say("Look at the backup storage on the cluster, then choose retry."),
            )
        storage, note = context.params["storage"], context.params["note"]
        return BackUp(machine.vmid, machine.node, storage, note)

    def slot(self, context: Context, machine: Machine) -> tuple[str, int]:
        cluster, storage = context.params["cluster"], context.params["storage"]
        return f"backups:{cluster}/{storage}", context.cluster.concurrency.backups

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        found = _marked(context)
        if found is None:
            return ()
        context.remember({"volume": found.volume})
        return ({"backup": found.volume, "size_gb": round(found.size_gb, 2)},)

    def take_back(self, context: Context) -> Done | Wait:
        found = _marked(context) if context.memory.get("acted") else None
        if found is None:
            return Done(changed=False)
        order = DropBackup(identity(context).vmid, found.node, found.volume)
        return give_order(context, order) or Done(changed=True)


class RestoreVm(SentOnce):
    """The VM is what the backup holds, and is started again where it ran."""

    def needed(self, context: Context, machine: Machine) -> Order | None:
        volume = context.params["volume"]
        if context.memory.get("done"):
            starts = context.params["start"] and machine.power != "running"
            return PowerOn(machine.vmid, machine.node) if starts else None
        if all(kept.volume != volume for kept in context.hypervisor.backups(machine.vmid)):
            raise Refused(
                say("The backup %(volume)s is not there any more.", volume=volume),
                meaning=say("Somebody removed it, or its storage is away; the VM is as it was."),
                next=say("Choose another backup or a snapshot."),
            )
        if machine.power != "stopped":
            raise ActionNeeded(
                say("VM %(vmid)s is running again.", vmid=machine.vmid),
                meaning=say("Someone started it; a backup is only put in the place of one off."),
                next=say("Switch VM %(vmid)s off on the cluster, then retry.", vmid=machine.vmid),
            )
        return RestoreBackup(
            machine.vmid, machine.node, volume, machine.uuid or "", context.params.get("storage")
        )

    def slot(self, context: Context, machine: Machine) -> tuple[str, int]:
        cluster, volume = context.params["cluster"], context.params["volume"]
        storage = volume.partition(":")[0]
        return f"backups:{cluster}/{storage}", context.cluster.concurrency.backups

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        machine = own_machine(context)
        return ({"backup": context.params["volume"], "power": machine.power},)


def _move(machine: Machine, target: str, storage: str | None) -> Migrate:
    return Migrate(
        machine.vmid,
        machine.node,
        target,
        online=machine.power == "running",
        storage=storage,
        local_disks=storage is not None,
    )


def _marked(context: Context) -> VolumeReading | None:
    note = context.params["note"]
    kept = context.hypervisor.backups(identity(context).vmid)
    return next((one for one in kept if note in one.notes), None)
