"""Faults that the lab plays: the driver says what happened, and looking settles what it cannot."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import pytest

from provisioner.drivers.hypervisor import Clone, Configure, PowerOn, VmidTaken
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.drivers.seat import Door
from provisioner.drivers.ssh import SshSeat
from provisioner.errors import ActionNeeded, OutcomeUnknown, Retriable, StepFailure
from provisioner.lab.cluster import LabCluster
from tests.contract.conftest import Stage, cluster_settings, finish

CLONE = Clone(9000, "pve1", 2001, "pve1", "web-dinkes", "mark", "linked")


@pytest.fixture
def driver(lab: LabCluster, lab_stage: Stage) -> Iterator[ProxmoxCluster]:
    yield lab_stage.driver
    lab.clear()


@pytest.mark.parametrize("fault", ["clone-596", "post-dropped"])
def test_a_clone_whose_answer_is_lost_is_found_again(
    lab: LabCluster, driver: ProxmoxCluster, fault: str
) -> None:
    """Pitfalls 6, 7, 9: looked for by the log of the task, and adopted, never repeated."""
    lab.fault(fault)
    before = datetime.now(UTC)
    with pytest.raises(OutcomeUnknown):
        driver.submit(CLONE)
    handle = None
    while handle is None:
        try:
            handle = driver.clone_task(CLONE, before)
        except Retriable:
            continue
        assert handle, "the clone was not found"
    assert finish(driver, handle).status == "ok"
    machine = driver.machine(2001)
    assert machine is not None
    assert machine.description == "mark"


@pytest.mark.parametrize(("when", "raised"), [("before", VmidTaken), ("after", OutcomeUnknown)])
def test_a_stranger_takes_the_number(
    lab: LabCluster, driver: ProxmoxCluster, when: str, raised: type[StepFailure]
) -> None:
    """Pitfall 2: said at once, or found by looking after the answer was lost; never adopted."""
    lab.fault("vmid-stranger", when=when)
    before = datetime.now(UTC)
    with pytest.raises(raised):
        driver.submit(CLONE)
    assert driver.clone_task(CLONE, before) is None
    machine = driver.machine(2001)
    assert machine is not None
    assert machine.description != "mark"


def test_the_lock_of_a_storage_is_waited_for(lab: LabCluster, driver: ProxmoxCluster) -> None:
    """Pitfall 5."""
    lab.fault("storage-busy")
    state = finish(driver, driver.submit(CLONE))
    assert isinstance(state.failure, Retriable)
    assert finish(driver, driver.submit(CLONE)).status == "ok"


def test_quorum_is_waited_for(lab: LabCluster, driver: ProxmoxCluster) -> None:
    """Pitfall 31."""
    lab.fault("no-quorum")
    assert not driver.facts().quorate
    with pytest.raises(Retriable):
        driver.submit(CLONE)


def test_a_revoked_token_needs_the_administrator(lab: LabCluster, driver: ProxmoxCluster) -> None:
    """Pitfall 29."""
    lab.fault("token-revoked")
    with pytest.raises(ActionNeeded) as caught:
        driver.facts()
    assert caught.value.who == "administrator"


def test_a_full_storage_needs_the_administrator(lab: LabCluster, driver: ProxmoxCluster) -> None:
    lab.fault("storage-full", storage="shared")
    state = finish(driver, driver.submit(replace(CLONE, kind="full", storage="shared")))
    assert isinstance(state.failure, ActionNeeded)
    assert state.failure.who == "administrator"


def test_a_dead_node_spoils_nothing(lab: LabCluster, driver: ProxmoxCluster) -> None:
    """Its address is passed over, its guests are shown as unknown."""
    lab.fault("node-offline", node="pve1")
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
