"""Many servers asked for at once, on a cluster that has bad days and too little room for all."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

from sqlalchemy import select

from provisioner.database import now
from provisioner.errors import Conflict
from provisioner.lab.cluster import LabCluster
from provisioner.lab.plan import LabNetwork, LabPlan, big_plan
from provisioner.outbox import OutboxRow
from provisioner.requests.model import Request
from tests.chaos.audit import TO_DELIVER, violations, workflows
from tests.chaos.world import World
from tests.integration.harness import Office

SIZES: Mapping[str, tuple[int, int]] = {"small": (1, 1024), "medium": (2, 4096)}
"""Of the lab's catalogue: cores and MiB."""
CHANGES = {
    'disk_storage = "shared"': 'disk_storage = "shared"\nconcurrency = { clones = 4, tasks = 6 }'
}
_IMAGES = ("debian-13", "debian-13-local")
_SIDES = 8
_ANSWERS = 6
"""How often a person may be asked about one request before that counts as a fault of ours."""

Fault = tuple[str, Mapping[str, object]]
BAD_DAYS: Sequence[Fault] = (
    ("storage-busy", {"storage": "shared", "times": 2}),
    ("task-fails", {"type": "qmclone", "leave": "1", "times": 2}),
    ("task-fails", {"type": "qmclone", "text": "clone failed: got lock timeout", "times": 2}),
    ("task-fails", {"type": "qmstart", "text": "start failed: got timeout"}),
    ("task-fails", {"type": "resize"}),
    ("task-slow", {"type": "qmclone", "seconds": "60"}),
    ("task-slow", {"type": "qmconfig", "seconds": "60"}),
    ("clone-596", {"times": 2}),
    ("post-dropped", {"path": "/clone", "times": 2}),
    ("post-dropped", {"path": "/config", "times": 2}),
    ("post-dropped", {"path": "/start"}),
    ("start-half", {"times": 2}),
    ("lock-timeout", {"times": 2}),
    ("storage-busy", {"storage": "local-lvm", "times": 2}),
)
"""All of them are over soon. A write that is not even carried out comes beside (``LOST``)."""
LOST: Fault = ("post-lost", {"path": "/clone"})


def tight_plan(nodes: int, wanted: Sequence[str], share: float, speed: float) -> LabPlan:
    """A cluster whose nodes have memory for that share of what is wanted, less the reserve."""
    chosen = uuid4().bytes
    network = LabNetwork(
        cidr=f"127.{64 + chosen[0] % 128}.0.0/16",
        ssh_port=20000 + chosen[2] * 40,
        first=256 * (1 + chosen[1] % 120),
        last=256 * (1 + chosen[1] % 120) + 1023,
    )
    memory_mb = sum(SIZES[size][1] for size in wanted)
    each_gb = round(memory_mb * share / nodes / 0.9 / 1024, 1)
    plan = big_plan(nodes, speed=speed, network=network)
    small = tuple(replace(n, memory_gb=each_gb, memory_used_gb=1, cores=32) for n in plan.nodes)
    return replace(plan, nodes=small)


def draw_sizes(count: int, seed: int) -> list[str]:
    """The same sizes for the same seed, one in four of the larger kind."""
    dice = Random(seed)  # noqa: S311 - no secret
    return [dice.choice(("small", "small", "small", "medium")) for _ in range(count)]


@dataclass
class Weather:
    """Bad days one after the other, as the work goes on; a node goes away for a while first."""

    lab: LabCluster
    faults: Sequence[Fault]
    node: str
    away: float
    """Seconds that the node is gone for."""
    struck: list[str] = field(default_factory=list)
    _back_at: float | None = None

    @property
    def over(self) -> bool:
        """All of it has struck, and the node is back."""
        return len(self.struck) > len(self.faults) and self._back_at is None

    def look(self, share: float) -> None:
        """``share`` of the work is done."""
        if self._back_at is not None and time.monotonic() > self._back_at:
            self.lab.clear("node-offline")
            self._back_at = None
        if len(self.struck) > len(self.faults) or share * 1.2 < len(self.struck) / len(self.faults):
            return
        if not self.struck:
            self.struck.append("node-offline")
            self._back_at = time.monotonic() + self.away
            self.lab.fault("node-offline", node=self.node)
            return
        name, options = self.faults[len(self.struck) - 1]
        self.struck.append(name)
        self.lab.clear("task-slow")
        self.lab.fault(name, **options)


@dataclass
class Crowd:
    """Requests of one office, all at once."""

    office: Office
    sizes: Sequence[str]
    numbers: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    """How often a person was asked, by request."""
    approvals: Counter[str] = field(default_factory=Counter)
    began: datetime = field(default_factory=now)

    @property
    def accepted(self) -> list[str]:
        return [number for number in self.numbers if number not in self.refused]

    def size(self, number: str) -> tuple[int, int]:
        """Cores and MiB that the request asks for."""
        return SIZES[self.sizes[self.numbers.index(number)]]

    def ask(self) -> None:
        """Everybody files, several technicians plan side by side."""
        self.numbers = [
            self.office.file(size=size, image=_IMAGES[i % 2], hostname=f"crowd-{i:03d}")
            for i, size in enumerate(self.sizes)
        ]
        with ThreadPoolExecutor(_SIDES) as pool:
            list(pool.map(self.plan, self.numbers))

    def approve(self) -> None:
        """All that were not refused, at the same moment."""
        with ThreadPoolExecutor(_SIDES) as pool:
            list(pool.map(self._approve, self.accepted))

    def come_to_rest(self, weather: Weather, patience: float) -> None:
        """Let it work, with its bad days, and answer as a technician would."""
        deadline = time.monotonic() + patience
        while True:
            open_ = self._open()
            if not open_ and weather.over and not self._once_more():
                break
            assert time.monotonic() < deadline, "\n".join(map(self.office.told, open_[:3]))
            weather.look(1 - len(open_) / max(1, len(self.accepted)))
            for number in open_:
                self._answer(number)
            time.sleep(0.2)
        self.office.lab.clear()

    def _once_more(self) -> bool:
        """What was refused is planned again at the end; whether there was room for any of it."""
        refused, self.refused = self.refused, set()
        for number in sorted(refused):
            self._anew(number)
        return self.refused != refused

    def settle(self) -> None:
        """Until what follows the last run is done too: letters sent, the engine at rest."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with self.office.product.database.read() as session:
                unsent = session.scalars(select(OutboxRow).where(*TO_DELIVER))
                if not unsent.first() and set(workflows(session)) <= {"SUCCESS"}:
                    return
            time.sleep(0.1)

    def plan(self, number: str) -> None:
        """As a technician; a request for which there is no room is noted and left."""
        try:
            self.office.product.plans.make(self.office.budi, number)
        except Conflict as conflict:
            if conflict.slug != "no-capacity":
                raise
            self.refused.add(number)

    def _approve(self, number: str) -> None:
        plan = self.office.product.plans.view(self.office.budi, number)
        self.office.product.approvals.approve(self.office.tono, number, plan.digest)
        self.approvals[number] += 1

    def _open(self) -> list[str]:
        with self.office.product.database.read() as session:
            done = set(session.scalars(select(Request.number).where(Request.state == "done")))
        return [number for number in self.accepted if number not in done]

    def _answer(self, number: str) -> None:
        """What waits is tried again; what was undone, or is not as planned, is planned anew."""
        request = self.office.request(number)
        if request.state not in ("attention", "planned") or request.run is None:
            return
        run = self.office.run(request.run)
        if run.state == "waiting_person":
            self._count(number)
            self.office.product.runs.retry(self.office.tono, run.id)
        elif not request.busy:
            self._count(number)
            self._anew(number)

    def _anew(self, number: str) -> None:
        self.plan(number)
        if number not in self.refused:
            self._approve(number)

    def _count(self, number: str) -> None:
        self.answers[number] += 1
        assert self.answers[number] <= _ANSWERS, self.office.told(number)

    # ------------------------------------------------------------- to assert

    def broken(self) -> list[str]:
        """Every promise that does not hold, one line each."""
        office = self.office
        stage = SimpleNamespace(
            lab=office.lab,
            product=office.product,
            budi=office.budi,
            worker=SimpleNamespace(started=self.began),
        )
        state = office.lab.state()
        found = violations(cast(World, stage), set(self.accepted))
        begun = {f"{n}: run:started is told {k} times" for n, k in self.approvals.items() if k > 1}
        return [
            *(line for line in found if line not in begun),  # one run for each approval
            *doubles(state),
            *clones_too_many(state),
            *over_the_rules(office),
            *(f"{n} is refused, but there is room" for n in self.refused if self._has_room(n)),
        ]

    def _has_room(self, number: str) -> bool:
        cores, memory = self.size(number)
        rooms = left(self.office).values()
        return any(free[0] >= cores and free[1] >= memory for free in rooms)


def doubles(state: Mapping[str, Any]) -> list[str]:
    """What only one VM may have and several do."""
    vms = [vm for vm in state["vms"] if not vm["template"]]
    found = []
    for what, values in (
        ("VMID", [vm["vmid"] for vm in state["vms"]]),
        ("name", [vm["name"] for vm in vms]),
        ("address", [vm["config"].get("ipconfig0") for vm in vms]),
        ("UUID", [vm["config"].get("smbios1") for vm in vms]),
        ("request", [vm["config"].get("description") for vm in vms]),
    ):
        found += [f"{what} {value}: {n} VMs" for value, n in Counter(values).items() if n > 1]
    return found


def clones_too_many(state: Mapping[str, Any]) -> list[str]:
    """VMs of ours that were not made by exactly one clone."""
    made: Counter[int] = Counter()
    for task in state["tasks"]:
        ended_well = task["type"] == "qmclone" and task["exitstatus"] == "OK"
        if ended_well and (named := re.search(r"with ID (\d+)", " ".join(task["log"]))):
            made[int(named[1])] += 1
    destroyed = Counter(
        int(task["id"])
        for task in state["tasks"]
        if task["type"] == "qmdestroy" and task["exitstatus"] == "OK"
    )
    ours = {vm["vmid"] for vm in state["vms"] if vm["vmid"] in made}
    return [
        f"VM {vmid} was cloned {made[vmid]} times and destroyed {destroyed[vmid]} times"
        for vmid in made
        if made[vmid] - destroyed[vmid] != (vmid in ours)
    ]


def left(office: Office, strictness: float = 1.0) -> dict[str, tuple[float, float]]:
    """Node to the cores and MiB that its rules still allow, by the configurations of its VMs."""
    settings = office.settings.clusters["dc1"]
    reserve, overcommit = settings.reserve, settings.overcommit
    found = {
        node.name: [
            node.cores * overcommit.cores * strictness,
            node.memory_gb * 1024 * strictness * (overcommit.memory - reserve.memory_percent / 100),
        ]
        for node in office.lab.plan.nodes
    }
    for vm in office.lab.state()["vms"]:
        if not vm["template"]:
            found[vm["node"]][0] -= int(vm["config"].get("cores", 1))
            found[vm["node"]][1] -= int(vm["config"]["memory"])
    return {node: (cores, memory) for node, (cores, memory) in found.items()}


def over_the_rules(office: Office, strictness: float = 1.0) -> list[str]:
    """Nodes and storages with more than their rules allow (DESIGN section 5)."""
    kept = office.settings.clusters["dc1"].reserve.disk_percent / 100
    rooms = left(office, strictness).items()
    found = [f"{node} has less than nothing left: {room}" for node, room in rooms if min(room) < 0]

    def spaces(pve: Any) -> list[tuple[str, str, int, int]]:
        return [(node, sid, *pve.space(sid, node)) for node in pve.nodes for sid in pve.storages]

    return found + [
        f"{sid} on {node} is too full: {used} of {total}"
        for node, sid, total, used in office.lab.call(spaces)
        if used > total * (1 - kept) * strictness
    ]
