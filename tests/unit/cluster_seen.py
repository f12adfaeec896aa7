"""A cluster with one VM of ours in order, as it was read; tests change what they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from provisioner.checks.catalogue import CATALOGUE
from provisioner.checks.chain import Chain, VmPoint
from provisioner.checks.model import Finding, Result, Target
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor import (
    GuestFacts,
    GuestReport,
    Machine,
    SnapshotReading,
    StorageReading,
    VolumeReading,
)
from provisioner.drivers.hypervisor.health import ClusterHealth, NodeHealth, VmHealth
from provisioner.drivers.outlook import Fetched, Reached

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
URL = "https://layanan.contoh.example/"
VM = "dc1/2001"
POINT = VmPoint(
    instance="i-1",
    name="web-dinkes",
    cluster="dc1",
    vmid=2001,
    node="pve1",
    addresses=("10.10.10.100/24",),
    backed_up=True,
    urls=(URL,),
    since=NOW - timedelta(days=90),
)
MACHINE = Machine(
    vmid=2001,
    node="pve1",
    name="web-dinkes",
    power="running",
    lock=None,
    uuid="u",
    description="mark",
    tags=frozenset(),
    template=False,
    cores=2,
    memory_mb=2048,
    disks_gb={"scsi0": 20.0},
    digest="d",
    options={"agent": "1", "scsi0": "shared:2001/vm-2001-disk-0.qcow2,size=20G"},
)


def backup(days: float, vmid: int = 2001) -> VolumeReading:
    name = f"backup:backup/vzdump-qemu-{vmid}.vma.zst"
    made = NOW - timedelta(days=days)
    return VolumeReading("pve1", "backup", name, "backup", vmid, 1.0, made)


def snapshot(days: float) -> SnapshotReading:
    return SnapshotReading("before-update", "", NOW - timedelta(days=days))


VM_HEALTH = VmHealth(
    vmid=2001,
    machine=MACHINE,
    state="running",
    report=GuestReport(answering=True, addresses=frozenset({"10.10.10.100"})),
    inside=GuestFacts(filesystems={"/": (4.0, 18.0), "/boot/efi": (0.01, 0.1)}),
    snapshots=(snapshot(3),),
    backups=(backup(0.5),),
    cpu_percent=3.0,
    memory_percent=55.0,
    uptime=90000.0,
)


def node(name: str, **changes: Any) -> NodeHealth:
    until = NOW + timedelta(days=400)
    return replace(NodeHealth(name, True, False, 8.0, 40.0, 12.0, 1e6, 0.4, until), **changes)


def storage(node: str, name: str, content: str, shared: bool, used: float = 40) -> StorageReading:
    return StorageReading(
        node, name, shared, True, frozenset(content.split(",")), 100.0, 100.0 - used, "nfs"
    )


HEALTH = ClusterHealth(
    cluster="dc1",
    at=NOW,
    version="9.1.8",
    quorate=True,
    nodes=(node("pve1"), node("pve2")),
    storages=tuple(
        storage(where, name, content, shared)
        for where in ("pve1", "pve2")
        for name, content, shared in (
            ("local-lvm", "images,rootdir", False),
            ("shared", "images", True),
            ("backup", "backup", True),
            ("isos", "iso", True),
        )
    ),
)


def seen(
    vm: Mapping[str, Any] | None = None,
    cluster: Mapping[str, Any] | None = None,
    point: Mapping[str, Any] | None = None,
    target: Target = Target("instance", "i-1"),  # noqa: B008 - a value
    **changes: Any,
) -> Seen:
    """All in order but for the changes to the VM's health, the cluster's, our record, the rest."""
    ours = replace(POINT, **(point or {}))
    chain = Chain(target, "web-dinkes", vms=(ours,), clusters=("dc1",), urls=(URL,))
    healthy = Seen(
        at=NOW,
        chain=chain,
        clusters={"dc1": replace(HEALTH, **(cluster or {}))},
        vms={VM: replace(VM_HEALTH, **(vm or {}))},
        reached={VM: Reached("10.10.10.100", 1.2, pinged=True, ports={22: 1.5})},
        settings={VM: ()},
        fetched={URL: Fetched(URL, 200, 30.0, certificate_until=NOW + timedelta(days=60))},
    )
    return replace(healthy, **changes)


OURS = tuple(
    key
    for key in CATALOGUE
    if key.split(".")[0] in {"vm", "node", "cluster", "storage", "task", "service", "certificate"}
)


def results(read: Seen) -> list[Result]:
    return [result for key in OURS for result in CATALOGUE[key].judge(read)]


def findings(read: Seen) -> list[Finding]:
    return [result.finding for result in results(read) if result.finding]
