"""The benchmark runs and tells every figure; no figure is judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(300)


def test_the_quick_benchmark_yields_every_figure(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--json", str(path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    results = json.loads(path.read_text())
    for kind in ("ours", "bare"):
        assert results["vps"][kind]["wall"] > results["vps"][kind]["tasks"] > 0
        assert results["vps"][kind]["calls"] > 0
    assert "ansible" in results["not_measured"]
    for key in ("approve_to_first_step", "approve_to_first_visible_step", "kill_to_next_step"):
        assert results[key] > 0
    assert results["calls"]["ours"] > results["calls"]["bare"] > 0
    (crowd,) = results["throughput"]
    assert crowd["wall"] > crowd["floor"] > 0
    assert results["planning"]["whole"] > results["planning"]["reading"] > 0
    assert results["doctor"]["calls"] > 0
    for process in ("worker", "serve"):
        assert results["idle"][process]["rss"] > 0
    assert "kill -9 to next step event" in done.stdout
