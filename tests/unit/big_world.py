"""A large office to plan in: as many nodes and VMs as are asked for, all of them in our books."""

from __future__ import annotations

from dataclasses import replace

from provisioner.catalogue import ServerNetwork
from provisioner.drivers.hypervisor import NodeReading
from provisioner.facts.cloud_vps import CloudVpsFacts
from provisioner.plans.claims import HeldClaim, Ledger
from provisioner.services.cloud_vps.wanted import PlanInput
from tests.unit import plans_world as world

NETWORK = ServerNetwork.model_validate(
    {
        "cluster": "dc1", "bridge": "vmbr0", "vlan": 120, "cidr": "10.20.0.0/16",
        "gateway": "10.20.255.1", "assignable": ["10.20.0.2-10.20.254.250"],
        "reserved": ["10.20.0.2-10.20.0.99"],
    }
)  # fmt: skip


def big_world(nodes: int = 16, vms: int = 2000) -> tuple[PlanInput, CloudVpsFacts, Ledger]:
    """A request, the cluster and the ledger; each VM has 2 GiB and four claims of its own."""
    names = [f"pve{i:02d}" for i in range(nodes)]
    facts = world.cluster(
        nodes=tuple(NodeReading(name, True, 128, 1024 * 1024, 512 * 1024) for name in names),
        storages=tuple(
            reading
            for name in names
            for reading in (
                world.storage(name, total_gb=20_000.0, free_gb=9_000.0),
                world.storage(name, "ceph", shared=True),
            )
        ),
        guests=tuple(world.guest(2000 + i, names[i % nodes], memory_mb=2048) for i in range(vms)),
        templates=tuple(world.template(900 + i, name) for i, name in enumerate(names)),
        bridges={name: frozenset({"vmbr0"}) for name in names},
    )
    claims = [claim for i in range(vms) for claim in _claims(i, names[i % nodes])]
    settings = world.SETTINGS.model_copy(update={"vmid_range": (2000, 9000)})
    wanted = replace(world.wanted(settings=settings, application="app-3"), network=NETWORK)
    return wanted, CloudVpsFacts(facts), Ledger(tuple(claims))


def _claims(i: int, node: str) -> tuple[HeldClaim, ...]:
    number, vmid = f"VPS-2026-{i:04d}", str(2000 + i)
    address = f"10.20.{i // 200}.{i % 200 + 50}"
    amounts = {
        "cores": 2, "memory_mb": 2048, "disk_gb": 20, "storage": "local-lvm", "shared": False,
        "department": f"opd-{i % 40}", "application": f"app-{i % 300}",
    }  # fmt: skip
    return (
        HeldClaim("vmid", "dc1", vmid, number),
        HeldClaim("address", "server-opd", address, number, amounts={"quarantine_hours": 24}),
        HeldClaim("name", "dc1", f"host-{i}", number),
        HeldClaim("capacity", f"dc1/{node}", vmid, number, amounts=amounts),
    )
