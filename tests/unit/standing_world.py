"""A VM that stands in the small world, and a request for an action on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from provisioner.catalogue import Inventory, Office
from provisioner.drivers.hypervisor import (
    BackupJob,
    ClusterFacts,
    FirewallReading,
    FirewallRule,
    Machine,
    SnapshotReading,
    VolumeReading,
)
from provisioner.facts.cloud_vps import VmRecord
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.planner import Subject
from provisioner.services.cloud_vps.planner import plan as plan_creation
from provisioner.services.cloud_vps.planning import CloudVpsPlanning
from provisioner.settings import ClusterSettings
from tests.unit import plans_world as world

AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
MADE_AT = datetime(2026, 10, 1, tzinfo=UTC)
UUID = "5f2a9c1e-0001-4e5c-9d3b-3a5c1f0b7d11"
NUMBER, REQUEST = "VPS-2026-0001", "VPS-2026-0042"
ID = "vm-dc1-2000-ab12cd"
MARK = f"provisioner: request {NUMBER} department dinkes"
SETTINGS = world.SETTINGS.model_copy(
    update={"backup_storage": "pbs", "backup_job": "backup-opd"},
)
CREATION: Plan = plan_creation(world.wanted(settings=SETTINGS), world.facts(), Ledger())
"""The plan that made it: medium, on pve2, as VM 2000."""
INVENTORY = Inventory(
    world.INVENTORY.catalogue,
    world.INVENTORY.network,
    Office.model_construct(time_zone="Asia/Jakarta"),
)
BACKUP = "pbs:backup/vm/2000/2026-11-01T01:00:00Z"
FIREWALL = next(step.params for step in CREATION.steps if step.kind == "vm.firewall")


def record(**changes: Any) -> VmRecord:
    """Our record of the VM: active, until the end of the year."""
    base = VmRecord(
        id=ID, number=NUMBER, department="dinkes", name="web-dinkes", cluster="dc1", vmid=2000,
        uuid=UUID, node="pve2", address="10.10.10.100", user="admin-web", ssh_port=22,
        host_key="ssh-ed25519 AAAAhost", size="medium", image="debian-13", state="active",
        ending=False, ends_at=datetime(2026, 12, 31, 17, tzinfo=UTC), remove_at=None,
        details=dict(world.DETAILS), plan=json.loads(json.dumps(CREATION.to_json())),
        made_at=MADE_AT,
    )  # fmt: skip
    return replace(base, **changes)


def machine(**changes: Any) -> Machine:
    """The VM as the plan left it, running; ``options`` are merged over its own."""
    configure = next(step.params for step in CREATION.steps if step.kind == "vm.configure")
    more = changes.pop("options", {})
    options = {
        **configure["options"],
        "sshkeys": "\n".join(configure["ssh_keys"]),
        "name": "web-dinkes",
        "scsi0": "local-lvm:vm-2000-disk-0,size=40G",
        "protection": "1",
        **more,
    }
    base = Machine(
        vmid=2000, node="pve2", name="web-dinkes", power="running", lock=None, uuid=UUID.upper(),
        description=options["description"], tags=frozenset(options["tags"].split(";")),
        template=False, cores=2, memory_mb=4096, disks_gb={"scsi0": 40.0}, digest="d1",
        options={key: value for key, value in options.items() if value is not None},
    )  # fmt: skip
    return replace(base, **changes)


def snapshot(name: str = "before-update", days_ago: int = 3, **changes: Any) -> SnapshotReading:
    """One of ours."""
    base = SnapshotReading(name, f"{MARK} by VPS-2026-0030;", AT - timedelta(days=days_ago))
    return replace(base, **changes)


def backup(**changes: Any) -> VolumeReading:
    """One of ours, made three weeks ago."""
    base = VolumeReading(
        node="pve2", storage="pbs", volume=BACKUP, content="backup", vmid=2000, size_gb=11.5,
        made_at=datetime(2026, 11, 1, 1, tzinfo=UTC), notes=f"{MARK} by VPS-2026-0031;",
    )  # fmt: skip
    return replace(base, **changes)


def cluster(**changes: Any) -> ClusterFacts:
    """The small cluster with the VM in its listing and a storage for backups."""
    plain = world.cluster()
    pbs = tuple(
        world.storage(n.name, "pbs", shared=True, content=frozenset({"backup"}), kind="pbs")
        for n in plain.nodes
    )
    local = tuple(replace(s, kind="lvmthin") for s in plain.storages)
    listed = world.guest(
        2000, "pve2", name="web-dinkes", cores=2, memory_mb=4096, disk_gb=40.0, pool="opd-dinkes"
    )
    base = replace(plain, storages=(*local, *pbs), guests=(listed,), version="9.1.8")
    return replace(base, **changes)


@dataclass
class StandingCluster(world.SmallCluster):
    """A hypervisor that can be read, and nothing else: planning that changes something fails."""

    now: ClusterFacts = field(default_factory=cluster)
    vm: Machine | None = field(default_factory=machine)
    of_snapshots: tuple[SnapshotReading, ...] = ()
    of_backups: tuple[VolumeReading, ...] = ()
    of_pending: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)
    job: BackupJob | None = field(
        default_factory=lambda: BackupJob("backup-opd", True, frozenset({2000}), None, False, "pbs")
    )

    def machine(self, vmid: int) -> Machine | None:
        assert vmid == 2000
        return self.vm

    def snapshots(self, machine: Machine) -> tuple[SnapshotReading, ...]:
        self.asked.append("snapshots")
        return self.of_snapshots

    def backups(self, vmid: int) -> tuple[VolumeReading, ...]:
        self.asked.append("backups")
        return self.of_backups

    def pending(self, machine: Machine) -> frozenset[str]:
        self.asked.append("pending")
        return self.of_pending

    def firewall(self, machine: Machine) -> FirewallReading:
        self.asked.append("firewall")
        return firewall()

    def backup_job(self, job: str) -> BackupJob | None:
        self.asked.append("backup_job")
        return self.job


def firewall(**changes: Any) -> FirewallReading:
    """As our plan set it."""
    rules = tuple(FirewallRule(**rule) for rule in FIREWALL["rules"])
    base = FirewallReading(True, "DROP", True, rules, frozenset({"10.10.10.100"}))
    return replace(base, **changes)


@dataclass
class Scene:
    """The VM, the cluster and our books; ``plan`` plans an action there as the product does."""

    record: VmRecord | None = field(default_factory=record)
    cluster: StandingCluster = field(default_factory=StandingCluster)
    settings: ClusterSettings = SETTINGS
    offer: Mapping[str, Any] = field(default_factory=dict)
    """Changes to the catalogue's offer."""
    ledger: Ledger = field(default_factory=lambda: world.ledger_of(CREATION, NUMBER))
    at: datetime = AT

    def planning(self) -> CloudVpsPlanning:
        services = INVENTORY.catalogue.services
        assert services.cloud_vps is not None
        offer = services.cloud_vps.model_copy(update=dict(self.offer))
        catalogue = INVENTORY.catalogue.model_copy(
            update={"services": services.model_copy(update={"cloud_vps": offer})}
        )
        return CloudVpsPlanning(
            Inventory(catalogue, INVENTORY.network, INVENTORY.office),
            {"dc1": self.settings},
            {"dc1": self.cluster},
            world.SmallSeat(),
            lambda: world.OFFICE_KEY,
            lambda instance: self.record if instance == ID else None,
        )

    def plan(self, action: str, pinned: Mapping[str, Any] | None = None, **details: Any) -> Plan:
        subject = Subject(REQUEST, "dinkes", {"action": action, "instance": ID, **details})
        planning = self.planning()
        facts = replace(planning.read(subject, pinned), at=self.at)
        return planning.plan(subject, facts, self.ledger, pinned)


def scene(vm: Mapping[str, Any] | None = None, **changes: Any) -> Scene:
    """A scene whose machine differs by ``vm``."""
    found = Scene(**changes)
    if vm is not None:
        found.cluster.vm = machine(**vm)
    return found


EVERY_ACTION: Mapping[str, Mapping[str, Any]] = {
    "resize": {"size": "small"},
    "snapshot": {"name": "before-work"},
    "rollback": {"snapshot": "before-update"},
    "delete_snapshot": {"snapshot": "before-update"},
    "restart": {},
    "stop": {},
    "start": {},
    "add_key": {"ssh_keys": [world.OFFICE_KEY]},
    "rebuild": {"confirm": "web-dinkes"},
    "move": {},
    "backup": {},
    "restore": {"backup": BACKUP, "confirm": "web-dinkes"},
    "extend": {"until": "2027-06-30"},
    "suspend": {},
    "resume": {},
    "end": {"confirm": "web-dinkes"},
    "settle": {"how": "restore", "what": ["onboot"]},
}
"""A request for each action that holds by itself."""


def ready(action: str) -> Scene:
    """A scene in which the action of ``EVERY_ACTION`` can be planned."""
    found = Scene()
    cluster = found.cluster
    cluster.of_backups = (backup(),)
    if action in ("rollback", "delete_snapshot"):
        cluster.of_snapshots = (snapshot(),)
    if action in ("start", "resume"):
        cluster.vm = machine(power="stopped")
    if action == "resume":
        found.record = record(state="suspended")
    if action == "settle":
        cluster.vm = machine(options={"onboot": "0"})
    return found
