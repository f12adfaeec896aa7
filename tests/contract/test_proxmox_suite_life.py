"""The driver suite for a VM that stands: settings, snapshots, backups, moves, firewall, guests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from provisioner.drivers.hypervisor import (
    BackUp,
    Configure,
    DropBackup,
    DropSnapshot,
    EnsurePool,
    FirewallRule,
    GrowDisk,
    JoinBackupJob,
    LeaveBackupJob,
    Machine,
    MakeTemplate,
    MakeVm,
    Migrate,
    PowerOn,
    Restart,
    RestoreBackup,
    RollBack,
    SetFirewall,
    Shutdown,
    TakeSnapshot,
    VmidTaken,
    VmOrder,
    WriteGuestFile,
)
from provisioner.errors import ActionNeeded, Refused, StepFailure
from tests.contract.stages import Stage, booted
from tests.contract.test_proxmox_suite import MARK, clone

STRANGE = "11111111-2222-3333-4444-555555555555"
SSH = FirewallRule("tcp", 22, "provisioner: request VPS-2026-0001 ssh")
WEB = FirewallRule("tcp", 443, "provisioner: request VPS-2026-0001 web", "10.0.0.0/8")
PING = FirewallRule("icmp", None, "provisioner: request VPS-2026-0001 ping")


@pytest.fixture
def made(stage: Stage) -> Callable[[], Machine]:
    """Makes VM 2001 from the template, and reads it at every call."""
    assert stage.finish(stage.driver.submit(clone(stage))).status == "ok"

    def read() -> Machine:
        machine = stage.driver.machine(2001)
        assert machine is not None
        return machine

    return read


def does(stage: Stage, order: VmOrder) -> None:
    state = stage.finish(stage.driver.submit(order))
    assert state.status == "ok", state


def fails(stage: Stage, order: VmOrder) -> StepFailure:
    """What an order fails with, at the call or in its task."""
    try:
        state = stage.finish(stage.driver.submit(order))
    except StepFailure as failure:
        return failure
    assert state.failure is not None, state
    return state.failure


def test_an_option_is_changed_and_taken_away(stage: Stage, made: Callable[[], Machine]) -> None:
    does(stage, Configure(2001, stage.node, {"onboot": "1", "nameserver": "10.10.10.1"}))
    assert made().options["onboot"] == "1"
    does(stage, Configure(2001, stage.node, {"cores": "2"}, delete=("nameserver",)))
    assert "nameserver" not in made().options
    assert made().cores == 2


def test_a_running_vm_keeps_what_needs_a_restart_pending(
    stage: Stage, made: Callable[[], Machine]
) -> None:
    """Pitfall 19: the change succeeds, and only ``pending`` tells that it does not hold yet."""
    does(stage, PowerOn(2001, stage.node))
    does(stage, Configure(2001, stage.node, {"memory": "1024"}))
    assert "memory" in stage.driver.pending(made())
    does(stage, Configure(2001, stage.node, {"description": f"{MARK} more"}))
    assert "description" not in stage.driver.pending(made())


def test_a_restart_makes_pending_options_hold(stage: Stage, made: Callable[[], Machine]) -> None:
    booted(stage, 2001)
    does(stage, Configure(2001, stage.node, {"memory": "1024"}))
    does(stage, Restart(2001, stage.node, 60))
    until_running(stage, made)
    assert stage.driver.pending(made()) == frozenset()
    assert made().memory_mb == 1024


def until_running(stage: Stage, made: Callable[[], Machine]) -> None:
    """The restart's task ends when it is off; a task of the node's own starts it again."""
    for _ in range(100):
        if made().power == "running":
            return
        stage.driver.guest(made())
    raise AssertionError("it did not start again")


def test_a_vm_is_shut_down(stage: Stage, made: Callable[[], Machine]) -> None:
    does(stage, PowerOn(2001, stage.node))
    for _ in range(2):  # the second time nothing has to be done
        does(stage, Shutdown(2001, stage.node, 1))
        assert made().power == "stopped"


def test_snapshots_come_and_go(stage: Stage, made: Callable[[], Machine]) -> None:
    began = datetime.now(UTC) - timedelta(seconds=5)
    does(stage, TakeSnapshot(2001, stage.node, "before", MARK))
    assert isinstance(fails(stage, TakeSnapshot(2001, stage.node, "before", MARK)), Refused)
    (snapshot,) = stage.driver.snapshots(made())
    assert (snapshot.name, snapshot.description, snapshot.memory) == ("before", MARK, False)
    assert began < snapshot.taken_at < datetime.now(UTC) + timedelta(seconds=5)
    does(stage, TakeSnapshot(2001, stage.node, "later", MARK))
    for _ in range(2):
        does(stage, DropSnapshot(2001, stage.node, "before"))
    assert [found.name for found in stage.driver.snapshots(made())] == ["later"]


def test_a_vm_goes_back_to_a_snapshot(stage: Stage, made: Callable[[], Machine]) -> None:
    does(stage, TakeSnapshot(2001, stage.node, "before", MARK))
    does(stage, Configure(2001, stage.node, {"cores": "4"}))
    does(stage, PowerOn(2001, stage.node))
    with pytest.raises(Refused):
        stage.driver.submit(RollBack(2001, stage.node, "before", uuid=STRANGE))
    assert made().cores == 4
    does(stage, RollBack(2001, stage.node, "before", uuid=made().uuid))
    assert (made().cores, made().power) == (1, "stopped")
    assert isinstance(fails(stage, RollBack(2001, stage.node, "never")), Refused)


def test_a_backup_is_made_found_and_dropped(stage: Stage, made: Callable[[], Machine]) -> None:
    assert stage.driver.backups(2001) == ()
    does(stage, BackUp(2001, stage.node, stage.backup_storage, f"{MARK}\n{{{{guestname}}}} \\o/"))
    (backup,) = stage.driver.backups(2001)
    assert (backup.storage, backup.vmid, backup.content) == (stage.backup_storage, 2001, "backup")
    assert backup.notes.startswith(MARK)
    assert not backup.protected
    assert backup.made_at is not None
    assert backup in stage.driver.stored()
    with pytest.raises(Refused):
        stage.driver.submit(DropBackup(2002, backup.node, backup.volume))
    assert stage.driver.backups(2001) == (backup,)
    for _ in range(2):
        does(stage, DropBackup(2001, backup.node, backup.volume))
    assert stage.driver.backups(2001) == ()


def test_a_protected_backup_is_left_alone(stage: Stage, made: Callable[[], Machine]) -> None:
    does(stage, BackUp(2001, stage.node, stage.backup_storage, MARK, protected=True))
    (backup,) = stage.driver.backups(2001)
    assert backup.protected
    assert isinstance(fails(stage, DropBackup(2001, backup.node, backup.volume)), ActionNeeded)


def test_a_backup_is_restored_in_place(stage: Stage, made: Callable[[], Machine]) -> None:
    does(stage, BackUp(2001, stage.node, stage.backup_storage, MARK))
    (backup,) = stage.driver.backups(2001)
    before = made()
    does(stage, Configure(2001, stage.node, {"cores": "4"}))
    does(stage, GrowDisk(2001, stage.node, "scsi0", 5))
    with pytest.raises(Refused):
        stage.driver.submit(RestoreBackup(2001, stage.node, backup.volume, STRANGE))
    assert made().cores == 4
    does(stage, RestoreBackup(2001, stage.node, backup.volume, str(before.uuid), stage.storage))
    after = made()
    assert (after.cores, after.disks_gb, after.lock) == (before.cores, before.disks_gb, None)
    assert (after.uuid, after.description) == (before.uuid, before.description)
    assert after.options["net0"] == before.options["net0"]


def test_a_backup_of_another_vm_is_never_put_over_ours(
    stage: Stage, made: Callable[[], Machine]
) -> None:
    volume = f"{stage.backup_storage}:backup/vzdump-qemu-2002-2026_11_22-01_55_03.vma.zst"
    with pytest.raises(Refused):
        stage.driver.submit(RestoreBackup(2001, stage.node, volume, str(made().uuid)))


def test_a_vm_moves_to_another_node(stage: Stage, made: Callable[[], Machine]) -> None:
    order = Migrate(2001, stage.node, stage.other_node, online=False)
    does(stage, order)
    assert made().node == stage.other_node
    does(stage, order)  # where it is already
    does(stage, PowerOn(2001, stage.node))  # it is followed
    does(stage, Migrate(2001, stage.other_node, stage.node, online=True))
    assert (made().node, made().power) == (stage.node, "running")


def test_the_firewall_is_brought_about_by_difference(
    stage: Stage, made: Callable[[], Machine]
) -> None:
    """Pitfall 32: rules that others made, or that came with the template, stay."""
    path = ("nodes", stage.node, "qemu", 2001, "firewall", "rules")
    other = {"type": "in", "action": "ACCEPT", "proto": "tcp", "dport": "8000:8010,25", "enable": 1}
    stage.call("POST", *path, comment="by hand", **other)
    order = SetFirewall(2001, stage.node, (SSH, WEB, PING), (stage.address,))
    for _ in range(2):
        does(stage, order)
        found = stage.driver.firewall(made())
        assert (found.enabled, found.policy_in, found.ip_filter) == (True, "DROP", True)
        assert found.addresses == {stage.address}
        by_hand = {
            FirewallRule("tcp 8000:8010", None, "by hand"),
            FirewallRule("tcp", 25, "by hand"),
        }
        assert set(found.rules) == {SSH, WEB, PING, *by_hand}
        assert len(found.rules) == 5
    does(stage, SetFirewall(2001, stage.node, (SSH,), ("10.10.10.7",)))
    found = stage.driver.firewall(made())
    assert (set(found.rules), found.addresses) == ({SSH, *by_hand}, {"10.10.10.7"})
    does(stage, SetFirewall(2001, stage.node, (), (), enabled=False))
    found = stage.driver.firewall(made())
    assert (found.enabled, found.ip_filter, set(found.rules)) == (False, False, by_hand)


def test_a_pool_is_made_once(stage: Stage) -> None:
    for _ in range(2):
        stage.driver.submit(EnsurePool("opd-dinkes", "Dinas Kesehatan"))
    assert stage.driver.pools()["opd-dinkes"] == frozenset()
    order = clone(stage, pool="opd-dinkes")
    assert stage.finish(stage.driver.submit(order)).status == "ok"
    assert stage.driver.pools()["opd-dinkes"] == {2001}
    (guest,) = [guest for guest in stage.driver.facts().guests if guest.vmid == 2001]
    assert guest.pool == "opd-dinkes"


def test_a_backup_job_gains_and_loses_vms(stage: Stage) -> None:
    """Never emptied into all; without VMs it waits, switched off, for the next one."""
    driver = stage.driver
    what = {"schedule": "02:30", "storage": stage.backup_storage, "mode": "snapshot"}
    stage.call("POST", "cluster", "backup", id="ours", vmid="2005", enabled=1, **what)
    for _ in range(2):
        driver.submit(JoinBackupJob("ours", 2001))
    job = driver.backup_job("ours")
    assert job is not None
    assert (job.vmids, job.enabled, job.everything, job.pool) == ({2001, 2005}, True, False, None)
    assert job.storage == stage.backup_storage
    for vmid in (2005, 2001, 2001):
        driver.submit(LeaveBackupJob("ours", vmid))
    job = driver.backup_job("ours")
    assert job is not None
    assert (job.vmids, job.enabled, job.everything) == (frozenset(), False, False)
    driver.submit(JoinBackupJob("ours", 2002))
    job = driver.backup_job("ours")
    assert job is not None
    assert (job.vmids, job.enabled) == ({2002}, True)


def test_a_backup_job_of_all_is_never_narrowed(stage: Stage) -> None:
    driver = stage.driver
    what = {"schedule": "02:30", "storage": stage.backup_storage}
    stage.call("POST", "cluster", "backup", id="everything", all=1, exclude="2002", **what)
    driver.submit(JoinBackupJob("everything", 2001))  # it has it already
    driver.submit(LeaveBackupJob("everything", 2001))  # and will not miss it
    with pytest.raises(ActionNeeded):
        driver.submit(JoinBackupJob("everything", 2002))
    job = driver.backup_job("everything")
    assert job is not None
    assert (job.everything, job.excluded, job.vmids) == (True, {2002}, frozenset())
    assert driver.backup_job("nosuch") is None
    with pytest.raises(ActionNeeded):
        driver.submit(JoinBackupJob("nosuch", 2001))


def test_a_file_inside_is_written_and_read(stage: Stage, made: Callable[[], Machine]) -> None:
    machine = booted(stage, 2001)
    assert stage.driver.guest_file(machine, "/etc/nosuch") is None
    for content in ("first\nsecond\n", "Dinas Kesehatan – é\n"):
        does(stage, WriteGuestFile(2001, stage.node, "/etc/office", content))
        assert stage.driver.guest_file(machine, "/etc/office") == content


def test_the_guest_says_what_it_is(stage: Stage, made: Callable[[], Machine]) -> None:
    facts = stage.driver.guest_facts(booted(stage, 2001))
    assert facts.hostname == "web-dinkes"
    assert "Debian" in facts.system
    assert facts.kernel
    used, total = facts.filesystems["/"]
    assert 0 < used < total


def test_a_vm_from_nothing_becomes_a_template(stage: Stage) -> None:
    options = {"name": "fresh", "memory": "512", "scsi0": f"{stage.storage}:2"}
    order = MakeVm(2003, stage.node, options)
    assert stage.finish(stage.driver.submit(order)).status == "ok"
    with pytest.raises(VmidTaken):
        stage.driver.submit(order)
    for _ in range(2):
        handle = stage.driver.submit(MakeTemplate(2003, stage.node))
        assert stage.finish(handle).status == "ok"
    machine = stage.driver.machine(2003)
    assert machine is not None
    assert machine.template


def test_orders_are_found_again_by_their_tasks(stage: Stage, made: Callable[[], Machine]) -> None:
    """Pitfalls 9, 34: by type, VMID, our token and time; the newest counts."""
    driver = stage.driver
    before = datetime.now(UTC)
    orders: tuple[VmOrder, ...] = (
        Configure(2001, stage.node, {"cores": "2"}),
        TakeSnapshot(2001, stage.node, "before", MARK),
        PowerOn(2001, stage.node),
        Shutdown(2001, stage.node, 1),
        RollBack(2001, stage.node, "before"),
        DropSnapshot(2001, stage.node, "before"),
    )
    for order in orders:
        assert driver.order_task(order, before) is None
        handle = driver.submit(order)
        stage.finish(handle)
        assert driver.order_task(order, before) == handle
        assert driver.order_task(order, before + timedelta(minutes=1)) is None
    assert driver.order_task(PowerOn(2002, stage.node), before) is None
    assert driver.order_task(SetFirewall(2001, stage.node, (), ()), before) is None


def test_rights_and_version_are_told(stage: Stage) -> None:
    rights = stage.driver.rights()
    assert rights.version.partition(".")[0] in {"8", "9"}
    assert rights.version == stage.driver.facts().version
    assert rights.has("/vms/2001", "VM.Config.CPU")
    assert not rights.has("/vms/2001", "No.Such")
