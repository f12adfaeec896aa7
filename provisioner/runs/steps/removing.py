"""Taking a VM off the cluster, if and only if it is ours; each order of it is seen through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.drivers.hypervisor import (
    Destroy,
    FreeVolume,
    Hypervisor,
    Machine,
    Order,
    PowerOff,
    TaskHandle,
)
from provisioner.errors import ActionNeeded, OutcomeUnknown
from provisioner.runs.steps.base import Context, Done, Wait
from provisioner.runs.steps.ownership import (
    CLONE,
    clone_slot,
    find_task,
    identity,
    is_another,
    is_marked,
    is_settled,
    not_ours_any_more,
    patience,
    remember,
    vmid_of,
)
from provisioner.texts import Message, say


def remove(context: Context) -> Done | Wait:
    """Take the VM and its volumes away; harmless to repeat, nothing that is not ours is touched."""
    memory = context.recall(CLONE)
    if "sent_at" not in memory:
        return Done(changed=False)
    if wait := order_in_hand(context):
        return wait
    vmid = vmid_of(context)
    task = _clone_task(context, memory)
    if task and task.id and _runs(context.hypervisor, task):
        return Wait(1.0, say("Waiting for the clone to end before it is removed"))
    machine = context.hypervisor.machine(vmid)
    if machine is None:
        if task is None and not is_settled(context, memory):
            return Wait(patience(context), say("Looking whether the clone was begun after all"))
        return _free_volumes(context, vmid, ours=task is not None)
    marked = is_marked(machine, identity(context).number)
    if is_another(machine, context) or (task is None and not marked):
        context.warn(
            say("VM %(vmid)s belongs to someone else and was left alone.", vmid=vmid),
        )
        return Done(changed=False)
    if machine.lock:
        raise _stuck(context, machine)
    if not marked:
        raise not_ours_any_more(vmid)
    if machine.power != "stopped":
        return give_order(
            context, PowerOff(vmid=vmid, node=machine.node), say("Switching the VM off")
        )
    destroy = Destroy(
        vmid=vmid, node=machine.node, uuid=machine.uuid, description=machine.description
    )
    return give_order(context, destroy, say("The VM is being removed"))


def give_order(context: Context, order: Order, progress: Message) -> Wait:
    """Hand an order of the undoing to the cluster and remember its task."""
    task = context.hypervisor.submit(order)
    if task.id:
        remember(context, {"undo_task": task.id, "undo_node": task.node})
    return Wait(0.1, progress)


def order_in_hand(context: Context) -> Wait | None:
    """None once the order given last has ended. Raises what it failed with."""
    memory = context.recall(CLONE)
    if "undo_task" not in memory:
        return None
    task = TaskHandle(memory["undo_task"], memory["undo_node"])
    try:
        state = context.hypervisor.task(task)
    except OutcomeUnknown:
        remember(context, {"undo_task": None, "undo_node": None})
        raise
    if state.status == "running":
        return Wait(0.4, say("The cluster is at work"))
    remember(context, {"undo_task": None, "undo_node": None})
    if state.failure is not None:
        raise state.failure
    return None


def _clone_task(context: Context, memory: Mapping[str, Any]) -> TaskHandle | None:
    """The task that made or makes it (``id`` empty: adopted by its mark); None: none was begun."""
    if "task" in memory:
        return TaskHandle(memory["task"], memory["task_node"])
    return find_task(context, memory)


def _runs(hypervisor: Hypervisor, task: TaskHandle) -> bool:
    try:
        return hypervisor.task(task).status == "running"
    except OutcomeUnknown:
        return False  # its node forgot it: the VM itself is looked at next


def _free_volumes(context: Context, vmid: int, *, ours: bool) -> Done | Wait:
    """What a failed clone left behind; without a clone of ours any volume is someone else's."""
    left = context.hypervisor.volumes(vmid) if ours else ()
    if left:
        node, volume = left[0]
        remember(context, {"freed": [*context.recall(CLONE).get("freed", []), volume]})
        return give_order(
            context,
            FreeVolume(vmid=vmid, node=node, volume=volume),
            say("A disk that was left behind is being removed"),
        )
    context.slots.give_back(clone_slot(context))
    freed = context.recall(CLONE).get("freed", [])
    return Done(changed=ours, diff=(f"- VM {vmid}" if ours else "", *(f"- {v}" for v in freed)))


def _stuck(context: Context, machine: Machine) -> ActionNeeded:
    vmid = machine.vmid
    return ActionNeeded(
        say("VM %(vmid)s is locked on the cluster (%(lock)s).", vmid=vmid, lock=machine.lock),
        meaning=say("An aborted task left its lock behind; only root may remove it."),
        next=say(
            "Make sure that no task is at work on it, run `qm unlock %(vmid)s` on its node, "
            "then choose retry.",
            vmid=vmid,
        )
        if is_marked(machine, identity(context).number)
        else say(
            # a clone gets its name only when it is complete
            "It seems to be a clone that was broken off. Make sure that it has no name yet or "
            "the name %(name)s, and that no task is at work on it. Only then run "
            "`qm unlock %(vmid)s` and `qm destroy %(vmid)s` on its node, and choose retry.",
            name=context.planned(CLONE)["name"],
            vmid=vmid,
        ),
        who="administrator",
    )
