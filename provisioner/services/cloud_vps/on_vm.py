"""Steps on a VM that stands, with what each changes and how it is undone; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.facts.cloud_vps import VmRecord, mark
from provisioner.plans.model import Change, Step
from provisioner.services.cloud_vps.steps import PROXMOX, SSH
from provisioner.settings import ClusterSettings
from provisioner.texts import Message, say

BOOKS = "books"
"""The driver of steps that change our own records alone."""
NO_WAY_BACK = say("This cannot be undone.")


def vm_step(
    record: VmRecord,
    kind: str,
    title: Message,
    params: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    driver: str = PROXMOX,
    changes: Sequence[Change] = (),
    undo: Message | None = None,
) -> Step:
    """A step whose params say whose VM it is: nothing else is touched."""
    whose = {"uuid": record.uuid, "number": record.number}
    return Step(
        key=key or kind,
        kind=kind,
        title=title,
        target=f"{record.cluster}/VM {record.vmid}",
        driver=driver,
        params={"cluster": record.cluster, "vmid": record.vmid, "vm": whose, **(params or {})},
        changes=tuple(changes),
        undo=undo,
    )


def vm_name(record: VmRecord) -> str:
    """What people call it in a plan."""
    return f"VM {record.vmid} ({record.name})"


def note(record: VmRecord, by: str, words: str = "") -> str:
    """The note of a snapshot or backup: the VM's own mark, who asked for it, and what they said."""
    return f"{mark(record.number)} by {by}; {words}".rstrip("; ") + ";"


def power(
    record: VmRecord, settings: ClusterSettings, wanted: str, *, key: str | None = None
) -> Step:
    """On or off; a guest is asked first."""
    off, on = say("off"), say("on")
    starts = wanted == "running"
    before, after = (off, on) if starts else (on, off)
    return vm_step(
        record,
        "vm.power",
        say("Switch it on") if starts else say("Shut it down"),
        {"wanted": wanted, "seconds": settings.timeouts.shutdown},
        key=key,
        changes=[Change(say("power of %(vm)s", vm=vm_name(record)), before, after)],
        undo=say("It is brought back to the state it had."),
    )


def reconfigure(
    record: VmRecord,
    title: Message,
    options: Mapping[str, str],
    before: Mapping[str, str],
    changes: Sequence[Change] = (),
    delete: Sequence[str] = (),
) -> Step:
    """Options set and taken away; ``before`` holds what they were, where they were there."""
    return vm_step(
        record,
        "vm.reconfigure",
        title,
        {"options": dict(options), "before": dict(before), "delete": list(delete)},
        changes=changes,
        undo=say("The former settings are put back."),
    )


def start_at_boot(record: VmRecord, *, on: bool) -> Step:
    """Whether the VM starts together with its node."""
    words = say("yes"), say("no")
    before, after = words[::-1] if on else words
    return reconfigure(
        record,
        say("Let it start together with its node")
        if on
        else say("Let it no longer start together with its node"),
        {"onboot": "1" if on else "0"},
        {"onboot": "0" if on else "1"},
        [Change(say("start of %(vm)s with its node", vm=vm_name(record)), before, after)],
    )


def protect(record: VmRecord, *, on: bool, key: str) -> Step:
    """On or off again around what a protected VM does not allow."""
    words = say("on"), say("off")
    before, after = words[::-1] if on else words
    return vm_step(
        record,
        "vm.protect",
        say("Protect it against removal again")
        if on
        else say("Take its protection against removal off for a moment"),
        {"on": on},
        key=key,
        changes=[Change(say("protection of %(vm)s", vm=vm_name(record)), before, after)],
        undo=say("The protection is as it was."),
    )


def backup(record: VmRecord, storage: str, text: str) -> Step:
    """A backup at once."""
    return vm_step(
        record,
        "vm.backup",
        say("Back it up to %(storage)s", storage=storage),
        {"storage": storage, "note": text},
        changes=[Change(say("backup of %(vm)s", vm=vm_name(record)), None, storage)],
        undo=say("The backup made is removed again."),
    )


def reach(record: VmRecord) -> Step:
    """Proof that it answers at its address, as the machine it was."""
    return vm_step(
        record,
        "vm.reach",
        say("Prove from outside that it can be reached"),
        door_of(record),
        driver=SSH,
    )


def door_of(record: VmRecord) -> dict[str, Any]:
    """Where the VM lets people in."""
    return {
        "address": record.address,
        "port": record.ssh_port,
        "user": record.user,
        "host_key": record.host_key,
    }


def delete_snapshot(record: VmRecord, name: str) -> Step:
    """Remove a snapshot for good."""
    what = say("snapshot %(name)s of %(vm)s", name=name, vm=vm_name(record))
    return vm_step(
        record,
        "vm.delete_snapshot",
        say("Remove the snapshot %(name)s", name=name),
        {"name": name},
        changes=[Change(what, say("kept"), None)],
        undo=NO_WAY_BACK,
    )


def remove(record: VmRecord, settings: ClusterSettings) -> Step:
    """Take it off the cluster with its disks."""
    name = vm_name(record)
    return vm_step(
        record,
        "vm.remove",
        say("Remove it from the cluster with its disks and settings"),
        {"backup_job": settings.backup_job},
        changes=[
            Change(name, say("on %(node)s", node=record.node), None),
            Change(say("disks, snapshots and firewall of %(vm)s", vm=name), say("kept"), None),
        ],
        undo=NO_WAY_BACK,
    )


def prove_gone(record: VmRecord, settings: ClusterSettings, pool: str | None) -> Step:
    """Read back that nothing of it is left."""
    return vm_step(
        record,
        "vm.prove_gone",
        say("Prove that nothing of it is left"),
        {
            "address": record.address,
            "port": record.ssh_port,
            "pool": pool,
            "backup_job": settings.backup_job,
        },
    )
