"""Configuring, growing and starting the VM that the run makes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.database import now
from provisioner.drivers.hypervisor import (
    Configure,
    GrowDisk,
    Machine,
    Order,
    PowerOff,
    PowerOn,
)
from provisioner.errors import ActionNeeded
from provisioner.runs.steps.base import Context, Done, Wait
from provisioner.runs.steps.orders import OneOrder, seconds_since
from provisioner.runs.steps.ownership import is_ours, own_machine, vmid_of
from provisioner.runs.steps.removing import give_order, order_in_hand
from provisioner.texts import say

CONSOLE_PASSWORD = "console-password"  # noqa: S105 — the kind of secret, not a secret


class ConfigureVm(OneOrder):
    """Size, network, cloud-init and marks, while the VM is switched off."""

    def needed(self, context: Context, machine: Machine) -> Order | None:
        wanted = self._wanted(context)
        differing = {
            k: v for k, v in wanted.items() if not same_option(k, machine.options.get(k), v)
        }
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

    def evidence(self, machine: Machine) -> Sequence[Mapping[str, Any]]:
        return ({"cores": machine.cores, "memory_mb": machine.memory_mb, "name": machine.name},)

    @staticmethod
    def _wanted(context: Context) -> dict[str, str]:
        options = {key: str(value) for key, value in context.params["options"].items()}
        return {**options, "sshkeys": "\n".join(context.params["ssh_keys"])}


class GrowVmDisk(OneOrder):
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

    def evidence(self, machine: Machine) -> Sequence[Mapping[str, Any]]:
        return ({"disks_gb": dict(machine.disks_gb)},)


class AddVmDisk(OneOrder):
    """A further disk, empty; it is found by its key, so it is never made twice."""

    def needed(self, context: Context, machine: Machine) -> Order | None:
        disk, storage = context.params["disk"], context.params["storage"]
        if disk in machine.disks_gb:
            return None
        if context.memory.get("done"):
            context.remember({"done": None})
            raise ActionNeeded(
                say("VM %(vmid)s has no disk %(disk)s.", vmid=machine.vmid, disk=disk),
                meaning=say("The cluster reported success but the disk is not there."),
                next=say("Look at the disk and its storage on the cluster, then choose retry."),
            )
        value = f"{storage}:{int(context.params['size_gb'])}"
        return Configure(machine.vmid, machine.node, {disk: value}, digest=machine.digest)

    def evidence(self, machine: Machine) -> Sequence[Mapping[str, Any]]:
        return ({"disks_gb": dict(machine.disks_gb)},)


class StartVm(OneOrder):
    """Switch the VM on."""

    def needed(self, context: Context, machine: Machine) -> Order | None:
        if machine.power == "running":
            return None
        return PowerOn(vmid=machine.vmid, node=machine.node)

    def apply(self, context: Context) -> Done | Wait:
        began = context.memory.get("first_try") or now().isoformat()
        if "first_try" not in context.memory:
            context.remember({"first_try": began})
        elif seconds_since(began) > 120 and "task" not in context.memory:
            machine = own_machine(context)
            if machine.power != "running":
                context.remember({"first_try": None})
                raise ActionNeeded(
                    say("VM %(vmid)s does not stay switched on.", vmid=machine.vmid),
                    meaning=say("It was started and is off again."),
                    next=say("Look at its start task and console on the cluster, then retry."),
                )
        return super().apply(context)

    def take_back(self, context: Context) -> Done | Wait:
        if wait := order_in_hand(context):
            return wait
        machine = context.hypervisor.machine(vmid_of(context))
        if machine is None or machine.power == "stopped" or not is_ours(machine, context):
            return Done(changed=False)  # whose it is, the step that made it will tell
        off = PowerOff(vmid=machine.vmid, node=machine.node)
        return give_order(context, off, say("Switching the VM off"))


def same_option(key: str, is_: str | None, wanted: str) -> bool:
    """Whether an option of the VM says what is wanted, however the cluster writes it."""
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
