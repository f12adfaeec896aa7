"""How a cluster and a VM of it are doing, as the cluster says: neutral, no judgement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from provisioner.drivers.hypervisor.readings import (
    GuestFacts,
    GuestReport,
    Machine,
    SnapshotReading,
    StorageReading,
    VolumeReading,
)


@dataclass(frozen=True)
class NodeHealth:
    """One node; None and '' where the cluster does not say (the token may not, the node is off)."""

    name: str
    online: bool
    maintenance: bool = False
    cpu_percent: float | None = None
    memory_percent: float | None = None
    root_percent: float | None = None
    """Used of its root file system."""
    uptime: float | None = None
    clock_offset: float | None = None
    """Seconds by which its clock is ahead of ours."""
    certificate_until: datetime | None = None
    """When the certificate that its API shows expires."""
    version: str = ""


@dataclass(frozen=True)
class FailedTask:
    """A task that ended badly; ``text`` is its exit status as PVE writes it."""

    node: str
    kind: str
    """PVE's type: vzdump, qmstart, qmclone …"""
    id: str
    """What it was about: a VMID, mostly."""
    ended_at: datetime
    text: str


@dataclass(frozen=True)
class ClusterHealth:
    """One cluster as it is doing."""

    cluster: str
    at: datetime
    version: str
    quorate: bool
    nodes: tuple[NodeHealth, ...]
    storages: tuple[StorageReading, ...]
    failed: tuple[FailedTask, ...] = ()
    """Of the last day, the newest first; as far as the token may see."""
    untold: Mapping[str, str] = field(default_factory=dict)
    """What could not be read (``node pve2``, ``certificates``, ``tasks`` …), and why."""


@dataclass(frozen=True)
class VmHealth:
    """One VM as it is doing. ``machine`` None: the cluster has none of that number."""

    vmid: int
    machine: Machine | None
    node_online: bool = True
    """False: it is on a node that is off, so ``machine`` could not be read."""
    state: str = ""
    """QEMU's own word where it has a process: running, paused, io-error …"""
    working: str = ""
    """PVE's type of the task that holds its lock just now."""
    report: GuestReport | None = None
    """Of its agent; None where the VM is off or its configuration has no agent."""
    inside: GuestFacts | None = None
    snapshots: tuple[SnapshotReading, ...] = ()
    backups: tuple[VolumeReading, ...] = ()
    """Newest first."""
    cpu_percent: float | None = None
    memory_percent: float | None = None
    uptime: float | None = None
    untold: Mapping[str, str] = field(default_factory=dict)
    """What could not be read (``agent``, ``snapshots``, ``backups``), and why."""
