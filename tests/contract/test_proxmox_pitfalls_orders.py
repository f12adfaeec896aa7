"""The traps of the API that meet whoever writes to it (1 to 20), each played by the lab."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from provisioner.drivers.hypervisor import (
    Configure,
    Destroy,
    FreeVolume,
    GrowDisk,
    Machine,
    PowerOff,
    PowerOn,
    TaskHandle,
    TemplateKey,
    VmidTaken,
)
from provisioner.drivers.proxmox.connection import READ_SECONDS
from provisioner.errors import ActionNeeded, OutcomeUnknown, Refused, Retriable, StepFailure
from provisioner.lab.cluster import LabCluster
from tests.contract.stages import CLONE, Stage


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline, "it does not come about"
        time.sleep(0.02)


def test_pitfall_01_a_free_number_is_not_reserved(on: Stage) -> None:
    """Free a moment ago says nothing: the cluster's refusal decides, and it is told apart."""
    assert on.driver.machine(2001) is None
    on.stand(2001, "pve2")
    with pytest.raises(VmidTaken):
        on.driver.submit(CLONE)
    machine = on.driver.machine(2001)
    assert machine is not None
    assert (machine.name, machine.node) == ("stranger", "pve2")


@pytest.mark.parametrize(("when", "raised"), [("before", VmidTaken), ("after", OutcomeUnknown)])
def test_pitfall_02_a_strangers_vm_is_never_taken_for_ours(
    lab: LabCluster, on: Stage, when: str, raised: type[StepFailure]
) -> None:
    """Said at once, or found by looking after the answer was lost; never adopted."""
    lab.fault("vmid-stranger", when=when)
    before = datetime.now(UTC)
    with pytest.raises(raised):
        on.driver.submit(CLONE)
    assert on.driver.clone_task(CLONE, before) is None
    machine = on.driver.machine(2001)
    assert machine is not None
    assert machine.description != "mark"


def test_pitfall_02_the_race_may_be_lost_in_the_task_too(lab: LabCluster, on: Stage) -> None:
    lab.fault("task-fails", text="unable to create VM 2001: config file already exists")
    state = on.finish(on.driver.submit(CLONE))
    assert isinstance(state.failure, VmidTaken)


def test_pitfall_03_a_clones_lock_is_waited_for(lab: LabCluster, on: Stage) -> None:
    lab.fault("lock-timeout", path="/clone")
    with pytest.raises(Retriable, match="got timeout"):
        on.driver.submit(CLONE)
    assert on.driver.machine(2001) is None
    assert on.finish(on.driver.submit(CLONE)).status == "ok"


def test_pitfall_04_other_locks_are_waited_for(
    lab: LabCluster, on: Stage, vm: Callable[[], Machine]
) -> None:
    for order in (Configure(2001, "pve1", {"cores": "2"}), GrowDisk(2001, "pve1", "scsi0", 3)):
        lab.fault("lock-timeout")
        with pytest.raises(Retriable, match="got timeout"):
            on.driver.submit(order)
        assert on.finish(on.driver.submit(order)).status == "ok"
    assert (vm().cores, vm().disks_gb["scsi0"]) == (2, 3)


def test_pitfall_05_the_lock_of_a_storage_is_waited_for(lab: LabCluster, on: Stage) -> None:
    lab.fault("storage-busy")
    state = on.finish(on.driver.submit(CLONE))
    assert isinstance(state.failure, Retriable)
    assert on.finish(on.driver.submit(CLONE)).status == "ok"


@pytest.mark.parametrize("status", [595, 596, 597])
def test_pitfall_06_a_gateways_error_leaves_a_write_unknown_and_a_read_goes_on(
    lab: LabCluster, on: Stage, vm: Callable[[], Machine], status: int
) -> None:
    lab.fault("error", method="POST", path="/config", status=status, text="Connection timed out")
    order = Configure(2001, "pve1", {"cores": "2"})
    before = datetime.now(UTC)
    with pytest.raises(OutcomeUnknown):
        on.driver.submit(order)
    assert on.driver.order_task(order, before) is None
    assert vm().cores == 1  # sent once, not repeated by itself
    lab.fault("error", method="GET", path="/cluster/resources", status=595, text="No route to host")
    assert on.driver.facts().nodes


def test_pitfall_07_an_answer_that_is_lost_is_looked_for_not_repeated(
    lab: LabCluster, on: Stage, vm: Callable[[], Machine]
) -> None:
    """And an answer is waited for longer than the nodes wait for one another."""
    assert READ_SECONDS >= 35
    lab.fault("post-dropped", path="/config")
    order, before = Configure(2001, "pve1", {"cores": "2"}), datetime.now(UTC)
    with pytest.raises(OutcomeUnknown):
        on.driver.submit(order)
    until(lambda: on.driver.order_task(order, before) is not None)
    handle = on.driver.order_task(order, before)
    assert handle
    assert on.finish(handle).status == "ok"
    assert vm().cores == 2


def test_pitfall_08_nodes_are_called_as_the_cluster_calls_them(
    on: Stage, vm: Callable[[], Machine]
) -> None:
    assert {node.name for node in on.driver.facts().nodes} == {"pve1", "pve2", "pve3"}
    assert vm().node == "pve1"
    with pytest.raises(ActionNeeded, match=r"hostname lookup 'pve1\.example'"):
        on.driver.submit(replace(CLONE, template_node="pve1.example", vmid=2002))


@pytest.mark.parametrize("fault", ["clone-596", "post-dropped"])
def test_pitfall_09_a_clone_is_found_by_the_log_of_its_task(
    lab: LabCluster, on: Stage, fault: str
) -> None:
    """It carries the template's VMID; it is adopted, never repeated."""
    lab.fault(fault)
    before = datetime.now(UTC)
    with pytest.raises(OutcomeUnknown):
        on.driver.submit(CLONE)
    handle = None
    while handle is None:
        try:
            handle = on.driver.clone_task(CLONE, before)
        except Retriable:
            continue
        assert handle, "the clone was not found"
    assert ":qmclone:9000:" in handle.id
    assert on.finish(handle).status == "ok"
    machine = on.driver.machine(2001)
    assert machine is not None
    assert machine.description == "mark"


def test_pitfall_10_warnings_are_a_success_and_other_words_are_not(
    lab: LabCluster, on: Stage
) -> None:
    on.finish(on.driver.submit(CLONE))
    lab.fault("task-fails", type="qmstart", text="WARNINGS: 2")
    state = on.finish(on.driver.submit(PowerOn(2001, "pve1")))
    assert (state.status, state.warnings, state.failure) == ("ok", True, None)
    lab.fault("task-fails", text="something odd")
    state = on.finish(on.driver.submit(replace(CLONE, vmid=2002)))
    assert state.status == "failed"
    assert isinstance(state.failure, ActionNeeded)
    assert any("something odd" in line for line in state.failure.log)


def test_pitfall_11_a_task_that_never_began_is_tried_again(
    lab: LabCluster, on: Stage, vm: Callable[[], Machine]
) -> None:
    text = "got no worker upid - start worker failed"
    lab.fault("error", method="POST", path="/status/start", status=500, text=text)
    with pytest.raises(Retriable):
        on.driver.submit(PowerOn(2001, "pve1"))
    assert vm().power == "stopped"
    assert on.finish(on.driver.submit(PowerOn(2001, "pve1"))).status == "ok"


def test_pitfall_12_a_clone_goes_only_where_its_disks_reach(on: Stage) -> None:
    order = replace(CLONE, template=9011, node="pve2")
    with pytest.raises(Refused, match="can't clone"):
        on.driver.submit(order)
    with pytest.raises(Refused):
        on.driver.submit(replace(order, template_node="pve2"))
    (template,) = on.driver.facts((TemplateKey(vmid=9011),)).templates
    assert (template.node, template.storage, template.storage_shared) == (
        "pve1",
        "local-lvm",
        False,
    )
    assert on.finish(on.driver.submit(replace(CLONE, node="pve2"))).status == "ok"


def test_pitfall_13_linked_clones_take_no_storage_and_hold_their_template(on: Stage) -> None:
    order = replace(CLONE, storage="shared")
    assert on.finish(on.driver.submit(order)).status == "ok"
    state = on.finish(TaskHandle(on.call("DELETE", "nodes", "pve1", "qemu", 9000), "pve1"))
    assert isinstance(state.failure, ActionNeeded)
    assert "in use by linked clone" in state.exit
    with pytest.raises(Refused):
        on.driver.submit(Destroy(9000, "pve1", None, "mark"))


def test_pitfall_14_a_lock_is_waited_for_and_a_stale_one_told(
    lab: LabCluster, on: Stage, vm: Callable[[], Machine]
) -> None:
    assert vm().lock is None
    lab.call(lambda pve: pve._qm_lock(pve.vm(2001), "clone"))
    assert vm().lock == "clone"
    try:
        failure = on.finish(on.driver.submit(Configure(2001, "pve1", {"cores": "2"}))).failure
    except StepFailure as refused:
        failure = refused
    assert isinstance(failure, Retriable)
    assert "qm unlock" in str(failure.next)


def test_pitfall_15_what_a_failed_clone_leaves_is_found_and_freed(on: Stage) -> None:
    volume = on.plant(2005)
    left = on.driver.volumes(2005)
    assert volume in {found for _, found in left}
    for node, found in left:
        assert on.finish(on.driver.submit(FreeVolume(2005, node, found))).status == "ok"
    assert on.driver.volumes(2005) == ()


def test_pitfall_16_only_our_own_stopped_unprotected_vm_is_removed(
    on: Stage, vm: Callable[[], Machine]
) -> None:
    destroy = Destroy(2001, "pve1", vm().uuid, "mark")
    with pytest.raises(Refused):
        on.driver.submit(replace(destroy, uuid="11111111-2222-3333-4444-555555555555"))
    on.finish(on.driver.submit(PowerOn(2001, "pve1")))
    with pytest.raises(Retriable, match="destroy failed"):
        on.driver.submit(destroy)
    on.finish(on.driver.submit(PowerOff(2001, "pve1")))
    on.finish(on.driver.submit(Configure(2001, "pve1", {"protection": "1"})))
    with pytest.raises(ActionNeeded, match="protection mode"):
        on.driver.submit(destroy)
    on.finish(on.driver.submit(Configure(2001, "pve1", {"protection": "0"})))
    assert on.finish(on.driver.submit(destroy)).status == "ok"
    assert on.driver.machine(2001) is None
    assert on.driver.volumes(2001) == ()


def test_pitfall_17_an_ha_guest_is_only_asked_for(on: Stage, vm: Callable[[], Machine]) -> None:
    """The task ends before the VM runs; whether it does, the machine tells."""
    on.call("POST", "cluster", "ha", "resources", sid="vm:2001", state="stopped")
    assert vm().ha_managed
    order, before = PowerOn(2001, "pve1"), datetime.now(UTC)
    handle = on.driver.submit(order)
    assert ":hastart:2001:" in handle.id
    assert on.finish(handle).status == "ok"
    until(lambda: vm().power == "running")
    assert on.driver.order_task(order, before) == handle


def test_pitfall_18_settings_are_written_by_task(on: Stage, vm: Callable[[], Machine]) -> None:
    handle = on.driver.submit(Configure(2001, "pve1", {"cores": "2"}))
    assert ":qmconfig:2001:" in handle.id
    assert on.finish(handle).status == "ok"


def test_pitfall_19_what_is_only_pending_is_told(on: Stage, vm: Callable[[], Machine]) -> None:
    """And a concurrent edit is caught by the digest."""
    on.finish(on.driver.submit(PowerOn(2001, "pve1")))
    digest = vm().digest
    state = on.finish(on.driver.submit(Configure(2001, "pve1", {"memory": "1024"}, digest)))
    assert state.status == "ok"
    assert on.driver.pending(vm()) == {"memory"}
    try:
        failure = on.finish(
            on.driver.submit(Configure(2001, "pve1", {"cores": "2"}, digest))
        ).failure
    except StepFailure as refused:
        failure = refused
    assert isinstance(failure, Retriable)


def test_pitfall_20_a_disk_grows_to_an_absolute_size(
    lab: LabCluster, on: Stage, vm: Callable[[], Machine]
) -> None:
    for text in ("got timeout", "volume 'shared:2001/vm-2001-disk-0.qcow2' does not exist"):
        lab.fault("task-fails", type="resize", text=text)
        state = on.finish(on.driver.submit(GrowDisk(2001, "pve1", "scsi0", 5)))
        assert isinstance(state.failure, Retriable)
    for _ in range(2):
        assert on.finish(on.driver.submit(GrowDisk(2001, "pve1", "scsi0", 5))).status == "ok"
    assert vm().disks_gb == {"scsi0": 5}
    state = on.finish(on.driver.submit(GrowDisk(2001, "pve1", "scsi0", 3)))
    assert isinstance(state.failure, Refused)
