"""Capacity, addressing and the difference between plans."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from provisioner.catalogue import ServerNetwork
from provisioner.plans.addressing import next_address, next_vmid
from provisioner.plans.capacity import Need, NodeRoom, picture, rooms
from provisioner.plans.claims import HeldClaim, Ledger
from provisioner.plans.diff import Difference, difference
from provisioner.services.cloud_vps.planner import plan
from provisioner.settings import Overcommit, Reserve
from tests.unit import plans_world as world

NETWORK = world.INVENTORY.network.networks["server-opd"]
PLAIN = world.SETTINGS.model_copy(
    update={
        "reserve": Reserve(memory_percent=0, disk_percent=0),
        "overcommit": Overcommit(cores=1),
    }
)
NEED = Need(2, 4096, 40)


def claim(vmid: int, node: str = "pve1", **amounts: Any) -> HeldClaim:
    base = {"cores": 2, "memory_mb": 4096, "disk_gb": 40, "storage": "local-lvm", "shared": False}
    return HeldClaim(
        "capacity", f"dc1/{node}", str(vmid), "VPS-2026-0009", amounts={**base, **amounts}
    )


def room(ledger: Ledger = Ledger(), node: str = "pve1", **changes: Any) -> NodeRoom:  # noqa: B008
    return rooms(world.cluster(**changes), PLAIN, ledger)[node]


def test_reserve_and_overcommit() -> None:
    settings = PLAIN.model_copy(
        update={
            "reserve": Reserve(memory_percent=10, disk_percent=5),
            "overcommit": Overcommit(cores=4, memory=1.5),
        }
    )
    found = rooms(world.cluster(), settings, Ledger())["pve1"]
    assert found.memory.limit == 65536 * 1.5 - 6553.6
    assert found.cores.limit == 64
    assert found.storages["local-lvm"].disk.free == 500 * 0.95 - 100


def test_stopped_vms_count_and_templates_do_not() -> None:
    guests = (world.guest(100, power="stopped"), world.guest(101, template=True))
    assert room(guests=guests).memory.used == 4096


def test_a_claim_counts_until_its_vm_is_listed_and_then_the_larger_of_both() -> None:
    ledger = Ledger((claim(2000),))
    assert room(ledger).memory.promised == 4096
    listed = room(ledger, guests=(world.guest(2000, memory_mb=512, cores=1, disk_gb=3.0),))
    assert (listed.memory.used, listed.memory.promised, listed.cores.used) == (4096, 0, 2)
    assert listed.storages["local-lvm"].disk.promised == 37
    grown = room(ledger, guests=(world.guest(2000, memory_mb=8192, disk_gb=40.0),))
    assert (grown.memory.used, grown.storages["local-lvm"].disk.promised) == (8192, 0)


def test_a_vm_that_moved_counts_where_it_is() -> None:
    ledger = Ledger((claim(2000),))
    moved = {"guests": (world.guest(2000, "pve2", memory_mb=512),)}
    assert room(ledger, **moved).memory.used == room(ledger, **moved).memory.promised == 0
    assert room(ledger, "pve2", **moved).memory.used == 4096


def further(vmid: int, node: str = "pve1", **amounts: Any) -> HeldClaim:
    """What another request adds to the claims of a VM that stands."""
    base = claim(vmid, node, **amounts)
    return replace(base, key=f"{vmid}+VPS-2026-0042", owner="VPS-2026-0042")


def test_the_claims_of_one_vm_are_added_up() -> None:
    """A resize claims the difference; the VM counts with the larger of its size and the sum."""
    more = further(2000, memory_mb=4096, cores=2, disk_gb=20)
    ledger = Ledger((claim(2000), more))
    assert room(ledger).memory.promised == 8192
    listed = room(ledger, guests=(world.guest(2000, memory_mb=4096, disk_gb=40.0),))
    assert (listed.memory.used, listed.memory.promised, listed.cores.used) == (8192, 0, 4)
    assert listed.storages["local-lvm"].disk.promised == 20
    grown = room(ledger, guests=(world.guest(2000, memory_mb=8192, cores=4, disk_gb=60.0),))
    assert (grown.memory.used, grown.storages["local-lvm"].disk.promised) == (8192, 0)


def test_a_vm_that_is_to_shrink_counts_whole_until_it_has() -> None:
    ledger = Ledger((claim(2000), further(2000, memory_mb=-3072, cores=-1, disk_gb=0)))
    before = room(ledger, guests=(world.guest(2000, memory_mb=4096),))
    assert before.memory.used == 4096
    after = room(ledger, guests=(world.guest(2000, memory_mb=1024, cores=1),))
    assert (after.memory.used, after.cores.used) == (1024, 1)


def test_a_vm_on_its_way_counts_on_both_nodes_until_it_has_arrived() -> None:
    moving = further(2000, "pve3", moving=True, memory_mb=4096, disk_gb=40)
    ledger = Ledger((claim(2000, "pve1"), moving))
    here = {"guests": (world.guest(2000, "pve1", memory_mb=4096, disk_gb=40.0),)}
    assert room(ledger, "pve1", **here).memory.used == 4096
    there = room(ledger, "pve3", **here)
    assert (there.memory.promised, there.storages["local-lvm"].disk.promised) == (4096, 40)
    arrived = {"guests": (world.guest(2000, "pve3", memory_mb=4096, disk_gb=40.0),)}
    assert room(ledger, "pve1", **arrived).memory.used == 0
    there = room(ledger, "pve3", **arrived)
    assert (there.memory.used, there.memory.promised) == (4096, 0)
    assert there.storages["local-lvm"].disk.promised == 0


def test_a_second_disk_counts_though_the_listing_does_not_show_it() -> None:
    ledger = Ledger((claim(2000, extra_disk_gb=60),))
    assert room(ledger).storages["local-lvm"].disk.promised == 100
    listed = room(ledger, guests=(world.guest(2000, disk_gb=40.0),))
    assert listed.storages["local-lvm"].disk.promised == 60


def test_what_asks_for_no_more_fits_even_where_nothing_is_left() -> None:
    crowded = room(guests=tuple(world.guest(v, memory_mb=65536) for v in (100, 101)))
    assert crowded.memory.free < 0
    assert crowded.shortages(Need(0, 0, 0), "local-lvm") == ()
    assert len(crowded.shortages(Need(0, 1, 0), "local-lvm")) == 1


def test_maintenance_keeps_newcomers_away_but_not_what_stands_there() -> None:
    nodes = tuple(replace(n, maintenance=True) for n in world.cluster().nodes)
    found = room(nodes=nodes)
    assert str(found.why_not(NEED, "local-lvm")[0]) == "the node is in maintenance"
    assert found.shortages(NEED, "local-lvm") == ()


@given(
    st.lists(st.sampled_from([(1, 1024, 10), (2, 4096, 40), (4, 8192, 80)]), max_size=6),
    st.booleans(),
)
def test_however_often_a_vm_is_resized_it_counts_with_its_last_size(
    sizes: list[tuple[int, int, int]], listed: bool
) -> None:
    claims = [claim(2000)]
    cores, memory, disk = 2, 4096, 40
    for i, (c, m, d) in enumerate(sizes):
        d = max(d, disk)  # disks never shrink
        amounts = {"cores": c - cores, "memory_mb": m - memory, "disk_gb": d - disk}
        claims.append(replace(further(2000, **amounts), key=f"2000+VPS-2026-{i:04d}"))
        cores, memory, disk = c, m, d
    guests = (world.guest(2000, cores=cores, memory_mb=memory, disk_gb=float(disk)),)
    found = room(Ledger(tuple(claims)), guests=guests if listed else ())
    assert found.memory.used + found.memory.promised == memory
    assert found.cores.used + found.cores.promised == cores
    assert found.storages["local-lvm"].disk.promised == (0 if listed else disk)


def test_a_shared_storage_counts_the_claims_of_all_nodes() -> None:
    storages = tuple(world.storage(f"pve{i}", "ceph", shared=True) for i in (1, 2, 3))
    ledger = Ledger(
        (claim(2000, storage="ceph", shared=True), claim(2001, "pve3", storage="ceph", shared=True))
    )
    for node in ("pve1", "pve2", "pve3"):
        assert room(ledger, node, storages=storages).storages["ceph"].disk.promised == 80


def test_the_storage_is_looked_at_too() -> None:
    for change, text in (
        ({"active": False}, "does not answer"),
        ({"content": frozenset({"iso"})}, "does not accept disks"),
        ({"free_gb": 39.0}, "not enough room on the storage local-lvm: 40 GB asked for, 39 GB"),
    ):
        found = room(storages=(world.storage("pve1", **change),)).why_not(NEED, "local-lvm")
        assert text in str(found[0])


def test_the_least_taken_node_wins_then_the_one_with_fewest_vms_of_the_department() -> None:
    equal = tuple(replace(n, memory_mb=64 * 1024) for n in world.cluster().nodes)
    ledger = Ledger(
        (
            claim(2000, "pve1", memory_mb=1024, cores=1, disk_gb=1, department="dinkes"),
            claim(2001, "pve2", memory_mb=1024, cores=1, disk_gb=1, department="disdik"),
            claim(2002, "pve3", memory_mb=1024, cores=1, disk_gb=1, department="dinkes"),
        )
    )
    storages = tuple(world.storage(n.name) for n in equal)
    found = rooms(world.cluster(nodes=equal, storages=storages), PLAIN, ledger)
    best = min(found.values(), key=lambda r: r.score(NEED, "local-lvm", "dinkes"))
    assert best.node == "pve2"
    assert min(found.values(), key=lambda r: r.score(NEED, "local-lvm", "x")).node == "pve1"


def test_the_picture_shows_now_and_after() -> None:
    found = rooms(world.cluster(guests=(world.guest(100),)), PLAIN, Ledger((claim(2000),)))
    shown = picture(found, NEED, "local-lvm", "pve1", {})
    assert shown["nodes"][0] == {
        "node": "pve1",
        "chosen": True,
        "why_not": [],
        "memory_mb": {
            "total": 65536, "limit": 65536, "used": 4096, "promised": 4096, "this": 4096,
        },
        "cores": {"total": 16, "limit": 16, "used": 2, "promised": 2, "this": 2},
        "disk_gb": {"total": 500, "limit": 500, "used": 100, "promised": 40, "this": 40},
    }  # fmt: skip
    assert shown["nodes"][1]["memory_mb"]["this"] == 0


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(256, 16384)), max_size=40))
def test_no_node_is_ever_filled_beyond_its_line(asks: list[tuple[int, int]]) -> None:
    """One after the other, each plan's claims put into the ledger: the line is never crossed."""
    claims: list[HeldClaim] = []
    for i, (cores, memory) in enumerate(asks):
        need = Need(cores, memory, 10)
        found = rooms(world.cluster(), PLAIN, Ledger(tuple(claims)))
        fits = [r for r in found.values() if not r.why_not(need, "local-lvm")]
        if fits:
            best = min(fits, key=lambda r: r.score(need, "local-lvm", "dinkes"))
            claims.append(claim(2000 + i, best.node, cores=cores, memory_mb=memory, disk_gb=10))
        else:
            assert all(
                r.memory.free < memory or r.cores.free < cores or
                r.storages["local-lvm"].disk.free < 10
                for r in found.values()
            )  # fmt: skip
    for r in rooms(world.cluster(), PLAIN, Ledger(tuple(claims))).values():
        assert r.memory.free >= 0
        assert r.cores.free >= 0
        assert r.storages["local-lvm"].disk.free >= 0


@given(st.sets(st.integers(2000, 2009)))
def test_the_lowest_free_vmid(taken: set[int]) -> None:
    free = sorted(set(range(2000, 2010)) - taken)
    assert next_vmid((2000, 2009), taken) == (free[0] if free else None)


@given(st.sets(st.integers(90, 210)))
def test_the_lowest_free_address(taken: set[int]) -> None:
    free = sorted(set(range(100, 200)) - taken)
    found = next_address(NETWORK, {f"10.10.10.{i}" for i in taken})
    assert found == (f"10.10.10.{free[0]}" if free else None)


@given(st.sets(st.integers(90, 210)), st.integers(100, 199), st.integers(0, 40))
def test_reserved_addresses_are_never_given(taken: set[int], first: int, more: int) -> None:
    last = min(first + more, 199)
    span = f"10.10.10.{first}-10.10.10.{last}"
    network = ServerNetwork.model_validate({**NETWORK.model_dump(mode="json"), "reserved": [span]})
    free = sorted(set(range(100, 200)) - taken - set(range(first, last + 1)))
    found = next_address(network, {f"10.10.10.{i}" for i in taken})
    assert found == (f"10.10.10.{free[0]}" if free else None)
    assert len(list(network.addresses())) == 100 - (last - first + 1)


def test_what_is_reserved_lies_inside_what_may_be_given() -> None:
    for span in ("10.10.10.50", "10.10.10.190-10.10.10.210", "10.10.11.1"):
        with pytest.raises(ValidationError, match="reserved"):
            ServerNetwork.model_validate({**NETWORK.model_dump(mode="json"), "reserved": [span]})


def test_an_address_that_rests_is_not_given_though_it_is_the_lowest() -> None:
    resting = HeldClaim("address", "server-opd", "10.10.10.100", "VPS-2026-0009", True)
    made = plan(world.wanted(), world.facts(), Ledger((resting,)))
    assert made.choices["address"] == "10.10.10.101"


def test_gateway_network_broadcast_and_name_servers_are_never_given() -> None:
    whole = NETWORK.model_copy(
        update={"assignable": NETWORK.assignable, "cidr": NETWORK.cidr, "gateway": NETWORK.gateway}
    )
    ranges = type(NETWORK.assignable[0])
    first, last = NETWORK.cidr.network_address, NETWORK.cidr.broadcast_address
    whole = whole.model_copy(update={"assignable": (ranges(first, last),)})
    taken = {f"10.10.10.{i}" for i in range(3, 255)}
    assert next_address(whole, taken) is None
    assert next_address(whole, taken - {"10.10.10.3"}) == "10.10.10.3"


def test_a_difference_tells_choices_and_not_what_follows_from_them() -> None:
    one = plan(world.wanted(), world.facts(), Ledger())
    full = tuple(world.guest(v, "pve2") for v in range(100, 122))
    other = plan(world.wanted(), world.facts(guests=full), Ledger())
    found = difference(one, other)
    rows = {row["what"]: (row["before"], row["after"]) for row in found.view("en")["rows"]}
    assert rows == {
        "template": ("9002", "9001"),
        "node of the template": ("pve2", "pve1"),
        "node": ("pve2", "pve1"),
    }
    assert Difference.from_json(found.to_json()) == found
    assert difference(one, one) == Difference()


def test_a_difference_tells_other_details() -> None:
    one = plan(world.wanted(), world.facts(), Ledger())
    other = plan(world.wanted(admin_user="someone"), world.facts(), Ledger(), one.choices)
    shown = difference(one, other).view("en")["rows"]
    ciuser = {
        "what": "vm.configure: options.ciuser", "before": "admin-web", "after": "someone"
    }  # fmt: skip
    assert ciuser in shown
    smaller = plan(world.wanted(size="tiny"), world.facts(), Ledger(), one.choices)
    words = [row["what"] for row in difference(one, smaller).view("en")["rows"]]
    assert "no longer a step: Grow its disk to 40 GB" in words
