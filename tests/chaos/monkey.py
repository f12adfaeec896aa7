"""Files requests, lets people act, breaks the cluster now and then, and kills the worker."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioner.database import now
from provisioner.errors import Conflict
from provisioner.events import Event
from provisioner.outbox import OutboxRow
from provisioner.requests.model import Request
from provisioner.runs.model import Run, StepAttempt
from provisioner.runs.rules import ENDED
from tests.chaos.audit import TO_DELIVER, workflows
from tests.chaos.world import World

STEPS = (
    "vm.clone", "vm.wait_clone", "vm.configure", "vm.grow_disk", "vm.start", "vm.wait_boot",
    "vm.prove", "vm.hand_over", "undo:vm.start", "undo:vm.clone",
)  # fmt: skip
"""Where the worker shall be killed at least once; undoing the others is nothing by itself."""
UNDER_WAY = 4
PATIENCE = 8.0
FAULTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("clone-596", {}),
    ("post-dropped", {"path": "/clone"}),
    ("vmid-stranger", {"when": "before"}),
    ("post-dropped", {"path": "/config"}),
    ("start-half", {}),
    ("post-dropped", {"path": "/start"}),
    ("task-fails", {"type": "qmclone", "leave": "1"}),
    ("vmid-stranger", {"when": "after"}),
    ("task-fails", {"type": "resize"}),
    ("post-lost", {"path": "/clone"}),
)
"""The first few are over soon; the last ones ask for a person or wait until an answer settles."""


@dataclass(frozen=True)
class Plan:
    """One chaos run; the same seed makes the same choices, the clock still has its own."""

    seed: int
    kills: int
    requests: int
    faults: tuple[tuple[str, dict[str, str]], ...] = FAULTS
    settle: float = 240.0


@dataclass
class Outcome:
    """What happened: kills with what was in hand, requests by how they ended, waits by kill."""

    covered: Counter[str] = field(default_factory=Counter)
    kills: list[datetime] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    acted: Counter[str] = field(default_factory=Counter)


class Monkey:
    """Carries a plan out in a world; ``tell`` gets lines of progress."""

    def __init__(self, world: World, plan: Plan, tell: Callable[[str], None]) -> None:
        self._world, self._plan, self._tell = world, plan, tell
        self._waiting_line: list[str] = []
        self.approved: set[str] = set()
        self._decided: set[tuple[str, int]] = set()
        self._since = now()
        self._stops = 0
        """The first kill before which no run has yet been stopped on purpose."""
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """Kill as often as planned, let everything come to rest, and report."""
        world, plan = self._world, self._plan
        self._waiting_line = [
            world.file(f"chaos{i:03d}", ("debian-13", "debian-13-local")[i % 2])
            for i in range(plan.requests)
        ]
        self._tell(f"{plan.requests} requests filed; seed {plan.seed}")
        self._start()
        for number in range(plan.kills):
            self._round(number, share=(number + 1) / plan.kills)
        self._come_to_rest()
        self._measure()
        return self.outcome

    def _dice(self, *about: object) -> Random:
        """The same dice for the same question, however long everything took."""
        return Random(":".join(map(str, (self._plan.seed, *about))))  # noqa: S311 - no secret

    # ------------------------------------------------------------------ killing

    def _round(self, number: int, share: float) -> None:
        """Kill at any instant of the start or the work, or within the step least killed yet."""
        dice = self._dice("kill", number)
        due = int(share * self._plan.requests) + 2
        target = min(STEPS, key=lambda s: (self.outcome.covered[s], dice.random()))
        how, after = dice.choice(("start", "work", "step", "step")), dice.uniform(0.0, 3.0)
        stops = how == "step" and target.startswith("undo:")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self._feed(due)
            self._people(stop_one=stops and self._stops <= number)
            if how == "start" or (how == "work" and self._awake()):
                time.sleep(after)
                break
            if how == "step" and target in self._in_hand():
                time.sleep(after * dice.choice((0.0, 0.02, 0.1)))
                break
            time.sleep(0.01)
        self._kill(number)
        self._start()

    def _start(self) -> None:
        self._since = now()
        self._world.worker.start()

    def _kill(self, number: int) -> None:
        if not self._world.worker.alive:
            self.outcome.broken.append(f"kill {number}: the worker had ended by itself")
        self._world.worker.kill()
        moment = now()
        at_hand = self._in_hand() or {"nothing in hand" if self._awake() else "starting"}
        self.outcome.kills.append(moment)
        self.outcome.covered.update(at_hand)
        with self._world.product.database.read() as session:
            ends = Counter(session.scalars(select(Request.state)))
        self._tell(f"kill {number + 1:2d}: {', '.join(sorted(at_hand)):40s} {dict(ends)}")

    def _in_hand(self) -> set[str]:
        """What the worker is at; nothing while it has not journaled anything since its start."""
        if not self._awake():
            return set()
        with self._world.product.database.read() as session:
            rows = session.execute(
                select(StepAttempt.key, StepAttempt.phase).where(StepAttempt.ended_at.is_(None))
            ).all()
        return {key if phase == "apply" else f"undo:{key}" for key, phase in rows}

    def _awake(self) -> bool:
        with self._world.product.database.read() as session:
            query = select(Event.id).where(Event.at > self._since, _BY_WORKER).limit(1)
            return session.scalars(query).first() is not None

    # ------------------------------------------------------------------ people

    def _feed(self, due: int) -> None:
        """Approve so that a few runs are under way, at least one, else no more than are due."""
        with self._world.product.database.read() as session:
            busy = len(session.scalars(_AT_WORK).all())
        while self._waiting_line and busy < UNDER_WAY:
            if busy and len(self.approved) >= due:
                break
            number = self._waiting_line.pop(0)
            dice = self._dice("fault", number)
            if self._plan.faults and dice.random() < 0.4:
                name, options = dice.choice(self._plan.faults)
                self._world.lab.fault(name, **options)
                self.outcome.faults[" ".join((name, *options.values()))] += 1
            self._world.approve(number)
            self.approved.add(number)
            busy += 1

    def _people(self, stop_one: bool = False) -> bool:
        """Answer runs that wait, once each; stop some runs. Whether anything was done."""
        with self._world.product.database.read() as session:
            runs = list(session.scalars(select(Run).where(Run.state.not_in(ENDED))))
            query = select(StepAttempt.run_id, StepAttempt.key)
            rows = session.execute(query.where(StepAttempt.ended_at.is_(None))).all()
        keys = dict(rows)
        acted = False
        for run in runs:
            if run.state == "waiting_person":
                acted |= self._answer(run)
            elif run.phase == "apply" and run.stop_asked_by is None and run.id in keys:
                dice = self._dice("stop", run.number)
                chosen = dice.random() < 0.15 and keys[run.id] == dice.choice(STEPS[:8])
                forced = stop_one and keys[run.id] in STEPS[4:8]
                if forced:
                    stop_one, self._stops = False, len(self.outcome.kills) + 1
                if chosen or forced:
                    acted |= self._act("stop", run)
        return acted

    def _answer(self, run: Run) -> bool:
        if (run.id, run.attempt) in self._decided:
            return False
        self._decided.add((run.id, run.attempt))
        choices = ["retry", "retry", "stop", "leave"] if run.attempt < 3 else ["stop", "leave"]
        choice = self._dice("answer", run.number, run.attempt).choice(choices)
        return choice != "leave" and self._act(choice, run)

    def _act(self, what: str, run: Run) -> bool:
        service = self._world.product.runs
        try:
            (service.stop if what == "stop" else service.retry)(self._world.budi, run.id)
        except Conflict:
            return False  # it ended, or went on, in the meantime
        self.outcome.acted[what] += 1
        return True

    # ------------------------------------------------------------------ the end

    def _come_to_rest(self) -> None:
        deadline = time.monotonic() + self._plan.settle
        while not self._at_rest():
            if time.monotonic() > deadline:
                self.outcome.broken.append("not everything came to rest in time")
                break
            self._feed(self._plan.requests)
            self._people()
            time.sleep(0.05)
        if not self._world.worker.alive:
            self.outcome.broken.append("the worker ended by itself")
        with self._world.product.database.read() as session:
            self.outcome.ends.update(session.scalars(_ENDS).all())

    def _at_rest(self) -> bool:
        if self._waiting_line or self._people():
            return False
        with self._world.product.database.read() as session:
            return not any(
                session.scalars(query).first() for query in (_AT_WORK, _TO_DELIVER)
            ) and not _UNFINISHED & set(workflows(session))

    def _measure(self) -> None:
        """Seconds from each kill that hit work in hand to the next thing that was journaled."""
        with self._world.product.database.read() as session:
            for index, killed in enumerate(self.outcome.kills):
                following = self.outcome.kills[index + 1 : index + 2]
                seconds = seconds_to_next_step(session, killed, following[0] if following else None)
                if seconds is not None:
                    self.outcome.waits.append(seconds)


def seconds_to_next_step(
    session: Session, killed: datetime, until: datetime | None = None
) -> float | None:
    """From a kill to the next step event, None where nothing was in hand or a kill came first."""
    in_hand = session.scalars(
        select(StepAttempt.id)
        .where(
            StepAttempt.started_at < killed,
            StepAttempt.ended_at.is_(None) | (StepAttempt.ended_at > killed),
        )
        .limit(1)
    ).first()
    query = select(func.min(Event.at)).where(Event.at > killed, Event.tag.like("step:%"))
    at = session.scalars(query.where(Event.at < until) if until else query).one()
    return (at - killed).total_seconds() if at is not None and in_hand else None


_BY_WORKER = Event.tag.like("step:%") | Event.tag.in_(("run:started", "run:succeeded"))
_AT_WORK = select(Run.id).where(Run.state.not_in((*ENDED, "waiting_person")))
_TO_DELIVER = select(OutboxRow.id).where(*TO_DELIVER)
_UNFINISHED = {"PENDING", "ENQUEUED", "DELAYED"}
_ENDS = select(Request.state + " (run " + Run.state + ")").join(Run, Run.id == Request.run_id)
