"""Changing a VM that stands: its settings, its power, its protection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.database import now
from provisioner.drivers.hypervisor import (
    Configure,
    Machine,
    Order,
    PowerOff,
    PowerOn,
    Restart,
    Shutdown,
)
from provisioner.errors import ActionNeeded, StepFailure
from provisioner.runs.steps.base import Context, Done, Wait
from provisioner.runs.steps.machine import same_option
from provisioner.runs.steps.orders import (
    OneOrder,
    SentOnce,
    give_order,
    seconds_since,
    still_ours,
)
from provisioner.runs.steps.ownership import identity, is_ours, own_machine
from provisioner.texts import say

_TRIES = 3
_HA_SECONDS = 60
"""How long the cluster's own keeper of a VM may take to see to a wish (17)."""


class Reconfigure(OneOrder):
    """Options of the VM hold their wished values, some only after its next restart."""

    def needed(self, context: Context, machine: Machine) -> Order | None:
        params, done = context.params, context.memory.get("done", 0)
        pending = context.hypervisor.pending(machine) if done else frozenset()
        options = {
            key: str(value)
            for key, value in params["options"].items()
            if key not in pending and not same_option(key, machine.options.get(key), str(value))
        }
        delete = tuple(
            key for key in params.get("delete", ()) if key in machine.options and key not in pending
        )
        if not options and not delete:
            return None
        if done >= _TRIES:
            context.remember({"done": None})
            raise ActionNeeded(
                say("VM %(vmid)s did not accept its settings.", vmid=machine.vmid),
                meaning=say(
                    "These settings read back differently: %(keys)s",
                    keys=", ".join([*options, *delete]),
                ),
                next=say("Look at the VM's settings on the cluster, then choose retry or stop."),
            )
        return Configure(machine.vmid, machine.node, options, digest=machine.digest, delete=delete)

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        machine = own_machine(context)
        pending = sorted(context.hypervisor.pending(machine))
        shown = {key: machine.options.get(key) for key in context.params["options"]}
        return ({"options": shown, "after_restart": pending},)

    def take_back(self, context: Context) -> Done | Wait:
        machine = still_ours(context) if context.memory.get("acted") else None
        if machine is None:
            return Done(changed=False)
        before = {k: str(v) for k, v in context.params["before"].items()}
        options = {
            key: value
            for key, value in before.items()
            if not same_option(key, machine.options.get(key), value)
        }
        pending = context.hypervisor.pending(machine)
        options.update({key: before[key] for key in pending if key in before})
        new = [key for key in context.params["options"] if key not in before]
        delete = tuple(key for key in new if key in machine.options or key in pending)
        if context.memory.get("put_back") or not (options or delete):
            return Done(changed=True)
        wait = give_order(
            context, Configure(machine.vmid, machine.node, options, delete=delete)
        ) or Wait(0.0, say("The former settings are put back"))
        context.remember({"put_back": now().isoformat()})
        return wait


class SetProtection(OneOrder):
    """Protected against removal on the cluster, or not."""

    def needed(self, context: Context, machine: Machine) -> Order | None:
        wanted = "1" if context.params["on"] else "0"
        if machine.options.get("protection", "0") == wanted:
            return None
        return Configure(machine.vmid, machine.node, {"protection": wanted})

    def take_back(self, context: Context) -> Done | Wait:
        """Off again, or the VM that the run made could not be removed."""
        machine = context.hypervisor.machine(identity(context).vmid)
        if machine is None or not is_ours(machine, context):
            return Done(changed=False)
        former = "0" if context.params["on"] else "1"
        if machine.options.get("protection", "0") == former:
            return Done(changed=False)
        order = Configure(machine.vmid, machine.node, {"protection": former})
        return give_order(context, order) or Done(changed=True)


class SetPower(OneOrder):
    """Running or switched off; a guest is asked first before its plug is pulled."""

    def needed(self, context: Context, machine: Machine) -> Order | Wait | None:
        wanted = context.params["wanted"]
        if "was" not in context.memory:
            context.remember({"was": machine.power})
        if machine.power == wanted:
            return None
        if context.memory.get("done", 0):
            return self._not_yet(context, machine)
        if wanted == "running":
            return PowerOn(machine.vmid, machine.node)
        if machine.power != "running":
            return PowerOff(machine.vmid, machine.node)
        return Shutdown(machine.vmid, machine.node, int(context.params["seconds"]))

    @staticmethod
    def _not_yet(context: Context, machine: Machine) -> Wait:
        """The task has ended well; for a VM that the cluster keeps, that only passed the wish on.

        Raises ActionNeeded once it has had its time.
        """
        patience = _HA_SECONDS + (int(context.params["seconds"]) if machine.ha_managed else 0)
        if seconds_since(context.memory["began"]) < patience:
            return Wait(1.0, say("Waiting for the VM to change its state"))
        context.remember({"done": None})
        raise _did_not_follow(machine)

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ({"power": own_machine(context).power},)

    def undo(self, context: Context) -> Done | Wait:
        try:
            return super().undo(context)
        except StepFailure as failure:
            restore = context.recall("vm.restore")
            if not restore.get("acted") or restore.get("done"):
                raise
            context.warn(  # it may have lost its disks on the way: nothing brings it up again
                say(
                    "VM %(vmid)s stays switched off, for its restore broke off: %(why)s Ask for "
                    "the restore once more.",
                    vmid=identity(context).vmid,
                    why=failure.what,
                )
            )
            return Done(changed=False)

    def take_back(self, context: Context) -> Done | Wait:
        machine = still_ours(context) if context.memory.get("acted") else None
        if machine is None:
            return Done(changed=False)
        return as_before(context, machine, context.memory["was"])


def as_before(context: Context, machine: Machine, was: str) -> Done | Wait:
    """Undoing: running or stopped as it was."""
    if was not in ("running", "stopped") or machine.power == was:
        return Done(changed=bool(context.memory.get("put_back")))
    if "put_back" in context.memory:
        if seconds_since(context.memory["put_back"]) < _HA_SECONDS:
            return Wait(1.0, say("Waiting for the VM to change its state"))
        context.remember({"put_back": None})
        raise _did_not_follow(machine)
    order = PowerOn if was == "running" else PowerOff
    wait = give_order(context, order(machine.vmid, machine.node)) or Wait(
        0.0, say("The VM gets its former state back")
    )
    context.remember({"put_back": now().isoformat()})
    return wait


def _did_not_follow(machine: Machine) -> ActionNeeded:
    return ActionNeeded(
        say("VM %(vmid)s is still %(power)s.", vmid=machine.vmid, power=machine.power),
        meaning=say("The cluster reported success, but the VM did not follow."),
        next=say("Look at the VM's tasks and console on the cluster, then choose retry."),
    )


class RestartVm(SentOnce):
    """Restarted once, so that what was changed takes effect."""

    def needed(self, context: Context, machine: Machine) -> Order | None:
        if context.memory.get("done"):
            return None
        if "sent_at" not in context.memory:
            if machine.power != "running":
                return None  # what is off takes its settings at its next start
            if context.params.get("only_if_pending") and not context.hypervisor.pending(machine):
                return None
        return Restart(machine.vmid, machine.node, int(context.params["seconds"]))

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        machine = own_machine(context)
        return ({"power": machine.power, "pending": sorted(context.hypervisor.pending(machine))},)
