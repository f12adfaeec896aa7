"""A small world to plan in: a cluster, a catalogue and a request, as plain values."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from provisioner.catalogue import Catalogue, Inventory, Network, Office
from provisioner.drivers.hypervisor import (
    Clone,
    ClusterFacts,
    GuestReading,
    GuestReport,
    Machine,
    NodeReading,
    Order,
    StorageReading,
    TaskHandle,
    TaskState,
    TemplateKey,
    TemplateReading,
)
from provisioner.drivers.seat import CommandResult, Door
from provisioner.facts.cloud_vps import CloudVpsFacts
from provisioner.plans.claims import HeldClaim, Ledger
from provisioner.plans.model import Plan
from provisioner.services.cloud_vps.wanted import PlanInput, plan_input
from provisioner.settings import ClusterSettings

GIB = 1024


def _key(comment: str) -> str:
    public = Ed25519PrivateKey.generate().public_key()
    return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + f" {comment}"


APPLICANT_KEY = _key("applicant")
OFFICE_KEY = _key("office")

SETTINGS = ClusterSettings(
    urls=["https://pve1.test:8006"],
    verify=["sha256:00"],
    token_id="t@pve!t",
    token_secret="env:T",
    vmid_range=(2000, 2099),
    disk_storage="local-lvm",
    pool="opd-{department}",
)

INVENTORY = Inventory(
    catalogue=Catalogue.model_validate(
        {
            "services": {
                "cloud_vps": {
                    "sla_working_days": 3,
                    "letters": ["signed"],
                    "sizes": {
                        "small": {"cores": 1, "memory_mb": 1024, "disk_gb": 10},
                        "medium": {"cores": 2, "memory_mb": 4096, "disk_gb": 40},
                        "tiny": {"cores": 1, "memory_mb": 512, "disk_gb": 3},
                    },
                    "images": {
                        "debian-13": {
                            "title": "Debian 13",
                            "templates": {"dc1": {"tag": "tpl-debian-13"}},
                        }
                    },
                }
            }
        }
    ),
    network=Network.model_validate(
        {
            "networks": {
                "server-opd": {
                    "cluster": "dc1",
                    "bridge": "vmbr0",
                    "vlan": 120,
                    "cidr": "10.10.10.0/24",
                    "gateway": "10.10.10.1",
                    "dns": ["10.10.10.1", "10.10.10.2"],
                    "assignable": ["10.10.10.100-10.10.10.199"],
                    "quarantine_hours": 24,
                }
            }
        }
    ),
    office=Office.model_construct(),
)

DETAILS: dict[str, Any] = {
    "hostname": "web-dinkes",
    "purpose": "the department's web site",
    "size": "medium",
    "image": "debian-13",
    "network": "server-opd",
    "ssh_keys": [APPLICANT_KEY],
    "admin_user": "admin-web",
    "open_ports": [{"port": 443, "protocol": "tcp"}],
}


def template(vmid: int = 9001, node: str = "pve1", **changes: Any) -> TemplateReading:
    """A sound template of 3 GiB on the node's own storage."""
    base = TemplateReading(
        vmid=vmid,
        node=node,
        name="debian-13",
        disk="scsi0",
        disk_gb=3.0,
        storage="local-lvm",
        storage_shared=False,
        cloud_init=True,
        agent=True,
        linked_clone=True,
        net0="virtio=BC:24:11:00:00:01,bridge=vmbr9,firewall=1,tag=7",
    )
    return replace(base, **changes)


def storage(node: str, name: str = "local-lvm", **changes: Any) -> StorageReading:
    """An active storage of 500 GiB, 400 GiB free."""
    base = StorageReading(
        node=node, name=name, shared=False, active=True,
        content=frozenset({"images", "rootdir"}), total_gb=500.0, free_gb=400.0,
    )  # fmt: skip
    return replace(base, **changes)


def guest(vmid: int, node: str = "pve1", **changes: Any) -> GuestReading:
    """Somebody's VM: 2 cores, 4 GiB, 20 GiB."""
    base = GuestReading(
        vmid=vmid, node=node, name=f"guest-{vmid}", template=False, cores=2,
        memory_mb=4 * GIB, disk_gb=20.0, power="running",
    )  # fmt: skip
    return replace(base, **changes)


def cluster(**changes: Any) -> ClusterFacts:
    """Three nodes of 64, 96 and 32 GiB with templates of their own; pve2 has the most room."""
    sizes = {"pve1": 64, "pve2": 96, "pve3": 32}
    base = ClusterFacts(
        cluster="dc1",
        read_at=datetime(2026, 11, 22, tzinfo=UTC),
        quorate=True,
        nodes=tuple(
            NodeReading(name, online=True, cores=16, memory_mb=gib * GIB, memory_used_mb=8 * GIB)
            for name, gib in sizes.items()
        ),
        storages=tuple(storage(name, free_gb=450.0 if name == "pve2" else 400.0) for name in sizes),
        guests=(),
        templates=tuple(template(9001 + i, name) for i, name in enumerate(sizes)),
        bridges={name: frozenset({"vmbr0"}) for name in sizes},
    )
    return replace(base, **changes)


def facts(**changes: Any) -> CloudVpsFacts:
    """The same, nothing answering anywhere."""
    return CloudVpsFacts(cluster(**changes))


def wanted(
    number: str = "VPS-2026-0001", settings: ClusterSettings = SETTINGS, **details: Any
) -> PlanInput:
    """A request of Dinkes for a medium VM."""
    return plan_input(
        number,
        "dinkes",
        {**DETAILS, **details},
        inventory=INVENTORY,
        clusters={"dc1": settings},
        office_public_key=OFFICE_KEY,
    )


def ledger_of(plan: Plan, owner: str = "VPS-2026-0999", quarantine: bool = False) -> Ledger:
    """The ledger in which somebody has claimed what this plan claims."""
    return Ledger(
        tuple(
            HeldClaim(c.kind, c.scope, c.key, owner, quarantine, dict(c.amounts))
            for c in plan.claims
        )
    )


@dataclass
class SmallCluster:
    """A hypervisor that only has facts; whatever is asked beyond that was not for planning."""

    now: ClusterFacts = field(default_factory=cluster)
    reads: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def facts(self, templates: tuple[TemplateKey, ...] = ()) -> ClusterFacts:
        with self._lock:
            self.reads += 1
        return self.now

    def machine(self, vmid: int) -> Machine | None:
        raise AssertionError(vmid)

    def volumes(self, vmid: int) -> tuple[tuple[str, str], ...]:
        raise AssertionError(vmid)

    def clone_task(self, clone: Clone, since: datetime) -> TaskHandle | None:
        raise AssertionError(clone, since)

    def submit(self, order: Order) -> TaskHandle:
        raise AssertionError(order)

    def task(self, handle: TaskHandle) -> TaskState:
        raise AssertionError(handle)

    def guest(self, machine: Machine) -> GuestReport:
        raise AssertionError(machine)


@dataclass
class SmallSeat:
    """A seat from which strangers can be seen; it changes nothing, so neither may planning."""

    strangers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answers(self, address: str, ports: tuple[int, ...]) -> str | None:
        assert ports
        self.asked.append(address)
        return self.strangers.get(address)

    def open(self, address: str, port: int) -> bool:
        raise AssertionError(address, port)

    def accepts_key(self, door: Door, public_key: str) -> bool:
        raise AssertionError(door, public_key)

    def login(self, door: Door, command: str = "true") -> CommandResult:
        raise AssertionError(door, command)
