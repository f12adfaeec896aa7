"""The library of faults through the whole product: named rightly, never surely wrong, no change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.demo.faults import HEALTHY, scenery_of, technician
from provisioner.demo.stage import Stage, staged
from provisioner.lab.control import RemoteLab
from provisioner.lab.trouble.case import Case, Typed
from provisioner.lab.trouble.library import LIBRARY, chosen
from provisioner.lab.trouble.trial import Trial

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("fault-library")]
SAMPLE = chosen((), 9)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, Trial, RemoteLab]]:
    directory = tmp_path_factory.mktemp("faults")
    with staged(directory, 0, 60.0) as stage:
        lab = RemoteLab(directory)
        yield stage, Trial(lab, technician(stage), scenery_of(stage)), lab


def test_the_library_is_wide_enough() -> None:
    assert len(LIBRARY) >= 40
    assert {case.part for case in LIBRARY} >= {
        "cisco_ios", "mikrotik_routeros", "openwrt", "cluster",
    }  # fmt: skip
    assert len({case.name for case in LIBRARY}) == len(LIBRARY)
    assert [case for case in LIBRARY if case.more], "faults that come two at a time"


def test_what_is_healthy_stays_green_and_nothing_changes(
    trial: tuple[Stage, Trial, RemoteLab],
) -> None:
    _, looked, lab = trial
    before = lab.call("/configurations")
    assert looked.healthy(HEALTHY) == []
    assert lab.call("/configurations") == before


@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: case.name)
def test_some_faults_of_the_library(trial: tuple[Stage, Trial, RemoteLab], case: Case) -> None:
    _, looked, lab = trial
    before = lab.call("/configurations")
    [outcome] = looked.run([case])
    assert outcome.verdict == "right", outcome.to_json()
    if not any(isinstance(make, Typed) for make in case.make):
        assert lab.call("/configurations") == before, "a check changes nothing"


@pytest.mark.slow
def test_what_is_healthy_is_green_twenty_times(trial: tuple[Stage, Trial, RemoteLab]) -> None:
    _, looked, lab = trial
    before = lab.call("/configurations")
    for _ in range(20):
        assert looked.healthy(HEALTHY) == []
    assert lab.call("/configurations") == before


@pytest.mark.slow
def test_the_whole_library(trial: tuple[Stage, Trial, RemoteLab], tmp_path: Path) -> None:
    outcomes = list(trial[1].run(LIBRARY))
    wrong = [outcome.to_json() for outcome in outcomes if outcome.verdict == "wrong"]
    assert wrong == []
    right = [outcome for outcome in outcomes if outcome.verdict == "right"]
    missed = [outcome.to_json() for outcome in outcomes if outcome.verdict != "right"]
    assert len(right) >= 0.95 * len(LIBRARY), missed
