"""`python -m bench.throughput`: many VPS approved at once, against the cluster's own floor."""

from __future__ import annotations

import logging
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench.measuring import Meter
from provisioner.lab.plan import Times
from tests.chaos.world import World, cpu_seconds, world

LIMITS = (1, 4, 8)
NODES = 8
TASKS = 8
PATIENCE = 900.0


def main(
    count: Annotated[int, typer.Option(help="Servers approved at once, for each limit.")] = 50,
    speed: Annotated[float, typer.Option(help="Of the lab, against a real cluster.")] = 5.0,
) -> None:
    """Measure and print; clones are full ones, which is where the limit matters."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    show(measure(count, speed))


def measure(count: int, speed: float, limits: tuple[int, ...] = LIMITS) -> list[dict[str, Any]]:
    """One row for each limit of clones at once on the storage; a lab of its own each time."""
    return [_one(count, speed, limit) for limit in limits]


def _one(count: int, speed: float, limit: int) -> dict[str, Any]:
    lines = f'clone = "full"\nconcurrency = {{ clones = {limit}, tasks = {TASKS} }}'
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as made,
        world(Path(made), speed, nodes=NODES, changes={'clone = "auto"': lines}) as stage,
    ):
        stage.worker.start()
        _wait(stage, [_approve(stage, _plan(stage, "warm"))])
        requests = [_plan(stage, f"host{number:03d}") for number in range(count)]
        meter = Meter(stage.lab)
        before, began = cpu_seconds(stage.worker.pid), time.monotonic()
        for request in requests:
            _approve(stage, request)
        approved = time.monotonic() - began
        _wait(stage, requests)
        wall = time.monotonic() - began
        cpu = cpu_seconds(stage.worker.pid) - before
        calls, tasks = meter.read()
        clones = meter.seconds_of("qmclone")
    boot = Times().boot / speed
    floor = clones / limit + (tasks - clones) / count + boot
    return {
        "limit": limit, "count": count, "speed": speed, "wall": wall, "approving": approved,
        "clones": clones, "tasks": tasks, "boot": boot, "floor": floor, "ratio": wall / floor,
        "cpu_each": cpu / count, "calls_each": calls / count,
    }  # fmt: skip


def _plan(stage: World, hostname: str) -> str:
    request = stage.file(hostname)
    stage.product.plans.make(stage.budi, request)
    return request


def _approve(stage: World, request: str) -> str:
    plan = stage.product.plans.view(stage.budi, request)
    stage.product.approvals.approve(stage.budi, request, plan.digest)
    return request


def _wait(stage: World, requests: list[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    for request in requests:
        state = stage.wait_for_end(request, deadline - time.monotonic())
        if state != "done":
            raise RuntimeError(f"{request} ended as {state}")


def show(rows: list[dict[str, Any]]) -> None:
    """Print the figures, with the ratio to the floor."""
    first = rows[0]
    table = Table(
        title=f"{first['count']} VPS approved at once, full clones, {NODES} nodes, "
        f"lab at speed {first['speed']:g}"
    )
    columns = ("clones at once", "wall s", "floor s", "over floor", "CPU s each", "calls each")
    for column in columns:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            str(row["limit"]), f"{row['wall']:.1f}", f"{row['floor']:.1f}", f"{row['ratio']:.2f}x",
            f"{row['cpu_each']:.2f}", f"{row['calls_each']:.0f}",
        )  # fmt: skip
    console = Console(width=120)
    console.print(table)
    console.print(
        "floor: the clones' own seconds / clones at once, one VM's other tasks, one boot "
        f"({first['boot']:.1f} s)"
    )


if __name__ == "__main__":
    typer.run(main)
