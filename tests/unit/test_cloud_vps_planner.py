"""The planner of cloud_vps: choices, refusals, pinned plans and the digest."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.errors import Conflict
from provisioner.facts.cloud_vps import CloudVpsFacts
from provisioner.plans.claims import HeldClaim, Ledger
from provisioner.plans.diff import difference
from provisioner.plans.model import Plan
from provisioner.services.checks import check
from provisioner.services.cloud_vps.acceptance import CHECKS
from provisioner.services.cloud_vps.options import net0
from provisioner.services.cloud_vps.planner import plan
from tests.unit import plans_world as world

NOTHING = Ledger()


def planned(**changes: Any) -> Plan:
    return plan(world.wanted(), world.facts(**changes), NOTHING)


def again(made: Plan, facts: CloudVpsFacts, ledger: Ledger = NOTHING, **details: Any) -> Plan:
    stored = Plan.from_json(json.loads(json.dumps(made.to_json())))
    return plan(world.wanted(**details), facts, ledger, stored.choices)


def params(made: Plan, key: str) -> dict[str, Any]:
    return dict(next(step.params for step in made.steps if step.key == key))


def test_a_plan_says_everything_that_the_run_needs() -> None:
    made = planned()
    assert [step.kind for step in made.steps] == [
        "vm.pool", "vm.clone", "vm.wait_clone", "vm.configure", "vm.grow_disk", "vm.firewall",
        "vm.start", "vm.wait_boot", "vm.prove", "vm.protect", "vm.facts", "vm.hand_over",
    ]  # fmt: skip
    assert made.choices == {
        "cluster": "dc1", "template": 9002, "template_node": "pve2", "clone_kind": "linked",
        "node": "pve2", "storage": "local-lvm", "vmid": 2000, "address": "10.10.10.100",
        "name": "web-dinkes", "pool": "opd-dinkes",
    }  # fmt: skip
    assert params(made, "vm.clone") == {
        "cluster": "dc1", "vmid": 2000, "node": "pve2", "template": 9002, "template_node": "pve2",
        "name": "web-dinkes", "description": "provisioner: request VPS-2026-0001 department dinkes",
        "clone_kind": "linked", "storage": "local-lvm", "pool": "opd-dinkes",
    }  # fmt: skip
    configure = params(made, "vm.configure")
    assert configure["options"] == {
        "cores": "2", "sockets": "1", "memory": "4096", "balloon": "4096",
        "net0": "virtio,bridge=vmbr0,tag=120,firewall=1",
        "ipconfig0": "ip=10.10.10.100/24,gw=10.10.10.1", "nameserver": "10.10.10.1 10.10.10.2",
        "ciuser": "admin-web", "ciupgrade": "0", "onboot": "1",
        "tags": "provisioner;vps-2026-0001;dinkes",
        "description": configure["options"]["description"],
    }  # fmt: skip
    first, *others = configure["options"]["description"].splitlines()
    assert first == "provisioner: request VPS-2026-0001 department dinkes"
    assert "- address: 10.10.10.100 (server-opd)" in others
    assert configure["ssh_keys"] == [world.APPLICANT_KEY, world.OFFICE_KEY]
    assert params(made, "vm.prove")["ssh_keys"] == [world.APPLICANT_KEY]
    assert params(made, "vm.grow_disk")["size_gb"] == 40
    assert {(c.kind, c.scope, c.key) for c in made.claims} == {
        ("vmid", "dc1", "2000"), ("address", "server-opd", "10.10.10.100"),
        ("name", "dc1", "web-dinkes"), ("capacity", "dc1/pve2", "2000"),
    }  # fmt: skip
    assert params(made, "vm.firewall") == {
        "cluster": "dc1", "vmid": 2000, "node": "pve2", "enabled": True,
        "addresses": ["10.10.10.100"],
        "rules": [
            {"protocol": protocol, "port": port, "source": None,
             "comment": "provisioner: request VPS-2026-0001"}
            for protocol, port in (("tcp", 22), ("tcp", 443), ("icmp", None))
        ],
    }  # fmt: skip
    assert not [risk for risk in made.risks if "firewall" in str(risk.text)]
    assert "10.10.10.100" in str(made.summary)


def test_a_plan_survives_being_stored() -> None:
    made = planned()
    stored = Plan.from_json(json.loads(json.dumps(made.to_json())))
    assert stored.digest == made.digest
    assert stored.to_json() == made.to_json()


def test_a_disk_that_has_its_size_is_not_grown() -> None:
    made = plan(world.wanted(size="tiny"), world.facts(), NOTHING)
    assert "vm.grow_disk" not in [step.key for step in made.steps]


def test_checks_have_unique_keys() -> None:
    assert len({c.key for c in CHECKS}) == len(CHECKS) == 6
    assert check("tcp.ssh").key == "tcp.ssh"


@pytest.mark.parametrize(
    ("template", "vlan", "expected"),
    [
        ("virtio=AA:BB:CC:DD:EE:FF,bridge=vmbr9,tag=7", None, "virtio,bridge=vmbr0"),
        ("e1000=AA:BB:CC:DD:EE:FF,mtu=1,bridge=x", 12, "e1000,bridge=vmbr0,tag=12,mtu=1"),
        ("model=virtio,macaddr=AA:BB:CC:DD:EE:FF,trunks=1;2", 5, "virtio,bridge=vmbr0,tag=5"),
        ("", 5, "virtio,bridge=vmbr0,tag=5"),
    ],
)
def test_the_network_card_keeps_the_templates_options(
    template: str, vlan: int | None, expected: str
) -> None:
    assert net0(template, "vmbr0", vlan) == expected


@pytest.mark.parametrize(
    ("clone", "change", "kind"),
    [
        ("auto", {}, "linked"),
        ("full", {}, "full"),
        ("auto", {"linked_clone": False}, "full"),
        ("auto", {"storage": "other"}, "full"),
        ("linked", {}, "linked"),
    ],
)
def test_the_kind_of_clone(clone: str, change: Any, kind: str) -> None:
    settings = world.SETTINGS.model_copy(update={"clone": clone})
    templates = tuple(replace(t, **change) for t in world.cluster().templates)
    made = plan(world.wanted(settings=settings), world.facts(templates=templates), NOTHING)
    assert made.choices["clone_kind"] == params(made, "vm.clone")["clone_kind"] == kind
    assert params(made, "vm.clone")["storage"] == "local-lvm"


def test_linked_clones_asked_for_and_impossible() -> None:
    settings = world.SETTINGS.model_copy(update={"clone": "linked"})
    templates = (world.template(linked_clone=False),)
    with pytest.raises(Conflict, match="linked clones are asked for") as refused:
        plan(world.wanted(settings=settings), world.facts(templates=templates), NOTHING)
    assert refused.value.slug == "not-plannable"


@pytest.mark.parametrize(
    ("change", "slug", "text"),
    [
        ({"quorate": False}, "not-plannable", "no quorum"),
        ({"templates": ()}, "not-plannable", "is not on the cluster"),
        ({"templates": (world.template(cloud_init=False),)}, "not-plannable", "--ide2 local-lvm"),
        ({"templates": (world.template(agent=False),)}, "not-plannable", "qm set 9001 --agent"),
        ({"templates": (world.template(disk_gb=50.0),)}, "not-plannable", "never shrink"),
        ({"bridges": {f"pve{i}": frozenset() for i in (1, 2, 3)}}, "not-plannable", "no bridge"),
        ({"storages": ()}, "no-capacity", "no storage local-lvm"),
        ({"guests": (world.guest(105, name="Web-Dinkes"),)}, "not-plannable", "VM 105"),
    ],
)  # fmt: skip
def test_what_cannot_be_planned_says_what_and_where(change: Any, slug: str, text: str) -> None:
    with pytest.raises(Conflict, match=text) as refused:
        planned(**change)
    assert refused.value.slug == slug


def test_full_nodes_are_named_with_what_they_lack() -> None:
    nodes = tuple(
        replace(n, online=n.name != "pve3", memory_mb=4096) for n in world.cluster().nodes
    )
    with pytest.raises(Conflict, match="pve1: not enough memory: 4096 MB asked for") as refused:
        planned(nodes=nodes)
    assert refused.value.slug == "no-capacity"
    assert [n["node"] for n in refused.value.extra["nodes"]] == ["pve1", "pve2", "pve3"]
    assert "pve3: the node is offline" in str(refused.value)


def test_a_template_on_local_storage_binds_the_node_and_says_so() -> None:
    made = planned(templates=(world.template(9001, "pve3"),))
    assert made.choices["node"] == "pve3"
    assert any("choice of the node was bound" in str(risk.text) for risk in made.risks)


def test_a_template_on_shared_storage_is_cloned_to_another_node() -> None:
    settings = world.SETTINGS.model_copy(update={"disk_storage": "ceph"})
    facts = world.facts(
        templates=(world.template(9000, "pve1", storage="ceph", storage_shared=True),),
        storages=tuple(world.storage(f"pve{i}", "ceph", shared=True) for i in (1, 2, 3)),
    )
    made = plan(world.wanted(settings=settings), facts, NOTHING)
    assert (made.choices["node"], made.choices["template_node"]) == ("pve2", "pve1")
    assert made.choices["clone_kind"] == "linked"


def test_a_clone_for_another_node_needs_both_storages_shared() -> None:
    facts = world.facts(
        templates=(world.template(9000, "pve1", storage="ceph", storage_shared=True),)
    )
    made = plan(world.wanted(), facts, NOTHING)
    assert (made.choices["node"], made.choices["clone_kind"]) == ("pve1", "full")


def test_others_claims_and_listed_vms_are_passed_over() -> None:
    first = planned()
    second = plan(
        world.wanted("VPS-2026-0002", hostname="other"),
        world.facts(guests=(world.guest(2001),)),
        world.ledger_of(first),
    )
    assert (second.choices["vmid"], second.choices["address"]) == (2002, "10.10.10.101")


def test_a_name_kept_for_another_request_is_refused() -> None:
    with pytest.raises(Conflict, match="request VPS-2026-0999"):
        plan(world.wanted("VPS-2026-0002"), world.facts(), world.ledger_of(planned()))


def test_ranges_that_are_used_up() -> None:
    settings = world.SETTINGS.model_copy(update={"vmid_range": (2000, 2000)})
    with pytest.raises(Conflict, match="Every VM number from 2000 to 2000") as refused:
        plan(world.wanted(settings=settings), world.facts(guests=(world.guest(2000),)), NOTHING)
    assert refused.value.slug == "no-capacity"
    taken = Ledger(
        tuple(
            HeldClaim("address", "server-opd", f"10.10.10.{i}", "VPS-2026-0009", i < 110)
            for i in range(100, 200)
        )
    )
    with pytest.raises(Conflict, match="100 may be given, 90 are taken and 10 rest") as refused:
        plan(world.wanted(), world.facts(), taken)
    assert refused.value.slug == "no-capacity"


def test_hidden_templates_and_catalogue_changes_are_refused() -> None:
    with pytest.raises(Conflict, match="no size huge") as refused:
        world.wanted(size="huge")
    assert refused.value.slug == "not-plannable"


# ---------------------------------------------------------------- pinned

volatile = st.fixed_dictionaries(
    {
        "used": st.integers(0, 20 * 1024),
        "free": st.integers(300, 400),
        "others": st.sets(st.integers(2000, 2030), max_size=5),
        "elsewhere": st.sampled_from(["pve1", "pve3"]),
        "claimed": st.sets(st.integers(2040, 2060), max_size=5),
        "reversed": st.booleans(),
    }
)


@given(volatile)
def test_an_equal_world_gives_the_same_digest(other: dict[str, Any]) -> None:
    """Other readings, other people's VMs and claims, another order: nothing that we touch."""
    base = world.cluster()
    turn = -1 if other["reversed"] else 1
    changed = replace(
        base,
        nodes=tuple(replace(n, memory_used_mb=other["used"]) for n in base.nodes)[::turn],
        storages=tuple(replace(s, free_gb=float(other["free"])) for s in base.storages)[::turn],
        guests=tuple(world.guest(v, other["elsewhere"], memory_mb=512) for v in other["others"]),
        templates=base.templates[::turn],
    )
    ledger = Ledger(
        tuple(HeldClaim("vmid", "dc1", str(v), "VPS-2026-0500") for v in other["claimed"])
        + tuple(
            HeldClaim(
                "capacity", "dc1/pve2", str(v), "VPS-2026-0500",
                amounts={"cores": 1, "memory_mb": 64, "disk_gb": 1, "storage": "local-lvm"},
            )
            for v in other["claimed"]
        )
    )  # fmt: skip
    made = planned()
    assert again(made, CloudVpsFacts(changed), ledger).digest == made.digest


def _without(vmid: int) -> Any:
    return tuple(t for t in world.cluster().templates if t.vmid != vmid)


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (world.facts(templates=_without(9002)), "is not on the cluster"),
        (
            world.facts(guests=tuple(world.guest(v, "pve2") for v in range(100, 122))),
            "pve2: not enough memory",
        ),
        (
            world.facts(
                nodes=tuple(replace(n, online=n.name != "pve2") for n in world.cluster().nodes)
            ),
            "pve2: the node is offline",
        ),
        (
            world.facts(nodes=tuple(n for n in world.cluster().nodes if n.name != "pve2")),
            "no longer part of the cluster",
        ),
        (CloudVpsFacts(world.cluster(), {"10.10.10.100": "tcp/22"}), "answers at the address"),
    ],
)
def test_a_pinned_plan_that_no_longer_holds(facts: CloudVpsFacts, text: str) -> None:
    with pytest.raises(Conflict, match=text):
        again(planned(), facts)


def test_a_pinned_plan_whose_keys_others_took() -> None:
    made = planned()
    for claim in made.claims[:2]:
        ledger = Ledger((HeldClaim(claim.kind, claim.scope, claim.key, "VPS-2026-0007"),))
        with pytest.raises(Conflict, match="VPS-2026-0007") as changed:
            again(made, world.facts(), ledger)
        assert changed.value.slug == "plan-changed"


def test_a_touched_object_changes_the_digest() -> None:
    made = planned()
    templates = tuple(replace(t, disk_gb=5.0) for t in world.cluster().templates)
    other = again(made, world.facts(templates=templates))
    assert other.digest != made.digest
    rows = difference(made, other).view("en")["rows"]
    assert {"what": "template 9002: disk_gb", "before": "3", "after": "5"} in rows


def test_a_configuration_that_leads_elsewhere_is_a_change() -> None:
    settings = world.SETTINGS.model_copy(update={"pool": "other"})
    made = planned()
    with pytest.raises(Conflict, match="other choices than the plan made: pool") as changed:
        plan(world.wanted(settings=settings), world.facts(), NOTHING, made.choices)
    assert changed.value.slug == "plan-changed"
