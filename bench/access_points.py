"""`python -m bench.access_points`: one SSID on many access points by our playbook, by phase."""

from __future__ import annotations

import os
import resource
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from tests.contract.openwrt_stage import good, staged


def main(
    access_points: Annotated[int, typer.Option("--access-points")] = 30,
    memory_mb: Annotated[int, typer.Option(help="Of [ansible], for forks.")] = 400,
) -> None:
    """Wall, processor time and memory of each phase; the simulated devices' own time is apart."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as made,
        staged(Path(made), access_points, memory_mb=memory_mb) as stage,
    ):
        orders = stage.orders()
        print(f"{'phase':8} {'wall s':>7} {'CPU s':>7} {'MB':>6} {'processes':>9}")
        _measure("apply", lambda: good(stage.platform.apply(orders)))
        _measure("read", stage.read)
        _measure("confirm", lambda: good(stage.platform.confirm(orders)))


def _measure(name: str, act: Callable[[], object]) -> None:
    over, peak = threading.Event(), [0.0, 0]

    def watch() -> None:
        while not over.wait(0.2):
            memory, count = _below(os.getpid())
            peak[0], peak[1] = max(peak[0], memory), max(int(peak[1]), count)

    watcher = threading.Thread(target=watch)
    watcher.start()
    before, began = _children_cpu(), time.perf_counter()
    act()
    wall, cpu = time.perf_counter() - began, _children_cpu() - before
    over.set()
    watcher.join()
    print(f"{name:8} {wall:7.1f} {cpu:7.1f} {peak[0]:6.0f} {peak[1]:9}")


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _below(root: int) -> tuple[float, int]:
    """Proportional memory in MiB and number of all processes below one."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(path.parent.name)] = int(fields[1])
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    memory = sum(_pss(pid) for pid in found - {root})
    return memory / 1024, len(found) - 1


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    typer.run(main)
