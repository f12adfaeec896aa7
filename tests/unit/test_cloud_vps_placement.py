"""Where a VM goes: maintenance, applications kept apart, templates of other nodes; what is said."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.catalogue.baseline import Baseline
from provisioner.errors import Conflict
from provisioner.facts.cloud_vps import CloudVpsFacts
from provisioner.plans.claims import HeldClaim, Ledger
from provisioner.plans.model import Plan
from provisioner.services.cloud_vps.options import tags
from provisioner.services.cloud_vps.planner import plan
from provisioner.services.cloud_vps.wanted import PlanInput
from tests.unit import plans_world as world

NOTHING = Ledger()


def planned(ledger: Ledger = NOTHING, wanted: PlanInput | None = None, **changes: Any) -> Plan:
    return plan(wanted or world.wanted(), world.facts(**changes), ledger)


def step(made: Plan, kind: str) -> dict[str, Any]:
    return dict(next(s.params for s in made.steps if s.kind == kind))


def told(made: Plan) -> str:
    return " ".join(f"[{risk.level}] {risk.text}" for risk in made.risks)


def sibling(node: str, vmid: int = 2050, **amounts: Any) -> HeldClaim:
    base = {
        "cores": 1, "memory_mb": 512, "disk_gb": 5, "storage": "local-lvm", "shared": False,
        "department": "dinkes", "application": "e-office",
    }  # fmt: skip
    return HeldClaim(
        "capacity", f"dc1/{node}", str(vmid), "VPS-2026-0020", amounts={**base, **amounts}
    )


def nodes(**maintenance: bool) -> tuple[Any, ...]:
    return tuple(
        replace(n, maintenance=maintenance.get(n.name, False)) for n in world.cluster().nodes
    )


# ------------------------------------------------------------- nodes


def test_a_node_in_maintenance_is_skipped_with_its_reason() -> None:
    made = planned(nodes=nodes(pve2=True))
    assert made.choices["node"] == "pve1"
    shown = {node["node"]: node["why_not"] for node in made.picture["nodes"]}
    assert [m["template"] for m in shown["pve2"]] == ["the node is in maintenance"]
    with pytest.raises(Conflict, match="pve1: the node is in maintenance") as refused:
        planned(nodes=nodes(pve1=True, pve2=True, pve3=True))
    assert refused.value.slug == "no-capacity"  # time mends it


def test_the_plan_says_why_this_node() -> None:
    assert "on pve2 (of 3 nodes that can take it the one with most left: 19 % given away" in str(
        planned().summary
    )
    only = planned(nodes=nodes(pve1=True, pve3=True))
    assert "on pve2 (the only node that can take it)" in str(only.summary)
    assert only.picture["why"]["template"] == "the only node that can take it"


def test_vms_of_one_application_go_to_different_nodes() -> None:
    wish = world.wanted(application="e-office")
    assert planned(wanted=wish).choices["node"] == "pve2"
    made = planned(Ledger((sibling("pve2"),)), wish)
    assert made.choices["node"] == "pve1"
    assert "other VMs of the application e-office are elsewhere (pve2)" in str(made.summary)
    third = planned(Ledger((sibling("pve2"), sibling("pve1", 2051))), wish)
    assert third.choices["node"] == "pve3"
    assert next(c for c in made.claims if c.kind == "capacity").amounts["application"] == "e-office"


def test_a_sibling_counts_where_it_is_listed_and_for_its_department_alone() -> None:
    wish = world.wanted(application="e-office")
    moved = planned(Ledger((sibling("pve1"),)), wish, guests=(world.guest(2050, "pve2"),))
    assert moved.choices["node"] != "pve2"
    other = planned(Ledger((sibling("pve2", department="disdik"),)), wish)
    assert other.choices["node"] == "pve2"


def test_where_no_other_node_can_take_it_that_is_said() -> None:
    full = Ledger((sibling("pve2"),))
    made = planned(full, world.wanted(application="e-office"), nodes=nodes(pve1=True, pve3=True))
    assert made.choices["node"] == "pve2"
    assert "[medium] 1 VMs of the application e-office are on pve2 already" in told(made)


# ------------------------------------------------------------- templates elsewhere


def small_home(**changes: Any) -> dict[str, Any]:
    """The only template is on pve3, which has no memory left."""
    return {
        "templates": (world.template(9003, "pve3"),),
        "guests": tuple(world.guest(v, "pve3", memory_mb=8192) for v in range(100, 104)),
        **changes,
    }


def test_a_clone_is_made_at_home_and_moved_where_its_node_is_full() -> None:
    made = planned(**small_home())
    kinds = [s.kind for s in made.steps]
    assert kinds[kinds.index("vm.wait_clone") :][:3] == [
        "vm.wait_clone", "vm.migrate", "vm.configure"
    ]  # fmt: skip
    clone = step(made, "vm.clone")
    assert (clone["node"], clone["template_node"], clone["clone_kind"]) == ("pve3", "pve3", "full")
    moved = step(made, "vm.migrate")
    assert moved == {
        "cluster": "dc1", "vmid": 2000, "node": "pve2", "target": "pve2", "storage": "local-lvm"
    }  # fmt: skip
    assert made.choices["node"] == "pve2"
    assert step(made, "vm.configure")["node"] == "pve2"
    assert next(c for c in made.claims if c.kind == "capacity").scope == "dc1/pve2"
    assert "made on pve3, where the template is, and then moved to pve2" in told(made)
    assert "the template's node pve3 has no room for it" in str(made.summary)
    again = plan(world.wanted(), world.facts(**small_home()), NOTHING, made.choices)
    assert again.digest == made.digest


def test_a_node_with_a_template_of_its_own_goes_first() -> None:
    made = planned(templates=(world.template(9003, "pve3"),))
    assert made.choices["node"] == "pve3"
    assert "vm.migrate" not in [s.kind for s in made.steps]
    assert "choice of the node was bound" in told(made)


@pytest.mark.parametrize(
    ("change", "settings", "text"),
    [
        ({}, {"clone": "linked"}, "lies on the storage local-lvm of pve3 alone"),
        (
            {"templates": (world.template(9003, "pve3", storage_shared=True),)},
            {},
            "cannot be cloned to another node from there",
        ),
        (
            {"storages": tuple(world.storage(f"pve{i}", free_gb=26.0) for i in (1, 2, 3))},
            {},
            "not enough room on the storage",
        ),
    ],
)
def test_when_it_cannot_be_made_at_home_and_moved(
    change: dict[str, Any], settings: dict[str, Any], text: str
) -> None:
    configured = world.SETTINGS.model_copy(update=settings)
    with pytest.raises(Conflict, match="No node of the cluster") as refused:
        planned(wanted=world.wanted(settings=configured), **small_home(**change))
    assert text in str(refused.value)


def test_the_templates_node_needs_room_for_that_moment() -> None:
    storages = tuple(
        world.storage(f"pve{i}", free_gb=26.0 if i == 3 else 400.0) for i in (1, 2, 3)
    )  # of which 25 are its reserve, so that 3 for the template do not fit
    with pytest.raises(Conflict, match="so only that node can clone it"):
        planned(**small_home(storages=storages))
    away = nodes(pve3=True)
    with pytest.raises(Conflict, match="so only that node can clone it"):
        planned(**small_home(nodes=away))


def test_onto_shared_storage_nothing_is_copied_by_the_move() -> None:
    settings = world.SETTINGS.model_copy(update={"disk_storage": "ceph"})
    storages = (
        *(world.storage(f"pve{i}", "ceph", shared=True) for i in (1, 2, 3)),
        *(world.storage(f"pve{i}") for i in (1, 2, 3)),
    )
    made = planned(wanted=world.wanted(settings=settings), **small_home(storages=storages))
    assert step(made, "vm.migrate")["storage"] is None
    assert step(made, "vm.clone")["storage"] == "ceph"


# ------------------------------------------------------------- what a creation may hold


def test_a_second_disk_is_added_claimed_and_fits() -> None:
    made = planned(wanted=world.wanted(extra_disk_gb=100))
    assert step(made, "vm.add_disk")["disk"] == "scsi1"
    assert (step(made, "vm.add_disk")["size_gb"]) == 100
    amounts = next(c for c in made.claims if c.kind == "capacity").amounts
    assert (amounts["disk_gb"], amounts["extra_disk_gb"]) == (40, 100)
    with pytest.raises(Conflict, match="440 GB asked for"):
        planned(wanted=world.wanted(extra_disk_gb=400, size="medium"))
    other = tuple(replace(t, disk="scsi1") for t in world.cluster().templates)
    made = planned(wanted=world.wanted(extra_disk_gb=1), templates=other)
    assert step(made, "vm.add_disk")["disk"] == "scsi2"
    assert "vm.add_disk" not in [s.kind for s in planned().steps]


def test_without_a_firewall_or_with_a_datacenter_whose_is_off_that_is_said() -> None:
    settings = world.SETTINGS.model_copy(update={"firewall": False})
    made = planned(wanted=world.wanted(settings=settings))
    assert "vm.firewall" not in [s.kind for s in made.steps]
    assert "[medium] The configuration says that VMs of this cluster get no firewall" in told(made)
    assert "443/tcp" in told(made)
    facts = CloudVpsFacts(world.cluster(firewall_on=False))
    assert "[high] The firewall of the whole datacenter is off" in told(
        plan(world.wanted(), facts, NOTHING)
    )
    for unknown_or_on in (None, True):
        facts = CloudVpsFacts(world.cluster(firewall_on=unknown_or_on))
        assert "firewall" not in told(plan(world.wanted(), facts, NOTHING))


def test_the_card_obeys_the_firewall_whatever_the_template_says() -> None:
    templates = tuple(
        replace(t, net0="virtio=BC:24:11:00:00:01,bridge=x,firewall=0,mtu=1400,queues=2")
        for t in world.cluster().templates
    )
    made = planned(templates=templates)
    assert step(made, "vm.configure")["options"]["net0"] == (
        "virtio,bridge=vmbr0,tag=120,mtu=1400,queues=2,firewall=1"
    )


def test_a_backup_job_a_baseline_and_ballooning() -> None:
    settings = world.SETTINGS.model_copy(update={"backup_job": "nightly", "pool": None})
    wish = world.wanted(settings=settings)
    wish = replace(
        wish,
        baseline=Baseline().model_dump(mode="json"),
        protect=False,
        size=wish.size.model_copy(update={"balloon_mb": 2048}),
    )
    made = planned(wanted=wish)
    kinds = [s.kind for s in made.steps]
    assert kinds[kinds.index("vm.prove") :] == [
        "vm.prove", "vm.baseline", "vm.backup_job", "vm.facts", "vm.hand_over"
    ]  # fmt: skip
    assert "vm.pool" not in kinds
    assert step(made, "vm.backup_job")["job"] == "nightly"
    baseline = step(made, "vm.baseline")
    assert (baseline["address"], baseline["user"]) == ("10.10.10.100", "admin-web")
    assert baseline["ports"] == [{"port": 443, "protocol": "tcp"}]
    options = step(made, "vm.configure")["options"]
    assert (options["memory"], options["balloon"]) == ("4096", "2048")


@given(st.text(max_size=40))
def test_tags_are_always_ones_that_the_cluster_takes(department: str) -> None:
    parts = tags("VPS-2026-0001", department).split(";")
    assert parts[:2] == ["provisioner", "vps-2026-0001"]
    assert all(re.fullmatch(r"[a-z0-9_][a-z0-9_+.-]*", part) for part in parts)


def test_the_office_may_ask_the_monitoring_agent_and_nobody_else() -> None:
    monitoring = {
        "package": "zabbix-agent2", "port": 10050, "allowed_hosts": ["10.10.0.5", "10.10.1.0/24"]
    }  # fmt: skip
    baseline = Baseline.model_validate({"monitoring": monitoring}).model_dump(mode="json")
    rules = step(planned(wanted=replace(world.wanted(), baseline=baseline)), "vm.firewall")["rules"]
    assert [(r["protocol"], r["port"], r["source"]) for r in rules] == [
        ("tcp", 22, None), ("tcp", 443, None), ("tcp", 10050, "10.10.0.5"),
        ("tcp", 10050, "10.10.1.0/24"), ("icmp", None, None),
    ]  # fmt: skip
