"""Making the VM: exactly one clone, adopted when it is ours, never a stranger's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from provisioner.database import now
from provisioner.drivers.hypervisor import TaskHandle, VmidTaken
from provisioner.errors import ActionNeeded, OutcomeUnknown, Retriable, StepFailure
from provisioner.runs.steps.base import Context, Done, Wait
from provisioner.runs.steps.orders import seconds_since
from provisioner.runs.steps.ownership import (
    CLONE,
    clone_slot,
    find_task,
    identity,
    is_marked,
    is_ours,
    is_settled,
    not_ours_any_more,
    patience,
    planned_clone,
    remember,
    vmid_of,
)
from provisioner.runs.steps.removing import remove
from provisioner.texts import say

_NOTHING_SENT: Mapping[str, Any] = dict.fromkeys(
    ("sent_at", "tried_at", "task", "task_node", "refused", "freed")
)
_SOONEST = 0.1
"""Seconds; no clone is over sooner."""


class CloneVm:
    """Hand the clone to the cluster, once."""

    def apply(self, context: Context) -> Done | Wait:
        return start_clone(context) or Done(changed=True, diff=(f"+ VM {vmid_of(context)}",))

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ({"task": context.recall(CLONE).get("task"), "vmid": vmid_of(context)},)

    def undo(self, context: Context) -> Done | Wait:
        return remove(context)


class WaitForClone:
    """Wait for the clone's end, then write down the VM's identity."""

    def apply(self, context: Context) -> Done | Wait:
        if wait := start_clone(context) or _until_cloned(context):
            return wait
        machine = context.hypervisor.machine(vmid_of(context))
        if machine is None:
            _begin_anew(context)
            raise Retriable(
                say("VM %(vmid)s is not there after its clone.", vmid=vmid_of(context)),
                meaning=say("Someone removed it on the cluster right after it was made."),
                next=say("Nothing to do: it is begun anew by itself."),
            )
        if machine.lock:
            return Wait(1.0, say("The cluster finishes the clone"))
        if not is_ours(machine, context):
            raise not_ours_any_more(machine.vmid)
        context.slots.give_back(clone_slot(context))
        context.sight.leave(machine)
        context.remember({"uuid": machine.uuid, "node": machine.node})
        return Done(changed=True, evidence=({"uuid": machine.uuid, "node": machine.node},))

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ()

    def undo(self, context: Context) -> Done | Wait:
        return Done(changed=False)


def start_clone(context: Context) -> Wait | None:
    """See to it that a clone task of ours runs; None once it does (or has).

    The intent is stored before the call. An intent without a task means that the call may have
    been carried out, so it is looked for before anything is repeated.
    """
    memory = dict(context.recall(CLONE))
    if "task" in memory:
        return None
    slot, storage = clone_slot(context), context.planned(CLONE)["storage"]
    if not context.slots.take(slot, context.cluster.concurrency.clones):
        return Wait(1.0, say("Waiting for a turn on storage %(name)s", name=storage))
    if "sent_at" in memory:
        seen = _look(context, memory)
        if seen != "absent":
            return None if seen == "found" else seen
    elif context.hypervisor.machine(vmid_of(context)) is not None:
        return _take_another(context)
    clone, moment = planned_clone(context), now().isoformat()
    first = memory.get("sent_at", moment)
    remember(context, {"vmid": clone.vmid, "sent_at": first, "tried_at": moment})
    try:
        task = context.hypervisor.submit(clone)
    except VmidTaken:
        if "sent_at" not in memory:
            return _take_another(context)
        remember(context, {"refused": True})  # because of our own earlier call, perhaps
        return Wait(0.1, say("The number is in use; looking whose VM it is"))
    except OutcomeUnknown:
        raise
    except StepFailure:
        context.slots.give_back(slot)
        if "sent_at" not in memory:  # certainly nothing is under way
            remember(context, _NOTHING_SENT)
        raise
    remember(context, {"task": task.id, "task_node": task.node})
    return None


def _look(context: Context, memory: Mapping[str, Any]) -> Wait | Literal["found", "absent"]:
    """What became of a call whose answer was lost.

    For a while its effect may still appear; only then is it repeated. Repeating cannot make a
    second VM: the cluster refuses a VMID that is in use.
    """
    if task := find_task(context, memory):
        remember(context, {"task": task.id, "task_node": task.node})
        return "found"
    machine = context.hypervisor.machine(vmid_of(context))
    settled = is_settled(context, memory)
    if machine is None:
        if not settled:
            return Wait(
                patience(context), say("The answer was lost; looking whether the clone was begun")
            )
        return _take_another(context) if memory.get("refused") else "absent"
    if is_marked(machine, identity(context).number):
        remember(context, {"task": "", "task_node": machine.node})
        return "found"
    if machine.lock == "clone" and not settled:
        return Wait(
            patience(context), say("A clone with this number is under way; looking whose it is")
        )
    return _take_another(context)


def _until_cloned(context: Context) -> Wait | None:
    """None once the task has ended well, or its node forgot it and the VM tells that it has."""
    memory = context.recall(CLONE)
    if not memory["task"]:
        return None
    if seconds_since(memory["tried_at"]) < _SOONEST:
        return Wait(_SOONEST, say("The disk is being copied"))
    try:
        state = context.hypervisor.task(TaskHandle(memory["task"], memory["task_node"]))
    except OutcomeUnknown:
        machine = context.hypervisor.machine(vmid_of(context))
        if machine is None or machine.lock or not is_ours(machine, context):
            raise
        return None
    if state.status == "running":
        return Wait(_pace(memory), say("The disk is being copied"))
    if state.failure is None:
        return None
    if isinstance(state.failure, VmidTaken):
        dead = [*memory.get("dead", []), memory["task"]]
        remember(context, {"dead": dead, "task": None, "task_node": None, "refused": True})
        return Wait(0.1, say("The number is in use; looking whose VM it is"))
    left = remove(context)
    if isinstance(left, Wait):
        return left
    _begin_anew(context)
    raise state.failure


def _take_another(context: Context) -> Wait:
    old, memory = vmid_of(context), context.recall(CLONE)
    if "rebuild_of" in context.params:
        raise _number_lost(old)
    taken = frozenset({old, *memory.get("taken", [])})
    new = context.other_vmid(context.params["cluster"], taken)
    context.warn(
        say(
            "VM %(old)s belongs to someone else and was left alone; VM %(new)s is used instead.",
            old=old,
            new=new,
        )
    )
    remember(context, {**_NOTHING_SENT, "vmid": new, "taken": sorted(taken)})
    return Wait(0.0, say("The number was taken by someone else; another one is used"))


def _number_lost(vmid: int) -> ActionNeeded:
    return ActionNeeded(
        say("The number %(vmid)s was taken while its VM was made anew.", vmid=vmid),
        meaning=say("Somebody made another VM of that number right after ours was removed."),
        next=say("Give that VM another number on the cluster, then choose retry."),
        who="administrator",
    )


def _begin_anew(context: Context) -> None:
    """After a clone that failed, or whose VM is gone: forget it, but know its task again."""
    memory = context.recall(CLONE)
    dead = [*memory.get("dead", []), memory["task"]]
    context.slots.give_back(clone_slot(context))
    remember(context, {**_NOTHING_SENT, "dead": dead})


def _pace(memory: Mapping[str, Any]) -> float:
    """Short looks at first, longer ones later: 0.1 s growing to 2 s with the time waited."""
    return min(2.0, max(_SOONEST, seconds_since(memory["tried_at"]) * 0.4))
