"""Every action on a VM: its plan as the run needs it, and what is told before it is approved."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioner.errors import Conflict
from provisioner.plans.model import Plan
from provisioner.services.cloud_vps.actions.deciding import look_of
from provisioner.services.cloud_vps.actions_details import FORMS
from tests.unit import plans_world as world
from tests.unit import standing_world as standing
from tests.unit.standing_world import EVERY_ACTION, Scene, ready, scene

WHOSE = {
    "cluster": "dc1", "vmid": 2000, "vm": {"uuid": standing.UUID, "number": standing.NUMBER}
}  # fmt: skip
DOOR = {
    "address": "10.10.10.100", "port": 22, "user": "admin-web",
    "host_key": "ssh-ed25519 AAAAhost",
}  # fmt: skip
KINDS: dict[str, list[str]] = {
    "resize": ["vm.reconfigure", "vm.restart", "vm.reach"],
    "snapshot": ["vm.snapshot"],
    "rollback": ["vm.rollback", "vm.reach"],
    "delete_snapshot": ["vm.delete_snapshot"],
    "restart": ["vm.restart", "vm.reach"],
    "stop": ["vm.power"],
    "start": ["vm.power", "vm.reach"],
    "add_key": ["vm.add_key", "vm.accepts"],
    "rebuild": [
        "vm.remove", "vm.pool", "vm.clone", "vm.wait_clone", "vm.configure", "vm.grow_disk",
        "vm.firewall", "vm.start", "vm.wait_boot", "vm.prove", "vm.protect", "vm.backup_job",
        "vm.facts", "vm.hand_over",
    ],
    "move": ["vm.migrate", "vm.reach"],
    "backup": ["vm.backup"],
    "restore": ["vm.power", "vm.protect", "vm.restore", "vm.protect", "vm.reach"],
    "extend": ["instance.extend"],
    "suspend": ["vm.power", "vm.reconfigure"],
    "resume": ["vm.reconfigure", "vm.power", "vm.reach"],
    "end": ["vm.power", "vm.reconfigure", "vm.backup"],
    "settle": ["vm.reconfigure"],
}  # fmt: skip


def planned(action: str, where: Scene | None = None, **details: Any) -> Plan:
    return (where or ready(action)).plan(action, **{**EVERY_ACTION[action], **details})


def params(made: Plan, key: str) -> dict[str, Any]:
    """What the step adds to whose VM it is; that is checked on the way."""
    found = dict(next(step.params for step in made.steps if step.key == key))
    assert {name: found.pop(name) for name in WHOSE} == WHOSE
    return found


def told(made: Plan) -> str:
    return " ".join(f"[{risk.level}] {risk.text}" for risk in made.risks)


def test_the_tables_name_every_action() -> None:
    assert set(FORMS) == set(EVERY_ACTION) == set(KINDS)


@pytest.mark.parametrize("action", FORMS)
def test_every_action_has_a_plan(action: str) -> None:
    made = planned(action)
    assert [step.kind for step in made.steps] == KINDS[action]
    assert len({step.key for step in made.steps}) == len(made.steps)
    assert made.choices["action"] == action
    assert (made.choices["instance"], made.choices["vmid"]) == (standing.ID, 2000)
    assert made.objects["vm 2000"]["uuid"] == standing.UUID
    assert made.expected_seconds > 0
    for step in made.steps:
        assert step.target in ("dc1/VM 2000", "dc1/pool opd-dinkes")
        whose = step.params.get("vm") or step.params["rebuild_of"]
        assert (whose["uuid"], whose["number"]) == (standing.UUID, standing.NUMBER)


@pytest.mark.parametrize("action", FORMS)
def test_a_plan_survives_storing_and_is_the_same_when_pinned(action: str) -> None:
    made = planned(action)
    stored = Plan.from_json(json.loads(json.dumps(made.to_json())))
    again = ready(action).plan(action, stored.choices, **EVERY_ACTION[action])
    assert stored.digest == made.digest == again.digest


@pytest.mark.parametrize("action", FORMS)
def test_nothing_is_read_of_the_vm_that_the_plan_does_not_need(action: str) -> None:
    where = ready(action)
    planned(action, where)
    look = look_of(action)
    wanted = {
        "snapshots": look.snapshots, "backups": look.backups, "pending": look.pending,
        "firewall": look.firewall, "backup_job": look.firewall,
    }  # fmt: skip
    assert sorted(where.cluster.asked) == sorted(name for name, asked in wanted.items() if asked)


def test_a_larger_size_claims_the_difference_and_restarts() -> None:
    where = scene(
        {
            "cores": 1, "memory_mb": 1024, "disks_gb": {"scsi0": 10.0},
            "options": {"cores": "1", "memory": "1024", "balloon": "1024"},
        },
        offer={"extra_disk_gb_max": 100},
    )  # fmt: skip
    where.ledger = world.ledger_of(
        standing.plan_creation(world.wanted(size="small"), world.facts(), world.Ledger()),
        standing.NUMBER,
    )
    made = planned("resize", where, size="medium", extra_disk_gb=50)
    assert [step.key for step in made.steps] == [
        "vm.reconfigure", "vm.grow_disk", "vm.add_disk", "vm.restart", "vm.reach"
    ]  # fmt: skip
    assert params(made, "vm.reconfigure") == {
        "options": {"cores": "2", "memory": "4096", "balloon": "4096"},
        "before": {"cores": "1", "memory": "1024", "balloon": "1024"},
        "delete": [],
    }
    assert params(made, "vm.grow_disk") == {"disk": "scsi0", "size_gb": 40}
    assert params(made, "vm.add_disk") == {
        "disk": "scsi1", "storage": "local-lvm", "size_gb": 50
    }  # fmt: skip
    assert params(made, "vm.restart") == {"seconds": 120, "only_if_pending": True}
    (claim,) = made.claims
    assert (claim.kind, claim.scope, claim.key) == ("capacity", "dc1/pve2", "2000+VPS-2026-0042")
    assert claim.amounts == {
        "cores": 1, "memory_mb": 3072, "disk_gb": 30, "extra_disk_gb": 50,
        "storage": "local-lvm", "shared": False, "department": "dinkes",
    }  # fmt: skip
    assert "[medium] VM 2000 (web-dinkes) cannot be reached for some minutes" in told(made)
    assert "cannot be made smaller again" in told(made)
    nodes = {node["node"]: node for node in made.picture["nodes"]}
    assert nodes["pve2"]["memory_mb"]["this"] == 3072


def test_a_vm_that_is_off_is_resized_without_a_restart_and_a_disk_is_grown_further() -> None:
    where = scene(
        {
            "power": "stopped", "disks_gb": {"scsi0": 40.0, "scsi1": 20.0},
            "options": {"scsi1": "local-lvm:vm-2000-disk-1,size=20G"},
        },
        offer={"extra_disk_gb_max": 100},
    )  # fmt: skip
    made = planned("resize", where, size="medium", extra_disk_gb=60)
    assert [step.key for step in made.steps] == ["vm.grow_disk.2"]
    assert params(made, "vm.grow_disk.2") == {"disk": "scsi1", "size_gb": 60}


def test_what_the_cluster_leaves_out_has_its_default() -> None:
    """A VM without sockets and balloon in its configuration has one and all of its memory."""
    bare = {"options": {"sockets": None, "balloon": None}}
    with pytest.raises(Conflict, match="has that size already"):
        planned("resize", scene(bare), size="medium")
    made = planned("resize", scene(bare), size="small")
    assert params(made, "vm.reconfigure")["options"] == {"cores": "1", "memory": "1024"}


def test_a_smaller_size_keeps_the_disk_and_says_so() -> None:
    made = planned("resize", size="small")
    assert "Its disk keeps its 40 GB" in told(made)
    assert "less memory than it has (4096 MB)" in told(made)
    assert made.claims[0].amounts["memory_mb"] == -3072
    assert made.claims[0].amounts["disk_gb"] == 0


def test_a_snapshot_says_when_it_is_removed() -> None:
    made = planned("snapshot", note="before the update", keep_days=7)
    assert params(made, "vm.snapshot") == {
        "name": "before-work", "keep_days": 7,
        "note": "provisioner: request VPS-2026-0001 by VPS-2026-0042; before the update;",
    }  # fmt: skip
    assert (made.choices["snapshot"], made.choices["keep_days"]) == ("before-work", 7)
    assert "removed by itself after 7 days, on 29 November 2026" in str(made.summary)
    assert made.objects["snapshot before-work"] is None
    assert "it is no backup" in told(made)


def test_a_rollback_says_what_is_lost() -> None:
    made = planned("rollback")
    assert params(made, "vm.rollback") == {"name": "before-update", "start": True}
    assert params(made, "vm.reach") == DOOR
    assert "[high] Everything that was written" in told(made)
    assert "size and settings of that moment" in told(made)
    assert "cannot be undone" in str(made.steps[0].undo)
    off = scene({"power": "stopped"})
    off.cluster.of_snapshots = (standing.snapshot(description="by hand"),)
    made = planned("rollback", off)
    assert [step.kind for step in made.steps] == ["vm.rollback"]
    assert params(made, "vm.rollback")["start"] is False
    assert "[medium] The snapshot before-update was not taken by this program" in told(made)


def test_power() -> None:
    assert params(planned("stop"), "vm.power") == {"wanted": "stopped", "seconds": 120}
    assert params(planned("start"), "vm.power") == {"wanted": "running", "seconds": 120}
    assert params(planned("restart"), "vm.restart") == {"seconds": 120, "only_if_pending": False}
    where = ready("restart")
    where.cluster.of_pending = frozenset({"memory"})
    assert planned("restart", where).steps[0].changes[0].before == "memory"


def test_suspended_and_resumed() -> None:
    made = planned("suspend")
    assert params(made, "vm.reconfigure") == {
        "options": {"onboot": "0"}, "before": {"onboot": "1"}, "delete": []
    }  # fmt: skip
    made = planned("resume")
    assert params(made, "vm.reconfigure")["options"] == {"onboot": "1"}
    where = ready("resume")
    where.record = standing.record(state="suspended", remove_at=standing.AT)
    assert "Its removal is called off" in told(planned("resume", where))


def test_further_keys_go_through_the_agent_and_are_proven() -> None:
    made = planned("add_key")
    assert params(made, "vm.add_key") == {"user": "admin-web", "keys": [world.OFFICE_KEY]}
    assert params(made, "vm.accepts") == {**DOOR, "ssh_keys": [world.OFFICE_KEY]}
    assert not {"ciuser", "sshkeys"} & set(str(made.to_json()).split("'"))


def test_a_rebuild_keeps_number_address_name_and_node() -> None:
    made = planned("rebuild")
    assert made.claims == ()
    clone = next(step.params for step in made.steps if step.kind == "vm.clone")
    assert (clone["vmid"], clone["node"], clone["name"]) == (2000, "pve2", "web-dinkes")
    assert clone["description"].startswith(f"provisioner: request {standing.NUMBER} ")
    assert clone["rebuild_of"] == {
        "instance": standing.ID, "number": standing.NUMBER, "uuid": standing.UUID
    }  # fmt: skip
    configure = next(step.params for step in made.steps if step.kind == "vm.configure")
    assert configure["options"]["ipconfig0"] == "ip=10.10.10.100/24,gw=10.10.10.1"
    assert params(made, "vm.remove") == {"backup_job": "backup-opd"}
    assert "[high] Everything in VM 2000" in told(made)
    assert made.choices["image"] == "debian-13"
    assert made.choices["template"] == 9002


def test_a_rebuild_has_the_size_of_today_and_its_own_room_again() -> None:
    where = ready("rebuild")
    where.record = standing.record(size="small")
    where.cluster.vm = standing.machine(
        disks_gb={"scsi0": 40.0, "scsi1": 25.0},
        options={"scsi1": "local-lvm:vm-2000-disk-1,size=25G"},
    )
    full = tuple(world.guest(v, "pve2", memory_mb=8192) for v in range(100, 110))
    where.cluster.now = standing.cluster(guests=(*full, *standing.cluster().guests))
    by_kind = {step.kind: step.params for step in planned("rebuild", where).steps}
    assert by_kind["vm.configure"]["options"]["memory"] == "1024"
    assert by_kind["vm.add_disk"]["size_gb"] == 25
    where.record = standing.record()  # there is only room for it because it leaves first
    by_kind = {step.kind: step.params for step in planned("rebuild", where).steps}
    assert by_kind["vm.configure"]["options"]["memory"] == "4096"


def test_a_move_chooses_the_node_with_most_left_and_claims_there() -> None:
    made = planned("move")
    assert params(made, "vm.migrate") == {"target": "pve1", "storage": "local-lvm"}
    assert (made.choices["from"], made.choices["node"]) == ("pve2", "pve1")
    (claim,) = made.claims
    assert (claim.scope, claim.key) == ("dc1/pve1", "2000+VPS-2026-0042")
    assert claim.amounts["moving"] is True
    assert claim.amounts["disk_gb"] == 40
    assert "(40 GB) are copied over the network" in told(made)
    assert planned("move", node="pve3").choices["node"] == "pve3"


def test_a_move_on_shared_storage_copies_nothing() -> None:
    where = scene({"options": {"scsi0": "ceph:base-9001-disk-0/vm-2000-disk-0"}})
    shared = tuple(world.storage(f"pve{i}", "ceph", shared=True) for i in (1, 2, 3))
    where.cluster.now = standing.cluster(storages=shared)
    where.cluster.of_snapshots = (standing.snapshot(),)
    made = planned("move", where)
    assert params(made, "vm.migrate") == {"target": "pve1", "storage": None}
    assert made.claims[0].amounts["disk_gb"] == 0
    assert "copied" not in told(made)


def test_a_move_keeps_the_vms_of_an_application_apart() -> None:
    where = ready("move")
    where.record = standing.record(details={**world.DETAILS, "application": "e-office"})
    sibling = world.HeldClaim(
        "capacity", "dc1/pve1", "2050", "VPS-2026-0020",
        amounts={
            "cores": 1, "memory_mb": 512, "disk_gb": 5, "storage": "local-lvm",
            "department": "dinkes", "application": "e-office",
        },
    )  # fmt: skip
    where.ledger = world.Ledger((*where.ledger.claims, sibling))
    assert planned("move", where).choices["node"] == "pve3"
    assert "1 VMs of the application e-office are on pve1" in told(
        planned("move", where, node="pve1")
    )


def test_a_backup_carries_the_vms_mark_and_the_request() -> None:
    made = planned("backup", note="before the audit")
    assert params(made, "vm.backup") == {
        "storage": "pbs",
        "note": "provisioner: request VPS-2026-0001 by VPS-2026-0042; before the audit;",
    }
    small = ready("backup")
    storages = (*world.cluster().storages, world.storage(
        "pve2", "pbs", content=frozenset({"backup"}), free_gb=20.0))  # fmt: skip
    small.cluster.now = standing.cluster(storages=storages)
    assert "has 20 GB left and the disks have 40 GB" in told(planned("backup", small))


def test_a_restore_lifts_the_protection_for_as_long_as_it_takes() -> None:
    made = planned("restore")
    assert [step.key for step in made.steps] == [
        "vm.power", "vm.protect.off", "vm.restore", "vm.protect.on", "vm.reach"
    ]  # fmt: skip
    assert params(made, "vm.restore") == {
        "volume": standing.BACKUP, "storage": "local-lvm", "start": True
    }  # fmt: skip
    assert "[high] Everything that was written in VM 2000 (web-dinkes) since 1 Nov 2026" in told(
        made
    )
    where = scene({"power": "stopped", "options": {"protection": None}})
    where.cluster.of_backups = (standing.backup(),)
    where.cluster.of_snapshots = (standing.snapshot(),)
    made = planned("restore", where)
    assert [step.key for step in made.steps] == ["vm.restore"]
    assert params(made, "vm.restore")["start"] is False
    assert "Its snapshots (before-update) are lost" in told(made)


def test_an_extension_counts_to_the_end_of_the_last_day() -> None:
    made = planned("extend")
    assert params(made, "instance.extend") == {
        "instance": standing.ID,
        "before": "2026-12-31T17:00:00Z",
        "ends_at": "2027-06-30T17:00:00Z",
    }
    where = ready("extend")
    where.record = standing.record(state="suspended", remove_at=standing.AT)
    assert "stays switched off until it is resumed" in told(planned("extend", where))


def test_an_action_on_somebody_elses_vm_or_none_is_not_found() -> None:
    for other in (None, standing.record(department="disdik")):
        where = ready("stop")
        where.record = other
        with pytest.raises(Conflict, match="no VM vm-dc1-2000-ab12cd of this department"):
            planned("stop", where)


def test_an_action_objects_to_nothing_at_any_address() -> None:
    where = ready("move")
    assert where.planning().objections(planned("move", where)) == ()
