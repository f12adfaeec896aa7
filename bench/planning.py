"""`python -m bench.planning`: a plan among 2,000 VMs on 16 nodes, and reading such a cluster."""

from __future__ import annotations

import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from provisioner.drivers.hypervisor import TemplateKey
from provisioner.lab.plan import big_plan
from provisioner.services.cloud_vps.planner import plan
from tests.integration.harness import Office, free_network, lab_cluster
from tests.unit.big_world import big_world


def main(
    nodes: Annotated[int, typer.Option(help="Of the cluster.")] = 16,
    vms: Annotated[int, typer.Option(help="Standing on it.")] = 2000,
    runs: Annotated[int, typer.Option(help="Medians are told.")] = 10,
) -> None:
    """Measure and print."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    show(measure(nodes, vms, runs))


def measure(nodes: int, vms: int, runs: int) -> dict[str, Any]:
    """Seconds: the pure plan with four claims of each VM, reading over HTTPS, and both as done.

    The lab shares this process, so what is read over HTTPS contains the lab's own work.
    """
    wanted, facts, ledger = big_world(nodes, vms)
    pure = _median(lambda: plan(wanted, facts, ledger), runs)
    lab_plan = big_plan(nodes, vms)
    network = free_network()
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as made,
        lab_cluster(Path(made) / "certificates", **{**vars(lab_plan), "network": network}) as lab,
        Office(Path(made) / "office", lab) as office,
    ):
        cluster = office.product.clusters["dc1"]
        key = TemplateKey(vmid=9000)
        before = lab.state()["calls"]
        cluster.facts((key,))
        calls = lab.state()["calls"] - before
        reading = _median(lambda: cluster.facts((key,)), runs)
        number = office.file()
        whole = _median(lambda: office.product.plans.make(office.budi, number), runs)
    return {
        "nodes": nodes, "vms": vms, "claims": len(ledger.claims), "pure": pure,
        "reading": reading, "reading_calls_cold": calls, "whole": whole,
    }  # fmt: skip


def _median(work: Callable[[], object], runs: int) -> float:
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def show(found: dict[str, Any]) -> None:
    """Print the figures."""
    console = Console(width=120)
    console.print(
        f"planning with {found['vms']} VMs on {found['nodes']} nodes ({found['claims']} claims): "
        f"{found['pure'] * 1000:.0f} ms pure; reading the cluster over HTTPS "
        f"{found['reading']:.2f} s ({found['reading_calls_cold']} calls when nothing is known); "
        f"`plan` as a technician asks for it {found['whole']:.2f} s"
    )


if __name__ == "__main__":
    typer.run(main)
