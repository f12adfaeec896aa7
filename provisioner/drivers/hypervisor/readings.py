"""What a cluster tells of itself: nodes, storages, guests, templates, backups, rights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from provisioner.drivers.hypervisor.orders import FirewallRule

Power = Literal["running", "stopped", "paused", "unknown"]


@dataclass(frozen=True)
class NodeReading:
    """One node as the cluster reports it now; memory in MiB."""

    name: str
    online: bool
    cores: int
    memory_mb: int
    memory_used_mb: int
    maintenance: bool = False
    """The administrator is emptying it (HA maintenance mode): nothing new goes there."""


@dataclass(frozen=True)
class StorageReading:
    """A storage as one node sees it; sizes in GiB, ``content`` as PVE names it (images, iso …)."""

    node: str
    name: str
    shared: bool
    active: bool
    content: frozenset[str]
    total_gb: float
    free_gb: float
    kind: str = ""
    """PVE's plugin type: lvmthin, zfspool, rbd, nfs, dir, pbs …"""


@dataclass(frozen=True)
class GuestReading:
    """One VM or container of the listing, running or not; it may lag by ten seconds."""

    vmid: int
    node: str
    name: str
    template: bool
    cores: int
    memory_mb: int
    disk_gb: float
    power: Power
    tags: frozenset[str] = frozenset()
    pool: str | None = None


@dataclass(frozen=True)
class TemplateReading:
    """A template with what a clone of it needs; ``disk`` is the boot disk (scsi0 …)."""

    vmid: int
    node: str
    name: str
    disk: str
    disk_gb: float
    storage: str
    storage_shared: bool
    cloud_init: bool
    agent: bool
    linked_clone: bool
    """The storage can make linked clones of it."""
    net0: str
    """The template's net0 option string, whose options besides bridge and tag a VM keeps."""


@dataclass(frozen=True)
class ClusterFacts:
    """What planning needs to know of a cluster, read a moment ago."""

    cluster: str
    read_at: datetime
    quorate: bool
    nodes: tuple[NodeReading, ...]
    storages: tuple[StorageReading, ...]
    guests: tuple[GuestReading, ...]
    templates: tuple[TemplateReading, ...]
    """Only those asked for; a template asked for and not there is absent."""
    bridges: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Node to the names of its bridges."""
    version: str = ""
    """As PVE says it, such as ``9.1.8``; empty where the token may not read it."""
    firewall_on: bool | None = None
    """Whether the firewall of the whole datacenter is on; None where it may not be read."""


@dataclass(frozen=True)
class TemplateKey:
    """Which template: by VMID, or by a tag (then one per node may exist)."""

    vmid: int | None = None
    tag: str | None = None


@dataclass(frozen=True)
class Placed:
    """A VM by its number, and the node that it is on."""

    vmid: int
    node: str


@dataclass(frozen=True)
class Machine(Placed):
    """One VM's configuration and state, read now."""

    name: str
    power: Power
    lock: str | None
    uuid: str | None
    """SMBIOS UUID."""
    description: str
    tags: frozenset[str]
    template: bool
    cores: int
    memory_mb: int
    disks_gb: Mapping[str, float]
    """Disk key (scsi0) to size in GiB, the cloud-init drive left out."""
    digest: str
    options: Mapping[str, str] = field(default_factory=dict)
    """The raw option strings (net0, ipconfig0, ciuser, sshkeys decoded …), no password."""
    ha_managed: bool = False
    """The cluster keeps it running by itself; tasks of power only pass the wish on (17)."""


@dataclass(frozen=True)
class SnapshotReading:
    """One snapshot of a VM (the running state ``current`` is none)."""

    name: str
    description: str
    taken_at: datetime
    memory: bool = False


@dataclass(frozen=True)
class VolumeReading:
    """One volume of a storage: a disk (``images``) or a backup of a VM."""

    node: str
    storage: str
    volume: str
    content: Literal["images", "backup"]
    vmid: int | None
    size_gb: float
    made_at: datetime | None = None
    notes: str = ""
    protected: bool = False
    base: bool = False
    """A template's disk."""


@dataclass(frozen=True)
class FirewallReading:
    """A VM's firewall as it stands. ``rules`` are all rules that let something in."""

    enabled: bool
    policy_in: str
    ip_filter: bool
    rules: tuple[FirewallRule, ...]
    addresses: frozenset[str]
    """Of the ip-filter set of net0."""
    on_cluster: bool = True
    """Whether the firewall of the whole datacenter is on; without it no VM's works."""


@dataclass(frozen=True)
class BackupJob:
    """A job of the cluster; it covers a VM by its number, by its pool, or as one of all."""

    id: str
    enabled: bool
    vmids: frozenset[int]
    pool: str | None
    everything: bool
    storage: str
    excluded: frozenset[int] = frozenset()

    def covers(self, vmid: int, pool: str | None) -> bool:
        """Whether the VM is backed up by it."""
        if self.everything:
            return vmid not in self.excluded
        return vmid in self.vmids or (self.pool is not None and self.pool == pool)


@dataclass(frozen=True)
class GuestFacts:
    """What the agent says of the system inside; empty where it does not tell."""

    hostname: str = ""
    system: str = ""
    """Such as ``Debian GNU/Linux 13 (trixie)``."""
    kernel: str = ""
    filesystems: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Mount point to (GiB used, GiB in all)."""


@dataclass(frozen=True)
class Rights:
    """What the token may do: privileges by path, propagation resolved by the cluster itself."""

    version: str
    paths: Mapping[str, frozenset[str]]
    not_below: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Those of ``paths`` that hold on the path itself and not below it (no propagation)."""

    def has(self, path: str, privilege: str) -> bool:
        """Whether the token holds it there: on the path itself or inherited from above."""
        parts = path.rstrip("/").split("/")
        own, *above = ["/".join(parts[:n]) or "/" for n in range(len(parts), 0, -1)]
        if own in self.paths:
            return privilege in self.paths[own]
        handed_down = (
            self.paths[p] - self.not_below.get(p, frozenset()) for p in above if p in self.paths
        )
        return privilege in next((held for held in handed_down if held), frozenset())


@dataclass(frozen=True)
class GuestReport:
    """What the guest agent says; ``answering`` is false while it does not (the rest is empty)."""

    answering: bool
    addresses: frozenset[str] = frozenset()
    host_keys: tuple[str, ...] = ()
    """Public host keys, ``ssh-ed25519 AAAA…`` without comment."""
    cloud_init: Literal["done", "running", "error", "unknown"] = "unknown"
    cloud_init_errors: tuple[str, ...] = ()
    detail: str = ""
    running: bool = True
    """False when the cluster says that the VM is off, or not on that node (any more)."""
