"""A small cluster for the doctor: what it reads, as plain values, sound unless told otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from provisioner.doctor.cluster import examine_cluster
from provisioner.doctor.finding import Finding
from provisioner.doctor.look import setup_of
from provisioner.doctor.privileges import CLUSTER_ROLE, ROLE, role_privileges
from provisioner.drivers.hypervisor import (
    BackupJob,
    ClusterFacts,
    FirewallReading,
    Machine,
    Rights,
    TemplateKey,
)
from provisioner.errors import ActionNeeded, StepFailure
from provisioner.settings import ClusterSettings
from provisioner.texts import say
from tests.unit.plans_world import INVENTORY, SETTINGS, cluster, guest, storage

ROOT = ["/", "/vms", "/storage", "/sdn/zones", "/nodes", "/pool"]
SOUND: Mapping[str, str] = {
    "boot": "order=scsi0",
    "serial0": "socket",
    "scsihw": "virtio-scsi-single",
    "scsi0": "local-lvm:base-9001-disk-0,size=3G",
    "ide2": "local-lvm:vm-9001-cloudinit,media=cdrom",
}

OPEN = FirewallReading(True, "DROP", False, (), frozenset())


def granted(version: str = "9.1.8", **less: frozenset[str]) -> Rights:
    """What pve-token.sh grants; ``less`` by path without slashes: ``vms={"VM.Clone"}`` lacks it."""
    number = (int(version[0]), int(version[2]))
    paths = {path: role_privileges(number, ROLE) for path in ROOT[1:]}
    paths["/"] = role_privileges(number, CLUSTER_ROLE) - {"Sys.Modify"}
    paths = {p: held - less.get(p.strip("/").replace("/", "_"), set()) for p, held in paths.items()}
    held = {path: privileges for path, privileges in paths.items() if privileges}
    return Rights(version, held, not_below={"/": held.get("/", frozenset())})


def settings(**changes: Any) -> ClusterSettings:
    """Three nodes nobody calls here: their certificates are not looked at in these tests."""
    return SETTINGS.model_copy(
        update={"urls": [], "pool": None, "backup_storage": "local", **changes}
    )


def facts(**changes: Any) -> ClusterFacts:
    """The planner's cluster, its templates in the listing, a storage for files beside."""
    base = cluster()
    guests = tuple(
        guest(t.vmid, t.node, template=True, tags=frozenset({"tpl-debian-13"}))
        for t in base.templates
    )
    files = tuple(
        storage(node.name, "local", content=frozenset({"backup", "import", "iso"}), kind="dir")
        for node in base.nodes
    )
    usual = {"guests": guests, "storages": (*base.storages, *files), "version": "9.1.8"}
    return replace(base, **usual | changes)


@dataclass
class Still:
    """A cluster that only answers; writing to it is an error, and each call is counted."""

    rights_: Rights | StepFailure = field(default_factory=granted)
    facts_: ClusterFacts | StepFailure = field(default_factory=facts)
    options: Mapping[str, str] = field(default_factory=lambda: SOUND)
    firewall_: FirewallReading = OPEN
    job: BackupJob | None = None
    pools_: Mapping[str, frozenset[int]] = field(default_factory=dict)
    lock: str | None = None
    calls: list[str] = field(default_factory=list)

    def rights(self) -> Rights:
        self.calls.append("rights")
        return answer(self.rights_)

    def facts(self, templates: tuple[TemplateKey, ...] = ()) -> ClusterFacts:
        self.calls.append("facts")
        return answer(self.facts_)

    def machine(self, vmid: int) -> Machine | None:
        self.calls.append("machine")
        reading = next(t for t in answer(self.facts_).templates if t.vmid == vmid)
        return Machine(
            vmid, reading.node, reading.name, "stopped", self.lock, "u", "", frozenset(), True, 1,
            512, {reading.disk: 3.0}, "d", {**self.options, "net0": reading.net0},
        )  # fmt: skip

    def firewall(self, machine: Machine) -> FirewallReading:
        self.calls.append("firewall")
        return self.firewall_

    def backup_job(self, job: str) -> BackupJob | None:
        self.calls.append("backup_job")
        return self.job

    def pools(self) -> Mapping[str, frozenset[int]]:
        self.calls.append("pools")
        return self.pools_


def answer(given: Any) -> Any:
    if isinstance(given, StepFailure):
        raise given
    return given


def refusal() -> ActionNeeded:
    """As the driver's, when the token may not even see the nodes."""
    return ActionNeeded(say("It says: no."), meaning=say("Why."), next=say("Do this."))


def findings(still: Still, config: ClusterSettings | None = None) -> list[Finding]:
    """All that the doctor says of it."""
    setup = setup_of("dc1", config or settings(), INVENTORY)
    return list(examine_cluster(setup, lambda name: still))  # type: ignore[arg-type, return-value]


def ill(still: Still, config: ClusterSettings | None = None) -> dict[str, Finding]:
    """Text to finding, of those that are not ok."""
    return {str(f.what): f for f in findings(still, config) if f.verdict != "ok"}
