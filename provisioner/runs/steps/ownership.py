"""Whose VM is it: what the run remembers of its clone, and how it knows its own again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from provisioner.database import now
from provisioner.drivers.hypervisor import Clone, Machine, TaskHandle
from provisioner.errors import ActionNeeded
from provisioner.runs.steps.base import Context
from provisioner.texts import say

CLONE = "vm.clone"
WAIT_CLONE = "vm.wait_clone"


def vmid_of(context: Context) -> int:
    """The VM's number: the planned one unless a stranger took that in between."""
    return int(context.recall(CLONE).get("vmid", context.params["vmid"]))


def mark(number: str) -> str:
    """What stands in the description of everything made for a request."""
    return f"provisioner: request {number}"


def is_marked(machine: Machine, number: str) -> bool:
    """Whether the VM's description says that it was made for the request."""
    return bool(re.search(re.escape(mark(number)) + r"(?!\d)", machine.description))


def is_another(machine: Machine, context: Context) -> bool:
    """Whether its SMBIOS UUID says that it is not the VM that the run made."""
    uuid = context.recall(WAIT_CLONE).get("uuid")
    return uuid is not None and machine.uuid != uuid


def is_ours(machine: Machine, context: Context) -> bool:
    """Whether record, SMBIOS UUID and mark agree (DESIGN section 5, ownership)."""
    return is_marked(machine, context.number) and not is_another(machine, context)


def own_machine(context: Context) -> Machine:
    """The run's VM as it is now. Raises ActionNeeded when it is gone or not ours any more."""
    vmid = vmid_of(context)
    machine = context.hypervisor.machine(vmid)
    if machine is None:
        raise ActionNeeded(
            say("VM %(vmid)s is gone.", vmid=vmid),
            meaning=say("Someone removed it on the cluster while the work went on."),
            next=say("Stop this run; everything left is undone. Then plan the request again."),
        )
    if not is_ours(machine, context):
        raise not_ours_any_more(vmid)
    return machine


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
