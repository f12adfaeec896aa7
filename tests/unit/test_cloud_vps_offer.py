"""What the catalogue may say of VMs, what a request may ask for beyond the usual, and size."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from provisioner.catalogue import CloudVpsOffer, Inventory, Size
from provisioner.errors import Conflict, Invalid
from provisioner.plans.capacity import rooms
from provisioner.plans.planner import Subject
from provisioner.services.cloud_vps.details import parse_details
from provisioner.services.cloud_vps.planner import plan
from provisioner.services.cloud_vps.planning import CloudVpsPlanning
from tests.unit import plans_world as world
from tests.unit.big_world import big_world

OFFER = world.INVENTORY.catalogue.services.cloud_vps
assert OFFER is not None
TODAY = date(2026, 11, 22)


def offering(**changes: Any) -> Inventory:
    assert OFFER is not None
    services = world.INVENTORY.catalogue.services
    changed = services.model_copy(update={"cloud_vps": OFFER.model_copy(update=changes)})
    catalogue = world.INVENTORY.catalogue.model_copy(update={"services": changed})
    return Inventory(catalogue, world.INVENTORY.network, world.INVENTORY.office)


def faults(inventory: Inventory, **details: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse_details({**world.DETAILS, **details}, inventory, today=TODAY)
    return {error.pointer: str(error.message) for error in caught.value.errors}


def test_what_counts_when_the_catalogue_says_nothing() -> None:
    assert OFFER is not None
    assert (OFFER.snapshots.per_vm, OFFER.snapshots.keep_days) == (3, 30)
    assert (OFFER.grace_days, OFFER.last_backup, OFFER.warn_days) == (14, True, (30, 7, 1))
    assert (OFFER.extra_disk_gb_max, OFFER.protect, OFFER.baseline) == (0, True, None)


@pytest.mark.parametrize(
    "change",
    [
        {"snapshots": {"per_vm": -1}},
        {"snapshots": {"keep_days": 0}},
        {"grace_days": -1},
        {"warn_days": [-1]},
        {"extra_disk_gb_max": -1},
        {"baseline": {"unknown": 1}},
    ],
)
def test_what_the_catalogue_may_not_say(change: dict[str, Any]) -> None:
    assert OFFER is not None
    with pytest.raises(ValidationError):
        CloudVpsOffer.model_validate({**OFFER.model_dump(mode="json"), **change})


def test_no_more_is_kept_of_the_memory_than_there_is() -> None:
    size = {"cores": 1, "memory_mb": 1024, "disk_gb": 10}
    assert Size.model_validate({**size, "balloon_mb": 1024}).balloon_mb == 1024
    with pytest.raises(ValidationError, match="balloon_mb"):
        Size.model_validate({**size, "balloon_mb": 1025})


def test_a_second_disk_is_offered_up_to_a_size() -> None:
    some = offering(extra_disk_gb_max=100)
    asked = {**world.DETAILS, "extra_disk_gb": "100", "application": " e-office "}
    details: Any = parse_details(asked, some, today=TODAY)
    assert (details.extra_disk_gb, details.application) == (100, "e-office")
    assert faults(some, extra_disk_gb=101) == {
        "/details/extra_disk_gb": "a second disk has at most 100 GB"
    }
    assert "not offered" in faults(offering(), extra_disk_gb=1)["/details/extra_disk_gb"]
    assert parse_details({**world.DETAILS, "extra_disk_gb": 0}, offering(), today=TODAY)


@pytest.mark.parametrize("value", ["E-Office", "-a", "a-", "a" * 33, "a b", "a_b", 7, True])
def test_what_is_no_application(value: Any) -> None:
    assert set(faults(offering(), application=value)) == {"/details/application"}


@pytest.mark.parametrize("value", ["x", -1, 70_000, 1.5, True, "1e3"])
def test_what_is_no_number_of_gigabytes(value: Any) -> None:
    found = faults(offering(extra_disk_gb_max=1000), extra_disk_gb=value)
    assert set(found) == {"/details/extra_disk_gb"}


def test_a_second_disk_that_is_no_longer_offered_is_not_planned() -> None:
    planning = CloudVpsPlanning(
        offering(extra_disk_gb_max=50),
        {"dc1": world.SETTINGS},
        {"dc1": world.SmallCluster()},
        world.SmallSeat(),
        lambda: world.OFFICE_KEY,
    )
    for size, fits in ((50, True), (51, False)):
        details = {**world.DETAILS, "extra_disk_gb": size}
        subject = Subject("VPS-2026-0001", "dinkes", details)
        if fits:
            assert planning.plan(subject, planning.read(subject), world.Ledger()).steps
        else:
            with pytest.raises(Conflict, match="no longer offered"):
                planning.read(subject)


def test_a_large_office_is_planned_within_its_rules() -> None:
    """The world of the benchmark: what is claimed is passed over, the plan fits its node."""
    wanted, facts, ledger = big_world(nodes=16, vms=2000)
    made = plan(wanted, facts, ledger)
    assert made.choices["vmid"] == 4000
    assert made.choices["address"] == "10.20.0.250"
    room = rooms(facts.cluster, wanted.settings, ledger)[made.choices["node"]]
    assert room.memory.free >= wanted.size.memory_mb
    assert room.own_by_department == {
        f"opd-{i % 40}": 25 for i in range(2000) if i % 16 == int(room.node[3:])
    }  # 125 VMs on each node, of five departments
