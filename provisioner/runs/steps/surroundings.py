"""What surrounds a VM on the cluster: its firewall, its pool, the backup job that it is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.drivers.hypervisor import (
    EnsurePool,
    FirewallReading,
    FirewallRule,
    JoinBackupJob,
    LeaveBackupJob,
    Machine,
    SetFirewall,
)
from provisioner.errors import ActionNeeded
from provisioner.runs.steps.base import Context, Done, Wait
from provisioner.runs.steps.orders import still_ours
from provisioner.runs.steps.ownership import identity, own_machine, take_vm
from provisioner.texts import say


class SetVmFirewall:
    """Exactly the planned rules of ours stand, and the ip-filter holds the VM's addresses."""

    def apply(self, context: Context) -> Done | Wait:
        if wait := take_vm(context):
            return wait
        machine = own_machine(context)
        wanted = _wanted(context)
        before = None
        if "vm" in context.params:  # one that stood before; else it goes as a whole
            before = context.hypervisor.firewall(machine)
            if "before" not in context.memory:
                context.remember({"before": _told(before.rules), "was_on": before.enabled})
        context.hypervisor.submit(
            SetFirewall(
                machine.vmid, machine.node, wanted, tuple(context.params["addresses"]),
                bool(context.params.get("enabled", True)),
            )
        )  # fmt: skip
        after = context.hypervisor.firewall(machine)
        _check(context, after)
        old, new = _told(before.rules) if before else [], _told(after.rules)
        diff = [*(f"- {r}" for r in old if r not in new), *(f"+ {r}" for r in new if r not in old)]
        context.sight.leave(machine)  # nothing of it was changed
        stands = {"rules": new, "addresses": sorted(after.addresses)}
        return Done(changed=before != after, diff=diff, evidence=(stands,))

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        """It was read back right after it was brought about."""
        return ()

    def undo(self, context: Context) -> Done | Wait:
        """Only our rules go; without the VM it made, there is nothing to do."""
        acted = "vm" in context.params and "before" in context.memory
        machine = still_ours(context) if acted else None
        if machine is None:
            return Done(changed=False)
        context.hypervisor.submit(
            SetFirewall(machine.vmid, machine.node, (), (), bool(context.memory["was_on"]))
        )
        return Done(changed=True)


class MakePool:
    """The pool of the department is there."""

    def apply(self, context: Context) -> Done | Wait:
        pool = context.params["pool"]
        if pool in context.hypervisor.pools():
            return Done(changed=bool(context.memory.get("acted")))
        context.remember({"acted": True})
        context.hypervisor.submit(EnsurePool(pool, context.params["comment"]))
        return Wait(0.0, say("Reading back what the cluster has done"))

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ({"pool": context.params["pool"]},)

    def undo(self, context: Context) -> Done | Wait:
        """It stays: it belongs to the department, and others may use it by now."""
        return Done(changed=False)


class EnterBackupJob:
    """The cluster's backup job covers the VM."""

    def apply(self, context: Context) -> Done | Wait:
        id, machine = context.params["job"], own_machine(context)
        context.sight.leave(machine)  # nothing of it is changed here
        job = context.hypervisor.backup_job(id)
        if job is None:
            raise ActionNeeded(
                say("The cluster has no backup job %(job)s.", job=id),
                meaning=say("The configuration says that every VM has to be in it."),
                next=say("Make the job on the cluster or correct `backup_job`, then retry."),
                who="administrator",
            )
        if job.covers(machine.vmid, _pool_of(context, machine) if job.pool else None):
            return Done(changed=bool(context.memory.get("acted")))
        slot = job_slot(context, id)
        if not context.slots.take(slot, 1):
            return Wait(0.5, say("Waiting for a turn on %(what)s", what=id))
        try:
            context.remember({"acted": True})
            context.hypervisor.submit(JoinBackupJob(id, machine.vmid))  # it reads back itself
        finally:
            context.slots.give_back(slot)
        return Done(changed=True)

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ({"job": context.params["job"]},)

    def undo(self, context: Context) -> Done | Wait:
        if not context.memory.get("acted"):
            return Done(changed=False)
        slot = job_slot(context, context.params["job"])
        if not context.slots.take(slot, 1):
            return Wait(0.5, say("Waiting for a turn on %(what)s", what=context.params["job"]))
        try:
            context.hypervisor.submit(LeaveBackupJob(context.params["job"], identity(context).vmid))
        finally:
            context.slots.give_back(slot)
        return Done(changed=True)


def _pool_of(context: Context, machine: Machine) -> str | None:
    pools = context.hypervisor.pools().items()
    return next((name for name, members in pools if machine.vmid in members), None)


def _check(context: Context, stands: FirewallReading) -> None:
    """Raise ActionNeeded when the firewall is not as planned."""
    missing = [rule for rule in _told(_wanted(context)) if rule not in _told(stands.rules)]
    if missing or stands.enabled != bool(context.params.get("enabled", True)):
        raise ActionNeeded(
            say("The firewall of VM %(vmid)s is not as planned.", vmid=identity(context).vmid),
            meaning=say("Missing: %(rules)s", rules="; ".join(missing) or "-"),
            next=say("Look at the VM's firewall on the cluster, then choose retry."),
        )


def job_slot(context: Context, job: str) -> str:
    """A job's list of VMs is written as a whole, by one at a time."""
    return f"backup-job:{context.params['cluster']}/{job}"


def _wanted(context: Context) -> tuple[FirewallRule, ...]:
    return tuple(FirewallRule(**rule) for rule in context.params["rules"])


def _told(rules: Sequence[FirewallRule]) -> list[str]:
    return [
        f"{r.protocol}{'' if r.port is None else f'/{r.port}'}"
        f"{'' if r.source is None else f' from {r.source}'}"
        for r in rules
    ]
