"""Whose VM is it: what the run remembers of its clone, and how it knows its own again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioner.database import now
from provisioner.drivers.hypervisor import Clone, Machine, TaskHandle
from provisioner.errors import ActionNeeded
from provisioner.facts.cloud_vps import carries_mark
from provisioner.runs.steps.base import Context, Wait
from provisioner.texts import say

CLONE = "vm.clone"
WAIT_CLONE = "vm.wait_clone"


def vmid_of(context: Context) -> int:
    """The VM's number: the planned one unless a stranger took that in between."""
    return int(context.recall(CLONE).get("vmid", context.params["vmid"]))


def is_marked(machine: Machine, number: str) -> bool:
    """Whether the VM's description says that it was made for the request."""
    return carries_mark(machine.description, number)


@dataclass(frozen=True)
class Identity:
    """Whose VM a step means: its number, the request of its mark, and its UUID once known."""

    vmid: int
    number: str
    uuid: str | None


def identity(context: Context) -> Identity:
    """The VM that the step names (``params["vm"]``), else the one that the run itself makes."""
    vm = context.params.get("vm")
    if vm is not None:
        return Identity(int(context.params["vmid"]), str(vm["number"]), str(vm["uuid"]))
    made_for = context.params.get("rebuild_of", {}).get("number", context.number)
    return Identity(vmid_of(context), made_for, context.recall(WAIT_CLONE).get("uuid"))


def is_another(machine: Machine, context: Context) -> bool:
    """Whether its SMBIOS UUID says that it is not the VM that the step means."""
    uuid = identity(context).uuid
    return uuid is not None and (machine.uuid or "").lower() != uuid.lower()


def is_ours(machine: Machine, context: Context) -> bool:
    """Whether record, SMBIOS UUID and mark agree (DESIGN section 5, ownership)."""
    whose = identity(context)
    return is_marked(machine, whose.number) and not is_another(machine, context)


def own_machine(context: Context) -> Machine:
    """The step's VM as it is now. Raises ActionNeeded when it is gone or not ours any more.

    What the step before read at its end, a moment ago, is not read again.
    """
    vmid = identity(context).vmid
    machine = context.sight.take(vmid) or context.hypervisor.machine(vmid)
    if machine is None:
        raise ActionNeeded(
            say("VM %(vmid)s is gone.", vmid=vmid),
            meaning=say("Someone removed it on the cluster while the work went on."),
            next=say("Stop this run; everything left is undone. Then plan the request again."),
        )
    if not is_ours(machine, context):
        raise not_ours_any_more(vmid)
    return machine


def take_vm(context: Context) -> Wait | None:
    """Have the VM for this run alone, until the run ends or waits for a person."""
    resource = f"vm:{context.params['cluster']}/{identity(context).vmid}"
    if context.slots.take(resource, 1):
        return None
    return Wait(2.0, say("Another request is being carried out on this VM"))


def not_ours_any_more(vmid: int) -> ActionNeeded:
    """The VM that we made carries another description or identity now."""
    return ActionNeeded(
        say("VM %(vmid)s does not carry our mark any more.", vmid=vmid),
        meaning=say("Its description or identity was changed; it may belong to someone else."),
        next=say(
            "Find out who changed it. It is not touched: put its mark back or remove the VM on the "
            "cluster, then choose retry."
        ),
    )


def planned_clone(context: Context) -> Clone:
    """The order to clone, with the VMID that is used now."""
    params = context.planned(CLONE)
    return Clone(
        template=params["template"],
        template_node=params["template_node"],
        vmid=vmid_of(context),
        node=params["node"],
        name=params["name"],
        description=params["description"],
        kind=params["clone_kind"],
        storage=params["storage"] if params["clone_kind"] == "full" else None,
        pool=params["pool"],
    )


def clone_slot(context: Context) -> str:
    """The storage on which only so many clones are made at once."""
    params = context.planned(CLONE)
    return f"storage:{params['cluster']}/{params['storage']}"


def remember(context: Context, values: Mapping[str, Any]) -> None:
    """Into the memory of the clone step, whichever step is at work; None removes a key."""
    context.rewrite(CLONE, values)


def find_task(context: Context, memory: Mapping[str, Any]) -> TaskHandle | None:
    """The task of the clone that was sent, unless it is one that is known to have failed."""
    since = datetime.fromisoformat(memory["sent_at"])
    found = context.hypervisor.clone_task(planned_clone(context), since)
    return None if found is None or found.id in memory.get("dead", ()) else found


def is_settled(context: Context, memory: Mapping[str, Any]) -> bool:
    """Whether a call of unknown outcome would have shown its effect by now."""
    tried_at = datetime.fromisoformat(memory["tried_at"])
    return (now() - tried_at).total_seconds() > context.settle


def patience(context: Context) -> float:
    """Seconds between two looks at a call of unknown outcome."""
    return min(1.0, context.settle / 4)
