"""`python -m bench.checks`: how 200 VMs of a cluster are doing, read and judged."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from provisioner.checks.catalogue import CATALOGUE
from provisioner.checks.chain import Chain, VmPoint
from provisioner.checks.model import Target
from provisioner.checks.seen import Seen
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.lab.cluster import LabCluster
from provisioner.lab.plan import GIB, big_plan
from provisioner.lab.pve import LabPve
from provisioner.settings import ClusterSettings

AT_ONCE = 16
_AREAS = ("vm.", "node.", "cluster.", "storage.", "task.", "certificate.")


def main(
    vms: Annotated[int, typer.Option(help="That are asked about.")] = 200,
    runs: Annotated[int, typer.Option(help="Medians are told.")] = 5,
) -> None:
    """Measure and print."""
    show(measure(vms, runs))


def measure(vms: int, runs: int) -> dict[str, Any]:
    """Seconds for all VMs, and of the cluster itself; the lab shares this process."""
    with LabCluster(big_plan(8, vms)) as lab:
        points = lab.call(_awake)
        settings = ClusterSettings(
            urls=lab.urls,
            verify=lab.fingerprints,
            token_id=lab.token_id,
            token_secret="env:BENCH",
            vmid_range=(20000, 29999),
            disk_storage="shared",
        )
        samples = [_sweep(lab, settings, points) for _ in range(runs)]
    return {
        "vms": len(points),
        "sweep": statistics.median(sample["sweep"] for sample in samples),
        "cluster": statistics.median(sample["cluster"] for sample in samples),
        "judging": statistics.median(sample["judging"] for sample in samples),
        "calls": samples[0]["calls"],
        "findings": samples[0]["findings"],
    }


def _awake(pve: LabPve) -> tuple[VmPoint, ...]:
    """The standing VMs that run, their agents answering."""
    points = []
    for number, vm in enumerate([vm for vm in pve.vms if vm.status == "running"]):
        guest = pve.guests[vm.vmid] = pve.new_guest(vm.vmid)
        address = f"10.20.{number // 250}.{number % 250 + 1}"
        guest.inside.name, guest.inside.address = vm.name, address
        guest.inside.disk, guest.agent_up = 20 * GIB, True
        points.append(VmPoint(str(vm.vmid), vm.name, "dc1", vm.vmid, vm.node, (address,)))
    return tuple(points)


def _sweep(
    lab: LabCluster, settings: ClusterSettings, points: tuple[VmPoint, ...]
) -> dict[str, float]:
    """One sweep by a driver that has read nothing yet."""
    driver = ProxmoxCluster("dc1", settings, lambda: lab.token_secret, Path("/"))
    calls, began = lab.state()["calls"], time.perf_counter()
    health = driver.health()
    cluster = time.perf_counter() - began
    with ThreadPoolExecutor(AT_ONCE) as pool:
        read = list(pool.map(lambda point: driver.vm_health(point.vmid), points))
    sweep = time.perf_counter() - began
    driver.close()
    asked = lab.state()["calls"] - calls
    chain = Chain(Target("cluster", "dc1"), "dc1", vms=points, clusters=("dc1",))
    vms = {f"dc1/{each.vmid}": each for each in read}
    seen = Seen(datetime.now(UTC), chain, clusters={"dc1": health}, vms=vms)
    began = time.perf_counter()
    ours = [check for key, check in CATALOGUE.items() if key.startswith(_AREAS)]
    results = [result for check in ours for result in check.judge(seen)]
    judging = time.perf_counter() - began
    found = sum(result.finding is not None for result in results)
    return {
        "sweep": sweep, "cluster": cluster, "judging": judging, "calls": asked, "findings": found,
    }  # fmt: skip


def show(found: dict[str, Any]) -> None:
    """Print the figures."""
    Console(width=120).print(
        f"health of {found['vms']} VMs on 8 nodes: {found['sweep']:.2f} s, {found['calls']} calls "
        f"(of the cluster itself {found['cluster']:.2f} s); judged in "
        f"{found['judging'] * 1000:.0f} ms, {found['findings']} findings"
    )


if __name__ == "__main__":
    typer.run(main)
