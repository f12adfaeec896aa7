"""Drift of a VM: a healthy one gives nothing, every other one exactly what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.drivers.hypervisor import (
    BackupJob,
    FirewallReading,
    FirewallRule,
    Machine,
    SnapshotReading,
)
from provisioner.facts.cloud_vps import Standing, VmRecord
from provisioner.plans.claims import Ledger
from provisioner.services.cloud_vps.drift import Finding, findings
from provisioner.services.cloud_vps.drift_options import network_card, with_mac_of
from provisioner.services.cloud_vps.drift_wanted import adopted, expect, wanted_after
from provisioner.services.cloud_vps.planner import plan
from provisioner.texts import from_json, render
from tests.unit.plans_world import APPLICANT_KEY, OFFICE_KEY, facts, template, wanted

AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
UUID = "6f1c8a52-0000-4000-8000-000000000001"
NUMBER = "VPS-2026-0001"


def made(plan_json: Mapping[str, Any], **changes: Any) -> tuple[VmRecord, Standing]:
    """Record and cluster right after a plan was carried out, as PVE writes things."""
    choices = plan_json["choices"]
    want = wanted_after({}, plan_json)
    options = {k: v for k, v in want["options"].items() if v is not None}
    options["net0"] = options["net0"].replace("virtio,", "virtio=BC:24:11:AA:BB:CC,", 1)
    options["tags"] = ";".join(sorted(options["tags"].split(";")))
    options["description"] += "\n"
    options["sshkeys"] = "\n".join(want["keys"]) + "\n"
    record = VmRecord(
        id="vm-1", number=NUMBER, department="dinkes", name=choices["name"],
        cluster=choices["cluster"], vmid=choices["vmid"], uuid=UUID, node=choices["node"],
        address=choices["address"], user="admin-web", ssh_port=22, host_key=None,
        size="medium", image="debian-13", state="active", ending=False, ends_at=None,
        remove_at=None, details={}, plan=plan_json,
    )  # fmt: skip
    machine = Machine(
        vmid=record.vmid, node=record.node, name=record.name, power="running", lock=None,
        uuid=UUID.upper(), description=options["description"],
        tags=frozenset(options["tags"].split(";")), template=False,
        cores=int(options["cores"]), memory_mb=int(options["memory"]),
        disks_gb=dict(want["disks"]), digest="0", options=options,
    )  # fmt: skip
    return replace(record, **changes), Standing(record, machine, firewall=_wall(want))


def _wall(want: Mapping[str, Any]) -> FirewallReading | None:
    rules = want.get("firewall")
    if rules is None:
        return None
    return FirewallReading(
        enabled=rules.get("enabled", True), policy_in="DROP", ip_filter=bool(rules["addresses"]),
        rules=tuple(
            FirewallRule(r["protocol"], r.get("port"), r.get("comment", ""), r.get("source"))
            for r in rules["rules"]
        ),
        addresses=frozenset(rules["addresses"]),
    )  # fmt: skip


@pytest.fixture
def plan_json() -> dict[str, Any]:
    made_plan = plan(wanted(), facts(), Ledger()).to_json()
    if not any(step["kind"] == "vm.firewall" for step in made_plan["steps"]):
        made_plan["steps"].append(step_of("vm.firewall", **FIREWALL))
    return made_plan


FIREWALL: dict[str, Any] = {
    "rules": [
        {"protocol": "tcp", "port": 22, "comment": f"provisioner: request {NUMBER} ssh"},
        {"protocol": "tcp", "port": 443, "comment": f"provisioner: request {NUMBER}"},
    ],
    "addresses": ["10.10.10.100"],
    "enabled": True,
}


def step_of(kind: str, **params: Any) -> dict[str, Any]:
    return {"key": kind, "kind": kind, "params": params}


def look(record: VmRecord, standing: Standing, **more: Any) -> dict[str, Finding]:
    found = findings(record, standing, expect(record), at=AT, **more)
    return {one.key: one for one in found}


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    size=st.sampled_from(["tiny", "small", "medium"]),
    disk=st.sampled_from([2.0, 2.2, 3.0]),
    net0=st.sampled_from(
        [
            "virtio=BC:24:11:00:00:01,bridge=vmbr9,firewall=1,tag=7",
            "e1000,bridge=vmbr0",
            "model=virtio,macaddr=BC:24:11:00:00:02,bridge=vmbr1,mtu=1400,queues=2",
            "",
        ]
    ),
    user=st.from_regex(r"[a-z][a-z0-9-]{1,12}", fullmatch=True),
    ports=st.lists(st.integers(1, 65535).filter(lambda p: p != 22), max_size=4, unique=True),
)
def test_a_healthy_vm_made_by_the_planner_gives_nothing(
    size: str, disk: float, net0: str, user: str, ports: list[int]
) -> None:
    """Whatever was asked for and whatever the template was like."""
    nodes = ("pve1", "pve2", "pve3")
    templates = tuple(template(9001 + i, n, disk_gb=disk, net0=net0) for i, n in enumerate(nodes))
    request = wanted(
        size=size, admin_user=f"u{user}", open_ports=[{"port": p, "protocol": "tcp"} for p in ports]
    )
    one = plan(request, facts(templates=templates), Ledger()).to_json()
    record, standing = made(one)
    assert look(record, standing) == {}


def _options(**changes: str | None) -> Any:
    def change(machine: Machine) -> Machine:
        options = {**machine.options, **changes}
        return replace(machine, options={k: v for k, v in options.items() if v is not None})

    return change


STRANGE_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAISTRANGERSTRANGERSTRANGERSTRANGER x"
CASES: list[tuple[Any, str, set[str], dict[str, str]]] = [
    (_options(cores="8"), "cores", {"adopt", "restore", "accept"}, {"cores": "2"}),
    (lambda m: replace(m, memory_mb=512), "memory", {"adopt", "restore", "accept"},
     {"memory": "4096"}),
    (_options(onboot=None), "onboot", {"adopt", "restore", "accept"}, {"onboot": "1"}),
    (_options(ciupgrade=None), "ciupgrade", {"adopt", "restore", "accept"}, {"ciupgrade": "0"}),
    (_options(ciuser="root"), "ciuser", {"restore", "accept"}, {"ciuser": "admin-web"}),
    (_options(tags="dinkes;mine;vps-2026-0001"), "tags", {"restore", "accept"},
     {"tags": "dinkes;mine;provisioner;vps-2026-0001"}),
    (_options(net0="virtio=BC:24:11:AA:BB:CC,bridge=vmbr0,tag=99,firewall=1"), "net0",
     {"restore", "accept"}, {"net0": "virtio=BC:24:11:AA:BB:CC,bridge=vmbr0,tag=120,firewall=1"}),
    (_options(net1="virtio=BC:24:11:AA:BB:CD,bridge=vmbr0"), "net1", {"restore", "accept"}, {}),
    (_options(sshkeys=STRANGE_KEY), "sshkeys", {"restore", "accept"},
     {"sshkeys": "\n".join(sorted(" ".join(k.split()[:2]) for k in (APPLICANT_KEY, OFFICE_KEY)))}),
    (lambda m: replace(m, node="pve9"), "node", {"adopt", "restore", "accept"}, {}),
    (lambda m: replace(m, power="stopped"), "power", {"restore", "accept"}, {}),
    (lambda m: replace(m, power="paused"), "power", {"restore", "accept"}, {}),
    (lambda m: replace(m, name="other"), "name", {"restore", "accept"}, {"name": "web-dinkes"}),
    (lambda m: replace(m, template=True), "template", {"accept"}, {}),
    (lambda m: replace(m, disks_gb={"scsi0": 50.0}), "disk:scsi0", {"adopt", "accept"}, {}),
    (lambda m: replace(m, disks_gb={"scsi0": 20.0}), "disk:scsi0",
     {"adopt", "restore", "accept"}, {}),
    (lambda m: replace(m, disks_gb={"scsi0": 40.0, "scsi1": 5.0}), "disk:scsi1",
     {"adopt", "accept"}, {}),
    (lambda m: replace(m, disks_gb={}), "disk:scsi0", {"accept"}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("change", "key", "ways", "restore"), CASES)
def test_one_change_gives_one_finding(
    plan_json: dict[str, Any], change: Any, key: str, ways: set[str], restore: dict[str, str]
) -> None:
    """By its key, with the ways that make sense and what a restore would write."""
    record, standing = made(plan_json)
    assert standing.machine is not None
    found = look(record, replace(standing, machine=change(standing.machine)))
    assert set(found) == {key}
    assert found[key].ways == ways
    assert dict(found[key].restore) == restore
    if "restore" in ways:
        assert found[key].restore or found[key].delete or found[key].step
    if "adopt" in ways:
        assert found[key].adopt


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda m: None, "gone"),
        (lambda m: replace(m, uuid="someone-else", cores=64, power="stopped"), "uuid"),
        (lambda m: replace(m, description="mine now", power="stopped"), "mark"),
        (lambda m: replace(m, description=f"provisioner: request {NUMBER}7"), "mark"),
    ],
)
def test_what_is_not_ours_can_only_be_accepted(
    plan_json: dict[str, Any], change: Any, key: str
) -> None:
    """Gone, another UUID, no mark: one finding and nothing about the stranger's settings."""
    record, standing = made(plan_json)
    found = look(record, replace(standing, machine=change(standing.machine)))
    assert set(found) == {key}
    assert set(found[key].ways) == {"accept"}
    assert found[key].severity == "high"


def test_an_accepted_finding_is_silent_until_it_changes(plan_json: dict[str, Any]) -> None:
    record, standing = made(plan_json)
    assert standing.machine is not None
    eight = replace(standing, machine=_options(cores="8")(standing.machine))
    accepted = {"cores": look(record, eight)["cores"].seen}
    assert look(record, eight, accepted=accepted) == {}
    nine = replace(standing, machine=_options(cores="9")(standing.machine))
    assert set(look(record, nine, accepted=accepted)) == {"cores"}


def test_nothing_moves_while_it_is_being_moved(plan_json: dict[str, Any]) -> None:
    """Under a lock of a migration node, power and disks are nobody's fault."""
    record, standing = made(plan_json)
    assert standing.machine is not None
    moving = replace(standing.machine, lock="migrate", node="pve9", power="stopped", disks_gb={})
    assert look(record, replace(standing, machine=moving)) == {}


def test_a_suspended_vm_is_off_and_stays_off(plan_json: dict[str, Any]) -> None:
    """Whether a person suspended it or its time was over; running is what differs then."""
    record, standing = made(plan_json, state="suspended")
    assert standing.machine is not None
    assert set(look(record, standing)) == {"power", "onboot"}
    off = replace(_options(onboot="0")(standing.machine), power="stopped")
    assert look(record, replace(standing, machine=off)) == {}


def test_ha_moves_a_vm_as_it_sees_fit(plan_json: dict[str, Any]) -> None:
    record, standing = made(plan_json)
    assert standing.machine is not None
    kept = replace(standing.machine, node="pve9", ha_managed=True)
    assert look(record, replace(standing, machine=kept)) == {}


def test_what_waits_for_a_restart(plan_json: dict[str, Any]) -> None:
    """A wish of ours on its way is no drift; a change by hand is, before it takes effect."""
    record, standing = made(plan_json)
    assert standing.machine is not None
    by_hand = replace(standing, pending=frozenset({"cores"}))
    found = look(record, by_hand)["cores"]
    assert (found.seen, dict(found.restore)) == ("pending", {"cores": "2"})
    ours = replace(by_hand, machine=_options(cores="1")(standing.machine))
    assert look(record, ours) == {}


WALL_CASES: list[tuple[dict[str, Any], str, set[str]]] = [
    ({"enabled": False}, "firewall", {"restore", "accept"}),
    ({"policy_in": "ACCEPT"}, "firewall", {"restore", "accept"}),
    ({"ip_filter": False}, "firewall", {"restore", "accept"}),
    ({"addresses": frozenset({"10.0.0.9"})}, "firewall", {"restore", "accept"}),
    ({"rules": ()}, "firewall", {"restore", "accept"}),
]


@pytest.mark.parametrize(("changes", "key", "ways"), WALL_CASES)
def test_the_firewall(
    plan_json: dict[str, Any], changes: dict[str, Any], key: str, ways: set[str]
) -> None:
    record, standing = made(plan_json)
    assert standing.firewall is not None
    found = look(record, replace(standing, firewall=replace(standing.firewall, **changes)))
    assert set(found) == {key}
    assert found[key].ways == ways
    assert found[key].step == "vm.firewall"
    assert found[key].params["rules"]


@pytest.mark.parametrize(
    ("comment", "ways"),
    [("by hand", {"accept"}), (f"provisioner: request {NUMBER}", {"restore", "accept"})],
)
def test_a_door_that_nobody_asked_for(
    plan_json: dict[str, Any], comment: str, ways: set[str]
) -> None:
    """One with our mark can be closed by us, a person's rule only by a person."""
    record, standing = made(plan_json)
    assert standing.firewall is not None
    rules = (*standing.firewall.rules, FirewallRule("tcp", 3306, comment))
    found = look(record, replace(standing, firewall=replace(standing.firewall, rules=rules)))
    assert {key: one.ways for key, one in found.items()} == {"firewall:tcp/3306": ways}


def test_pool_and_backup_job(plan_json: dict[str, Any]) -> None:
    """Compared where they are known; a job by pool covers the VM as well as one by number."""
    plan_json["steps"].append(step_of("vm.backup_job", job="nightly"))
    record, standing = made(plan_json)
    pool = plan_json["choices"]["pool"]
    assert look(record, standing, look_at_pool=True, pool=pool) == {}
    assert set(look(record, standing, look_at_pool=True, pool=None)) == {"pool"}
    job = BackupJob("nightly", True, frozenset(), pool, False, "backups")
    assert look(record, replace(standing, backup_job=job)) == {}
    without = replace(job, pool=None)
    found = look(record, replace(standing, backup_job=without))
    assert {k: (f.step, f.params) for k, f in found.items()} == {
        "backup_job": ("vm.backup_job", {"job": "nightly"})
    }


def test_snapshots_past_their_time(plan_json: dict[str, Any]) -> None:
    """Only ours, and only once the product had a day to remove them by itself."""
    days = {"old": 2, "late": 0.5, "young": -3, "theirs": 400}
    until = {name: (AT - timedelta(days=age)).isoformat() for name, age in days.items()}
    record, standing = made(plan_json, facts={"snapshots": {**until, "kept": None}})
    ours = f"provisioner: request {NUMBER}"
    standing = replace(
        standing,
        snapshots=tuple(
            SnapshotReading(name, "mine" if name == "theirs" else ours, AT - timedelta(days=90))
            for name in (*days, "kept")
        ),
    )
    found = look(record, standing)
    assert {key: one.step for key, one in found.items()} == {"snapshot:old": "vm.delete_snapshot"}


def test_actions_change_what_is_expected(plan_json: dict[str, Any]) -> None:
    """A resize, a key, a stop: the same cluster is drift before and right afterwards."""
    record, standing = made(plan_json)
    assert standing.machine is not None
    later = {
        "steps": [
            step_of("vm.reconfigure", options={"cores": "4"}, before={}, delete=["searchdomain"]),
            step_of("vm.grow_disk", disk="scsi0", size_gb=80),
            step_of("vm.add_disk", disk="scsi1", storage="local-lvm", size_gb=10),
            step_of("vm.add_key", user="admin-web", keys=[STRANGE_KEY]),
            step_of("vm.protect", on=True),
            step_of("vm.power", wanted="stopped", seconds=120),
        ]
    }
    options = {
        **standing.machine.options, "cores": "4", "protection": "1",
        "sshkeys": standing.machine.options["sshkeys"] + STRANGE_KEY,
    }  # fmt: skip
    machine = replace(
        standing.machine, options=options, power="stopped",
        disks_gb={"scsi0": 80.0, "scsi1": 10.0},
    )  # fmt: skip
    standing = replace(standing, machine=machine)
    assert set(look(record, standing)) >= {"cores", "disk:scsi0", "disk:scsi1", "power", "sshkeys"}
    want = wanted_after(wanted_after({}, plan_json), later)
    assert findings(record, standing, expect(record, want), at=AT) == ()


def test_what_is_adopted_is_expected_afterwards(plan_json: dict[str, Any]) -> None:
    """The finding's own ``adopt`` makes it go, and nothing else."""
    record, standing = made(plan_json)
    assert standing.machine is not None
    machine = replace(_options(cores="8")(standing.machine), disks_gb={"scsi0": 64.0})
    standing = replace(standing, machine=machine)
    want = wanted_after({}, plan_json)
    for one in look(record, standing).values():
        want = adopted(want, one.adopt)
    assert findings(record, standing, expect(record, want), at=AT) == ()


def test_a_restore_of_cards_keeps_the_mac() -> None:
    """Otherwise the guest would find a new card and lose its address."""
    has = "virtio=BC:24:11:AA:BB:CC,bridge=vmbr1"
    again = with_mac_of("virtio,bridge=vmbr0,tag=120", has)
    assert again == "virtio=BC:24:11:AA:BB:CC,bridge=vmbr0,tag=120"
    assert network_card(again) == network_card("virtio,bridge=vmbr0,tag=120")


def test_findings_are_told_in_both_languages(plan_json: dict[str, Any]) -> None:
    record, standing = made(plan_json)
    assert standing.machine is not None
    found = look(record, replace(standing, machine=_options(cores="8")(standing.machine)))["cores"]
    what = from_json(found.to_json()["what"]["message"])
    assert render(what, "en") == "CPU cores"
    assert render(what, "id") != "CPU cores"
