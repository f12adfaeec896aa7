"""`python -m bench.doctor`: how long `provisioner doctor` looks, and what it asks the cluster."""

from __future__ import annotations

import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bench.measuring import Meter
from provisioner.doctor import examine
from tests.chaos.world import world

_CLI = "from provisioner.cli import main; main()"


def main(
    nodes: Annotated[int, typer.Option(help="Of the cluster.")] = 16,
    runs: Annotated[int, typer.Option(help="Medians are told.")] = 5,
) -> None:
    """Measure and print."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    show(measure(nodes, runs))


def measure(nodes: int, runs: int) -> dict[str, Any]:
    """Seconds of the whole command and of its look alone; calls to the cluster of one command."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as made,
        world(Path(made), 10.0, nodes=nodes) as stage,
    ):
        config = {"PROVISIONER_CONFIG": str(stage.directory / "provisioner.toml")}
        command = [sys.executable, "-c", _CLI, "doctor", "--json"]
        meter = Meter(stage.lab)
        looks, commands, calls, findings = [], [], 0, 0
        for _ in range(runs):
            clusters = stage.product.clusters
            began = time.perf_counter()
            findings = len(list(examine(stage.product.settings, clusters.__getitem__)))
            looks.append(time.perf_counter() - began)
            meter.reset()
            began = time.perf_counter()
            subprocess.run(
                command, env={**os.environ, **config}, stdout=subprocess.DEVNULL, check=False
            )
            commands.append(time.perf_counter() - began)
            calls, _ = meter.read()
    return {
        "nodes": nodes, "command": statistics.median(commands), "look": statistics.median(looks),
        "calls": calls, "findings": findings,
    }  # fmt: skip


def show(found: dict[str, Any]) -> None:
    """Print the figures."""
    Console(width=120).print(
        f"doctor on {found['nodes']} nodes: {found['command']:.2f} s as a command, "
        f"{found['look']:.2f} s of it looking, {found['calls']} calls, "
        f"{found['findings']} findings"
    )


if __name__ == "__main__":
    typer.run(main)
