"""The product: a VPS from approve to done, the first visible step, a kill, and doing nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from sqlalchemy import func, select

from bench.measuring import Meter, Sample
from provisioner.database import now
from provisioner.events import Event
from provisioner.runs.model import Run, StepAttempt
from tests.chaos.world import World, cpu_seconds

PATIENCE = 120.0
_SERVE = "from provisioner.cli import main; main()"


@dataclass(frozen=True)
class OurSample:
    """One VPS of ours; ``first_step``: seconds from approve to the first step in the table."""

    sample: Sample
    first_step: float
    seconds_of_steps: dict[str, float]


def vps(world: World, meter: Meter, number: int) -> OurSample:
    """Approve a planned request and wait for ``request:done``; the worker is up and idle."""
    request = world.file(f"bench{number:03d}")
    plan = world.product.plans.make(world.budi, request)
    time.sleep(0.3)  # what planning set off shall not be counted
    meter.reset()
    before, began = cpu_seconds(world.worker.pid), now()
    world.product.approvals.approve(world.budi, request, plan.digest)
    state = world.wait_for_end(request, PATIENCE)
    if state != "done":
        raise RuntimeError(f"{request} ended as {state}")
    cpu = cpu_seconds(world.worker.pid) - before
    calls, tasks = meter.read()
    wall = (_first(world, request, "request:done") - began).total_seconds()
    return OurSample(
        sample=Sample(wall=wall, cpu=cpu, calls=calls, tasks=tasks, start_up=0.0),
        first_step=(_first(world, request, "step:started") - began).total_seconds(),
        seconds_of_steps=_steps(world, request),
    )


def kill(world: World, number: int) -> float:
    """Kill -9 while the VM is configured, start again at once; seconds to the next step event."""
    request = world.file(f"kill{number:03d}")
    world.approve(request)
    deadline = time.monotonic() + PATIENCE
    while not _told(world, request, "vm.configure"):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{request} never came to be configured")
        time.sleep(0.002)
    world.worker.kill()
    killed = now()
    world.worker.start()
    if world.wait_for_end(request, PATIENCE) != "done":
        raise RuntimeError(f"{request} was not finished after a kill")
    with world.product.database.read() as session:
        query = select(func.min(Event.at)).where(Event.at > killed, Event.tag.like("step:%"))
        following = session.scalars(query).one()
    assert following is not None, "a finished run has told its last step"
    return (following - killed).total_seconds()


@contextmanager
def serving(world: World) -> Iterator[tuple[int, str]]:
    """`provisioner serve`, console, API and worker in one process: its id and address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with (world.directory / "serve.log").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, "serve", "--port", str(port)],
            env={**os.environ, "PROVISIONER_CONFIG": str(world.directory / "provisioner.toml")},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        _until_ready(process, address)
        yield process.pid, address
    finally:
        process.terminate()
        process.wait(30)


def first_visible_step(world: World, address: str, number: int) -> float:
    """Seconds from the click (POST approve) to the first step message on the open live stream."""
    request = world.file(f"live{number:03d}")
    headers = {"Authorization": f"Bearer {world.product.people.create_token('budi')}"}
    seen: list[float] = []
    listening = threading.Event()
    with httpx.Client(base_url=f"{address}/api/v1", headers=headers, trust_env=False) as client:
        plan: dict[str, Any] = client.post(f"/requests/{request}/plan", timeout=60).json()
        watcher = threading.Thread(
            target=_watch, args=(address, headers, request, seen, listening), daemon=True
        )
        watcher.start()
        listening.wait(PATIENCE)
        time.sleep(0.3)
        clicked = time.monotonic()
        answer = client.post(
            f"/requests/{request}/approve", json={"digest": plan["digest"]}, timeout=60
        )
        answer.raise_for_status()
        watcher.join(PATIENCE)
    world.wait_for_end(request, PATIENCE)
    if not seen:
        raise RuntimeError("the live stream showed no step")
    return seen[0] - clicked


def _watch(
    address: str,
    headers: dict[str, str],
    request: str,
    seen: list[float],
    listening: threading.Event,
) -> None:
    live = {**headers, "Accept": "text/event-stream"}
    url = f"{address}/api/v1/requests/{request}/events"
    with httpx.stream("GET", url, headers=live, timeout=PATIENCE, trust_env=False) as answer:
        for line in answer.iter_lines():
            listening.set()
            if line.startswith("data:") and '"step:' in line:
                seen.append(time.monotonic())
                return


def _until_ready(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{address}/readyz", timeout=5, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError("`provisioner serve` did not become ready; see serve.log")


def _first(world: World, request: str, tag: str) -> datetime:
    with world.product.database.read() as session:
        query = select(func.min(Event.at)).where(Event.record == request, Event.tag == tag)
        at = session.scalars(query).one()
    if at is None:
        raise RuntimeError(f"{request} has no event {tag}")
    return at.astimezone(UTC)


def _told(world: World, request: str, step: str) -> bool:
    with world.product.database.read() as session:
        query = select(StepAttempt.id).join(Run, Run.id == StepAttempt.run_id)
        found = query.where(Run.number == request, StepAttempt.key == step)
        return session.scalars(found).first() is not None


def _steps(world: World, request: str) -> dict[str, float]:
    """Seconds that each step took, from its begin to its end."""
    with world.product.database.read() as session:
        query = select(StepAttempt).join(Run, Run.id == StepAttempt.run_id)
        rows = session.scalars(query.where(Run.number == request).order_by(StepAttempt.id)).all()
    return {
        row.key: round((row.ended_at - row.started_at).total_seconds(), 3)
        for row in rows
        if row.ended_at is not None
    }
