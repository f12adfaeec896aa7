"""What the product asks of a hypervisor cluster, in our own types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from provisioner.errors import Refused, StepFailure

TaskStatus = Literal["running", "ok", "failed"]
CloneKind = Literal["linked", "full"]
Power = Literal["running", "stopped", "paused", "unknown"]


class VmidTaken(Refused):
    """The VMID belongs to another guest of the cluster: take another one, touch nothing."""

    slug = "vmid-taken"  # type: ignore[assignment]  # Refused's was inferred as one literal


@dataclass(frozen=True)
class NodeReading:
    """One node as the cluster reports it now; memory in MiB."""

    name: str
    online: bool
    cores: int
    memory_mb: int
    memory_used_mb: int


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


@dataclass(frozen=True)
class TemplateKey:
    """Which template: by VMID, or by a tag (then one per node may exist)."""

    vmid: int | None = None
    tag: str | None = None


@dataclass(frozen=True)
class Machine:
    """One VM's configuration and state, read now."""

    vmid: int
    node: str
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


@dataclass(frozen=True)
class Clone:
    """Make VM ``vmid`` from a template; the mark stands in ``name`` and ``description``."""

    template: int
    template_node: str
    vmid: int
    node: str
    """Where the clone shall live; the template's node unless its storage is shared."""
    name: str
    description: str
    kind: CloneKind
    storage: str | None = None
    """Only for full clones."""
    pool: str | None = None


@dataclass(frozen=True)
class Configure:
    """Set options of a stopped VM by task; ``secret`` values never reach a log."""

    vmid: int
    node: str
    options: Mapping[str, str]
    digest: str | None = None
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class GrowDisk:
    """Grow a disk to ``size_gb`` GiB; never shrinks."""

    vmid: int
    node: str
    disk: str
    size_gb: int


@dataclass(frozen=True)
class PowerOn:
    """Start a VM; already running counts as done."""

    vmid: int
    node: str


@dataclass(frozen=True)
class PowerOff:
    """Stop a VM at once, as pulling the plug; already stopped counts as done."""

    vmid: int
    node: str


@dataclass(frozen=True)
class Destroy:
    """Remove a stopped VM and its disks from the cluster and every job that names it.

    The caller has made sure that it is ours; ``uuid`` (or, while that is unknown, ``description``)
    is compared once more right before the call, and a stranger's VM is refused.
    """

    vmid: int
    node: str
    uuid: str | None
    description: str


@dataclass(frozen=True)
class FreeVolume:
    """Remove a volume that a failed clone left behind; its name must carry ``vmid``."""

    vmid: int
    node: str
    volume: str


Order = Clone | Configure | GrowDisk | PowerOn | PowerOff | Destroy | FreeVolume


@dataclass(frozen=True)
class TaskHandle:
    """A task of the cluster; an empty ``id`` says that nothing had to be done."""

    id: str
    node: str


@dataclass(frozen=True)
class TaskState:
    """Where a task is; ``exit`` is the cluster's own word, ``log`` its last lines."""

    status: TaskStatus
    exit: str = ""
    warnings: bool = False
    log: tuple[str, ...] = ()
    failure: StepFailure | None = field(default=None, compare=False)
    """What a failed task means, by who must act; ready to be raised."""


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


class Hypervisor(Protocol):
    """One cluster. Every method may raise the four failures of ``errors`` and nothing else.

    Reads raise Retriable (node or network away for the moment), ActionNeeded (token, certificate,
    privilege), never OutcomeUnknown. ``submit`` raises OutcomeUnknown when the call may have been
    carried out, and never repeats a call itself whose outcome it does not know.
    """

    def facts(self, templates: tuple[TemplateKey, ...] = ()) -> ClusterFacts:
        """Capacity, storages, guests and the named templates."""
        ...

    def machine(self, vmid: int) -> Machine | None:
        """The VM on whatever node it is, or None if the cluster has none of that number."""
        ...

    def volumes(self, vmid: int) -> tuple[tuple[str, str], ...]:
        """(node, volume id) of every volume that carries this VMID, on every storage."""
        ...

    def clone_task(self, clone: Clone, since: datetime) -> TaskHandle | None:
        """A clone task of our own token, started since ``since``, that makes ``clone.vmid``."""
        ...

    def submit(self, order: Order) -> TaskHandle:
        """Hand an order to the cluster; returns at once with its task."""
        ...

    def task(self, handle: TaskHandle) -> TaskState:
        """Where the task is."""
        ...

    def guest(self, machine: Machine) -> GuestReport:
        """What the guest agent of a VM says, without ever executing anything in it."""
        ...
