"""Steps that are one order to the cluster at a time, seen through to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from provisioner.database import now
from provisioner.drivers.hypervisor import Machine, Order, TaskHandle, VmOrder
from provisioner.errors import OutcomeUnknown, Retriable, StepFailure
from provisioner.runs.steps.base import Context, Done, Wait
from provisioner.runs.steps.ownership import (
    identity,
    is_another,
    is_ours,
    not_ours_any_more,
    own_machine,
    patience,
    take_vm,
)
from provisioner.texts import say

_NODE_SLOT = "node:%s/%s"


class OneOrder:
    """A step that is one order to the cluster, harmless to repeat when an answer was lost."""

    def apply(self, context: Context) -> Done | Wait:
        if "task" in context.memory:
            return self._until_done(context)
        if wait := take_vm(context):
            return wait
        machine = own_machine(context)
        order = self.needed(context, machine)
        if isinstance(order, Wait):
            return order
        if order is None:
            context.sight.leave(machine)
            return Done(bool(context.memory.get("acted")), evidence=self.evidence(machine))
        return self._send(context, machine, order)

    def _send(self, context: Context, machine: Machine, order: Order) -> Wait:
        slot, limit = self.slot(context, machine)
        if not context.slots.take(slot, limit):
            return Wait(1.0, say("Waiting for a turn on %(what)s", what=slot.partition(":")[2]))
        moment = now().isoformat()
        context.remember({"acted": True, "began": moment, "slot": slot, "sent_at": moment})
        try:
            task = context.hypervisor.submit(order)
        except OutcomeUnknown:
            context.slots.give_back(slot)
            raise
        except StepFailure:
            context.slots.give_back(slot)
            context.remember({"sent_at": None})  # certainly not carried out
            raise
        context.remember({"task": task.id, "task_node": task.node})
        return Wait(0.1, say("The cluster is at work"))

    def slot(self, context: Context, machine: Machine) -> tuple[str, int]:
        """What only so many orders may use at once."""
        cluster = context.params["cluster"]
        return _NODE_SLOT % (cluster, machine.node), context.cluster.concurrency.tasks

    @staticmethod
    def _until_done(context: Context) -> Wait:
        """An order whose task nobody knows any more is judged by what the VM shows next."""
        task = TaskHandle(context.memory["task"], context.memory["task_node"])
        failure: StepFailure | None = None
        if task.id:  # without one it was carried out at once
            try:
                state = context.hypervisor.task(task)
            except OutcomeUnknown as unknown:
                failure = unknown
            else:
                if state.status == "running":
                    return Wait(pace(context), say("The cluster is at work"))
                failure = state.failure
        context.slots.give_back(context.memory["slot"])
        done = context.memory.get("done", 0) + (failure is None)
        context.remember({"task": None, "task_node": None, "sent_at": None, "done": done})
        if failure is not None:
            raise failure
        return Wait(0.0, say("Reading back what the cluster has done"))

    def needed(self, context: Context, machine: Machine) -> Order | Wait | None:
        """The order that is still needed, None when everything is as it should be."""
        raise NotImplementedError

    def evidence(self, machine: Machine) -> Sequence[Mapping[str, Any]]:
        """What of the VM, as it was read back at the end, belongs into the journal."""
        return ()

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        """What was read back at the end has told already."""
        return ()

    def undo(self, context: Context) -> Done | Wait:
        """What was sent last is seen to its end first: it could still take effect afterwards."""
        return self._in_hand(context) or order_given(context) or self.take_back(context)

    def take_back(self, context: Context) -> Done | Wait:
        """Nothing by itself: the VM that it changed is removed as a whole."""
        return Done(changed=False)

    def _in_hand(self, context: Context) -> Wait | None:
        if "task" in context.memory:
            try:
                wait = self._until_done(context)
            except StepFailure:
                if "task" in context.memory:
                    raise  # nobody could be asked; else it has failed, which is as well
                return None
            return wait if "task" in context.memory else None
        sent_at = context.memory.get("sent_at")
        if sent_at is not None and seconds_since(sent_at) <= context.settle:
            return Wait(patience(context), say("The answer was lost; looking whether it was begun"))
        return None


class SentOnce(OneOrder):
    """An order whose effect the VM does not show: whether it was carried out, its task tells.

    The moment is stored before the call. When the answer was lost, the task is looked for; only
    when it has not appeared in the time in which it would have, the order is sent again.
    """

    def _send(self, context: Context, machine: Machine, order: VmOrder) -> Wait:  # type: ignore[override]
        sent_at = context.memory.get("sent_at")
        if sent_at is None:
            # Clocks differ a little, so one of just before could be taken for ours afterwards.
            earlier = context.hypervisor.order_task(order, now())
            context.remember({"earlier": earlier.id if earlier else None})
        else:
            found = context.hypervisor.order_task(order, datetime.fromisoformat(sent_at))
            if found is not None and found.id != context.memory.get("earlier"):
                context.remember({"task": found.id, "task_node": found.node})
                return Wait(0.0, say("The answer was lost; the task was found"))
            if seconds_since(sent_at) <= context.settle:
                return Wait(
                    patience(context), say("The answer was lost; looking whether it was begun")
                )
        return super()._send(context, machine, order)


def still_ours(context: Context) -> Machine | None:
    """The step's VM, for an undoing; None where it is gone or another's by now: left alone.

    Raises Retriable while other work holds it, ActionNeeded when only its mark is lost.
    """
    vmid = identity(context).vmid
    machine = context.hypervisor.machine(vmid)
    if machine is None or is_another(machine, context):
        context.warn(say("VM %(vmid)s is gone or someone else's by now; left alone.", vmid=vmid))
        return None
    if not is_ours(machine, context):
        raise not_ours_any_more(vmid)
    if machine.lock:
        raise Retriable(
            say("VM %(vmid)s is locked on the cluster (%(lock)s).", vmid=vmid, lock=machine.lock),
            meaning=say("Other work on it has not ended; it is not taken back yet."),
            next=say(
                "It is tried again by itself. If the lock stays although no task runs, "
                "the administrator removes it with `qm unlock`."
            ),
            after=10,
        )
    return machine


def give_order(context: Context, order: Order) -> Wait | None:
    """Send an order of the undoing and remember its task; None when it was done at once."""
    task = context.hypervisor.submit(order)
    if not task.id:
        return None
    context.remember({"undo_task": task.id, "undo_node": task.node})
    return Wait(0.1, say("The cluster is at work"))


def order_given(context: Context) -> Wait | None:
    """None once the order of the undoing has ended. Raises what it failed with."""
    if "undo_task" not in context.memory:
        return None
    task = TaskHandle(context.memory["undo_task"], context.memory["undo_node"])
    try:
        state = context.hypervisor.task(task)
    except OutcomeUnknown:
        context.remember({"undo_task": None, "undo_node": None, "put_back": None})
        raise
    if state.status == "running":
        return Wait(0.4, say("The cluster is at work"))
    context.remember({"undo_task": None, "undo_node": None})
    if state.failure is not None:
        context.remember({"put_back": None})
        raise state.failure
    return None


def seconds_since(moment: str) -> float:
    """From a moment that a step remembered until now."""
    return (now() - datetime.fromisoformat(moment)).total_seconds()


def pace(context: Context) -> float:
    """Short looks at first, longer ones later."""
    return min(2.0, max(0.1, seconds_since(context.memory["began"]) * 0.4))
