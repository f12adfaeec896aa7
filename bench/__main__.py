"""`python -m bench`: the product beside a bare proxmoxer script and Ansible, in one run."""

from __future__ import annotations

import json
import logging
import os
import platform
import statistics
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench import doctor, ours, peers, planning, throughput
from bench.measuring import Meter, Sample, idle, median
from provisioner.lab.plan import Times
from tests.chaos.world import World, world

KINDS = ("ours", "bare", "ansible")
_TITLES = {
    "ours": "provisioner (approve to done, proven)",
    "bare": "bare proxmoxer script",
    "ansible": "community.proxmox by Ansible",
}


def main(
    runs: Annotated[int, typer.Option(help="Of each, interleaved; medians are told.")] = 5,
    speed: Annotated[float, typer.Option(help="Of the lab, against a real cluster.")] = 10.0,
    with_ansible: Annotated[
        bool, typer.Option("--with-ansible", help="Install ansible into .venv-bench if need be.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="One of each, a fast lab.")] = False,
    as_json: Annotated[
        Path | None, typer.Option("--json", help="Write the results here as well.")
    ] = None,
) -> None:
    """Measure one VPS three ways, then what only the product has."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    runs, speed = (1, 60.0) if quick else (runs, speed)
    with tempfile.TemporaryDirectory(prefix="bench-") as made, world(Path(made), speed) as stage:
        missing = "left out by --quick" if quick else peers.why_no_ansible(with_ansible)
        results = measure(stage, runs, speed, missing, 1.0 if quick else 10.0)
    results["calls"] = calls_at_once(missing)
    results["throughput"] = (
        throughput.measure(3, speed, (2,)) if quick else throughput.measure(50, speed / 2)
    )
    results["planning"] = planning.measure(*((3, 100, 1) if quick else (16, 2000, 10)))
    results["doctor"] = doctor.measure(3 if quick else 16, 1 if quick else 5)
    show(results)
    if as_json is not None:
        as_json.write_text(json.dumps(results, indent=1) + "\n")


def calls_at_once(missing: str | None) -> dict[str, int]:
    """Calls for one VPS where every task and every boot is over at once: nothing is polled."""
    with tempfile.TemporaryDirectory(prefix="bench-") as made, world(Path(made), 5000) as stage:
        meter = Meter(stage.lab)
        stage.worker.start()
        ours.vps(stage, meter, 900)
        found = {
            "ours": ours.vps(stage, meter, 0).sample.calls,
            "bare": peers.bare(stage, meter, 0).calls,
        }
        if missing is None:
            found["ansible"] = peers.ansible(stage, meter, 1).calls
    return found


def measure(
    stage: World, runs: int, speed: float, missing: str | None, idle_seconds: float
) -> dict[str, Any]:
    """All figures as plain data; ``missing`` says why Ansible is left out, None where it is not."""
    meter = Meter(stage.lab)
    samples: dict[str, list[Sample]] = {kind: [] for kind in KINDS}
    firsts: list[float] = []
    steps: dict[str, float] = {}
    stage.worker.start()
    ours.vps(stage, meter, 900)  # warms caches and the worker's connections up
    for number in range(runs):
        mine = ours.vps(stage, meter, number)
        samples["ours"].append(mine.sample)
        firsts.append(mine.first_step)
        steps = mine.seconds_of_steps
        samples["bare"].append(peers.bare(stage, meter, 2 * number))
        if missing is None:
            samples["ansible"].append(peers.ansible(stage, meter, 2 * number + 1))
    worker_idle = idle(stage.worker.pid, idle_seconds)
    kills = [ours.kill(stage, number) for number in range(runs)]
    stage.worker.end()
    with ours.serving(stage) as (pid, address):
        visible = [ours.first_visible_step(stage, address, number) for number in range(runs)]
        serve_idle = idle(pid, idle_seconds)
    boot = Times().boot / speed
    return {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(),
                    "load": os.getloadavg()[0]},
        "lab": {"speed": speed, "boot_seconds": boot},
        "runs": runs,
        "vps": {kind: asdict(median(found)) for kind, found in samples.items() if found},
        "not_measured": {"ansible": missing} if missing else {},
        "our_steps": steps,
        "approve_to_first_step": statistics.median(firsts),
        "approve_to_first_visible_step": statistics.median(visible),
        "kill_to_next_step": statistics.median(kills),
        "idle": {"worker": worker_idle, "serve": serve_idle},
    }  # fmt: skip


def show(results: dict[str, Any]) -> None:
    """Print the figures, with the ratio of each peer to ours."""
    boot, mine = results["lab"]["boot_seconds"], results["vps"]["ours"]
    table = Table(
        title=f"one VPS on the lab at speed {results['lab']['speed']:g} "
        f"(boot {boot:.1f} s), medians of {results['runs']}"
    )
    for column in ("", "wall s", "of it start-up", "over tasks and boot", "CPU s", "API calls"):
        table.add_column(column, justify="left" if not column else "right")
    for kind, found in results["vps"].items():
        over = found["wall"] - found["tasks"] - boot
        cells = (
            _with_ratio(found["wall"], mine["wall"]),
            f"{found['start_up']:.2f}",
            f"{over:.2f} ({found['tasks']:.2f} tasks)",
            _with_ratio(found["cpu"], mine["cpu"]),
            _with_ratio(found["calls"], mine["calls"], ".0f"),
        )
        table.add_row(_TITLES[kind], *cells)
    for kind, why in results["not_measured"].items():
        table.add_row(_TITLES[kind], f"not measured: {why}")
    console = Console(width=120)
    console.print(table)
    _rows(console, results)


def _rows(console: Console, results: dict[str, Any]) -> None:
    told = [
        ("approve to first step, in the table",
         f"{results['approve_to_first_step']:.2f} s"),
        ("click on approve to first step on the open live stream (serve)",
         f"{results['approve_to_first_visible_step']:.2f} s"),
        ("kill -9 to next step event, process start included",
         f"{results['kill_to_next_step']:.2f} s"),
        ("idle worker", _idle(results["idle"]["worker"])),
        ("idle serve (console, API, worker)", _idle(results["idle"]["serve"])),
        ("API calls for one VPS where nothing has to be waited for",
         ", ".join(f"{_TITLES[kind]} {calls}" for kind, calls in results["calls"].items())),
        ("seconds of our steps",
         ", ".join(f"{k} {v:.2f}" for k, v in results["our_steps"].items())),
        ("machine", ", ".join(f"{k} {v}" for k, v in results["machine"].items())),
    ]  # fmt: skip
    for title, text in told:
        console.print(f"{title}: {text}")
    throughput.show(results["throughput"])
    planning.show(results["planning"])
    doctor.show(results["doctor"])


def _idle(found: dict[str, float]) -> str:
    return (
        f"RSS {found['rss']} MiB, PSS {found['pss']} MiB, {found['cpu_ms_per_s']} ms CPU a second"
    )


def _with_ratio(value: float, ours: float, shape: str = ".2f") -> str:
    ratio = f" ({value / ours:.1f}x)" if ours and value != ours else ""
    return f"{value:{shape}}{ratio}"


if __name__ == "__main__":
    typer.run(main)
