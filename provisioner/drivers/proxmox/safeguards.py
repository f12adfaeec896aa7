"""What is compared right before an order that destroys: whose VM, whose volume."""

from __future__ import annotations

import re

from provisioner.drivers.hypervisor import (
    BackUp,
    Destroy,
    DropBackup,
    FreeVolume,
    Machine,
    RestoreBackup,
    RollBack,
)
from provisioner.errors import Refused
from provisioner.texts import Message, say

_BACKUP = re.compile(r"vzdump-qemu-(\d+)-|(?:^|/)vm/(\d+)/")
"""A file's name, or the place in a Proxmox Backup Server."""


def check(order: Destroy | RollBack | RestoreBackup | BackUp, machine: Machine) -> None:
    """Raises Refused unless the VM, and the backup, are those that the order means."""
    if isinstance(order, BackUp):
        return  # it changes nothing
    if machine.template:
        raise _stranger(machine, say("It is a template."))
    if isinstance(order, Destroy) and not order.uuid:
        mark = order.description.strip()
        if not mark or machine.description.strip() != mark:
            raise _stranger(machine, say("It does not carry our mark."))
    elif order.uuid is not None and not _is_same(machine.uuid, order.uuid):
        raise _stranger(machine, say("Its UUID is another one."))
    if isinstance(order, RestoreBackup):
        _check_backup(order.volume, order.vmid)


def check_left_over(order: FreeVolume) -> None:
    """Raises Refused unless the volume's own name carries the VMID."""
    storage, _, path = order.volume.partition(":")
    if not storage or not path.rpartition("/")[2].startswith(f"vm-{order.vmid}-"):
        raise _foreign_volume(order.volume, order.vmid)


def check_drop(order: DropBackup) -> None:
    """Raises Refused unless it is a backup whose own name carries the VMID."""
    _check_backup(order.volume, order.vmid)


def volume_in_use(order: FreeVolume) -> Refused:
    """There is a VM of that number: its volumes are no left-overs."""
    return Refused(
        say("The volume %(volume)s is left alone.", volume=order.volume),
        meaning=say("A VM with the number %(vmid)s exists, so it may be in use.", vmid=order.vmid),
        next=say("Remove the VM first if it is ours."),
    )


def _is_same(uuid: str | None, wanted: str) -> bool:
    return bool(wanted) and (uuid or "").lower() == wanted.lower()


def _check_backup(volume: str, vmid: int) -> None:
    found = _BACKUP.search(volume.partition(":")[2])
    if not found or (found[1] or found[2]) != str(vmid):
        raise _foreign_volume(volume, vmid)


def _foreign_volume(volume: str, vmid: int) -> Refused:
    return Refused(
        say("The volume %(volume)s is left alone.", volume=volume),
        meaning=say("Its name does not say that it belongs to VM %(vmid)s.", vmid=vmid),
        next=say("The administrator looks whose it is and removes it by hand."),
    )


def _stranger(machine: Machine, why: Message) -> Refused:
    return Refused(
        say(
            "VM %(vmid)s (%(name)s) on node %(node)s is left alone. %(why)s",
            vmid=machine.vmid,
            name=machine.name,
            node=machine.node,
            why=why,
        ),
        meaning=say("It is not the VM that we made, so it is never removed or overwritten by us."),
        next=say("Find out on the cluster whose VM it is; ours is no longer there."),
    )
