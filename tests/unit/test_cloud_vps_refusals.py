"""What an action refuses: records that are stale, VMs that are not ours, what does not fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.drivers.hypervisor import Machine
from provisioner.errors import Conflict, Retriable
from provisioner.facts.cloud_vps import Standing
from provisioner.services.cloud_vps.actions_details import FORMS
from tests.unit import plans_world as world
from tests.unit import standing_world as standing
from tests.unit.standing_world import EVERY_ACTION, Scene, ready

BUT_END = [action for action in FORMS if action != "end"]
STRANGERS: dict[str, dict[str, Any]] = {
    "another identity": {"uuid": "00000000-0000-0000-0000-000000000000"},
    "no identity": {"uuid": None},
    "the mark of another request": {
        "description": "provisioner: request VPS-2026-00011 department dinkes"
    },
    "no mark": {"description": "the mayor's own server"},
    "both": {"uuid": "00000000-0000-0000-0000-000000000000", "description": ""},
}


def changed(where: Scene, **changes: Any) -> Machine:
    assert where.cluster.vm is not None
    where.cluster.vm = replace(where.cluster.vm, **changes)
    return where.cluster.vm


def refused(where: Scene, action: str, **details: Any) -> Conflict:
    with pytest.raises(Conflict) as caught:
        where.plan(action, **{**EVERY_ACTION[action], **details})
    return caught.value


# ------------------------------------------------------------- stale records, every action


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("action", BUT_END)
def test_a_vm_that_is_not_ours_is_not_touched(action: str, stranger: str) -> None:
    where = ready(action)
    changed(where, **STRANGERS[stranger])
    error = refused(where, action)
    assert error.slug == "not-plannable"
    assert "is not the one of our record" in str(error)
    assert where.cluster.asked == []  # nothing more was even read of it


@pytest.mark.parametrize("action", BUT_END)
def test_a_vm_that_somebody_removed(action: str) -> None:
    where = ready(action)
    where.cluster.vm = None
    error = refused(where, action)
    assert error.slug == "not-plannable"
    assert "was removed by hand" in str(error)


@pytest.mark.parametrize("change", [{"state": "ended"}, {"ending": True}])
@pytest.mark.parametrize("action", FORMS)
def test_a_vm_that_ended(action: str, change: dict[str, Any]) -> None:
    where = ready(action)
    assert where.record is not None
    where.record = replace(where.record, **change)
    assert "has ended, or is being removed" in str(refused(where, action))
    assert where.cluster.reads == 0


@pytest.mark.parametrize("action", FORMS)
def test_a_locked_vm_waits_for_its_other_work(action: str) -> None:
    where = ready(action)
    changed(where, lock="backup")
    assert "is locked on the cluster (backup)" in str(refused(where, action))


@pytest.mark.parametrize("action", FORMS)
def test_a_cluster_without_quorum(action: str) -> None:
    where = ready(action)
    where.cluster.now = standing.cluster(quorate=False)
    assert "no quorum" in str(refused(where, action))


def without_pve2() -> tuple[Any, ...]:
    return tuple(replace(n, online=n.name != "pve2") for n in world.cluster().nodes)


@pytest.mark.parametrize("action", FORMS)
def test_a_vm_whose_node_is_away(action: str) -> None:
    where = with_facts(action, nodes=without_pve2())
    if action in ("extend", "end"):
        assert where.plan(action, **EVERY_ACTION[action]).steps
    else:
        assert "The node pve2 of VM 2000 (web-dinkes) is offline" in str(refused(where, action))
    made = ready(action).plan(action, **EVERY_ACTION[action])
    with pytest.raises(Retriable):
        with_facts(action, nodes=without_pve2()).plan(action, made.choices, **EVERY_ACTION[action])


@given(st.text(max_size=40), st.text(max_size=60))
def test_a_vm_is_ours_by_uuid_and_mark_together(uuid: str, description: str) -> None:
    marked = f"{description} provisioner: request {standing.NUMBER}\n{description}"
    for told, whole in ((description, False), (marked, True)):
        for identity, same in ((uuid, False), (standing.UUID, True), (standing.UUID.upper(), True)):
            vm = standing.machine(uuid=identity, description=told)
            ours = Standing(standing.record(), vm).is_ours
            assert ours == (same and whole)


@pytest.mark.parametrize("action", FORMS)
def test_an_approved_plan_waits_out_a_lock_and_a_lost_quorum(action: str) -> None:
    made = ready(action).plan(action, **EVERY_ACTION[action])
    for change in ({"lock": "backup"}, {}):
        where = ready(action)
        changed(where, **change)
        if not change:
            where.cluster.now = standing.cluster(quorate=False)
        with pytest.raises(Retriable):
            where.plan(action, made.choices, **EVERY_ACTION[action])


@pytest.mark.parametrize("action", BUT_END)
def test_an_approved_plan_is_not_carried_out_on_a_stranger(action: str) -> None:
    """Between approval and run the VM was replaced: the plan made again is refused."""
    made = ready(action).plan(action, **EVERY_ACTION[action])
    where = ready(action)
    changed(where, uuid="00000000-0000-0000-0000-000000000000")
    with pytest.raises(Conflict, match="is not the one of our record"):
        where.plan(action, made.choices, **EVERY_ACTION[action])


@pytest.mark.parametrize("action", FORMS)
def test_a_vm_without_uuid_in_our_books_matches_nothing(action: str) -> None:
    where = ready(action)
    assert where.record is not None
    where.record = replace(where.record, uuid="")
    changed(where, uuid=None)
    if action == "end":
        assert where.plan(action, **EVERY_ACTION[action]).choices["mode"] == "books"
    else:
        assert "is not the one of our record" in str(refused(where, action))


ALLOWED_WHILE_SUSPENDED = {"resume", "extend", "backup", "delete_snapshot", "end", "settle"}


@pytest.mark.parametrize("action", FORMS)
def test_what_is_suspended_is_resumed_first(action: str) -> None:
    where = ready(action)
    assert where.record is not None
    where.record = replace(where.record, state="suspended")
    if action in ALLOWED_WHILE_SUSPENDED:
        runs_though_suspended = {"what": ["power"]} if action == "settle" else {}
        assert where.plan(action, **{**EVERY_ACTION[action], **runs_though_suspended}).steps
    else:
        assert "is suspended. Resume it first" in str(refused(where, action))


@pytest.mark.parametrize("action", ["rebuild", "restore", "end"])
@pytest.mark.parametrize("confirm", ["web-dinke", "WEB-DINKES", "2000"])
def test_what_loses_data_is_confirmed_by_the_vms_name(action: str, confirm: str) -> None:
    error = refused(ready(action), action, confirm=confirm)
    assert error.extra["pointer"] == "/details/confirm"
    assert "web-dinkes" in str(error)


@pytest.mark.parametrize("action", FORMS)
def test_details_that_no_longer_hold(action: str) -> None:
    error = refused(ready(action), action, unknown="x")
    assert "do not hold any more: unknown" in str(error)


# ------------------------------------------------------------- what does not fit


def with_machine(action: str, **changes: Any) -> Scene:
    where = ready(action)
    changed(where, **changes)
    return where


def with_options(action: str, **options: str) -> Scene:
    where = ready(action)
    assert where.cluster.vm is not None
    changed(where, options={**where.cluster.vm.options, **options})
    return where


def with_facts(action: str, **changes: Any) -> Scene:
    where = ready(action)
    where.cluster.now = standing.cluster(**changes)
    return where


def with_snapshots(action: str, *snapshots: Any) -> Scene:
    where = ready(action)
    where.cluster.of_snapshots = snapshots
    return where


def with_backup(**changes: Any) -> Scene:
    where = ready("restore")
    where.cluster.of_backups = (standing.backup(**changes),)
    return where


def with_record(action: str, **changes: Any) -> Scene:
    where = ready(action)
    assert where.record is not None
    where.record = replace(where.record, **changes)
    return where


def with_settings(action: str, **changes: Any) -> Scene:
    where = ready(action)
    where.settings = where.settings.model_copy(update=changes)
    return where


def nodes(**changes: Any) -> tuple[Any, ...]:
    return tuple(replace(node, **changes) for node in world.cluster().nodes)


def on_storage(kind: str, **changes: Any) -> tuple[Any, ...]:
    return tuple(world.storage(f"pve{i}", kind=kind, **changes) for i in (1, 2, 3))


NEWER = (standing.snapshot(), standing.snapshot("after-update", 1))
LINKED = {"scsi0": "local-zfs:base-9001-disk-0/vm-2000-disk-0"}
FULL_PVE2 = tuple(world.guest(v, "pve2", memory_mb=8192) for v in range(100, 110))


@pytest.mark.parametrize(
    ("action", "where", "details", "text"),
    [
        ("resize", ready("resize"), {"size": "medium"}, "has that size already"),
        ("resize", ready("resize"), {"size": "huge"}, "size huge is no longer offered"),
        ("resize", ready("resize"), {"extra_disk_gb": 5}, "no longer offered"),
        ("resize", with_machine("resize", disks_gb={}), {}, "has no disk on the cluster"),
        (
            "resize",
            with_machine("resize", disks_gb={"scsi0": 40.0, "scsi1": 20.0}),
            {"extra_disk_gb": 10},
            "has 20 GB, and disks never shrink",
        ),
        ("snapshot", with_snapshots("snapshot", *NEWER), {"name": "after-update"}, "already"),
        (
            "snapshot",
            with_snapshots("snapshot", *NEWER, standing.snapshot("third", 1)),
            {},
            "3 is the most",
        ),
        ("snapshot", with_facts("snapshot", storages=on_storage("iscsi")), {}, "cannot take"),
        (
            "snapshot",
            with_facts("snapshot", storages=on_storage("lvm"), version="8.4.1"),
            {},
            "cannot take snapshots of the disk scsi0",
        ),
        ("rollback", ready("rollback"), {"snapshot": "unknown"}, "has: before-update"),
        ("delete_snapshot", ready("delete_snapshot"), {"snapshot": "unknown"}, "no snapshot"),
        (
            "delete_snapshot",
            with_snapshots("delete_snapshot", standing.snapshot(description="mine")),
            {},
            "was not taken by this program",
        ),
        ("restart", with_machine("restart", power="stopped"), {}, "Start it first"),
        ("stop", with_machine("stop", power="stopped"), {}, "Start it first"),
        ("start", with_machine("start", power="running"), {}, "switched on already"),
        ("add_key", with_machine("add_key", power="stopped"), {}, "Start it first"),
        ("rebuild", ready("rebuild"), {"image": "windows"}, "no image windows"),
        ("rebuild", with_facts("rebuild", templates=()), {}, "is not on the cluster"),
        ("rebuild", with_facts("rebuild", nodes=nodes(maintenance=True)), {}, "in maintenance"),
        ("rebuild", with_record("rebuild", size="huge"), {}, "no size huge"),
        ("move", ready("move"), {"node": "pve2"}, "is on pve2 already"),
        ("move", ready("move"), {"node": "pve9"}, "no node pve9"),
        ("move", with_options("move", **LINKED), {}, "linked clone of its template"),
        ("move", with_snapshots("move", standing.snapshot()), {}, "Remove them first"),
        ("move", with_machine("move", disks_gb={}), {}, "has no disk"),
        ("backup", with_settings("backup", backup_storage=None), {}, "backup_storage in"),
        ("backup", with_settings("backup", backup_storage="nfs"), {}, "no storage nfs"),
        ("backup", with_settings("backup", backup_storage="local-lvm"), {}, "takes backups"),
        ("restore", ready("restore"), {"backup": "pbs:backup/vm/2001/x"}, "has no backup"),
        ("restore", with_backup(vmid=2001), {}, "has no backup"),
        ("restore", with_backup(content="images"), {}, "has no backup"),
        ("restore", with_backup(notes="web-dinkes"), {}, "does not carry our mark"),
        ("restore", with_backup(notes="provisioner: request VPS-2026-00011"), {}, "our mark"),
        ("restore", with_backup(made_at=standing.MADE_AT.replace(year=2025)), {}, "older than"),
        ("restore", with_backup(made_at=None), {}, "older than"),
        ("extend", with_record("extend", ends_at=None), {}, "no last day of use"),
        ("extend", ready("extend"), {"until": "2026-12-31"}, "has to be later"),
        ("resume", with_record("resume", state="active"), {}, "is not suspended"),
        ("resume", with_record("resume", ends_at=standing.AT), {}, "Extend it first"),
        ("settle", ready("settle"), {"what": ["cores"]}, "no difference cores any more"),
        ("settle", ready("settle"), {"what": ["gone"]}, "There are: onboot"),
    ],
)
def test_what_does_not_fit_is_told(
    action: str, where: Scene, details: dict[str, Any], text: str
) -> None:
    error = refused(where, action, **details)
    assert text in str(error)
    assert error.slug == "not-plannable" or action == "rebuild"


def test_the_newest_snapshot_goes_first_where_the_storage_knows_no_other_way() -> None:
    where = with_facts("rollback", storages=on_storage("zfspool"))
    where.cluster.of_snapshots = NEWER
    assert "Remove the newer ones first: after-update" in str(refused(where, "rollback"))
    assert where.plan("rollback", snapshot="after-update").steps


def test_a_raw_file_takes_no_snapshot() -> None:
    where = with_options("snapshot", scsi0="files:2000/vm-2000-disk-0.raw")
    where.cluster.now = standing.cluster(
        storages=tuple(replace(s, name="files") for s in on_storage("dir"))
    )
    assert "cannot take snapshots" in str(refused(where, "snapshot"))


def test_a_resize_that_does_not_fit_the_node() -> None:
    own = world.guest(2000, "pve2", cores=1, memory_mb=1024)
    guests = (*FULL_PVE2, world.guest(110, "pve2"), own)
    where = with_facts("resize", guests=guests)
    small = {"cores": "1", "memory": "1024", "balloon": "1024"}
    assert where.cluster.vm is not None
    options = {**where.cluster.vm.options, **small}
    changed(where, cores=1, memory_mb=1024, options=options)
    where.ledger = world.Ledger()
    error = refused(where, "resize", size="medium")
    assert error.slug == "no-capacity"
    assert "pve2 cannot give VM 2000 (web-dinkes) that size: not enough memory" in str(error)
    smaller = with_facts("resize", guests=(*FULL_PVE2, *FULL_PVE2, *standing.cluster().guests))
    assert smaller.plan("resize", size="small").steps  # less is possible on a node that is full


def test_a_move_says_why_no_node_can_take_it() -> None:
    where = with_facts(
        "move",
        nodes=tuple(
            replace(n, online=n.name != "pve1", maintenance=n.name == "pve3")
            for n in world.cluster().nodes
        ),
    )
    error = refused(where, "move")
    assert error.slug == "no-capacity"
    assert "pve1: the node is offline; pve3: the node is in maintenance" in str(error)
    assert "pve3 cannot take VM 2000" in str(refused(where, "move", node="pve3"))


def test_a_move_needs_the_bridge_and_the_storage() -> None:
    where = with_facts("move", bridges={f"pve{i}": frozenset({"vmbr7"}) for i in (1, 3)})
    assert "there is no bridge vmbr0" in str(refused(where, "move"))
    lonely = tuple(s for s in standing.cluster().storages if s.node == "pve2")
    assert "no storage local-lvm" in str(refused(with_facts("move", storages=lonely), "move"))
    shared = with_options("move", scsi0="ceph:vm-2000-disk-0,size=40G")
    shared.cluster.now = standing.cluster(
        storages=(world.storage("pve2", "ceph", shared=True),),
    )
    assert "there is no storage ceph" in str(refused(shared, "move"))


def test_a_full_backup_storage() -> None:
    full = (world.storage("pve2", "pbs", content=frozenset({"backup"}), free_gb=0.2),)
    assert refused(with_facts("backup", storages=full), "backup").slug == "no-capacity"
    away = (replace(full[0], active=False),)
    assert "does not answer" in str(refused(with_facts("backup", storages=away), "backup"))


def test_settling_in_a_way_that_the_difference_does_not_allow() -> None:
    where = ready("settle")
    changed(where, disks_gb={"scsi0": 80.0})
    error = refused(where, "settle", how="restore", what=["disk:scsi0"])
    assert "cannot be settled in that way. Possible: accept, adopt" in str(error)
