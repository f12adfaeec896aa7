"""Configuring, growing, starting the VM, and waiting until it has booted."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from provisioner.database import now
from provisioner.drivers.hypervisor import (
    Configure,
    GrowDisk,
    GuestReport,
    Machine,
    Order,
    PowerOff,
    PowerOn,
    TaskHandle,
)
from provisioner.errors import ActionNeeded, OutcomeUnknown, StepFailure
from provisioner.runs.steps.base import Context, Done, Wait
from provisioner.runs.steps.ownership import is_ours, own_machine, vmid_of
from provisioner.runs.steps.removing import give_order, order_in_hand
from provisioner.texts import say

CONSOLE_PASSWORD = "console-password"  # noqa: S105 — the kind of secret, not a secret
_NODE_SLOT = "node:%s/%s"


class _OneOrder:
    """A step that is one order to the cluster, harmless to repeat when an answer was lost."""

    def apply(self, context: Context) -> Done | Wait:
        if "task" in context.memory:
            return self._until_done(context)
        machine = own_machine(context)
        order = self.needed(context, machine)
        if order is None:
            return Done(changed=bool(context.memory.get("acted")))
        slot = _NODE_SLOT % (context.params["cluster"], machine.node)
        if not context.slots.take(slot, context.cluster.concurrency.tasks):
            return Wait(1.0, say("Waiting for a turn on node %(node)s", node=machine.node))
        context.remember({"acted": True, "began": now().isoformat(), "slot": slot})
        try:
            task = context.hypervisor.submit(order)
        except StepFailure:
            context.slots.give_back(slot)
            raise
        context.remember({"task": task.id, "task_node": task.node})
        return Wait(0.05, say("The cluster is at work"))

    @staticmethod
    def _until_done(context: Context) -> Wait:
        """An order whose task nobody knows any more is judged by what the VM shows next."""
        task = TaskHandle(context.memory["task"], context.memory["task_node"])
        failure: StepFailure | None
        try:
            state = context.hypervisor.task(task)
        except OutcomeUnknown as unknown:
            failure = unknown
        else:
            if state.status == "running":
                return Wait(_pace(context), say("The cluster is at work"))
            failure = state.failure
        context.slots.give_back(context.memory["slot"])
        done = context.memory.get("done", 0) + (failure is None)
        context.remember({"task": None, "task_node": None, "done": done})
        if failure is not None:
            raise failure
        return Wait(0.0, say("Reading back what the cluster has done"))

    def needed(self, context: Context, machine: Machine) -> Order | None:
        """The order that is still needed, None when everything is as it should be."""
        raise NotImplementedError

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ()

    def undo(self, context: Context) -> Done | Wait:
        """Nothing by itself: the VM that it changed is removed as a whole."""
        return Done(changed=False)


class ConfigureVm(_OneOrder):
    """Size, network, cloud-init and marks, while the VM is switched off."""

    def needed(self, context: Context, machine: Machine) -> Order | None:
        wanted = self._wanted(context)
        differing = {k: v for k, v in wanted.items() if not _same(k, machine.options.get(k), v)}
        password_set = context.memory.get("password_set", False)
        if not differing and password_set:
            return None
        if context.memory.get("done", 0) >= 3:
            context.remember({"done": None})
            raise ActionNeeded(
                say("VM %(vmid)s did not accept its settings.", vmid=machine.vmid),
                meaning=say(
                    "These settings read back differently: %(keys)s", keys=", ".join(differing)
                ),
                next=say("Look at the VM's settings on the cluster, then choose retry or stop."),
            )
        if machine.power != "stopped":
            raise ActionNeeded(
                say("VM %(vmid)s is running already.", vmid=machine.vmid),
                meaning=say("Someone started it; settings of a running VM would only be pending."),
                next=say("Switch VM %(vmid)s off on the cluster, then retry.", vmid=machine.vmid),
            )
        password = context.find_secret(CONSOLE_PASSWORD)
        if password is None:
            password = secrets.token_urlsafe(15)
            context.keep_secret(CONSOLE_PASSWORD, password)
        context.remember({"password_set": True})
        return Configure(
            vmid=machine.vmid,
            node=machine.node,
            options=wanted,
            digest=machine.digest,
            secret={"cipassword": password},
        )

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        machine = own_machine(context)
        return ({"cores": machine.cores, "memory_mb": machine.memory_mb, "name": machine.name},)

    @staticmethod
    def _wanted(context: Context) -> dict[str, str]:
        options = {key: str(value) for key, value in context.params["options"].items()}
        return {**options, "sshkeys": "\n".join(context.params["ssh_keys"])}


class GrowVmDisk(_OneOrder):
    """Grow the boot disk to the size asked for."""

    def needed(self, context: Context, machine: Machine) -> Order | None:
        disk, size = context.params["disk"], int(context.params["size_gb"])
        if machine.disks_gb.get(disk, 0.0) >= size:
            return None
        if context.memory.get("done"):
            context.remember({"done": None})
            raise ActionNeeded(
                say("Disk %(disk)s has not grown to %(size)s GiB.", disk=disk, size=size),
                meaning=say("The cluster reported success but the disk is smaller."),
                next=say("Look at the disk and its storage on the cluster, then choose retry."),
            )
        return GrowDisk(vmid=machine.vmid, node=machine.node, disk=disk, size_gb=size)

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ({"disks_gb": dict(own_machine(context).disks_gb)},)


class StartVm(_OneOrder):
    """Switch the VM on."""

    def needed(self, context: Context, machine: Machine) -> Order | None:
        if machine.power == "running":
            return None
        return PowerOn(vmid=machine.vmid, node=machine.node)

    def apply(self, context: Context) -> Done | Wait:
        began = context.memory.get("first_try") or now().isoformat()
        if "first_try" not in context.memory:
            context.remember({"first_try": began})
        elif _seconds_since(began) > 120 and "task" not in context.memory:
            machine = own_machine(context)
            if machine.power != "running":
                context.remember({"first_try": None})
                raise ActionNeeded(
                    say("VM %(vmid)s does not stay switched on.", vmid=machine.vmid),
                    meaning=say("It was started and is off again."),
                    next=say("Look at its start task and console on the cluster, then retry."),
                )
        return super().apply(context)

    def undo(self, context: Context) -> Done | Wait:
        if wait := order_in_hand(context):
            return wait
        machine = context.hypervisor.machine(vmid_of(context))
        if machine is None or machine.power == "stopped" or not is_ours(machine, context):
            return Done(changed=False)  # whose it is, the step that made it will tell
        off = PowerOff(vmid=machine.vmid, node=machine.node)
        return give_order(context, off, say("Switching the VM off"))


class WaitForBoot:
    """Wait until the guest agent shows the planned address and cloud-init has finished."""

    def apply(self, context: Context) -> Done | Wait:
        if "began" not in context.memory:
            context.remember({"began": now().isoformat()})
        machine = own_machine(context)
        if machine.power != "running":
            context.remember({"began": None})
            raise ActionNeeded(
                say("VM %(vmid)s has switched itself off.", vmid=machine.vmid),
                meaning=say("It was started but does not run any more."),
                next=say("Look at its console on the cluster, start it, then choose retry."),
            )
        report = context.hypervisor.guest(machine)
        address = context.params["address"]
        if address in report.addresses and report.cloud_init in ("done", "error"):
            return self._booted(context, report)
        waited = _seconds_since(context.memory.get("began") or now().isoformat())
        if waited > float(context.params["timeout"]):
            context.remember({"began": None})
            raise self._too_late(context, report, waited)
        if not report.answering:
            return Wait(_boot_pace(waited), say("Starting: the guest agent does not answer yet"))
        if address not in report.addresses:
            return Wait(_boot_pace(waited), say("Starting: the network is not set up yet"))
        return Wait(_boot_pace(waited), say("Starting: the first set-up inside the VM goes on"))

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ()

    def undo(self, context: Context) -> Done | Wait:
        return Done(changed=False)

    @staticmethod
    def _booted(context: Context, report: GuestReport) -> Done:
        if report.cloud_init == "error":
            raise ActionNeeded(
                say("The first set-up inside the VM ended with errors."),
                meaning=say(
                    "cloud-init reports: %(errors)s",
                    errors="; ".join(report.cloud_init_errors)[:500] or "?",
                ),
                next=say("Mend it in the VM or its template, then choose retry, or stop."),
                log=report.cloud_init_errors,
            )
        context.remember({"host_keys": list(report.host_keys)})
        seconds = _seconds_since(context.memory["began"])
        addresses = sorted(report.addresses)
        return Done(
            changed=True,
            evidence=(
                {"addresses": addresses, "cloud_init": "done", "seconds": round(seconds, 1)},
            ),
        )

    @staticmethod
    def _too_late(context: Context, report: GuestReport, waited: float) -> ActionNeeded:
        address = context.params["address"]
        if not report.answering:
            open_ = context.seat.open(address, int(context.planned("vm.prove")["port"]))
            return ActionNeeded(
                say("The guest agent has not answered for %(s)s seconds.", s=int(waited)),
                meaning=(
                    say("The VM answers on the network, so it runs without its agent.")
                    if open_
                    else say(
                        "The VM does not answer on the network either; it may not have booted."
                    )
                ),
                next=say(
                    "Look at the VM's console on the cluster. Start or install qemu-guest-agent "
                    "in it, then choose retry, or stop to undo everything."
                ),
                log=(report.detail,) if report.detail else (),
            )
        if address not in report.addresses:
            seen = ", ".join(sorted(report.addresses)) or "-"
            return ActionNeeded(
                say("The VM has address %(seen)s, not the planned %(planned)s.",
                    seen=seen, planned=address),
                meaning=say("The network settings were not taken over inside the VM."),
                next=say("Look at cloud-init in the VM's console, then choose retry, or stop."),
            )  # fmt: skip
        return ActionNeeded(
            say("The first set-up inside the VM has not finished in %(s)s seconds.", s=int(waited)),
            meaning=say("cloud-init is still at work, or hangs."),
            next=say("Look at the VM's console on the cluster, then choose retry, or stop."),
        )


def _same(key: str, is_: str | None, wanted: str) -> bool:
    if is_ is None:
        return wanted == ""
    if key == "tags":
        return set(is_.replace(",", ";").split(";")) == set(wanted.split(";"))
    if key == "net0":
        return _net(wanted) <= _net(is_)
    if key in {"sshkeys", "description"}:
        return is_.split() == wanted.split()
    return is_ == wanted


def _net(option: str) -> set[str]:
    """The parts of a net0 option string; the cluster adds the MAC (``virtio`` to ``virtio=…``)."""
    parts = {part.strip() for part in option.split(",") if part.strip()}
    return {part if "=" in part and ":" not in part else part.partition("=")[0] for part in parts}


def _seconds_since(moment: str) -> float:
    return (now() - datetime.fromisoformat(moment)).total_seconds()


def _pace(context: Context) -> float:
    return min(2.0, max(0.05, _seconds_since(context.memory["began"]) / 8))


def _boot_pace(waited: float) -> float:
    return min(5.0, max(0.2, waited / 10))
