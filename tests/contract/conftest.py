"""Clusters for the driver suite: the unmodified fakepve, the lab, and a server that replays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakepve import FakePve

from provisioner.drivers.hypervisor import Clone
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.lab.cluster import LabCluster
from provisioner.lab.plan import LabGuest
from tests.contract.scripted import ScriptedCluster
from tests.contract.stages import (
    FAKEPVE_LACKS,
    SECRET,
    TOKEN_ID,
    Certificate,
    Stage,
    cluster_settings,
    finish,
    make_certificate,
)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("pki"), "ours")


@pytest.fixture(scope="session")
def other_certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("pki"), "theirs")


@pytest.fixture
def pve(fakepve: FakePve) -> FakePve:
    """The unmodified fakepve with two nodes, a shared storage, a template and our token."""
    fakepve.apitokens[TOKEN_ID] = SECRET
    fakepve.add_node("pve2")
    base, drive = "9000/base-9000-disk-0.qcow2", "9000/vm-9000-cloudinit.qcow2"
    fakepve.storages["shared"] = {
        "type": "nfs",
        "active": 1,
        "content": "images",
        "files": set(),
        "shared": 1,
        "server": "192.0.2.1",
        "export": "/srv",
        "volumes": {
            base: {"content": "images", "format": "qcow2", "size": 2 << 30, "vmid": 9000},
            drive: {"content": "images", "format": "qcow2", "size": 4 << 20, "vmid": 9000},
        },
    }
    fakepve.add_vm(
        9000,
        "debian-13",
        node="pve1",
        template=True,
        config={
            "template": 1,
            "agent": "1",
            "boot": "order=scsi0",
            "cores": 1,
            "memory": "512",
            "ide2": f"shared:{drive},media=cdrom",
            "net0": "virtio=BC:24:11:9E:70:24,bridge=vmbr0,firewall=1",
            "scsi0": f"shared:{base},size=2G",
            "smbios1": "uuid=477ca992-c8b7-4edb-b5b1-f7b26ca80640",
            "tags": "tpl-debian-13",
        },
    )
    return fakepve


@pytest.fixture
def fakepve_stage(pve: FakePve, fakepve_cafile: str) -> Iterator[Stage]:
    def plant(vmid: int) -> str:
        name = f"{vmid}/vm-{vmid}-disk-0.qcow2"
        pve.storages["shared"]["volumes"][name] = {
            "content": "images",
            "format": "qcow2",
            "size": 1 << 30,
            "vmid": vmid,
        }
        return f"shared:{name}"

    settings = cluster_settings([pve.url], [fakepve_cafile])
    driver = ProxmoxCluster("dc1", settings, lambda: SECRET, Path("/"))
    yield Stage(
        driver,
        template=9000,
        node="pve1",
        other_node="pve2",
        storage="shared",
        stand=lambda vmid, node: pve.add_vm(vmid, "stranger", node=node) and None,
        plant=plant,
        lacks=FAKEPVE_LACKS,
    )
    driver.close()


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
    yield Stage(driver, 9000, "pve1", "pve2", "shared", stand, plant)
    driver.close()


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
