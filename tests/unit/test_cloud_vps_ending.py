"""The end of a VM in each of its ways, and differences settled between record and cluster."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.drivers.hypervisor import FirewallReading
from provisioner.errors import Conflict
from provisioner.plans.model import Plan
from provisioner.services.cloud_vps.ending import remove_plan, snapshot_plan, suspend_plan
from tests.unit import plans_world as world
from tests.unit import standing_world as standing
from tests.unit.standing_world import Scene, ready, scene

OFFER = world.INVENTORY.catalogue.services.cloud_vps
assert OFFER is not None
TERMS: dict[str, Any] = {"at": standing.AT, "settings": standing.SETTINGS, "offer": OFFER}
DISK = "[high] Everything in VM 2000 (web-dinkes) is lost for good"


def kinds(made: Plan) -> list[str]:
    return [step.kind for step in made.steps]


def told(made: Plan) -> str:
    return " ".join(f"[{risk.level}] {risk.text}" for risk in made.risks)


def end(where: Scene) -> Plan:
    return where.plan("end", confirm="web-dinkes")


def settle(where: Scene, how: str, *what: str) -> Plan:
    return where.plan("settle", how=how, what=list(what))


# ------------------------------------------------------------- ends


def test_an_end_with_grace_only_switches_off_and_backs_up() -> None:
    made = end(ready("end"))
    assert kinds(made) == ["vm.power", "vm.reconfigure", "vm.backup"]
    assert (made.choices["mode"], made.choices["grace_days"]) == ("grace", 14)
    assert "removed for good after 14 days (about 6 December 2026)" in str(made.summary)
    note = made.steps[2].params["note"]
    assert note == "provisioner: request VPS-2026-0001 by VPS-2026-0042; last backup;"
    assert "After 14 days everything in it is lost" in told(made)


def test_an_end_without_grace_removes_at_once() -> None:
    where = ready("end")
    where.offer = {"grace_days": 0}
    where.cluster.of_snapshots = (standing.snapshot(),)
    made = end(where)
    assert kinds(made) == [
        "vm.power", "vm.reconfigure", "vm.backup", "vm.remove", "vm.prove_gone"
    ]  # fmt: skip
    assert made.choices["mode"] == "now"
    assert DISK in told(made)
    assert "Its snapshots (before-update) go with it" in told(made)
    assert made.steps[-1].params["pool"] == "opd-dinkes"
    assert made.steps[-1].params["backup_job"] == "backup-opd"
    assert made.steps[-1].params["address"] == "10.10.10.100"


def test_an_end_in_the_days_of_grace_removes_what_is_off_already() -> None:
    where = scene({"power": "stopped"})
    where.record = standing.record(state="suspended", remove_at=standing.AT)
    assert kinds(end(where)) == ["vm.remove", "vm.prove_gone"]


@pytest.mark.parametrize("missing", ["storage", "offer"])
def test_without_a_last_backup_that_is_said(missing: str) -> None:
    where = ready("end")
    if missing == "storage":
        where.settings = where.settings.model_copy(update={"backup_storage": None})
    else:
        where.offer = {"last_backup": False}
    made = end(where)
    assert kinds(made) == ["vm.power", "vm.reconfigure"]
    assert "[medium] There is no last backup" in told(made)


def test_the_end_of_a_vm_that_somebody_removed_finishes() -> None:
    where = ready("end")
    where.cluster.vm = None
    made = end(where)
    assert kinds(made) == ["vm.remove", "vm.prove_gone"]
    assert made.choices["mode"] == "now"
    assert made.objects == {"vm 2000": None}
    assert made.steps[0].params["vm"] == {"uuid": standing.UUID, "number": standing.NUMBER}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"uuid": "00000000-0000-0000-0000-000000000000"}, "is not the one of our record"),
        ({"description": "the mayor's own"}, "has lost our mark in its notes"),
    ],
)
def test_the_end_of_a_vm_that_is_not_ours_touches_nothing(
    change: dict[str, Any], text: str
) -> None:
    where = scene(change)
    where.record = standing.record(accepted={"power": "stopped"})
    made = end(where)
    assert kinds(made) == ["instance.note"]
    assert made.choices["mode"] == "books"
    assert {step.driver for step in made.steps} == {"books"}
    assert made.steps[0].params["accept"] == {"power": "stopped", "end": "not-ours"}
    assert text in str(made.risks[0].text)
    assert made.risks[0].level == "high"


def test_an_end_that_was_approved_for_ours_is_not_carried_out_for_a_strangers() -> None:
    made = end(ready("end"))
    where = scene({"uuid": "00000000-0000-0000-0000-000000000000"})
    with pytest.raises(Conflict) as changed:
        where.plan("end", made.choices, confirm="web-dinkes")
    assert changed.value.slug == "plan-changed"


def test_an_expiry_marks_its_backup_with_its_moment() -> None:
    made = suspend_plan(standing.record(), **TERMS)
    assert kinds(made) == ["vm.power", "vm.reconfigure", "vm.backup"]
    note = made.steps[2].params["note"]
    later = suspend_plan(standing.record(), **{**TERMS, "at": datetime(2027, 1, 1, tzinfo=UTC)})
    assert note.startswith("provisioner: request VPS-2026-0001 by expiry 2026-11-22")
    assert later.steps[2].params["note"] != note  # or the second would count as made already


def test_the_plans_of_the_clock_ask_nothing_of_the_cluster() -> None:
    """They have no objects and no claims: nothing that changed on the cluster blocks an end."""
    record = standing.record()
    removed = remove_plan(record, **TERMS)
    assert kinds(removed) == ["vm.remove", "vm.prove_gone"]
    expired = snapshot_plan(record, "before-update")
    assert [step.params["name"] for step in expired.steps] == ["before-update"]
    for made in (suspend_plan(record, **TERMS), removed, expired):
        assert (made.objects, made.claims) == ({}, ())
        assert made.choices["instance"] == standing.ID
        for step in made.steps:
            assert step.params["vm"] == {"uuid": standing.UUID, "number": standing.NUMBER}


# ------------------------------------------------------------- differences


def drifted(**changes: Any) -> Scene:
    where = ready("stop")
    vm = where.cluster.vm
    assert vm is not None
    options = {**vm.options, **changes.pop("options", {})}
    where.cluster.vm = replace(vm, options=options, **changes)
    return where


def test_all_options_are_restored_by_one_step() -> None:
    where = drifted(cores=4, options={"cores": "4", "onboot": "0"})
    made = settle(where, "restore", "cores", "onboot")
    assert kinds(made) == ["vm.reconfigure"]
    step = made.steps[0].params
    assert step["options"] == {"cores": "2", "onboot": "1"}
    assert step["before"] == {"cores": "4", "onboot": "0"}
    assert made.objects["difference cores"] == "4"
    assert "only when the VM is restarted" in told(made)


def test_other_differences_are_restored_by_their_own_steps() -> None:
    where = drifted(power="stopped", node="pve3", options={"onboot": "0"})
    made = settle(where, "restore", "power", "node", "onboot")
    assert [(step.key, step.kind) for step in made.steps] == [
        ("vm.reconfigure", "vm.reconfigure"), ("vm.power", "vm.power"),
        ("vm.migrate", "vm.migrate"),
    ]  # fmt: skip
    by_kind = {step.kind: step.params for step in made.steps}
    assert by_kind["vm.power"]["seconds"] == 120
    assert (by_kind["vm.migrate"]["target"], by_kind["vm.migrate"]["storage"]) == (
        "pve2", "local-lvm"
    )  # fmt: skip


class OpenedCluster(standing.StandingCluster):
    """Somebody let more in, and took the VM out of its backup job."""

    def firewall(self, machine: standing.Machine) -> FirewallReading:
        return standing.firewall(enabled=False, policy_in="ACCEPT")


def test_a_firewall_that_was_opened_and_a_backup_job_that_was_left() -> None:
    where = Scene(cluster=OpenedCluster())
    assert where.cluster.job is not None
    where.cluster.job = replace(where.cluster.job, vmids=frozenset({1}))
    where.record = standing.record(
        plan=standing.plan_creation(
            world.wanted(settings=standing.SETTINGS), world.facts(), world.Ledger()
        ).to_json()
    )
    made = settle(where, "restore", "firewall", "backup_job")
    assert kinds(made) == ["vm.firewall", "vm.backup_job"]
    assert made.steps[0].params["rules"] == standing.FIREWALL["rules"]
    assert made.steps[1].params["job"] == "backup-opd"


def test_accepted_differences_are_added_to_those_accepted_before() -> None:
    where = drifted(options={"onboot": "0"})
    where.record = standing.record(accepted={"node": "pve3"})
    made = settle(where, "accept", "onboot")
    assert kinds(made) == ["instance.note"]
    assert made.steps[0].params["accept"] == {"node": "pve3", "onboot": "0"}
    assert "adopt" not in made.steps[0].params


def test_an_accepted_difference_can_still_be_restored() -> None:
    where = drifted(options={"onboot": "0"})
    where.record = standing.record(accepted={"onboot": "0"})
    assert kinds(settle(where, "restore", "onboot")) == ["vm.reconfigure"]


def test_an_adopted_size_is_claimed() -> None:
    where = drifted(
        cores=4, memory_mb=8192, disks_gb={"scsi0": 60.0},
        options={"cores": "4", "memory": "8192"},
    )  # fmt: skip
    made = settle(where, "adopt", "cores", "memory", "disk:scsi0")
    assert kinds(made) == ["instance.note"]
    assert made.steps[0].params["adopt"] == {
        "options": {"cores": "4", "memory": "8192"}, "disks": {"scsi0": 60.0}
    }  # fmt: skip
    (claim,) = made.claims
    assert (claim.scope, claim.key) == ("dc1/pve2", "2000+VPS-2026-0042")
    assert (claim.amounts["cores"], claim.amounts["memory_mb"]) == (2, 4096)
    assert (claim.amounts["disk_gb"], claim.amounts["extra_disk_gb"]) == (20, 0)
    assert settle(where, "accept", "cores").claims == ()


def test_a_difference_that_changed_again_makes_another_plan() -> None:
    made = settle(drifted(cores=4, options={"cores": "4"}), "accept", "cores")
    again = drifted(cores=8, options={"cores": "8"}).plan(
        "settle", made.choices, how="accept", what=["cores"]
    )
    assert again.digest != made.digest
