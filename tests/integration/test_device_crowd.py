"""Many requests over few devices of several platforms: no interleaving, dead-lock, starvation."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.database import Database
from tests.integration.mixed_crowd import try_crowd
from tests.integration.mixed_matrix import campus
from tests.integration.mixed_stage import mixed_stage


@pytest.mark.timeout(300)
def test_sixteen_requests_over_ten_devices(tmp_path: Path, database: Database) -> None:
    with mixed_stage(tmp_path, campus(7, 3, 0), timer=60) as stage:
        assert try_crowd(stage, database, runs=16, seed=3) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_forty_requests_over_twenty_five_devices(tmp_path: Path, database: Database) -> None:
    with mixed_stage(tmp_path, campus(17, 8, 0), timer=60) as stage:
        assert try_crowd(stage, database, runs=40, seed=7) == []
