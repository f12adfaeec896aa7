"""What a lab cluster is made of: nodes, storages, templates, standing guests, network and times."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from dataclasses import dataclass, field, replace
from typing import Any, Literal

GIB = 1024**3
MIB = 1024**2


@dataclass(frozen=True)
class LabNode:
    """One node; ``memory_used_gb`` and ``cpu`` are what the host itself takes."""

    name: str
    cores: int = 16
    memory_gb: float = 64
    memory_used_gb: float = 3
    cpu: float = 0.04


@dataclass(frozen=True)
class LabStorage:
    """A storage of that size on every node (``lvmthin``, ``dir``) or one for all (``nfs``)."""

    name: str
    kind: Literal["lvmthin", "dir", "nfs"]
    size_gb: float
    content: str = "images,rootdir"

    @property
    def shared(self) -> bool:
        return self.kind == "nfs"


@dataclass(frozen=True)
class LabGuest:
    """A VM that stands when the lab starts; a template carries a cloud-init drive and the agent."""

    vmid: int
    name: str
    node: str
    storage: str
    cores: int = 1
    memory_mb: int = 1024
    disk_gb: int = 10
    running: bool = True
    template: bool = False
    tags: str = ""
    description: str = ""
    pool: str = ""


@dataclass(frozen=True)
class LabImage:
    """An image that /download-url can fetch; its content is pretended, its checksum is not."""

    url: str
    size_gb: float = 0.4
    disk_gb: int = 3

    def checksum(self, algorithm: str) -> str:
        """Of what is downloaded, by md5, sha1, sha224, sha256, sha384 or sha512."""
        return hashlib.new(algorithm, self.url.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class LabNetwork:
    """Where guests live: an address plan of 127.0.0.0/8 and the one SSH port of all guests."""

    name: str = "server-opd"
    cidr: str = "127.31.1.0/24"
    ssh_port: int = 2222
    bridge: str = "vmbr0"
    vlan: int | None = 120
    seat: str = "127.0.0.1"
    """Where those who knock at guests come from, as firewalls see them."""
    first: int = 100
    last: int = 199
    """What the inventory gives out of it."""

    def address(self, number: int) -> str:
        return str(ipaddress.ip_network(self.cidr)[number])


@dataclass(frozen=True)
class Times:
    """How long things take, in seconds of a real cluster; ``LabPlan.speed`` divides them all."""

    linked_clone: float = 0.6
    allocate: float = 0.3
    copy_gib: float = 5.0
    config: float = 0.2
    resize: float = 0.5
    start: float = 1.2
    stop: float = 0.8
    destroy: float = 0.8
    migrate: float = 3.0
    shutdown: float = 4.0
    """What a guest takes to halt when asked to."""
    snapshot: float = 1.5
    backup: float = 3.0
    backup_gib: float = 6.0
    restore_gib: float = 6.0
    download_gib: float = 8.0
    firewall: float = 5.0
    """What a node takes to enforce changed rules."""
    high_availability: float = 6.0
    """After which the HA manager does what it was asked to."""
    boot: float = 24.0
    agent_after: float = 0.6
    """Share of the boot after which the guest agent answers."""
    statistics: float = 10.0
    """What /cluster/resources may lag behind."""
    refusal: float = 3.0
    """Delay of every 401 and of an agent that does not answer."""


_NODES = (LabNode("pve1"), LabNode("pve2", memory_gb=96, cores=24), LabNode("pve3", memory_gb=32))
_STORAGES = (
    LabStorage("local", "dir", 100, "iso,vztmpl,backup,import"),
    LabStorage("local-lvm", "lvmthin", 500),
    LabStorage("shared", "nfs", 2000),
    LabStorage("backup", "nfs", 4000, "backup"),
)
_TAG = "tpl-debian-13"
_GUESTS = (
    LabGuest(9000, "debian-13", "pve1", "shared", disk_gb=2, memory_mb=512, template=True),
    *(
        LabGuest(
            9010 + i,
            "debian-13-" + node,
            node,
            "local-lvm",
            disk_gb=2,
            memory_mb=512,
            template=True,
            tags=_TAG,
        )
        for i, node in enumerate(("pve1", "pve2", "pve3"), 1)
    ),
    LabGuest(101, "web-portal", "pve1", "local-lvm", 4, 8192, 80),
    LabGuest(102, "db-simpeg", "pve1", "local-lvm", 4, 16384, 200),
    LabGuest(103, "mail", "pve2", "local-lvm", 4, 8192, 120),
    LabGuest(104, "e-office", "pve2", "shared", 8, 16384, 150),
    LabGuest(105, "monitoring", "pve3", "local-lvm", 2, 4096, 40),
    LabGuest(106, "old-survey", "pve3", "local-lvm", 2, 4096, 40, running=False),
)


@dataclass(frozen=True)
class LabJob:
    """A backup job that stands when the lab starts; it never runs by itself."""

    id: str = "office-nightly"
    vmids: tuple[int, ...] = (101, 102, 103)
    storage: str = "backup"
    schedule: str = "02:30"


IMAGE = LabImage("https://images.contoh.example/debian-13-genericcloud-amd64.qcow2")


@dataclass(frozen=True)
class LabPlan:
    """One lab cluster. ``ports`` 0 lets the system choose; one URL and certificate per node."""

    name: str = "dc1"
    speed: float = 80.0
    nodes: tuple[LabNode, ...] = _NODES
    storages: tuple[LabStorage, ...] = _STORAGES
    guests: tuple[LabGuest, ...] = _GUESTS
    network: LabNetwork = LabNetwork()
    times: Times = Times()
    least_patience: float = 1.0
    """Seconds of this machine that a lock is waited for at least, however fast the lab is."""
    token_id: str = "provisioner@pve!service"  # noqa: S105 - a name, not a secret
    token_secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    privileges: frozenset[str] | None = None
    """Of the token, on everything; None gives those that the product needs."""
    root_password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    ports: tuple[int, ...] = (0, 0, 0)
    pools: tuple[str, ...] = ("opd-dinkes", "opd-disdik")
    version: str = "9.1.8"
    """Of Proxmox VE; with 8.x the guest agent's privileges are the one VM.Monitor."""
    images: tuple[LabImage, ...] = (IMAGE,)
    jobs: tuple[LabJob, ...] = (LabJob(),)
    firewall: bool = True
    """Whether the firewall of the datacenter is on; that of each VM is off at first."""


def big_plan(nodes: int = 8, standing: int = 0, **changes: Any) -> LabPlan:
    """A cluster of many nodes with room for thousands of VMs; ``standing`` of them are there.

    The template 9000 is on shared storage, 9011 and up are copies of it on each node's own disks;
    guests have the addresses .1.0 and up of a /16.
    """
    names = [f"pve{number}" for number in range(1, nodes + 1)]
    shape = LabGuest(9000, "debian-13", "pve1", "shared", 1, 512, 2, template=True)
    copies = (
        replace(shape, vmid=9010 + i, name=f"debian-13-{n}", node=n, storage="local-lvm", tags=_TAG)
        for i, n in enumerate(names, 1)
    )
    stand = (
        LabGuest(10000 + i, f"stands-{i}", names[i % nodes], "local-lvm", 2, 2048, 20, i % 10 != 0)
        for i in range(standing)
    )
    plan = LabPlan(
        nodes=tuple(LabNode(name, cores=64, memory_gb=1024) for name in names),
        storages=(
            LabStorage("local", "dir", 1000, "iso,vztmpl,backup,import"),
            LabStorage("local-lvm", "lvmthin", 8000),
            LabStorage("shared", "nfs", 50000),
            LabStorage("backup", "nfs", 50000, "backup"),
        ),
        guests=(shape, *copies, *stand),
        jobs=(LabJob(vmids=(9000,)),),
        network=LabNetwork(cidr="127.48.0.0/16", first=256, last=4095),
        ports=(0,) * nodes,
    )
    return replace(plan, **changes)
