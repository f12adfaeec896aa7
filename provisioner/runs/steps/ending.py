"""The end of a VM that stands: taken off the cluster if it is ours, and proven to be gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.database import now
from provisioner.drivers.hypervisor import (
    Configure,
    Destroy,
    FreeVolume,
    JoinBackupJob,
    LeaveBackupJob,
    Machine,
    Order,
    PowerOff,
)
from provisioner.errors import ActionNeeded, Retriable
from provisioner.runs.steps.base import Context, Done, Proof, Wait
from provisioner.runs.steps.orders import give_order, order_given, still_ours
from provisioner.runs.steps.ownership import identity, is_another, is_marked, take_vm
from provisioner.runs.steps.standing import as_before
from provisioner.runs.steps.surroundings import job_slot
from provisioner.services.cloud_vps.acceptance import (
    ADDRESS_SILENT,
    BACKUP_JOB_WITHOUT,
    POOL_WITHOUT,
    VM_GONE,
    VOLUMES_GONE,
)
from provisioner.texts import Phrase, say


class RemoveVm:
    """The VM and its volumes are off the cluster; a stranger's VM of that number is left alone.

    One that somebody removed by hand counts as done. Once begun it is not undone.
    """

    def apply(self, context: Context) -> Done | Wait:
        if wait := order_given(context) or take_vm(context):
            return wait
        whose = identity(context)
        machine = context.hypervisor.machine(whose.vmid)
        if machine is None:
            return self._volumes(context)
        if is_another(machine, context):
            if not context.memory.get("destroyed"):
                context.warn(
                    say(
                        "VM %(vmid)s is not the one of our record any more (its UUID is another "
                        "one) and was left alone.",
                        vmid=whose.vmid,
                    )
                )
            return Done(changed=bool(context.memory.get("destroyed")))
        if not is_marked(machine, whose.number):
            raise _mark_lost(machine)
        if machine.lock:
            raise _locked(machine)
        if "was" not in context.memory:
            protected = machine.options.get("protection", "0") == "1"
            context.remember({"was": machine.power, "protected": protected})
        return self._order(context, _next(machine))

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ({"vmid": identity(context).vmid, "removed": bool(context.memory.get("destroyed"))},)

    def undo(self, context: Context) -> Done | Wait:
        """What still stands is as before; nothing but its backup brings a removed VM back."""
        if wait := order_given(context):
            return wait
        memory = context.memory
        machine = still_ours(context) if "was" in memory else None
        if machine is None:
            return Done(changed=False)
        if memory["protected"] and machine.options.get("protection", "0") != "1":
            protect = Configure(machine.vmid, machine.node, {"protection": "1"})
            return give_order(context, protect) or Wait(0.0, say("It is protected again"))
        if name := memory.get("job"):
            context.hypervisor.submit(JoinBackupJob(name, machine.vmid))
        return as_before(context, machine, memory["was"])

    def _volumes(self, context: Context) -> Done | Wait:
        """Disks that the removal left behind; without a removal of ours they are not ours."""
        vmid, removed = identity(context).vmid, bool(context.memory.get("destroyed"))
        if wait := self._leave_job(context, vmid):  # nobody has the number: the entry is ours
            return wait
        known = set(context.memory.get("volumes", []))
        left = context.hypervisor.volumes(vmid) if removed else ()
        for node, volume in left:
            if volume in known:
                return self._order(context, FreeVolume(vmid, node, volume))
        freed = context.memory.get("freed", [])
        diff = (f"- VM {vmid}", *(f"- {volume}" for volume in freed)) if removed else ()
        return Done(changed=removed, diff=diff)

    @staticmethod
    def _leave_job(context: Context, vmid: int) -> Wait | None:
        """Before the VM goes: a cluster drops a job together with its last VM (recorded 9.1)."""
        name = context.params.get("backup_job")
        if not name or context.memory.get("left_job"):
            return None
        job = context.hypervisor.backup_job(name)
        if job is not None and vmid in job.vmids:
            slot = job_slot(context, name)
            if not context.slots.take(slot, 1):
                return Wait(0.5, say("Waiting for a turn on %(what)s", what=name))
            try:
                context.hypervisor.submit(LeaveBackupJob(name, vmid))
            finally:
                context.slots.give_back(slot)
            context.remember({"job": name})
        context.remember({"left_job": True})
        return None

    @staticmethod
    def _order(context: Context, order: Order) -> Wait:
        if isinstance(order, Destroy):
            if wait := RemoveVm._leave_job(context, order.vmid):
                return wait
            volumes = [volume for _, volume in context.hypervisor.volumes(order.vmid)]
            context.remember({"destroyed": True, "volumes": volumes})
        if isinstance(order, FreeVolume):
            freed = [*context.memory.get("freed", []), order.volume]
            context.remember({"freed": freed})
        return give_order(context, order) or Wait(0.1, say("The VM is being removed"))


class ProveGone:
    """Nothing of the VM stands: read back from the cluster, and tried from the user's seat."""

    def apply(self, context: Context) -> Done | Wait:
        proofs = self._proofs(context)
        red = [proof for proof in proofs if not proof.passed]
        looks = int(context.memory.get("looks", 0)) + 1
        if red and looks < 5:
            context.remember({"looks": looks})
            return Wait(1.0, say("Looks again: %(what)s", what=red[0].evidence))
        context.remember({"looks": None})
        if [proof for proof in red if proof.check == ADDRESS_SILENT] == red != []:
            context.warn(  # nothing of ours: the address rests, and is tried before it is given
                say(
                    "Something answers at %(address)s although the VM is gone. Find out what "
                    "it is.",
                    address=red[0].target,
                )
            )
        elif red:
            raise ActionNeeded(
                say("Not everything is gone: %(what)s", what=red[0].evidence),
                meaning=say("The VM was removed, but a trace of it was found."),
                next=say("Look at it on the cluster and remove it if it is ours, then retry."),
                who="administrator",
            )
        return Done(False, evidence=[proof.to_json() for proof in proofs])

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ()

    def undo(self, context: Context) -> Done | Wait:
        return Done(changed=False)

    def _proofs(self, context: Context) -> list[Proof]:
        hypervisor, whose = context.hypervisor, identity(context)
        target = f"VM {whose.vmid}"
        machine = hypervisor.machine(whose.vmid)
        stranger = machine is not None and is_another(machine, context)
        proofs = [_proof(VM_GONE, target, machine is None or stranger, _who(machine, stranger))]
        if stranger:
            return proofs  # whatever carries that number now is not ours to judge
        volumes = [volume for _, volume in hypervisor.volumes(whose.vmid)]
        ours = [v for v in volumes if v in context.recall("vm.remove").get("volumes", [])]
        proofs.append(_proof(VOLUMES_GONE, target, not ours, ", ".join(ours) or "0"))
        pools = [name for name, members in hypervisor.pools().items() if whose.vmid in members]
        proofs.append(_proof(POOL_WITHOUT, target, not pools, ", ".join(pools) or "-"))
        if name := context.params.get("backup_job"):
            job = hypervisor.backup_job(name)
            proofs.append(
                _proof(BACKUP_JOB_WITHOUT, target, not job or whose.vmid not in job.vmids, name)
            )
        address, port = str(context.params["address"]), int(context.params["port"])
        silent = not context.seat.open(address, port)
        proofs.append(_proof(ADDRESS_SILENT, f"{address}:{port}", silent, f"{address}:{port}"))
        return proofs


def _next(machine: Machine) -> Order:
    """What has to be done before, one after the other, then the removal itself."""
    vmid, node = machine.vmid, machine.node
    if machine.power != "stopped":
        return PowerOff(vmid, node)
    if machine.options.get("protection", "0") == "1":
        return Configure(vmid, node, {"protection": "0"})
    return Destroy(vmid, node, machine.uuid, machine.description)


def _proof(check: str, target: str, passed: bool, evidence: Phrase) -> Proof:
    return Proof(check, target, passed, evidence, now())


def _who(machine: Machine | None, stranger: bool) -> Phrase:
    if machine is None:
        return say("no VM of that number")
    if stranger:
        return say("another VM has that number by now; it was left alone")
    return say("VM %(vmid)s stands on %(node)s", vmid=machine.vmid, node=machine.node)


def _mark_lost(machine: Machine) -> ActionNeeded:
    return ActionNeeded(
        say("VM %(vmid)s does not carry our mark any more.", vmid=machine.vmid),
        meaning=say("Its identity is that of our record, but its notes were changed by someone."),
        next=say(
            "Find out who changed it. It is not touched: put its mark back or remove the VM on the "
            "cluster, then choose retry."
        ),
    )


def _locked(machine: Machine) -> Retriable:
    return Retriable(
        say("VM %(vmid)s is locked on the cluster (%(lock)s).",
            vmid=machine.vmid, lock=machine.lock or ""),
        meaning=say("Other work on it has not ended; nothing was removed."),
        next=say(
            "It is tried again by itself. If the lock stays although no task runs, "
            "the administrator removes it with `qm unlock`."
        ),
        after=10,
    )  # fmt: skip
