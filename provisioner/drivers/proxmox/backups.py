"""Backups and disks on the storages, and the cluster's jobs that make backups by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from provisioner.drivers.hypervisor import BackupJob, RestoreBackup, VolumeReading
from provisioner.drivers.proxmox import parsing
from provisioner.drivers.proxmox.at_once import each
from provisioner.drivers.proxmox.connection import Connection
from provisioner.errors import ActionNeeded, Refused, Retriable
from provisioner.texts import say

NOBODY = 999999999
"""PVE's largest VMID, never given out: stands in a job whose last VM was taken out (and which is
switched off then), as PVE knows no job without VMs and Destroy would remove it with its last one.
"""


def volumes(connection: Connection, vmid: int) -> tuple[tuple[str, str], ...]:
    """(node, volume id) of every volume of a VM; a storage that is away is left out."""

    def on(place: tuple[str, str]) -> list[tuple[str, str]]:
        node, storage = place
        rows = connection.rows(
            "nodes", node, "storage", storage, "content", vmid=vmid, content="images"
        )
        return [(node, str(row["volid"])) for row in rows if str(row.get("vmid")) == str(vmid)]

    places = _places(connection, {"images", "rootdir"})
    return tuple(sorted(volume for found in each(on, places) for volume in found))


def backups(connection: Connection, vmid: int) -> tuple[VolumeReading, ...]:
    """Newest first."""
    found = _read(connection, {"backup"}, {"vmid": vmid, "content": "backup"})
    own = (volume for volume in found if volume.vmid == vmid)
    return tuple(sorted(own, key=lambda v: v.made_at or parsing.EPOCH, reverse=True))


def stored(connection: Connection) -> tuple[VolumeReading, ...]:
    """Every disk and backup, by storage and name."""
    found = _read(connection, {"images", "rootdir", "backup"}, {})
    return tuple(sorted(found, key=lambda v: (v.storage, v.node, v.volume)))


def is_there(connection: Connection, volume: str, vmid: int, node: str) -> bool:
    """Whether the storage, as the node sees it, lists the backup, as one of that VM."""
    storage = volume.partition(":")[0]
    rows = connection.rows(
        "nodes", node, "storage", storage, "content", vmid=vmid, content="backup"
    )
    return any(row.get("volid") == volume for row in rows)


def check_there(connection: Connection, order: RestoreBackup, node: str) -> None:
    """Raises Refused where the VM's node does not have the backup: the old disks would be lost."""
    if not is_there(connection, order.volume, order.vmid, node):
        raise Refused(
            say("Node %(node)s does not have the backup %(file)s.", node=node, file=order.volume),
            meaning=say("It was deleted, or it lies on a storage of another node only."),
            next=say("Choose another backup, or move the VM to the node where this one lies."),
        )


def job(connection: Connection, name: str) -> BackupJob | None:
    """One job of the cluster."""
    rows = connection.rows("cluster", "backup")
    row = next((row for row in rows if row.get("id") == name), None)
    return None if row is None else parsing.backup_job(row, NOBODY)


def join(
    connection: Connection, name: str, vmid: int, pool_of: Callable[[int], str | None]
) -> None:
    """Name the VM in the job. Raises ActionNeeded where that would change whom else it covers."""
    found = job(connection, name)
    if found is None:
        raise ActionNeeded(
            say("The cluster has no backup job %(job)s.", job=name),
            meaning=say("Without it the VM would not be backed up."),
            next=say("Make the job on the cluster, or correct `backup_job`, then retry."),
            who="administrator",
        )
    if found.covers(vmid, pool_of(vmid) if found.pool else None):
        return
    if found.everything or found.pool is not None:
        raise ActionNeeded(
            say("The backup job %(job)s does not name its VMs one by one.", job=name),
            meaning=say("A VM added to it would take the place of all others that it backs up."),
            next=say(
                "Let the job cover VM %(vmid)s on the cluster (its pool, or its list of "
                "exceptions), then retry.",
                vmid=vmid,
            ),
            who="administrator",
        )
    data: dict[str, Any] = {"vmid": _list({*found.vmids, vmid})}
    if not found.vmids:  # it was switched off by us, when it lost its last VM
        data["enabled"] = 1
    connection.send("PUT", "cluster", "backup", name, **data)
    _read_back(connection, name, vmid, wanted=True)


def leave(connection: Connection, name: str, vmid: int) -> None:
    """Take the VM off the job's list; a job of all or of a pool needs nothing."""
    found = job(connection, name)
    if found is None or vmid not in found.vmids:
        return
    left = found.vmids - {vmid}
    data: dict[str, Any] = {"vmid": _list(left or {NOBODY})}
    if not left:
        data["enabled"] = 0
    connection.send("PUT", "cluster", "backup", name, **data)
    _read_back(connection, name, vmid, wanted=False)


def _list(vmids: Iterable[int]) -> str:
    return ",".join(str(vmid) for vmid in sorted(vmids))


def _read_back(connection: Connection, name: str, vmid: int, *, wanted: bool) -> None:
    """The list is written as a whole, without a check of the cluster's against another writer."""
    found = job(connection, name)
    if found is None or (vmid in found.vmids) != wanted:
        raise Retriable(
            say("The backup job %(job)s was changed at the same time.", job=name),
            meaning=say("Another change overwrote ours."),
            next=say("Nothing to do: it is tried again by itself."),
            after=3,
        )


def _places(connection: Connection, content: set[str]) -> list[tuple[str, str]]:
    """(node, storage) to ask, a shared one through one node only."""
    rows = connection.rows("cluster", "resources", type="storage")
    storages = [parsing.storage(row) for row in rows if row.get("type") == "storage"]
    usable = [s for s in storages if s.active and s.content & content]
    asked = {(s.name, "" if s.shared else s.node): s.node for s in reversed(usable)}
    return [(node, storage) for (storage, _), node in asked.items()]


def _read(
    connection: Connection, content: set[str], filters: Mapping[str, Any]
) -> list[VolumeReading]:
    """The volumes on all storages; one that does not answer at the moment is left out."""

    def on(place: tuple[str, str]) -> list[VolumeReading]:
        node, storage = place
        try:
            rows: list[Mapping[str, Any]] = [
                *connection.rows("nodes", node, "storage", storage, "content", **filters)
            ]
        except Retriable:
            return []
        return [parsing.volume(node, row) for row in rows if row.get("content") in content]

    return [volume for found in each(on, _places(connection, content)) for volume in found]
