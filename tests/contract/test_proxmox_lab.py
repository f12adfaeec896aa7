"""Faults that the lab plays: the driver says what happened, and looking settles what it cannot."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import pytest

from provisioner.drivers.hypervisor import (
    BackUp,
    Clone,
    Configure,
    Download,
    Machine,
    MakeTemplate,
    MakeVm,
    Migrate,
    PowerOn,
    Restart,
    RestoreBackup,
    Shutdown,
    TakeSnapshot,
    TemplateKey,
    WriteGuestFile,
)
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.drivers.seat import Door
from provisioner.drivers.ssh import SshSeat
from provisioner.errors import ActionNeeded, Refused, Retriable, StepFailure
from provisioner.lab.cluster import LabCluster
from provisioner.lab.plan import LabPlan
from tests.contract.stages import Stage, cluster_settings, finish

CLONE = Clone(9000, "pve1", 2001, "pve1", "web-dinkes", "mark", "linked")


@pytest.fixture
def driver(lab: LabCluster, lab_stage: Stage) -> Iterator[ProxmoxCluster]:
    yield lab_stage.driver
    lab.clear()


def test_a_full_storage_needs_the_administrator(lab: LabCluster, driver: ProxmoxCluster) -> None:
    lab.fault("storage-full", storage="shared")
    state = finish(driver, driver.submit(replace(CLONE, kind="full", storage="shared")))
    assert isinstance(state.failure, ActionNeeded)
    assert state.failure.who == "administrator"


@pytest.fixture
def vm(lab_stage: Stage) -> Callable[[], Machine]:
    """VM 2001, made, and read at every call."""
    assert lab_stage.finish(lab_stage.driver.submit(CLONE)).status == "ok"

    def read() -> Machine:
        machine = lab_stage.driver.machine(2001)
        assert machine is not None
        return machine

    return read


def test_work_that_breaks_off_is_told_with_its_cause(
    lab: LabCluster, driver: ProxmoxCluster, vm: Callable[[], Machine]
) -> None:
    """Also where the task's own end says no more than that something went wrong."""
    lab.fault("snapshot-fails")
    lab.fault("backup-fails")
    lab.fault("migrate-fails")
    for order, cause in (
        (TakeSnapshot(2001, "pve1", "before", "mark"), "VM snapshot failed"),
        (BackUp(2001, "pve1", "local", "mark"), "backup write data failed"),
        (Migrate(2001, "pve1", "pve2", online=False), "online migrate failure"),
    ):
        state = finish(driver, driver.submit(order))
        assert state.failure is not None, order
        assert cause in str(state.failure.what)
        assert finish(driver, driver.submit(order)).status == "ok"
    assert vm().node == "pve2"
    (elsewhere,) = driver.backups(2001)
    restore = RestoreBackup(2001, "pve2", elsewhere.volume, str(vm().uuid), "shared")
    with pytest.raises(Refused, match="Node pve2 does not have"):
        driver.submit(restore)  # it lies on a storage of pve1 alone
    assert finish(driver, driver.submit(BackUp(2001, "pve2", "local", "mark"))).status == "ok"
    here = next(backup for backup in driver.backups(2001) if backup.node == "pve2")
    lab.fault("restore-fails")
    restore = replace(restore, volume=here.volume)
    state = finish(driver, driver.submit(restore))
    assert state.failure is not None
    assert "vma extract" in str(state.failure.what)


def test_a_backup_is_made_where_the_vm_is_now(
    lab: LabCluster, driver: ProxmoxCluster, vm: Callable[[], Machine]
) -> None:
    """On another node the task would skip it and still end well."""
    assert finish(driver, driver.submit(Migrate(2001, "pve1", "pve2", online=False)))
    handle = driver.submit(BackUp(2001, "pve1", "local", "mark"))
    assert handle.node == "pve2"
    assert finish(driver, handle).status == "ok"
    assert [backup.node for backup in driver.backups(2001)] == ["pve2"]
    with pytest.raises(Refused):
        driver.submit(BackUp(2999, "pve1", "local", "mark"))


def test_a_vm_with_local_disks_moves_to_a_storage_of_the_other_node(
    lab: LabCluster, driver: ProxmoxCluster
) -> None:
    clone = replace(CLONE, template=9011, kind="full", storage="local-lvm")
    assert finish(driver, driver.submit(clone)).status == "ok"
    assert finish(driver, driver.submit(PowerOn(2001, "pve1"))).status == "ok"
    move = Migrate(2001, "pve1", "pve2", online=True)
    try:
        failure = finish(driver, driver.submit(move)).failure
    except StepFailure as refused:
        failure = refused
    assert isinstance(failure, Refused)
    move = replace(move, storage="local-lvm", local_disks=True)
    assert finish(driver, driver.submit(move)).status == "ok"
    machine = driver.machine(2001)
    assert machine is not None
    assert (machine.node, machine.power) == ("pve2", "running")
    assert {node for node, _ in driver.volumes(2001)} == {"pve2"}


def test_a_guest_that_does_not_listen_is_switched_off_in_the_end(
    lab: LabCluster, driver: ProxmoxCluster, vm: Callable[[], Machine]
) -> None:
    lab.fault("deaf")
    assert finish(driver, driver.submit(PowerOn(2001, "pve1"))).status == "ok"
    state = finish(driver, driver.submit(Restart(2001, "pve1", 1)))
    assert isinstance(state.failure, ActionNeeded)
    assert vm().power == "running"
    assert finish(driver, driver.submit(Shutdown(2001, "pve1", 1))).status == "ok"
    assert vm().power == "stopped"


def test_a_node_in_maintenance_is_told(lab: LabCluster, driver: ProxmoxCluster) -> None:
    assert not any(node.maintenance for node in driver.facts().nodes)
    lab.fault("node-maintenance", node="pve2")
    assert [n.name for n in driver.facts().nodes if n.maintenance] == ["pve2"]


def test_an_image_is_fetched_and_becomes_a_template(
    lab: LabCluster, driver: ProxmoxCluster
) -> None:
    image = lab.plan.images[0]
    order = Download(
        "pve1", "local", image.url, "debian-13.qcow2", image.checksum("sha512"), "sha512"
    )
    lab.fault("download-fails")
    state = finish(driver, driver.submit(order))
    assert isinstance(state.failure, ActionNeeded)
    lab.clear("download-fails")
    state = finish(driver, driver.submit(replace(order, checksum="0" * 128)))
    assert isinstance(state.failure, ActionNeeded)
    assert "checksum" in str(state.failure.what)
    assert finish(driver, driver.submit(order)).status == "ok"
    options = {
        "name": "debian-13-fresh",
        "memory": "512",
        "agent": "1",
        "net0": "virtio,bridge=vmbr0,firewall=1",
        "scsi0": "local-lvm:0,import-from=local:import/debian-13.qcow2",
        "ide2": "local-lvm:cloudinit",
        "boot": "order=scsi0",
    }
    assert finish(driver, driver.submit(MakeVm(9100, "pve1", options))).status == "ok"
    assert finish(driver, driver.submit(MakeTemplate(9100, "pve1"))).status == "ok"
    (template,) = driver.facts((TemplateKey(vmid=9100),)).templates
    assert template.cloud_init
    assert template.agent
    assert template.linked_clone
    assert template.disk_gb == image.disk_gb


def test_an_ha_guest_is_stopped_and_moved_by_the_manager(
    lab: LabCluster, lab_stage: Stage, driver: ProxmoxCluster, vm: Callable[[], Machine]
) -> None:
    """Pitfall 17: the tasks end at once, and the machine shows the rest a little later."""
    lab_stage.call("POST", "cluster", "ha", "resources", sid="vm:2001", state="started")
    until(lambda: vm().power == "running")
    before = datetime.now(UTC)
    move = Migrate(2001, "pve1", "pve2", online=True)
    handle = driver.submit(move)
    assert ":hamigrate:" in handle.id
    assert finish(driver, handle).status == "ok"
    until(lambda: vm().node == "pve2")
    assert driver.order_task(move, before) == handle
    stop = Shutdown(2001, "pve1", 5)
    handle = driver.submit(stop)
    assert ":hastop:" in handle.id
    until(lambda: vm().power == "stopped")
    assert driver.order_task(stop, before) == handle


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.02)


def test_a_dead_node_spoils_nothing(lab: LabCluster, driver: ProxmoxCluster) -> None:
    """Its address is passed over, its guests are shown as unknown."""
    before = datetime.now(UTC)
    on_it = next(guest.vmid for guest in driver.facts().guests if guest.node == "pve1")
    lab.fault("node-offline", node="pve1")
    with pytest.raises(Retriable, match="pve1"):
        driver.order_task(PowerOn(on_it, "pve1"), before)
    assert driver.order_task(PowerOn(103, "pve2"), before) is None
    facts = driver.facts()
    assert {node.name for node in facts.nodes if node.online} == {"pve2", "pve3"}
    machine = driver.machine(103)
    assert machine is not None
    assert machine.node == "pve2"
    with pytest.raises(Retriable):
        driver.machine(101)


def test_a_guest_boots_and_is_proven(lab: LabCluster, driver: ProxmoxCluster) -> None:
    """The whole way: address, host key, cloud-init, the applicant's key, the office's login."""
    office, applicant = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    keys = [key.export_public_key().decode().strip() for key in (office, applicant)]
    assert finish(driver, driver.submit(CLONE)).status == "ok"
    machine = driver.machine(2001)
    assert machine is not None
    address = lab.plan.network.address(100)
    options = {
        "ciuser": "dinkes",
        "sshkeys": "\n".join(keys),
        "ipconfig0": f"ip={address}/24,gw={lab.plan.network.address(1)}",
    }
    assert finish(driver, driver.submit(Configure(2001, machine.node, options))).status == "ok"
    assert finish(driver, driver.submit(PowerOn(2001, machine.node))).status == "ok"
    deadline = time.monotonic() + 30
    while (report := driver.guest(machine)).cloud_init != "done":
        assert time.monotonic() < deadline, report
        time.sleep(0.05)
    assert report.addresses == {address}
    seat = SshSeat(lambda: office.export_private_key().decode())
    port = lab.plan.network.ssh_port
    door = Door(address, port, "dinkes", report.host_keys[0])
    assert seat.answers(address, (port,)) == f"tcp/{port}"
    assert seat.accepts_key(door, keys[1])
    assert seat.login(door).status == 0


def test_the_same_on_one_address_with_another_name(lab: LabCluster) -> None:
    """By configuration alone: one URL of three, its own fingerprint."""
    settings = cluster_settings([lab.urls[1]], [lab.fingerprints[1]], token_id=lab.token_id)
    driver = ProxmoxCluster("other", settings, lambda: lab.token_secret, Path("/"))
    assert driver.facts().cluster == "other"
    driver.close()


def test_the_same_on_proxmox_8() -> None:
    """Its agent needs VM.Monitor, and the newer rights are unknown there."""
    with LabCluster(LabPlan(version="8.4.5")) as older:
        settings = cluster_settings(older.urls, older.fingerprints, token_id=older.token_id)
        driver = ProxmoxCluster("dc1", settings, lambda: older.token_secret, Path("/"))
        assert driver.facts().version == "8.4.5"
        address = older.plan.network.address(100)
        options = {"ciuser": "dinkes", "ipconfig0": f"ip={address}/24"}
        for order in (CLONE, Configure(2001, "pve1", options), PowerOn(2001, "pve1")):
            assert finish(driver, driver.submit(order)).status == "ok"
        machine = driver.machine(2001)
        assert machine is not None
        until(lambda: bool(driver.guest(machine).addresses))
        driver.submit(WriteGuestFile(2001, "pve1", "/etc/office", "x"))
        assert driver.guest_file(machine, "/etc/office") == "x"
        assert driver.guest_facts(machine).hostname == "web-dinkes"
        backup = BackUp(2001, "pve1", "local", "mark", protected=True)
        assert finish(driver, driver.submit(backup)).status == "ok"
        assert [found.protected for found in driver.backups(2001)] == [True]
        driver.close()
