"""Where a real PVE 9.1 behaves unlike fakepve: the lab behaves as recorded, the driver copes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioner.drivers.hypervisor import (
    Configure,
    GrowDisk,
    Machine,
    PowerOn,
    TaskHandle,
    WriteGuestFile,
)
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.drivers.proxmox.connection import Connection
from provisioner.errors import ActionNeeded, Refused, Retriable
from provisioner.lab.cluster import LabCluster
from tests.contract.stages import CLONE, Stage, cluster_settings


def driver_of(lab: LabCluster, token_id: str, secret: str) -> ProxmoxCluster:
    settings = cluster_settings(lab.urls, lab.fingerprints, token_id=token_id)
    return ProxmoxCluster("dc1", settings, lambda: secret, Path("/"))


def test_recorded_01_a_token_made_by_the_api_works_at_once(lab: LabCluster, on: Stage) -> None:
    on.call("POST", "access", "users", userid="other@pve")
    made = on.call("POST", "access", "users", "other@pve", "token", "new", privsep=0)
    driver = driver_of(lab, "other@pve!new", made["value"])
    assert driver.rights().version
    assert not driver.rights().has("/vms", "VM.Clone")
    driver.close()


def test_recorded_02_a_wrong_token_asks_the_administrator(lab: LabCluster, on: Stage) -> None:
    driver = driver_of(lab, lab.token_id, "wrong")
    with pytest.raises(ActionNeeded) as caught:
        driver.rights()
    assert caught.value.who == "administrator"
    driver.close()


def test_recorded_03_a_template_in_use_is_not_removed(on: Stage, vm: Callable[[], Machine]) -> None:
    task = on.call("DELETE", "nodes", "pve1", "qemu", 9000)
    state = on.finish(TaskHandle(task, "pve1"))
    assert "is still in use by linked clone" in state.exit
    assert isinstance(state.failure, ActionNeeded)


@pytest.mark.parametrize(
    ("disk", "size", "text"),
    [
        ("scsi0", 1, "shrinking disks is not supported"),
        ("scsi7", 9, "disk 'scsi7' does not exist"),
    ],
)
def test_recorded_04_a_resize_fails_in_its_task(
    on: Stage, vm: Callable[[], Machine], disk: str, size: int, text: str
) -> None:
    state = on.finish(on.driver.submit(GrowDisk(2001, "pve1", disk, size)))
    assert state.exit == text
    assert isinstance(state.failure, Refused)
    assert vm().disks_gb == {"scsi0": 2}


def test_recorded_05_a_clone_under_way_carries_no_mark(lab: LabCluster, on: Stage) -> None:
    """It is known by its task; the mark comes with its end."""
    before = datetime.now(UTC)
    lab.fault("task-slow", type="qmclone", seconds=160)
    handle = on.driver.submit(CLONE)
    machine = on.driver.machine(2001)
    assert machine is not None
    assert (machine.lock, machine.uuid) == ("clone", None)
    assert "mark" not in machine.description
    assert on.driver.clone_task(CLONE, before) == handle
    assert on.finish(handle).status == "ok"
    machine = on.driver.machine(2001)
    assert machine is not None
    assert (machine.lock, machine.description) == (None, "mark")


def test_recorded_06_a_linked_clone_with_a_storage_is_refused(on: Stage) -> None:
    path = ("nodes", "pve1", "qemu", 9000, "clone")
    with pytest.raises(Refused, match="not allowed for linked clones"):
        on.call("POST", *path, newid=2001, storage="shared", full=0)
    assert on.finish(on.driver.submit(replace(CLONE, storage="shared"))).status == "ok"


def test_recorded_07_an_invalid_key_is_refused(on: Stage, vm: Callable[[], Machine]) -> None:
    broken = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGNvbnRyYWN0 applicant@example"
    with pytest.raises(Refused, match="SSH public key validation error"):
        on.driver.submit(Configure(2001, "pve1", {"sshkeys": broken}))


def test_recorded_08_the_agent_of_a_stopped_vm(on: Stage, vm: Callable[[], Machine]) -> None:
    assert on.driver.guest(vm()).detail == "VM 2001 is not running"
    with pytest.raises(ActionNeeded, match="VM 2001 is not running"):
        on.driver.submit(WriteGuestFile(2001, "pve1", "/etc/office", "x"))


def test_recorded_09_the_agent_of_a_vm_that_still_starts(
    lab: LabCluster, on: Stage, vm: Callable[[], Machine]
) -> None:
    lab.fault("boot-never")
    on.finish(on.driver.submit(PowerOn(2001, "pve1")))
    assert on.driver.guest(vm()).detail == "QEMU guest agent is not running"
    with pytest.raises(Retriable):
        on.driver.submit(WriteGuestFile(2001, "pve1", "/etc/office", "x"))


def test_recorded_10_a_right_that_this_version_lacks_is_refused(on: Stage) -> None:
    with pytest.raises(Refused, match=r"invalid privilege 'VM\.Monitor'"):
        on.call("POST", "access", "roles", roleid="Bad", privs="VM.Monitor")


def test_recorded_11_an_unknown_node(on: Stage) -> None:
    with pytest.raises(ActionNeeded, match="hostname lookup 'nosuch' failed"):
        on.driver.submit(replace(CLONE, template_node="nosuch"))


def test_recorded_12_an_unknown_task_has_perhaps_just_begun(lab: LabCluster, on: Stage) -> None:
    task = f"UPID:pve1:00000001:00000001:00000001:qmclone:9000:{lab.token_id}:"
    assert on.driver.task(TaskHandle(task, "pve1")).status == "running"


def test_recorded_13_a_template_says_that_it_is_one(on: Stage) -> None:
    machine = on.driver.machine(9000)
    assert machine is not None
    assert machine.template
    assert machine.options["template"] == "1"


def test_recorded_14_starting_a_running_vm_is_no_failure(
    on: Stage, vm: Callable[[], Machine]
) -> None:
    for exit_ in ("OK", "VM 2001 already running"):
        state = on.finish(on.driver.submit(PowerOn(2001, "pve1")))
        assert (state.status, state.exit) == ("ok", exit_)


def test_recorded_15_a_token_without_rights_sees_only_names(lab: LabCluster, on: Stage) -> None:
    """And is told which right it lacks, instead of a cluster without guests."""
    on.call("POST", "access", "users", userid="other@pve")
    made = on.call("POST", "access", "users", "other@pve", "token", "bare")
    settings = cluster_settings(lab.urls, lab.fingerprints, token_id="other@pve!bare")
    connection = Connection("dc1", settings, lambda: str(made["value"]), Path("/"))
    rows = connection.rows("cluster", "resources")
    connection.close()
    assert {row["type"] for row in rows} <= {"node", "network", "sdn"}
    driver = driver_of(lab, "other@pve!bare", made["value"])
    with pytest.raises(ActionNeeded, match=r"/nodes, Sys\.Audit"):
        driver.facts()
    driver.close()
