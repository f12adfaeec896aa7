"""Issue 6, must hold 1 to 3, for Linux: real faults of real devices, diagnosed by the product."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.lab.trouble.case import Case
from tests.dataplane.faults import FAULTS, SAMPLED
from tests.dataplane.nodes import missing
from tests.dataplane.trouble import HEALTHY, Ground, ground
from tests.integration.conftest import certificates as certificates

pytestmark = [pytest.mark.xdist_group("dataplane"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[Ground]:
    if why := missing():
        pytest.skip(why)
    with ground(tmp_path_factory.mktemp("trouble"), certificates) as standing:
        configured = standing.office.configurations()
        yield standing
        assert standing.office.configurations() == configured, "checks and faults left nothing"


def test_where_nothing_is_wrong_nothing_is_found(made: Ground) -> None:
    assert made.trial.healthy(HEALTHY[:2]) == []
    assert made.held() == made.start


@pytest.mark.slow
def test_nothing_is_found_twenty_times(made: Ground) -> None:
    for _ in range(4):
        assert made.trial.healthy(HEALTHY) == []


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(each, id=each.name, marks=[] if each.name in SAMPLED else pytest.mark.slow)
        for each in FAULTS
    ],
)
def test_a_fault_is_named_where_it_is(made: Ground, case: Case) -> None:
    (outcome,) = made.trial.run([case])
    assert outcome.verdict == "right", outcome.to_json()
    assert made.held() == made.start, "the fault is taken back"
