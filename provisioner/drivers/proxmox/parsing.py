"""The cluster's records and option strings, read into our own types (shapes: recorded PVE 9.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from provisioner.drivers.hypervisor import (
    BackupJob,
    GuestReading,
    Machine,
    NodeReading,
    Power,
    SnapshotReading,
    StorageReading,
    TemplateReading,
    VolumeReading,
)

EPOCH = datetime.fromtimestamp(0, UTC)

_MIB, _GIB = 1 << 20, 1 << 30
_DISK = re.compile(r"(?:scsi|virtio|sata|ide)\d+")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_CLONEABLE = frozenset({"lvmthin", "zfspool", "zfs", "rbd", "btrfs"})
_FILE_BASED = frozenset({"dir", "nfs", "cifs", "cephfs", "glusterfs"})
_POWERS: Mapping[str, Power] = {"running": "running", "stopped": "stopped", "paused": "paused"}
_HALTED = frozenset({"paused", "suspended", "io-error", "internal-error", "guest-panicked"})
"""QEMU's words for a VM that has a process and does not run."""
_EMPTIED = "maintenance"
_NEVER = frozenset({"cipassword", "digest", "lock"})


def node(row: Mapping[str, Any], maintenance: frozenset[str] = frozenset()) -> NodeReading:
    """A node of /cluster/resources; one that is away has no figures."""
    return NodeReading(
        name=row["node"],
        online=row.get("status") == "online",
        cores=int(row.get("maxcpu") or 0),
        memory_mb=int(row.get("maxmem") or 0) // _MIB,
        memory_used_mb=int(row.get("mem") or 0) // _MIB,
        maintenance=row["node"] in maintenance,
    )


def in_maintenance(status: Mapping[str, Any]) -> frozenset[str]:
    """The nodes that /cluster/ha/status/manager_status says are being emptied.

    The node's own mode says so at once, the manager's list a few seconds later.
    """
    manager, own = _inner(status, "manager_status"), _inner(status, "lrm_status")
    listed = {name for name, state in _inner(manager, "node_status").items() if state == _EMPTIED}
    asked = {name for name in own if _inner(own, name).get("mode") == _EMPTIED}
    return frozenset(listed | asked)


def _inner(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def storage(row: Mapping[str, Any]) -> StorageReading:
    """A storage of /cluster/resources, as one node sees it."""
    total, used = int(row.get("maxdisk") or 0), int(row.get("disk") or 0)
    return StorageReading(
        node=row["node"],
        name=row["storage"],
        shared=bool(int(row.get("shared") or 0)),
        active=row.get("status") == "available",
        content=frozenset(str(row.get("content") or "").split(",")) - {""},
        total_gb=total / _GIB,
        free_gb=max(total - used, 0) / _GIB,
        kind=str(row.get("plugintype") or ""),
    )


def guest(row: Mapping[str, Any]) -> GuestReading:
    """A VM or container of /cluster/resources."""
    return GuestReading(
        vmid=int(row["vmid"]),
        node=row["node"],
        name=str(row.get("name") or ""),
        template=bool(int(row.get("template") or 0)),
        cores=int(row.get("maxcpu") or 0),
        memory_mb=int(row.get("maxmem") or 0) // _MIB,
        disk_gb=int(row.get("maxdisk") or 0) / _GIB,
        power=_POWERS.get(str(row.get("status")), "unknown"),
        tags=tags(row.get("tags")),
        pool=str(row["pool"]) if row.get("pool") else None,
    )


def snapshot(row: Mapping[str, Any]) -> SnapshotReading:
    """A row of /snapshot."""
    return SnapshotReading(
        name=str(row["name"]),
        description=str(row.get("description") or ""),
        taken_at=_moment(row.get("snaptime")) or EPOCH,
        memory=bool(row.get("vmstate")),
    )


def volume(node_name: str, row: Mapping[str, Any]) -> VolumeReading:
    """A row of a storage's content: a disk, of a VM or a container, or a backup."""
    name = str(row["volid"])
    storage_name, _, path = name.partition(":")
    vmid = str(row.get("vmid") or "")
    return VolumeReading(
        node=node_name,
        storage=storage_name,
        volume=name,
        content="backup" if row.get("content") == "backup" else "images",
        vmid=int(vmid) if vmid.isdigit() else None,
        size_gb=int(row.get("size") or 0) / _GIB,
        made_at=_moment(row.get("ctime")),
        notes=str(row.get("notes") or ""),
        protected=bool(int(row.get("protected") or 0)),
        base=path.rpartition("/")[2].startswith("base-"),
    )


def backup_job(row: Mapping[str, Any], nobody: int) -> BackupJob:
    """A row of /cluster/backup; ``nobody`` is the number that stands for no VM."""
    return BackupJob(
        id=str(row["id"]),
        enabled=str(row.get("enabled", 1)) != "0",
        vmids=_vmids(row.get("vmid")) - {nobody},
        pool=str(row["pool"]) if row.get("pool") else None,
        everything=bool(int(row.get("all") or 0)),
        storage=str(row.get("storage") or ""),
        excluded=_vmids(row.get("exclude")),
    )


def _vmids(text: object) -> frozenset[int]:
    return frozenset(int(part) for part in re.split(r"[;,\s]+", str(text or "")) if part.isdigit())


def _moment(seconds: object) -> datetime | None:
    return datetime.fromtimestamp(int(str(seconds)), UTC) if seconds else None


def tags(text: object) -> frozenset[str]:
    """Tags, however a version of PVE separates them."""
    return frozenset(re.split(r"[;,\s]+", str(text or "").strip())) - {""}


def options(text: object) -> dict[str, str]:
    """``local:vm-1-disk-0,size=2G`` as {"": "local:vm-1-disk-0", "size": "2G"}."""
    found: dict[str, str] = {}
    for part in str(text or "").split(","):
        key, equals, value = part.partition("=")
        if equals:
            found[key.strip()] = value.strip()
        elif part.strip():
            found.setdefault("", part.strip())
    return found


def size_gb(text: str) -> float:
    """The ``size=`` of a disk in GiB; 0 where it is missing."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", text)
    return float(found[1]) * _UNITS[found[2]] / _GIB if found else 0.0


def disks(config: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Disk key to its options, drives for media left out."""
    found = {key: options(value) for key, value in config.items() if _DISK.fullmatch(key)}
    return {
        key: drive
        for key, drive in sorted(found.items())
        if drive.get("media") != "cdrom" and _volume(drive) not in ("", "none", "cdrom")
    }


def machine(node_name: str, config: Mapping[str, Any], status: Mapping[str, Any]) -> Machine:
    """A VM from its configuration and its current status."""
    return Machine(
        vmid=int(status["vmid"]),
        node=node_name,
        name=str(config.get("name") or ""),
        power=power(status),
        lock=str(config["lock"]) if config.get("lock") else None,
        uuid=options(config.get("smbios1")).get("uuid"),
        description=str(config.get("description") or ""),
        tags=tags(config.get("tags")),
        template=bool(int(config.get("template") or 0)),
        cores=int(config.get("cores") or 1) * int(config.get("sockets") or 1),
        memory_mb=_memory(config.get("memory")),
        disks_gb={key: size_gb(drive.get("size", "")) for key, drive in disks(config).items()},
        digest=str(config.get("digest") or ""),
        options=_plain(config),
        ha_managed=str(_inner(status, "ha").get("managed") or 0) not in ("0", ""),
    )


def power(status: Mapping[str, Any]) -> Power:
    """The power state of status/current; a paused VM runs for PVE, not for us."""
    if status.get("status") == "running" and status.get("qmpstatus") in _HALTED:
        return "paused"
    return _POWERS.get(str(status.get("status")), "unknown")


def template(
    reading: GuestReading, config: Mapping[str, Any], storages: Mapping[str, Mapping[str, Any]]
) -> TemplateReading | None:
    """A template from its configuration, or None where it has no disk to clone.

    ``storages`` are the rows of /cluster/resources of the template's node, by name.
    """
    drives = disks(config)
    boot = _boot_disk(config, drives)
    if boot is None:
        return None
    name = _volume(drives[boot]).partition(":")[0]
    row = storages.get(name, {})
    return TemplateReading(
        vmid=reading.vmid,
        node=reading.node,
        name=reading.name,
        disk=boot,
        disk_gb=size_gb(drives[boot].get("size", "")),
        storage=name,
        storage_shared=bool(int(row.get("shared") or 0)),
        cloud_init=any(
            "cloudinit" in str(value) for key, value in config.items() if _DISK.fullmatch(key)
        ),
        agent=has_agent(config.get("agent")),
        linked_clone=all(_clones(_volume(drive), storages) for drive in drives.values()),
        net0=str(config.get("net0") or ""),
    )


def _clones(volume: str, storages: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the storage makes linked clones of a volume (pve-storage, volume_has_feature)."""
    name, _, path = volume.partition(":")
    if not path.rpartition("/")[2].startswith("base"):
        return False
    return str(storages.get(name, {}).get("plugintype")) in _CLONEABLE | _FILE_BASED


def _boot_disk(config: Mapping[str, Any], drives: Mapping[str, object]) -> str | None:
    order = options(config.get("boot")).get("order", "").split(";")
    named = [*order, str(config.get("bootdisk") or "")]
    usual = ["scsi0", "virtio0", "sata0", "ide0", *drives]
    return next((key for key in [*named, *usual] if key in drives), None)


def _volume(drive: Mapping[str, str]) -> str:
    return drive.get("") or drive.get("file", "")


def has_agent(value: object) -> bool:
    agent = options(value)
    return agent.get("", agent.get("enabled", "0")) == "1"


def _memory(value: object) -> int:
    """MiB of ``memory``, which is ``512`` or ``current=512``; PVE's own default is 512."""
    memory = options(value)
    return int(memory.get("") or memory.get("current") or 512)


def _plain(config: Mapping[str, Any]) -> dict[str, str]:
    found = {
        key: str(value)
        for key, value in config.items()
        if key not in _NEVER and not isinstance(value, (dict, list))
    }
    if "sshkeys" in found:
        found["sshkeys"] = unquote(found["sshkeys"])
    return found
