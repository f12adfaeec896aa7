"""Devices are one run's at a time: first come, first served, without dead-lock, without zombies."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from provisioner.database import Database, now
from provisioner.drivers.network import TrunkMember, Vlan, Wish
from provisioner.lab.devices.plan import UPLINK, tree
from provisioner.people.model import Department, Person
from provisioner.plans.record import PlanRecord
from provisioner.requests.model import Request
from provisioner.requests.rules import RequestState
from provisioner.runs import leases
from provisioner.runs.leases import LeaseLost, RunDevices
from provisioner.runs.model import Run
from provisioner.runs.steps.base import Done, Wait
from tests.integration.change_stage import ChangeStage, change_stage, params

RUNS = 20
_RIGHTS_TO_WRITE = re.compile("configure terminal|configure confirm|write memory")


@pytest.fixture
def runs(database: Database) -> Database:
    """A database with twenty runs, ``run-1`` to ``run-20`` of WIFI-2026-0001 and so on."""
    with database.write() as session:
        session.add(Department(id="dinkes", name="Dinas Kesehatan"))
        session.add(Person(id=1, username="tono", name="Tono", created_at=now()))
        session.flush()
        for i in range(1, RUNS + 1):
            session.add(
                Request(
                    id=i, number=f"WIFI-2026-{i:04}", service="event_wifi", department_id="dinkes",
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
                Run(id=f"run-{i}", request_id=i, number=f"WIFI-2026-{i:04}", plan_id=f"plan-{i}",
                    created_at=now())
            )  # fmt: skip
    return database


def devices(database: Database, i: int) -> RunDevices:
    return RunDevices(database, f"run-{i}", "network.change")


def test_first_come_first_served(runs: Database) -> None:
    one, two, three, four = (devices(runs, i) for i in (1, 2, 3, 4))
    assert one.take(["a", "b"]) is None
    assert two.take(["b", "c"]) == "WIFI-2026-0001"
    assert three.take(["c", "d"]) == "WIFI-2026-0002", "who waits for c goes first"
    assert four.take(["e"]) is None, "nobody wants that"
    one.give_back()
    assert three.take(["c", "d"]) == "WIFI-2026-0002"
    assert two.take(["b", "c"]) is None
    two.give_back()
    assert three.take(["c", "d"]) is None


def test_who_holds_them_is_not_stopped_by_who_waits_for_them(runs: Database) -> None:
    """A run asks again at every turn; that it already has them comes before the line."""
    one, two = devices(runs, 1), devices(runs, 2)
    assert one.take(["a", "b"]) is None
    assert two.take(["a"]) == "WIFI-2026-0001"
    assert devices(runs, 1).take(["a", "b"]) is None
    assert devices(runs, 1).take(["a"]) is None
    one.give_back()
    assert two.take(["a"]) is None


def test_a_zombie_notices(runs: Database) -> None:
    zombie = devices(runs, 1)
    assert zombie.take(["a", "b"]) is None
    zombie.check()
    successor = devices(runs, 1)
    assert successor.take(["a", "b"]) is None
    with pytest.raises(LeaseLost):
        zombie.check()
    successor.check()
    with runs.write() as session:
        leases.release(session, "run-1")
    assert devices(runs, 2).take(["b"]) is None
    with pytest.raises(LeaseLost):
        successor.check()


def test_a_run_that_ends_leaves_the_line(runs: Database) -> None:
    one, two, three = (devices(runs, i) for i in (1, 2, 3))
    assert one.take(["a"]) is None
    assert two.take(["a"]) is not None
    with runs.write() as session:
        leases.release(session, "run-2")
    one.give_back()
    assert three.take(["a"]) is None


@pytest.fixture
def campus(tmp_path: Path) -> Iterator[ChangeStage]:
    with change_stage(tmp_path, tree(15, minute=0.6), timer=100) as stage:
        yield stage


def spans(stage: ChangeStage, host: str) -> list[tuple[float, float, int]]:
    """When which session wrote to that switch: first and last line."""
    found: dict[int, list[float]] = {}
    writing = set()
    for entry in stage.lab.transcript(host):
        found.setdefault(entry.session, []).append(entry.at)
        if _RIGHTS_TO_WRITE.search(entry.line):
            writing.add(entry.session)
    return [(min(at), max(at), session) for session, at in found.items() if session in writing]


def test_twenty_runs_over_fifteen_devices(campus: ChangeStage, runs: Database) -> None:
    """Each adds a VLAN of its own to a random part of the switches, all at once."""
    chance = random.Random(3)  # noqa: S311
    hosts = list(campus.lab.hosts())
    parts = {i: sorted(chance.sample(hosts, chance.randint(2, 5))) for i in range(1, RUNS + 1)}
    stages = {i: campus.beside(f"run-{i}", devices(runs, i)) for i in parts}
    ended: dict[int, object] = {}

    def carry_out(i: int) -> None:
        stages[i].patience = 0.05
        ended[i] = stages[i].apply(_own_vlan(i, parts[i]))

    threads = [threading.Thread(target=carry_out, args=(i,)) for i in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert not any(thread.is_alive() for thread in threads)
    assert {i: end for i, end in ended.items() if not isinstance(end, Done)} == {}
    texts = campus.lab.configurations()
    for host in hosts:
        mine = [i for i in parts if host in parts[i]]
        assert all(f"vlan {400 + i}\n" in texts[host] for i in mine)
        _assert_one_after_the_other(campus, host, mine)
    with runs.read() as session:
        assert leases.holders(session) == {}


def _assert_one_after_the_other(stage: ChangeStage, host: str, mine: Sequence[int]) -> None:
    """From its first reading to its saving a run is alone on the device."""
    order: list[str] = []
    for before, after in pairwise(sorted(spans(stage, host))):
        assert before[1] <= after[0]
    for entry in stage.lab.transcript(host):
        if found := re.fullmatch(r"vlan (4\d\d)", entry.line):
            order += [f"begins {found[1]}"]
        elif entry.line == "write memory":
            order += ["saved"]
    assert [what.split()[0] for what in order] == ["begins", "saved"] * len(mine), order


def _own_vlan(i: int, hosts: Sequence[str]) -> dict[str, object]:
    number = f"WIFI-2026-{i:04}"
    intents = Vlan(400 + i, f"PROV-{number}"), TrunkMember(UPLINK, 400 + i)
    return {
        "mark": number,
        "wishes": {host: [Wish(intent).to_json() for intent in intents] for host in hosts},
        "expected": {host: {} for host in hosts},
        "waves": [list(hosts)],
        "tolerant": False,
    }


def test_a_zombie_touches_nothing_more(campus: ChangeStage, runs: Database) -> None:
    """The lease is taken away while the devices are being changed; the successor ends it."""
    hosts = list(campus.lab.hosts())[:3]
    zombie = campus.beside("run-1", devices(runs, 1))
    inner, seen = campus.fleet, []

    class Slow:
        def __getattr__(self, name: str) -> object:
            return getattr(inner, name)

        def apply(self, orders: object) -> object:
            answers = inner.apply(orders)  # type: ignore[arg-type]
            assert devices(runs, 1).take(hosts) is None
            seen.append(len(campus.lab.lines(hosts[0])))
            return answers

    zombie.fleet = Slow()  # type: ignore[assignment]
    with pytest.raises(LeaseLost):
        zombie.turn(params(hosts))
    written = [h for h in hosts if any("confirm" in line for line in campus.lab.lines(h))]
    assert written == []
    successor = campus.beside("run-1", devices(runs, 1))
    successor.memory = zombie.memory
    done = successor.apply(params(hosts))
    assert isinstance(done, Done), done
    assert [h for h, has in campus.holding().items() if has] == hosts


def test_who_waits_touches_nothing(campus: ChangeStage, runs: Database) -> None:
    hosts = list(campus.lab.hosts())[:2]
    assert devices(runs, 1).take(hosts[1:]) is None
    waits = campus.beside("run-2", devices(runs, 2)).turn(params(hosts))
    assert isinstance(waits, Wait)
    assert "WIFI-2026-0001" in str(waits.progress)
    assert set(campus.lab.sessions_seen.values()) == {0}
