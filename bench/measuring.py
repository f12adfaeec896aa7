"""Clocks and meters: what the cluster did meanwhile, processor time, memory, medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioner.lab.control import RemoteLab
from tests.chaos.world import cpu_seconds


@dataclass(frozen=True)
class Sample:
    """One VPS: seconds of wall and processor, calls to the cluster, the cluster's own task time.

    ``start_up`` is what of the wall went by before the first call; None where it is not known.
    """

    wall: float
    cpu: float
    calls: int
    tasks: float
    start_up: float | None = None


class Meter:
    """Counts what the cluster is asked and what its tasks take, from one reading to the next."""

    def __init__(self, lab: RemoteLab) -> None:
        self._lab = lab
        self.reset()

    def reset(self) -> None:
        state = self._lab.state()
        self._calls, self._tasks = int(state["calls"]), len(state["tasks"])

    def read(self) -> tuple[int, float]:
        """(calls, seconds of the tasks that began and ended) since the last reset."""
        state = self._lab.state()
        seconds = sum(float(task["seconds"] or 0.0) for task in state["tasks"][self._tasks :])
        return int(state["calls"]) - self._calls, seconds

    def seconds_of(self, kind: str) -> float:
        """Of the tasks of that kind that began and ended since the last reset."""
        tasks = self._lab.state()["tasks"][self._tasks :]
        return sum(float(task["seconds"] or 0.0) for task in tasks if task["type"] == kind)


def median(samples: Sequence[Sample]) -> Sample:
    """The median of each figure by itself."""
    starts = [s.start_up for s in samples if s.start_up is not None]
    return Sample(
        wall=statistics.median(s.wall for s in samples),
        cpu=statistics.median(s.cpu for s in samples),
        calls=int(statistics.median_low([s.calls for s in samples])),
        tasks=statistics.median(s.tasks for s in samples),
        start_up=statistics.median(starts) if starts else None,
    )


def memory_mb(pid: int) -> dict[str, float]:
    """Resident and proportional memory of a process in MiB."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        key, _, rest = line.partition(":")
        if key in {"Rss", "Pss"}:
            found[key.lower()] = round(int(rest.split()[0]) / 1024, 1)
    return found


def idle(pid: int, seconds: float) -> dict[str, float]:
    """Memory, and milliseconds of processor time for each second, of a process left alone."""
    before = cpu_seconds(pid)
    time.sleep(seconds)
    used = cpu_seconds(pid) - before
    return {**memory_mb(pid), "cpu_ms_per_s": round(1000 * used / seconds, 1)}
