"""Clusters for the driver suite: the unmodified fakepve, the lab, and a server that replays."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provisioner.drivers.hypervisor import Clone, Machine
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.drivers.proxmox.connection import Connection
from provisioner.lab.cluster import LabCluster
from provisioner.lab.plan import LabGuest
from tests.contract.scripted import ScriptedCluster
from tests.contract.stages import (
    CLONE,
    SECRET,
    Certificate,
    Stage,
    cluster_settings,
    finish,
    make_certificate,
)

CONFORMANCE = Path(__file__).with_name("conformance.toml")


def exclusions() -> dict[str, str]:
    """What the suite may fail in on the unmodified fakepve: test to reason."""
    found: dict[str, str] = tomllib.loads(CONFORMANCE.read_text())["fakepve"]
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """An exclusion that would pass fails, so that the list cannot rot."""
    excluded = exclusions()
    for item in items:
        name, _, stage = item.name.partition("[")
        of_suite = item.path.name.startswith("test_proxmox_suite") and stage == "fakepve]"
        if of_suite and name in excluded:
            item.add_marker(pytest.mark.xfail(reason=excluded[name], strict=True))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("pki"), "ours")


@pytest.fixture(scope="session")
def other_certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("pki"), "theirs")


@pytest.fixture(scope="session")
def fakepve_process(certificate: Certificate) -> Iterator[Callable[[], str]]:
    """Gives the URL of a fresh, unmodified fakepve in a process of its own."""
    command = (sys.executable, "-m", "tests.contract.fakepve_process")
    process = subprocess.Popen(
        [*command, str(certificate.cert), str(certificate.key)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    with process:
        assert process.stdin
        assert process.stdout

        def fresh() -> str:
            process.stdin.write("fresh\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        yield fresh
        process.stdin.close()
        assert process.wait(10) == 0


@pytest.fixture
def fakepve_stage(fakepve_process: Callable[[], str], certificate: Certificate) -> Iterator[Stage]:
    settings = cluster_settings([fakepve_process()], [certificate.pin])
    driver = ProxmoxCluster("dc1", settings, lambda: SECRET, Path("/"))
    connection = Connection("dc1", settings, lambda: SECRET, Path("/"))

    def plant(vmid: int) -> str:
        path = ("nodes", "pve1", "storage", "shared", "content")
        what = {"vmid": vmid, "filename": f"vm-{vmid}-disk-0.qcow2", "size": "1G"}
        return str(connection.send("POST", *path, format="qcow2", **what))

    yield Stage(
        driver,
        template=9000,
        node="pve1",
        other_node="pve2",
        storage="shared",
        backup_storage="shared",
        stand=lambda vmid, node: connection.send(
            "POST", "nodes", node, "qemu", vmid=vmid, name="stranger"
        ),
        plant=plant,
        call=connection.send,
        boot_seconds=0.2,
    )
    driver.close()
    connection.close()


@pytest.fixture
def lab() -> Iterator[LabCluster]:
    with LabCluster() as running:
        yield running


@pytest.fixture
def lab_stage(lab: LabCluster) -> Iterator[Stage]:
    def stand(vmid: int, node: str) -> None:
        lab.stand(LabGuest(vmid, "stranger", node, "local-lvm", running=False))

    def plant(vmid: int) -> str:
        """As a clone does that fails and cannot remove its disk."""
        lab.fault("task-fails", type="qmclone", text="simulated failure", leave="1")
        order = Clone(9000, "pve1", vmid, "pve1", "left", "left behind", "full", "shared")
        assert finish(driver, driver.submit(order)).status == "failed"
        return next(v["volid"] for v in lab.state()["volumes"] if v["vmid"] == vmid)

    driver = ProxmoxCluster(
        "dc1",
        cluster_settings(lab.urls, lab.fingerprints, token_id=lab.token_id),
        lambda: lab.token_secret,
        Path("/"),
    )
    lab.call(lambda pve: pve.apitokens.update({"root@pam!admin": SECRET}))
    lab.call(lambda pve: pve.separated.update({"root@pam!admin": False}))
    root = cluster_settings(lab.urls, lab.fingerprints, token_id="root@pam!admin")
    connection = Connection("dc1", root, lambda: SECRET, Path("/"))
    yield Stage(
        driver,
        template=9000,
        node="pve1",
        other_node="pve2",
        storage="shared",
        backup_storage="local",
        stand=stand,
        plant=plant,
        call=connection.send,
        address=lab.plan.network.address(100),
    )
    driver.close()
    connection.close()


@pytest.fixture(params=["fakepve", "lab"])
def stage(request: pytest.FixtureRequest) -> Stage:
    """Each of the two clusters that the suite runs on."""
    found: Stage = request.getfixturevalue(f"{request.param}_stage")
    return found


@pytest.fixture
def scripted(certificate: Certificate) -> Iterator[ScriptedCluster]:
    with ScriptedCluster(certificate.cert, certificate.key) as running:
        yield running


@pytest.fixture
def script(scripted: ScriptedCluster, certificate: Certificate) -> Iterator[ProxmoxCluster]:
    """A driver of the scripted cluster."""
    settings = cluster_settings([scripted.url], [certificate.pin])
    driver = ProxmoxCluster("dc1", settings, lambda: SECRET, Path("/"))
    yield driver
    driver.close()


@pytest.fixture
def on(lab: LabCluster, lab_stage: Stage) -> Stage:
    return lab_stage


@pytest.fixture
def vm(on: Stage) -> Callable[[], Machine]:
    """VM 2001, made, and read at every call."""
    assert on.finish(on.driver.submit(CLONE)).status == "ok"

    def read() -> Machine:
        machine = on.driver.machine(2001)
        assert machine is not None
        return machine

    return read
