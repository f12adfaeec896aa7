"""What can be ordered of a cluster, and the task that an order becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from provisioner.errors import Refused

CloneKind = Literal["linked", "full"]


class VmidTaken(Refused):
    """The VMID belongs to another guest of the cluster: take another one, touch nothing."""

    slug = "vmid-taken"  # type: ignore[assignment]  # Refused's was inferred as one literal


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
    """Set options of a VM by task; ``secret`` values never reach a log.

    On a running VM some only become pending (19): ``Hypervisor.pending`` tells which.
    """

    vmid: int
    node: str
    options: Mapping[str, str]
    digest: str | None = None
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)
    delete: tuple[str, ...] = ()
    """Options to take away."""


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


@dataclass(frozen=True)
class Shutdown:
    """Ask the guest to switch itself off; after ``seconds`` its plug is pulled."""

    vmid: int
    node: str
    seconds: int


@dataclass(frozen=True)
class Restart:
    """Shut down and start again, so that pending options take effect."""

    vmid: int
    node: str
    seconds: int


@dataclass(frozen=True)
class TakeSnapshot:
    """Keep the disks (never the memory) under a name; ``description`` carries our mark."""

    vmid: int
    node: str
    name: str
    description: str


@dataclass(frozen=True)
class RollBack:
    """Put a VM back to a snapshot; what came since is lost, and it is off afterwards.

    With ``uuid`` it is checked before the call like ``Destroy``.
    """

    vmid: int
    node: str
    name: str
    uuid: str | None = None


@dataclass(frozen=True)
class DropSnapshot:
    """Remove a snapshot; one that is not there counts as done."""

    vmid: int
    node: str
    name: str


@dataclass(frozen=True)
class Migrate:
    """Move a VM to another node; ``storage`` is where its local disks go there, None: the same."""

    vmid: int
    node: str
    target: str
    online: bool
    storage: str | None = None
    local_disks: bool = False


@dataclass(frozen=True)
class BackUp:
    """Back a VM up at once (vzdump, mode snapshot); ``notes`` carry our mark."""

    vmid: int
    node: str
    storage: str
    notes: str
    protected: bool = False


@dataclass(frozen=True)
class RestoreBackup:
    """Put a stopped VM's backup in its own place; its disks and settings are overwritten.

    Checked before the call like ``Destroy``: ``uuid`` is that of the VM that stands there now.
    """

    vmid: int
    node: str
    volume: str
    uuid: str
    storage: str | None = None


@dataclass(frozen=True)
class DropBackup:
    """Remove a backup; its volume name must carry ``vmid``. Gone already counts as done."""

    vmid: int
    node: str
    volume: str


@dataclass(frozen=True)
class FirewallRule:
    """Let something in; ``comment`` carries our mark, by which we know our rules again."""

    protocol: str
    """tcp, udp or icmp."""
    port: int | None
    comment: str
    source: str | None = None


@dataclass(frozen=True)
class SetFirewall:
    """The VM's firewall: on, everything in refused but ``rules``, sending only as ``addresses``.

    Brings about the difference only; rules without our mark are left as they are. Harmless to
    repeat. The calls are synchronous, so there is no task.
    """

    vmid: int
    node: str
    rules: tuple[FirewallRule, ...]
    addresses: tuple[str, ...]
    """For the ip-filter of net0; empty switches it off."""
    enabled: bool = True


@dataclass(frozen=True)
class EnsurePool:
    """Make a pool; one that is there counts as done."""

    pool: str
    comment: str


@dataclass(frozen=True)
class JoinBackupJob:
    """Add a VM to a backup job that names its VMs; one that has it already counts as done."""

    job: str
    vmid: int


@dataclass(frozen=True)
class LeaveBackupJob:
    """Take a VM out of a backup job; the job itself stays, even when it is empty."""

    job: str
    vmid: int


@dataclass(frozen=True)
class WriteGuestFile:
    """Replace a file's content inside a running VM through its agent; no program is run there."""

    vmid: int
    node: str
    path: str
    content: str = field(repr=False)


@dataclass(frozen=True)
class Download:
    """Fetch a cloud image to a storage of a node (content ``import``), its checksum verified."""

    node: str
    storage: str
    url: str
    file_name: str
    checksum: str
    algorithm: Literal["sha256", "sha512"] = "sha512"


@dataclass(frozen=True)
class MakeVm:
    """A VM from options alone, such as one whose disk is imported from an image."""

    vmid: int
    node: str
    options: Mapping[str, str]


@dataclass(frozen=True)
class MakeTemplate:
    """Turn a stopped VM into a template; one that is a template already counts as done."""

    vmid: int
    node: str


VmOrder = (
    Configure
    | GrowDisk
    | PowerOn
    | PowerOff
    | Shutdown
    | Restart
    | TakeSnapshot
    | RollBack
    | DropSnapshot
    | Migrate
    | BackUp
    | RestoreBackup
    | DropBackup
    | SetFirewall
    | WriteGuestFile
)
"""Orders to a VM that stands."""

Order = (
    VmOrder
    | Clone
    | Destroy
    | FreeVolume
    | EnsurePool
    | JoinBackupJob
    | LeaveBackupJob
    | Download
    | MakeVm
    | MakeTemplate
)
