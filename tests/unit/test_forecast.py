"""What is left, when it runs out, and what still fits: by hand-made numbers and by the planner."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.errors import Conflict
from provisioner.plans.capacity import Amount, Need, rooms
from provisioner.plans.claims import HeldClaim, Ledger
from provisioner.plans.forecast import FEWEST_DAYS, after, fits, holding, outlook, reading
from provisioner.services.cloud_vps.planner import plan
from provisioner.settings import ClusterSettings
from tests.unit.plans_world import GIB, SETTINGS, cluster, facts, guest, storage, wanted

TODAY = date(2026, 11, 22)
NODES = ("pve1", "pve2", "pve3")


def readings(taken: list[float], every: int = 1) -> list[tuple[date, dict[str, dict[str, float]]]]:
    """One reading a day up to today."""
    first = TODAY - timedelta(days=(len(taken) - 1) * every)
    return [
        (first + timedelta(days=i * every), {"cores": {"used": one, "promised": 0.0}})
        for i, one in enumerate(taken)
    ]


def cores(taken: float, limit: float = 100.0) -> Amount:
    return Amount(limit, limit, taken, 0.0)


def test_it_runs_out_when_the_rest_is_given_away_at_the_present_pace() -> None:
    """Two cores a day, twenty free: in ten days."""
    found = outlook("cores", cores(80), readings([float(60 + 2 * i) for i in range(11)]), TODAY)
    assert (found.per_day, found.runs_out) == (2.0, TODAY + timedelta(days=10))
    assert found.unknown is None


def test_one_odd_day_does_not_bend_the_pace() -> None:
    """A node away for two days made the cluster look empty."""
    taken = [float(50 + i) for i in range(20)]
    taken[7] = taken[15] = 3.0
    found = outlook("cores", cores(69), readings(taken), TODAY)
    assert found.per_day == pytest.approx(1.0, abs=0.1)
    assert found.runs_out is not None
    assert abs((found.runs_out - TODAY).days - 31) <= 4


@pytest.mark.parametrize(
    ("taken", "says"),
    [
        ([], "readings of 0 days"),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "readings of 6 days"),
        ([5.0] * 30, "does not grow"),
        ([float(60 - i) for i in range(30)], "does not grow"),
        ([10 + i / 1000 for i in range(30)], "ten years"),
    ],
)
def test_it_says_so_when_it_does_not_know(taken: list[float], says: str) -> None:
    found = outlook("cores", cores(10), readings(taken), TODAY)
    assert found.runs_out is None
    assert says in str(found.unknown)


def test_what_is_full_has_run_out() -> None:
    """Known without any reading from before."""
    assert outlook("cores", cores(100), [], TODAY).runs_out == TODAY


def test_missing_days_stretch_the_pace() -> None:
    """Seven readings, one a week: growth is per day, not per reading."""
    found = outlook("cores", cores(50), readings([float(8 + 7 * i) for i in range(7)], 7), TODAY)
    assert found.per_day == pytest.approx(1.0)


@given(
    pace=st.floats(0.05, 5), start=st.floats(0, 50), days=st.integers(FEWEST_DAYS, 120),
    room=st.floats(1, 100),
)  # fmt: skip
def test_on_that_day_it_is_full_and_the_day_before_it_is_not(
    pace: float, start: float, days: int, room: float
) -> None:
    """For a steady pace the date is exact to the day."""
    taken = [start + pace * i for i in range(days)]
    now = cores(taken[-1], taken[-1] + room)
    found = outlook("cores", now, readings(taken), TODAY)
    assert found.runs_out is not None
    ahead = (found.runs_out - TODAY).days
    assert pace * ahead <= room * 1.001
    assert pace * (ahead + 1) >= room * 0.999


def test_a_cluster_as_a_whole() -> None:
    """Online nodes together; a shared storage once, local ones summed; templates' store apart."""
    shared = [storage(n, "ceph", shared=True, total_gb=1000.0, free_gb=600.0) for n in NODES]
    iso = storage("pve1", "iso", content=frozenset({"iso"}))
    world = cluster(
        storages=(*(storage(n) for n in NODES), *shared, iso), guests=(guest(100), guest(101))
    )
    offline = replace(world.nodes[2], online=False)
    world = replace(world, nodes=(*world.nodes[:2], offline))
    found = holding(rooms(world, SETTINGS, Ledger()))
    assert set(found) == {"memory_mb", "cores", "disk:local-lvm", "disk:ceph"}
    assert found["memory_mb"].total == (64 + 96) * GIB
    assert (found["cores"].used, found["cores"].limit) == (4, 2 * 16 * 4)
    assert (found["disk:ceph"].total, found["disk:ceph"].used) == (1000.0, 400.0)
    assert found["disk:local-lvm"].total == 1000.0
    assert reading(found)["cores"] == {"total": 32, "limit": 128, "used": 4, "promised": 0}


def test_after_a_plan() -> None:
    """Its claims are promised on top, whether it is a value or was stored."""
    world = facts()
    made = plan(wanted(), world, Ledger())
    now = holding(rooms(world.cluster, SETTINGS, Ledger()))
    then = after(now, made)
    assert then["memory_mb"].promised == 4096
    assert then["cores"].free == now["cores"].free - 2
    assert then["disk:local-lvm"].promised == 40
    assert after(now, made.to_json()) == then


def test_nodes_where_it_cannot_be_made_do_not_count() -> None:
    """A division of the free memory by the VM's would count them."""
    all_rooms = rooms(cluster(), SETTINGS, Ledger())
    need = Need(cores=2, memory_mb=20 * GIB, disk_gb=40)
    assert fits(all_rooms, need, "local-lvm").by_node == {"pve1": 2, "pve2": 4, "pve3": 1}
    only = fits(all_rooms, need, "local-lvm", nodes=["pve3"])
    assert (only.count, only.more, set(only.why_not)) == (1, False, {"pve3"})
    assert "memory" in str(only.why_not["pve3"][0])
    assert fits(all_rooms, need, "local-lvm", nodes=[]).count == 0
    assert fits(all_rooms, need, "elsewhere").count == 0


def test_a_shared_storage_is_given_away_once() -> None:
    """Three nodes see the same 100 GiB: two disks of 40, not six."""
    shared = tuple(
        storage(n, "ceph", shared=True, total_gb=100.0, free_gb=100.0) for n in NODES
    )  # fmt: skip
    found = fits(rooms(cluster(storages=shared), SETTINGS, Ledger()), Need(1, 1024, 40), "ceph")
    assert found.count == 2


def test_counting_ends_somewhere() -> None:
    found = fits(rooms(cluster(), SETTINGS, Ledger()), Need(1, 128, 1), "local-lvm", limit=5)
    assert (found.count, found.more, found.why_not) == (5, True, {})


@settings(deadline=None, max_examples=15)
@given(
    size=st.sampled_from(["tiny", "small", "medium"]),
    memory=st.tuples(*[st.integers(1, 12)] * 3),
    disk=st.tuples(*[st.integers(40, 200)] * 3),
    overcommit=st.sampled_from([1.0, 2.0]),
)
def test_exactly_as_many_fit_as_the_planner_then_plans(
    size: str, memory: tuple[int, ...], disk: tuple[int, ...], overcommit: float
) -> None:
    """Plan after plan until the planner refuses: the same number, on the same nodes."""
    base = cluster(
        storages=tuple(
            storage(n, total_gb=float(d), free_gb=float(d))
            for n, d in zip(NODES, disk, strict=True)
        )
    )
    nodes = tuple(
        replace(node, memory_mb=gib * GIB, memory_used_mb=0)
        for node, gib in zip(base.nodes, memory, strict=True)
    )
    conf = ClusterSettings.model_validate(
        {**SETTINGS.model_dump(), "overcommit": {"memory": overcommit}}
    )
    world = replace(facts(), cluster=replace(base, nodes=nodes))
    asked = wanted(size=size, settings=conf)
    need = Need(asked.size.cores, asked.size.memory_mb, asked.size.disk_gb)
    found = fits(rooms(world.cluster, conf, Ledger()), need, "local-lvm", limit=60)
    ledger, planned = Ledger(), 0
    while planned < 60:
        try:
            made = plan(replace(asked, details=asked.details.model_copy(
                update={"hostname": f"host-{planned}"})), world, ledger)  # fmt: skip
        except Conflict as full:
            assert full.slug == "no-capacity"  # noqa: PT017
            break
        ledger = Ledger((*ledger.claims, *(
            HeldClaim(c.kind, c.scope, c.key, f"VPS-{planned}", False, c.amounts)
            for c in made.claims
        )))  # fmt: skip
        planned += 1
    assert found.count == planned
