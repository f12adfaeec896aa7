"""Each mishap in the middle of each kind of run of a VM: it waits, is mended, and ends once."""

from __future__ import annotations

import random

import pytest

from tests.integration import mishap_stage
from tests.integration.harness import Office
from tests.integration.mishap_points import FAULTS, KINDS, Point, lost_answers, points, stops
from tests.integration.vm_matrix import MORTAL, try_deaths, try_points

CHANGES = mishap_stage.CHANGES
SEED = 4
pytestmark = [pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def database_url() -> None:
    """Runs on PostgreSQL are tested elsewhere."""


def sample() -> list[Point]:
    """Each kind of run once, and each mishap three times: whichever the seed draws."""
    chance = random.Random(SEED)  # noqa: S311 - a choice of tests, no secret
    by_name = {(p.kind, p.fault): [] for p in points()}  # type: ignore[var-annotated]
    for point in points():
        by_name[point.kind, point.fault].append(point)
    faults = [fault for fault in FAULTS for _ in range(-(-len(KINDS) // len(FAULTS)))]
    chance.shuffle(faults)
    return [chance.choice(by_name[kind, fault]) for kind, fault in zip(KINDS, faults, strict=False)]


@pytest.mark.xdist_group("vm-mishaps")
@pytest.mark.parametrize("point", sample(), ids=str)
def test_a_mishap_of_the_sample(office: Office, point: Point) -> None:
    assert try_points(office, [point]) == []


@pytest.mark.xdist_group("vm-mishaps")
@pytest.mark.parametrize("point", [*stops()][2::9], ids=str)
def test_stopped_while_a_task_is_under_way(office: Office, point: Point) -> None:
    """The undoing waits for the task: afterwards all is as before and stays so."""
    assert try_points(office, [point]) == []


@pytest.mark.xdist_group("vm-mishaps")
@pytest.mark.parametrize("point", [*lost_answers()][3::14], ids=str)
def test_an_answer_that_is_lost(office: Office, point: Point) -> None:
    assert try_points(office, [point]) == []


@pytest.mark.xdist_group("vm-mishaps")
@pytest.mark.parametrize("kind", MORTAL)
def test_the_process_dies_in_the_middle(office: Office, kind: str) -> None:
    assert try_deaths(office, kind, (7,)) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", MORTAL)
def test_the_process_dies_at_every_moment(office: Office, kind: str) -> None:
    assert try_deaths(office, kind, range(1, 100)) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", KINDS)
def test_each_lost_answer_and_each_stop(office: Office, kind: str) -> None:
    chosen = [p for p in (*lost_answers(), *stops()) if p.kind == kind]
    assert try_points(office, chosen) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", KINDS)
def test_every_mishap_at_every_moment(office_of_module: Office, kind: str) -> None:
    assert try_points(office_of_module, [p for p in points() if p.kind == kind]) == []
