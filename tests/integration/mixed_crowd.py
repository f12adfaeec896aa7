"""Many requests over few devices of mixed platforms, all at once: each alone on its devices.

`python -m tests.integration.mixed_crowd --devices 15,6,4 --runs 40 --seed 7` tries one crowd.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from provisioner import schema
from provisioner.database import Database, now
from provisioner.drivers.network import Ssid, TrunkMember, Vlan, Wish
from provisioner.people.model import Department, Person
from provisioner.plans.record import PlanRecord
from provisioner.requests.model import Request
from provisioner.requests.rules import RequestState
from provisioner.runs.leases import RunDevices
from provisioner.runs.model import LeaseWait, Run
from provisioner.runs.steps.base import Done
from tests.integration.change_stage import ChangeStage
from tests.integration.mixed_matrix import campus
from tests.integration.mixed_stage import MixedStage, mixed_stage

_FIRST_VLAN = 400


def number(run: int) -> str:
    return f"WIFI-2026-{run:04}"


def enter_runs(database: Database, count: int) -> None:
    """So many approved requests with their runs, ``run-1`` and so on."""
    with database.write() as session:
        session.add(Department(id="dinkes", name="Dinas Kesehatan"))
        session.add(Person(id=1, username="tono", name="Tono", created_at=now()))
        session.flush()
        for i in range(1, count + 1):
            session.add(
                Request(
                    id=i, number=number(i), service="event_wifi", department_id="dinkes",
                    applicant={}, details={}, state=RequestState.APPROVED, created_by=1,
                    created_at=now(), pauses=[],
                )
            )  # fmt: skip
            session.flush()
            session.add(
                PlanRecord(id=f"plan-{i}", request_id=i, digest="", body={}, made_at=now(),
                           holds_until=now())
            )  # fmt: skip
            session.flush()
            session.add(
                Run(id=f"run-{i}", request_id=i, number=number(i), plan_id=f"plan-{i}",
                    created_at=now())
            )  # fmt: skip


@dataclass
class Guard:
    """Notes who has which device, and whoever touches one that is not his."""

    database: Database
    lock: threading.Lock = field(default_factory=threading.Lock)
    holder: dict[str, int] = field(default_factory=dict)
    places: dict[int, int] = field(default_factory=dict)
    """Run to its place in the line, where it had to wait."""
    turns: list[int] = field(default_factory=list)
    """Runs in the order in which they got their devices."""
    wrong: list[str] = field(default_factory=list)

    def taken(self, run: int, hosts: Sequence[str]) -> None:
        with self.lock:
            others = {h: r for h in hosts if (r := self.holder.get(h, run)) != run}
            if others:
                self.wrong.append(f"run {run} was given devices of others: {others}")
            if any(self.holder.get(host) != run for host in hosts):
                self.turns.append(run)
            self.holder.update(dict.fromkeys(hosts, run))

    def waits(self, run: int) -> None:
        if run in self.places:
            return
        with self.database.read() as session:
            line = session.get(LeaseWait, f"run-{run}")
        with self.lock:
            if line is not None:
                self.places[run] = line.place

    def released(self, run: int) -> None:
        with self.lock:
            self.holder = {h: r for h, r in self.holder.items() if r != run}

    def touched(self, run: int, call: str, hosts: Sequence[str]) -> None:
        with self.lock:
            strange = [host for host in hosts if self.holder.get(host) != run]
            if strange:
                self.wrong.append(f"run {run}: {call} on devices it does not have: {strange}")

    def overtaken(self, devices: Mapping[int, Sequence[str]]) -> list[str]:
        """Who got devices before somebody that had waited for one of them longer."""
        return [
            f"run {late} went before run {early}"
            for one, other in combinations(self.places, 2)
            for early, late in [sorted((one, other), key=self.places.__getitem__)]
            if set(devices[early]) & set(devices[late])
            and self.turns.index(late) < self.turns.index(early)
        ]


class Held:
    """The devices of a run, as the guard sees them."""

    def __init__(self, guard: Guard, run: int) -> None:
        self._guard, self._run = guard, run
        self._devices = RunDevices(guard.database, f"run-{run}", "network.change")

    def take(self, hosts: Sequence[str]) -> str | None:
        blocked = self._devices.take(hosts)
        if blocked is None:
            self._guard.taken(self._run, hosts)
        else:
            self._guard.waits(self._run)
        return blocked

    def check(self) -> None:
        self._devices.check()

    def give_back(self) -> None:
        self._guard.released(self._run)
        self._devices.give_back()


class Touching:
    """The fleet, that tells the guard which devices a run talks to."""

    def __init__(self, fleet: Any, guard: Guard, run: int) -> None:
        self._fleet, self._guard, self._run = fleet, guard, run

    def __getattr__(self, name: str) -> Any:
        if name not in ("read", "apply", "confirm", "revert"):
            return getattr(self._fleet, name)

        def call(orders: Any, *rest: Any) -> Any:
            self._guard.touched(self._run, name, list(orders))
            found = getattr(self._fleet, name)(orders, *rest)
            self._guard.touched(self._run, name, list(orders))
            return found

        return call


def params(stage: MixedStage, run: int, hosts: Sequence[str]) -> dict[str, Any]:
    """A VLAN of its own, or a network of its own, on each of these devices."""
    vlan, mark = _FIRST_VLAN + run, number(run)
    wishes: dict[str, list[Any]] = {}
    for host in hosts:
        if host.startswith("ap-"):
            wishes[host] = [Ssid(mark, f"Acara {run}", "open", vlan, "eth0", isolate=True)]
        else:
            ports = sorted({i.port for i in stage.intents[host] if isinstance(i, TrunkMember)})
            trunks = (TrunkMember(port, vlan) for port in ports)
            wishes[host] = [Vlan(vlan, f"PROV-{mark}"), *trunks]
    return {
        "mark": mark,
        "wishes": {host: [Wish(i).to_json() for i in its] for host, its in wishes.items()},
        "expected": {host: {i.key: None for i in its} for host, its in wishes.items()},
        "waves": [list(hosts)],
        "tolerant": False,
    }


def try_crowd(stage: MixedStage, database: Database, runs: int, seed: int) -> list[str]:
    """All of them at once, on and then off again; what does not hold."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    names = sorted(stage.known)
    devices = {
        run: chance.sample(names, k=chance.randint(2, max(3, len(names) // 3)))
        for run in range(1, runs + 1)
    }
    before = stage.lab.configurations()
    enter_runs(database, runs)
    guard = Guard(database)
    stages = {run: _stage_of(stage, guard, run) for run in devices}
    todo = {run: params(stage, run, hosts) for run, hosts in devices.items()}
    with ThreadPoolExecutor(runs) as pool:
        found = dict(zip(todo, pool.map(lambda r: stages[r].apply(todo[r]), todo), strict=True))
    wrong = [f"run {r}: {each}" for r, each in found.items() if not isinstance(each, Done)]
    wrong += guard.wrong + guard.overtaken(devices)
    texts = stage.lab.configurations()
    for run, hosts in devices.items():
        mark = re.compile(number(run).replace("-", "[-_]"), re.IGNORECASE)  # names of uci
        has = {name for name, text in texts.items() if mark.search(text)}
        wrong += [f"run {run} is on {sorted(has ^ set(hosts))}"] if has != set(hosts) else []
    with ThreadPoolExecutor(runs) as pool:
        gone = dict(zip(todo, pool.map(lambda r: stages[r].undo(todo[r]), todo), strict=True))
    wrong += [f"run {r}, off: {each}" for r, each in gone.items() if not isinstance(each, Done)]
    after = stage.lab.configurations()
    wrong += [f"{name} differs in the end" for name in after if after[name] != before[name]]
    return wrong + [each for each in guard.wrong if each not in wrong]


def _stage_of(stage: MixedStage, guard: Guard, run: int) -> ChangeStage:
    made = stage.beside(f"run-{run}", Held(guard, run))
    made.fleet = Touching(stage.fleet, guard, run)  # type: ignore[assignment]
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", default="15,6,4")
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    plan = campus(*map(int, given.devices.split(",")))
    with tempfile.TemporaryDirectory() as directory:
        database = Database(f"sqlite:///{directory}/crowd.db")
        schema.upgrade(database)
        with mixed_stage(Path(directory), plan, timer=60) as stage:
            began = time.monotonic()
            wrong = try_crowd(stage, database, given.runs, given.seed)
        database.close()
    seconds = time.monotonic() - began
    told = f"{given.runs} requests over {len(plan.devices)} devices: {seconds:.0f} s"
    sys.stdout.write(f"{told}, {len(wrong)} things do not hold\n")
    sys.stdout.write("".join(f"{each}\n" for each in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
