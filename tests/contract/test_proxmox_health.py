"""How a cluster and a VM are doing, over real HTTPS: every fault shows, looking changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioner.drivers.hypervisor import BackUp, TakeSnapshot
from provisioner.drivers.hypervisor.failures import CertificateChanged, TokenRefused
from provisioner.drivers.hypervisor.health import ClusterHealth, NodeHealth, VmHealth
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.errors import Retriable
from provisioner.lab.cluster import LabCluster
from provisioner.lab.plan import LabPlan
from tests.contract.stages import CLONE, Stage, booted, cluster_settings

DAY = timedelta(days=1)


@pytest.fixture
def standing(lab_stage: Stage) -> Stage:
    """The lab with VM 2001 up, backed up, with a fresh snapshot."""
    assert lab_stage.finish(lab_stage.driver.submit(CLONE)).status == "ok"
    booted(lab_stage, 2001)
    for order in (BackUp(2001, "pve1", "backup", "x"), TakeSnapshot(2001, "pve1", "now", "x")):
        assert lab_stage.finish(lab_stage.driver.submit(order)).status == "ok"
    return lab_stage


@pytest.fixture
def fresh(standing: Stage, lab: LabCluster) -> Iterator[Callable[[], ProxmoxCluster]]:
    """A driver that has read nothing yet; readings are kept for ten seconds."""
    made: list[ProxmoxCluster] = []

    def driver() -> ProxmoxCluster:
        settings = cluster_settings(lab.urls, list(pins), token_id=lab.token_id)
        made.append(ProxmoxCluster("dc1", settings, lambda: lab.token_secret, Path("/")))
        return made[-1]

    pins = lab.fingerprints
    yield driver
    for each in made:
        each.close()


def node(health: ClusterHealth, name: str = "pve1") -> NodeHealth:
    return next(each for each in health.nodes if each.name == name)


def fullest(health: ClusterHealth) -> dict[str, float]:
    return {f"{s.node}/{s.name}": 1 - s.free_gb / s.total_gb for s in health.storages if s.total_gb}


def test_a_healthy_cluster_tells_everything(fresh: Callable[[], ProxmoxCluster]) -> None:
    health = fresh().health()
    assert (health.cluster, health.version, health.quorate) == ("dc1", "9.1.8", True)
    assert [each.name for each in health.nodes] == ["pve1", "pve2", "pve3"]
    for each in health.nodes:
        assert each.online
        assert each.clock_offset is not None
        assert abs(each.clock_offset) < 5
        assert each.certificate_until
        assert each.certificate_until > datetime.now(UTC) + 100 * DAY
        shares = (each.cpu_percent, each.memory_percent, each.root_percent)
        assert all(share is not None and 0 < share < 80 for share in shares)
        assert each.uptime
    assert max(fullest(health).values()) < 0.8
    assert (health.failed, health.untold) == ((), {})


def test_a_healthy_vm_tells_everything(fresh: Callable[[], ProxmoxCluster]) -> None:
    read = fresh().vm_health(2001)
    assert read.machine
    assert (read.machine.node, read.machine.power, read.state) == ("pve1", "running", "running")
    assert read.report
    assert read.report.answering
    assert read.report.addresses == {"127.31.1.100"}
    assert read.inside
    used, total = read.inside.filesystems["/"]
    assert 0 < used < total
    assert [each.name for each in read.snapshots] == ["now"]
    assert [each.vmid for each in read.backups] == [2001]
    assert read.memory_percent
    assert read.uptime
    assert (read.untold, read.working) == ({}, "")


def test_looking_changes_nothing(fresh: Callable[[], ProxmoxCluster], lab: LabCluster) -> None:
    before = lab.state()
    driver = fresh()
    driver.health()
    assert lab.state()["calls"] - before["calls"] <= 13
    calls = lab.state()["calls"]
    driver.vm_health(2001)
    assert lab.state()["calls"] - calls <= 10
    calls = lab.state()["calls"]
    driver.vm_health(2001)  # what VMs share is not read again
    assert lab.state()["calls"] - calls == 5
    driver.vm_health(2999)
    after = lab.state()
    for same in (before, after):
        del same["calls"]
    assert after == before


CLUSTER_FAULTS: dict[str, tuple[dict[str, Any], Callable[[ClusterHealth], bool]]] = {
    "storage-full": ({"storage": "shared"}, lambda h: fullest(h)["pve2/shared"] == 1),
    "storage-away": (
        {"storage": "shared"},
        lambda h: not any(s.active for s in h.storages if s.name == "shared"),
    ),
    "node-offline": ({"node": "pve2"}, lambda h: not node(h, "pve2").online and not h.untold),
    "node-gone": ({"node": "pve2"}, lambda h: not node(h, "pve2").online and h.quorate),
    "node-maintenance": ({"node": "pve1"}, lambda h: node(h).maintenance and node(h).online),
    "node-full": ({"node": "pve1"}, lambda h: node(h).memory_percent == 100),
    "node-busy": ({"node": "pve1"}, lambda h: node(h).cpu_percent == 100),
    "node-root-full": ({"node": "pve1"}, lambda h: node(h).root_percent == 97),
    "node-clock": (
        {"node": "pve1", "seconds": "-120"},
        lambda h: -125 < (node(h).clock_offset or 0) < -115,
    ),
    "certificate-expiring": (
        {"node": "pve1"},
        lambda h: (node(h).certificate_until or h.at) - h.at < 8 * DAY,
    ),
    "certificate-expired": (
        {"node": "pve1"},
        lambda h: (node(h).certificate_until or h.at) < h.at,
    ),
    "no-quorum": ({}, lambda h: not h.quorate and all(each.online for each in h.nodes)),
    "task-failed": (
        {"id": "2001", "node": "pve2"},
        lambda h: [(t.node, t.kind, t.id, t.text) for t in h.failed]
        == [("pve2", "vzdump", "2001", "job errors")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CLUSTER_FAULTS)
def test_each_fault_of_a_cluster_is_seen(
    fresh: Callable[[], ProxmoxCluster], lab: LabCluster, name: str
) -> None:
    options, shows = CLUSTER_FAULTS[name]
    assert not shows(fresh().health())
    lab.fault(name, **options)
    lab.call(lambda pve: pve.pvestatd(now=True))
    assert shows(fresh().health())
    lab.clear()
    lab.call(lambda pve: pve.pvestatd(now=True))
    assert not shows(fresh().health())


VM_FAULTS: dict[str, tuple[dict[str, Any], Callable[[VmHealth], bool]]] = {
    "guest-disk-full": (
        {},
        lambda v: (
            v.inside is not None
            and [round(100 * used / total) for used, total in v.inside.filesystems.values()] == [97]
        ),
    ),
    "guest-memory-full": ({}, lambda v: (v.memory_percent or 0) >= 99),
    "vm-paused": (
        {},
        lambda v: v.state == "io-error" and v.machine is not None and v.machine.power == "paused",
    ),
    "vm-locked": ({}, lambda v: v.machine is not None and v.machine.lock == "backup"),
    "agent-silent": ({}, lambda v: v.report is not None and not v.report.answering),
    "agent-dead": ({}, lambda v: v.report is not None and not v.report.answering),
    "snapshot-old": ({"days": "20"}, lambda v: any(_old(s.taken_at, 19) for s in v.snapshots)),
    "backup-old": ({}, lambda v: [_old(b.made_at, 4) for b in v.backups] == [True]),
    "backup-missing": ({}, lambda v: not v.backups and not v.untold),
    "node-offline": ({"node": "pve1"}, lambda v: not v.node_online and v.machine is None),
    "storage-away": ({"storage": "backup"}, lambda v: "backups" in v.untold and not v.backups),
}


def _old(moment: datetime | None, days: float) -> bool:
    return moment is not None and datetime.now(UTC) - moment > days * DAY


@pytest.mark.parametrize("name", VM_FAULTS)
def test_each_fault_of_a_vm_is_seen(
    fresh: Callable[[], ProxmoxCluster], lab: LabCluster, name: str
) -> None:
    options, shows = VM_FAULTS[name]
    assert not shows(fresh().vm_health(2001))
    whose = {} if options.keys() & {"node", "storage"} else {"vmid": 2001}
    lab.fault(name, **whose, **options)
    assert shows(fresh().vm_health(2001))
    lab.clear()
    assert not shows(fresh().vm_health(2001))


def test_a_vm_that_stands_still_lets_nobody_in(
    fresh: Callable[[], ProxmoxCluster], lab: LabCluster
) -> None:
    lab.fault("vm-paused", vmid=2001)
    vm = lab.vm(2001)
    assert vm
    assert vm["guest"]["wall"] == "drop"
    read = fresh().vm_health(2001)
    assert (read.report, read.inside) == (None, None)


def test_a_node_that_dies_between_two_looks(
    fresh: Callable[[], ProxmoxCluster], lab: LabCluster
) -> None:
    """The kept listing still has the node on."""
    driver = fresh()
    assert driver.vm_health(2001).node_online
    lab.fault("node-gone", node="pve1")
    assert not driver.vm_health(2001).node_online
    lab.clear()
    assert driver.vm_health(2001).machine


def test_a_vm_that_is_not_there(fresh: Callable[[], ProxmoxCluster]) -> None:
    assert fresh().vm_health(2999) == VmHealth(2999, None)


def test_what_keeps_us_out_is_told_apart(
    fresh: Callable[[], ProxmoxCluster], lab: LabCluster
) -> None:
    driver = fresh()
    lab.fault("token-revoked")
    with pytest.raises(TokenRefused):
        driver.health()
    lab.clear()
    lab.fault("certificate-changed")
    with pytest.raises(CertificateChanged):
        fresh().health()
    lab.clear()
    lab.fault("node-offline")
    with pytest.raises(Retriable):
        fresh().health()


@pytest.mark.parametrize("version", ["8.4.14", "9.1.8"])
def test_rights_that_are_missing_are_told_not_failed(version: str) -> None:
    least = frozenset({"VM.Audit", "Datastore.Audit"})
    with LabCluster(LabPlan(version=version, privileges=least)) as lab:
        settings = cluster_settings(lab.urls, lab.fingerprints, token_id=lab.token_id)
        driver = ProxmoxCluster("dc1", settings, lambda: lab.token_secret, Path("/"))
        health = driver.health()
        assert {"quorum", "node pve1", "node pve2", "node pve3"} <= health.untold.keys()
        assert health.quorate
        assert all(each.online and each.cpu_percent is None for each in health.nodes)
        assert all(each.certificate_until for each in health.nodes)  # needs no right
        vm = driver.vm_health(101)
        assert vm.machine
        assert vm.untold.keys() == {"agent"}
        driver.close()


def test_the_unmodified_fakepve(fakepve_stage: Stage) -> None:
    health = fakepve_stage.driver.health()
    assert {each.name: each.online for each in health.nodes} == {"pve1": True, "pve2": True}
    assert health.quorate
    assert {each.name for each in health.storages} >= {"shared"}
    assert health.failed == ()
    assert fakepve_stage.finish(fakepve_stage.driver.submit(CLONE)).status == "ok"
    read = fakepve_stage.driver.vm_health(2001)
    assert read.machine
    assert (read.machine.power, read.snapshots, read.backups) == ("stopped", (), ())
    assert read.report is None
