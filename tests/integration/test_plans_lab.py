"""Planning against the lab's cluster, through the real driver over HTTPS."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provisioner.catalogue import Inventory, Network
from provisioner.database import Database
from provisioner.drivers.hypervisor import Clone
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.drivers.ssh import SshSeat
from provisioner.lab.cluster import LabCluster
from provisioner.lab.plan import LabGuest, LabNetwork, LabPlan
from provisioner.settings import ClusterSettings
from tests.integration.plans_office import TECHNICIAN, Office
from tests.unit import plans_world as world

NETWORK = LabNetwork(cidr="127.43.7.0/24", ssh_port=2243)


@pytest.fixture(scope="module")
def lab() -> Iterator[LabCluster]:
    with LabCluster(LabPlan(name="dc1", network=NETWORK)) as running:
        yield running


@pytest.fixture
def office(lab: LabCluster, sqlite_database: Database, tmp_path: Path) -> Iterator[Office]:
    settings = ClusterSettings(
        urls=list(lab.urls), verify=list(lab.fingerprints), token_id=lab.token_id,
        token_secret="env:UNUSED", vmid_range=(2000, 2099), disk_storage="local-lvm",
    )  # fmt: skip
    network = Network.model_validate(
        {
            "networks": {
                "server-opd": {
                    "cluster": "dc1", "bridge": NETWORK.bridge, "vlan": NETWORK.vlan,
                    "cidr": NETWORK.cidr, "gateway": NETWORK.address(1),
                    "assignable": [f"{NETWORK.address(100)}-{NETWORK.address(199)}"],
                    "ssh_port": NETWORK.ssh_port,
                }
            }
        }
    )  # fmt: skip
    inventory = Inventory(world.INVENTORY.catalogue, network, world.INVENTORY.office)
    cluster = ProxmoxCluster("dc1", settings, lambda: lab.token_secret, tmp_path)
    yield Office(sqlite_database, cluster, SshSeat(lambda: "unused"), inventory, settings)
    cluster.close()


def test_a_plan_on_a_cluster_and_its_pinned_twin(office: Office, lab: LabCluster) -> None:
    number = office.ask(size="small")
    made = office.plans.make(TECHNICIAN, number)
    plan = office.plan(number)
    assert plan.choices["template"] in (9011, 9012, 9013)
    assert plan.choices["clone_kind"] == "linked"
    assert plan.choices["address"] == NETWORK.address(100)
    assert {node["node"] for node in made.picture["nodes"]} == {"pve1", "pve2", "pve3"}
    assert office.plans.replan_pinned(number, plan) is None
    lab.stand(LabGuest(2050, "somebody-else", "pve1", "local-lvm"))
    assert office.plans.replan_pinned(number, plan) is None
    lab.stand(LabGuest(plan.choices["vmid"], "stranger", "pve3", "local-lvm"))
    assert office.plans.replan_pinned(number, plan) is None  # the run takes another number
    office.plans.make(TECHNICIAN, number)
    assert office.plan(number).choices["vmid"] == 2001


def test_what_the_plan_asks_of_a_clone_is_what_the_cluster_accepts(office: Office) -> None:
    number = office.ask(7, size="small")
    office.plans.make(TECHNICIAN, number)
    params = next(step for step in office.plan(number).steps if step.key == "vm.clone").params
    cluster = office.planning._hypervisors["dc1"]
    handle = cluster.submit(
        Clone(
            template=params["template"], template_node=params["template_node"],
            vmid=params["vmid"], node=params["node"], name=params["name"],
            description=params["description"], kind=params["clone_kind"],
        )
    )  # fmt: skip
    while (state := cluster.task(handle)).status == "running":
        pass
    assert state.status == "ok"
    machine = cluster.machine(params["vmid"])
    assert machine is not None
    assert machine.description.strip() == "provisioner: request VPS-2026-0007 department dinkes"


def test_forty_plans_by_eight_threads_on_the_lab(office: Office) -> None:
    numbers = [office.ask(i, size="small") for i in range(100, 140)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: office.plans.make(TECHNICIAN, number), numbers))
    choices = [office.plan(number).choices for number in numbers]
    assert len({c["vmid"] for c in choices}) == len({c["address"] for c in choices}) == 40
