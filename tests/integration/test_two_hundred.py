"""Many servers approved at once, on a cluster with bad days: all end well, or were refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from tests.integration.crowd_stage import (
    BAD_DAYS,
    CHANGES,
    LOST,
    Crowd,
    Fault,
    Weather,
    clones_too_many,
    doubles,
    draw_sizes,
    over_the_rules,
    tight_plan,
)
from tests.integration.harness import Office, lab_cluster

SEED = 20261122
SPEED = 200.0


@contextmanager
def crowded(
    base: Path, certificates: Path, database_url: str | None, nodes: int, count: int, share: float
) -> Iterator[Crowd]:
    """An office whose engine is at work, and a cluster with room for a share of the requests."""
    sizes = draw_sizes(count, SEED)
    plan = tight_plan(nodes, sizes, share, SPEED)
    with (
        lab_cluster(certificates, **vars(plan)) as lab,
        Office(base / uuid4().hex, lab, CHANGES, database_url) as office,
    ):
        crowd = Crowd(office, sizes)
        crowd.ask()
        office.product.start(worker=True)
        yield crowd


def bad_days(extra: tuple[Fault, ...] = ()) -> list[Fault]:
    """Always in the same order."""
    faults = [*BAD_DAYS, *extra]
    Random(SEED).shuffle(faults)  # noqa: S311 - no secret
    return faults


def holds(crowd: Crowd, weather: Weather, patience: float) -> None:
    """From the approval of all to the audit of everything."""
    crowd.approve()
    crowd.come_to_rest(weather, patience)
    crowd.settle()
    assert crowd.broken() == []
    assert len(weather.struck) == len(weather.faults) + 1
    assert 0 < len(crowd.refused) < len(crowd.numbers) / 2
    assert over_the_rules(crowd.office, strictness=0.7), "the rules were never put to the test"


def test_what_is_double_is_seen() -> None:
    """The audit can fail: one VM that stands twice, made by two clones."""
    vm = {"vmid": 2001, "name": "a", "template": False, "config": {"ipconfig0": "ip=10.0.0.5/24"}}
    clone = {
        "type": "qmclone", "id": "9000", "exitstatus": "OK",
        "log": ["creating a clone of VM 9000 with ID 2001"],
    }  # fmt: skip
    sound = {"vms": [vm], "tasks": [clone, {**clone, "exitstatus": "clone failed: no space"}]}
    assert (doubles(sound), clones_too_many(sound)) == ([], [])
    broken = {"vms": [vm, vm], "tasks": [clone, clone]}
    assert {line.split()[0] for line in doubles(broken)} >= {"VMID", "name", "address"}
    assert clones_too_many(broken) == ["VM 2001 was cloned 2 times and destroyed 0 times"]


@pytest.mark.timeout(300)
def test_a_crowd_on_three_nodes(tmp_path: Path, certificates: Path) -> None:
    """The sample of what ``make slow`` does with two hundred on both databases."""
    with crowded(tmp_path, certificates, None, 3, 12, 0.85) as crowd:
        weather = Weather(crowd.office.lab, bad_days()[:6], "pve2", away=1.0)
        holds(crowd, weather, 100)


@pytest.mark.slow
def test_two_hundred_on_eight_nodes(
    tmp_path: Path, certificates: Path, database_url: str | None
) -> None:
    """Issue 4, "Must hold" 2."""
    with crowded(tmp_path, certificates, database_url, 8, 200, 0.95) as crowd:
        weather = Weather(crowd.office.lab, bad_days((LOST,)), "pve3", away=8.0)
        holds(crowd, weather, 1200)
