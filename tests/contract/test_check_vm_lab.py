"""From a fault of the lab's cluster to its named cause, with real readings of VM and cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioner.checks.catalogue import CATALOGUE
from provisioner.checks.chain import Chain, Station, VmPoint
from provisioner.checks.diagnosis import diagnose
from provisioner.checks.machines import STARTING
from provisioner.checks.model import Diagnosis, Target
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor import BackUp, PowerOff, TakeSnapshot
from provisioner.drivers.hypervisor.health import ClusterHealth, VmHealth
from provisioner.drivers.office import OfficeOutlook
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.errors import StepFailure
from provisioner.lab.cluster import LabCluster
from tests.contract.stages import CLONE, Stage, booted, cluster_settings

VM = "dc1/2001"
SHARED, OWN = "127.31.1.100", "127.31.1.101"
"""Addresses of the VM; both labs are up at the same time."""
AREAS = ("vm.", "node.", "cluster.", "storage.", "task.", "service.", "certificate.")


def asked(question: Callable[[], Any]) -> Any:
    try:
        return question()
    except StepFailure as failure:
        return failure


@dataclass(frozen=True)
class Scene:
    """A lab in which VM 2001 is up, backed up, with a fresh snapshot, and past its start."""

    lab: LabCluster
    stage: Stage
    look: Callable[[], Diagnosis]
    """What the VM's owner would be told now, read by a driver that has read nothing yet."""


@contextmanager
def made(address: str) -> Iterator[Scene]:
    with LabCluster() as lab:
        settings = cluster_settings(lab.urls, lab.fingerprints, token_id=lab.token_id)
        driver = ProxmoxCluster("dc1", settings, lambda: lab.token_secret, Path("/"))
        stage = Stage(
            driver, 9000, "pve1", "pve2", "shared", "backup",
            stand=lambda *_: None, plant=lambda _: "", call=print, address=address,
        )  # fmt: skip
        assert stage.finish(driver.submit(CLONE)).status == "ok"
        booted(stage, 2001)
        for order in (BackUp(2001, "pve1", "backup", "x"), TakeSnapshot(2001, "pve1", "now", "x")):
            assert stage.finish(driver.submit(order)).status == "ok"
        deadline = time.monotonic() + 20
        while (driver.vm_health(2001).uptime or 0) < STARTING + 10:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield Scene(lab, stage, looking(lab, address))
        driver.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[Scene]:
    with made(SHARED) as scene:
        yield scene


@pytest.fixture
def scene(shared: Scene) -> Iterator[Scene]:
    """The lab that these tests share, without faults."""
    yield shared
    shared.lab.clear()


@pytest.fixture
def own() -> Iterator[Scene]:
    """A lab of the test's own."""
    with made(OWN) as scene:
        yield scene


def looking(lab: LabCluster, address: str) -> Callable[[], Diagnosis]:
    pins, port = lab.fingerprints, lab.plan.network.ssh_port
    point = VmPoint(
        "i-1", "web-dinkes", "dc1", 2001, "pve1", (address,), port, backed_up=True,
        since=datetime.now(UTC) - timedelta(days=90),
    )  # fmt: skip
    stations = (Station("vm", VM), Station("cluster", "dc1"))
    chain = Chain(Target("instance", "i-1"), "web", stations, vms=(point,), clusters=("dc1",))

    def look() -> Diagnosis:
        lab.call(lambda pve: pve.pvestatd(now=True))
        settings = cluster_settings(lab.urls, pins, token_id=lab.token_id)
        driver = ProxmoxCluster("dc1", settings, lambda: lab.token_secret, Path("/"))
        health: ClusterHealth | StepFailure = asked(driver.health)
        vm: VmHealth | StepFailure = asked(lambda: driver.vm_health(2001))
        reached = OfficeOutlook().reach(address, (port,), 0.3)
        driver.close()
        seen = Seen(
            datetime.now(UTC), chain, clusters={"dc1": health}, vms={VM: vm}, reached={VM: reached}
        )
        ours = [check for key, check in CATALOGUE.items() if key.startswith(AREAS)]
        return diagnose(chain, [result for check in ours for result in check.judge(seen)])

    return look


def keys(found: Diagnosis) -> list[str]:
    return [cause.key for cause in found.causes]


def test_a_healthy_lab_has_no_finding(scene: Scene) -> None:
    before = scene.lab.state()
    for _ in range(20):
        found = scene.look()
        assert found.causes == ()
        assert found.ruled_out
    after = scene.lab.state()
    assert before.pop("calls") < after.pop("calls")
    assert before == after


FAULTS: list[tuple[str, list[tuple[str, dict[str, object]]]]] = [
    ("vm.paused", [("vm-paused", {"vmid": 2001, "state": "paused"})]),
    ("storage.full", [("storage-full", {"storage": "shared"}), ("vm-paused", {"vmid": 2001})]),
    ("storage.full", [("storage-full", {"storage": "backup"}), ("backup-old", {"vmid": 2001})]),
    ("storage.inactive", [("storage-away", {"storage": "shared"}), ("vm-paused", {"vmid": 2001})]),
    ("vm.locked", [("vm-locked", {"vmid": 2001})]),
    ("vm.agent", [("agent-silent", {"vmid": 2001})]),
    ("vm.agent", [("agent-dead", {"vmid": 2001})]),
    ("vm.disk_full", [("guest-disk-full", {"vmid": 2001})]),
    ("vm.disk_filling", [("guest-disk-full", {"vmid": 2001, "percent": "88"})]),
    ("vm.snapshot_old", [("snapshot-old", {"vmid": 2001})]),
    ("vm.backup_old", [("backup-old", {"vmid": 2001})]),
    ("vm.backup_none", [("backup-missing", {"vmid": 2001})]),
    ("task.failed", [("task-failed", {"id": "2001"}), ("backup-old", {"vmid": 2001})]),
    ("node.root_full", [("node-root-full", {"node": "pve1"})]),
    ("node.clock", [("node-clock", {"node": "pve1"})]),
    ("node.memory", [("node-full", {"node": "pve1"})]),
    ("node.cpu", [("node-busy", {"node": "pve1"})]),
    ("certificate.expiring", [("certificate-expiring", {"node": "pve1"})]),
    ("certificate.expired", [("certificate-expired", {"node": "pve1"})]),
    ("cluster.no_quorum", [("no-quorum", {})]),
    ("cluster.no_quorum", [("node-gone", {"node": "pve2"}), ("node-gone", {"node": "pve3"})]),
    ("cluster.login", [("token-revoked", {})]),
    ("cluster.certificate_changed", [("certificate-changed", {})]),
    ("cluster.unreachable", [("node-offline", {})]),
]


@pytest.mark.parametrize(("key", "faults"), FAULTS)
def test_one_cause_for_each_fault(
    scene: Scene, key: str, faults: list[tuple[str, dict[str, object]]]
) -> None:
    for name, options in faults:
        scene.lab.fault(name, **options)
    assert keys(scene.look()) == [key]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("node-clock", {"node": "pve2"}),
        ("node-gone", {"node": "pve3"}),
        ("certificate-expired", {"node": "pve2"}),
        ("storage-full", {"storage": "local-lvm"}),
        ("task-failed", {"id": "101"}),
        ("vm-locked", {"vmid": 101}),
        ("backup-missing", {"vmid": 102}),
    ],
)
def test_what_is_foreign_to_the_vm_is_not_told(
    scene: Scene, name: str, options: dict[str, object]
) -> None:
    scene.lab.fault(name, **options)
    assert scene.look().causes == ()


def test_a_vm_that_is_off_or_gone(own: Scene) -> None:
    own.stage.finish(own.stage.driver.submit(PowerOff(2001, "pve1")))
    found = own.look()
    assert keys(found) == ["vm.stopped"]
    assert {each.key for each in found.causes[0].explains} >= {"vm.unreachable"}
    own.lab.call(lambda pve: pve.vms.remove(pve.vm(2001)))
    assert keys(own.look()) == ["vm.missing"]


def test_a_node_that_died_explains_its_vm(own: Scene) -> None:
    own.lab.fault("node-gone", node="pve1")
    found = own.look()
    assert keys(found) == ["node.offline"]
    assert [each.key for each in found.causes[0].explains] == ["vm.unreachable"]
    own.lab.clear()
    assert keys(own.look()) == ["vm.stopped"]
