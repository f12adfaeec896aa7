"""What nobody owns on a real lab: found, told whose it seems to be, and never touched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from provisioner.database import now
from provisioner.drivers.hypervisor import BackUp, Clone, EnsurePool
from provisioner.errors import NotFound
from provisioner.facts.cloud_vps import mark
from provisioner.instances.leftovers import Orphan
from provisioner.instances.looks import Look
from provisioner.instances.model import InstanceState
from provisioner.lab.pve import LabPve
from tests.integration import seeing_stage
from tests.integration.harness import Office
from tests.integration.seeing_stage import Watch
from tests.integration.vm_stage import Server

CHANGES = seeing_stage.CHANGES
pytestmark = [pytest.mark.xdist_group("seeing"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def database_url() -> None:
    """Runs on PostgreSQL are tested elsewhere."""


@pytest.fixture
def watch(office: Office) -> Watch:
    return Watch(office)


def find(watch: Watch, *, addresses: bool = False) -> dict[str, Orphan]:
    """By key; the cluster is afterwards as it was before."""
    before = watch.office.lab.state()
    found = watch.orphans.find("dc1", addresses=addresses)
    after = watch.office.lab.state()
    assert [after[k] for k in ("vms", "volumes", "tasks")] == [
        before[k] for k in ("vms", "volumes", "tasks")
    ]
    keys = [one.key for one in found]
    assert len(keys) == len(set(keys))
    return {one.key: one for one in found if one.key != "pool:opd-disdik"}  # the lab's own


def clone(watch: Watch, vmid: int, description: str = "", name: str = "by-hand") -> None:
    """A VM that somebody made from the template."""
    choices = template_of(watch)
    watch.by_hand(
        Clone(
            template=choices["template"], template_node=choices["template_node"], vmid=vmid,
            node=choices["template_node"], name=f"{name}-{vmid}", description=description,
            kind="linked",
        )
    )  # fmt: skip


def template_of(watch: Watch) -> Mapping[str, Any]:
    number = watch.office.file()
    watch.office.product.plans.make(watch.office.budi, number)
    return watch.office.choices(number)


def test_an_office_in_order_has_no_orphans(office: Office, watch: Watch) -> None:
    """VMs that stand, one that has ended with all its traces, and a plan that waits."""
    Server.made(office)
    server = Server.made(office)
    server.do("snapshot", name="before")
    server.do("backup")
    Server.made(office)
    template_of(watch)
    assert find(watch) == {}


def test_nothing_is_an_orphan_while_it_is_being_made(office: Office, watch: Watch) -> None:
    """Before every order of a run that makes a VM, and after its end."""
    seen: list[str] = []

    def look(order: object) -> None:
        seen.append(type(order).__name__)
        assert find(watch) == {}

    number, run = office.approved()
    office.carry_out(run, office.runner_that(look))
    assert office.request(number).state == "done", office.told(number)
    assert {"Clone", "Configure", "PowerOn"} <= set(seen)
    assert find(watch) == {}


def test_vms_without_an_owner(office: Office, watch: Watch) -> None:
    """With our mark or only our number; a template and a VM of others' numbers are no matter."""
    clone(watch, 2900, mark("VPS-2020-0007") + " department dinkes")
    clone(watch, 2901, "somebody's own")
    clone(watch, 5000, "somebody's own")
    found = find(watch)
    assert {key for key in found if key.startswith("vm:")} == {"vm:2900", "vm:2901"}
    ours, theirs = found["vm:2900"], found["vm:2901"]
    assert ours.number == "VPS-2020-0007"
    assert "not in our books" in str(ours.whose)
    assert ours.line == "qm destroy 2900 --purge 1 --destroy-unreferenced-disks 1"
    assert (theirs.number, theirs.line) == (None, "qm config 2901")
    assert ours.where in {node.name for node in office.lab.plan.nodes}


def test_a_vm_whose_instance_is_said_to_have_ended(office: Office, watch: Watch) -> None:
    """Records restored from a backup: VM, claims and backup are told with their mark."""
    server = Server.made(office)
    server.do("backup")
    vmid, number = server.view.vmid, server.view.request
    server.alter(state=InstanceState.ENDED, ended_at=now() - timedelta(hours=2))
    found = {key: one for key, one in find(watch).items() if one.number == number}
    kinds = sorted(one.kind for one in found.values())
    assert set(kinds) == {"vm", "backup", "claim"}
    vm = found[f"vm:{vmid}"]
    assert vm.line == (
        f"qm stop {vmid} && qm set {vmid} --protection 0 && "
        f"qm destroy {vmid} --purge 1 --destroy-unreferenced-disks 1"
    )
    assert f"{number} of dinkes" in str(vm.whose)
    claims = {one.key.split(":")[0] for one in found.values() if one.kind == "claim"}
    assert {"vmid", "address", "name", "capacity"} <= claims
    backup = next(one for one in found.values() if one.kind == "backup")
    assert backup.size_gb is not None
    assert backup.since is not None
    assert backup.line is not None
    assert backup.line.startswith("pvesm free ")
    server.alter(state=InstanceState.ACTIVE, ended_at=None)
    assert not [one for one in find(watch).values() if one.number == number]


def test_what_has_ended_a_moment_ago_may_lag(office: Office, watch: Watch) -> None:
    """The cluster's own listing is ten seconds old."""
    server = Server.made(office)
    server.alter(state=InstanceState.ENDED, ended_at=now())
    assert f"vm:{server.view.vmid}" not in find(watch)
    server.alter(state=InstanceState.ACTIVE, ended_at=None)


def test_a_disk_that_a_failed_clone_left_behind(office: Office, watch: Watch) -> None:
    """Each with the line that frees it, once it is too old to be in the making."""
    office.lab.fault("task-fails", type="qmclone", leave="1")
    clone(watch, 2910)
    assert office.lab.vm(2910) is None
    left = office.volumes(2910)
    assert left
    assert not [one for one in find(watch).values() if one.kind == "disk"]
    hour_ago = int((now() - timedelta(hours=1)).timestamp())
    for volume in left:
        office.lab.call(partial(_age, volume=volume, ctime=hour_ago))
    disks = [one for one in find(watch).values() if one.kind == "disk"]
    assert {one.line for one in disks} == {f"pvesm free {volume}" for volume in left}
    assert all(one.size_gb is not None for one in disks)


def _age(pve: LabPve, *, volume: str, ctime: int) -> None:
    record = pve.volume(volume)
    assert record is not None
    record["ctime"] = ctime


def test_a_backup_of_an_earlier_vm_of_that_number(office: Office, watch: Watch) -> None:
    """Its mark names another request than that of the VM which has the number now."""
    server = Server.made(office)
    vm = server.vm
    number = "VPS-2020-0008"
    watch.by_hand(BackUp(vm["vmid"], vm["node"], "backup", mark(number)))
    found = [one for one in find(watch).values() if one.number == number]
    assert [one.kind for one in found] == ["backup"]


def test_pools_with_nothing_in_them(office: Office, watch: Watch) -> None:
    """Those of our departments' naming only."""
    office.product.clusters["dc1"].submit(EnsurePool("opd-arsip", "made by hand"))
    office.product.clusters["dc1"].submit(EnsurePool("others", "made by hand"))
    pools = [one for one in find(watch).values() if one.kind == "pool"]
    assert [(one.key, one.line) for one in pools] == [
        ("pool:opd-arsip", "pveum pool delete opd-arsip")
    ]


def test_an_address_where_a_stranger_answers(office: Office, watch: Watch) -> None:
    """Looked at on demand only; those of our VMs answer rightly."""
    Server.made(office)
    network = next(iter(office.product.inventory.network.networks.values()))
    stranger = str(list(network.addresses())[-1])
    office.lab.fault("address-answers", address=stranger)
    assert not [one for one in find(watch).values() if one.kind == "address"]
    (found,) = [one for one in find(watch, addresses=True).values() if one.kind == "address"]
    assert stranger in found.key
    assert found.line is None


def test_the_last_search_is_kept(office: Office, watch: Watch) -> None:
    """Once a day by itself; in the reader's language; away is said, the former result stays."""
    clone(watch, 2920, mark("VPS-2020-0009"))
    watch.orphans.once()
    view = watch.orphans.last(office.budi, "dc1")
    assert "VPS-2020-0009" in {one.request for one in view.found}
    first = view.looked_at
    watch.orphans.once()
    assert watch.orphans.last(office.budi, "dc1").looked_at == first
    with office.product.database.write() as session:
        session.get_one(Look, "orphans:dc1").looked_at = now() - timedelta(hours=25)
    office.lab.fault("token-revoked")
    watch.orphans.once()
    view = watch.orphans.last(office.budi, "dc1")
    assert view.trouble is not None
    assert "VPS-2020-0009" in {one.request for one in view.found}
    with pytest.raises(NotFound):
        watch.orphans.last(office.sari, "dc1")
    with pytest.raises(NotFound):
        watch.orphans.last(office.budi, "dc9")
    office.lab.clear()
    office.reconnect()
