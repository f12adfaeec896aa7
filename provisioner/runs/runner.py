"""Carries a run on, one turn at a time; the engine calls it until the run ends or waits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy.exc import OperationalError

from provisioner.database import Database
from provisioner.drivers.fleet import Fleet
from provisioner.drivers.hypervisor import Hypervisor
from provisioner.drivers.probe import Probes
from provisioner.drivers.seat import UserSeat
from provisioner.errors import (
    ActionNeeded,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Retriable,
    StepFailure,
)
from provisioner.plans.diff import Difference
from provisioner.plans.model import Plan
from provisioner.runs import journal, store
from provisioner.runs.configurations import ConfigurationHistory
from provisioner.runs.context import Memory, make_context
from provisioner.runs.rules import ENDED, Purpose, RunState
from provisioner.runs.steps.base import (
    Checks,
    Context,
    Done,
    Endings,
    Guests,
    LastSight,
    StepAction,
    Wait,
)
from provisioner.secrets import SecretStore
from provisioner.settings import CheckSettings, ClusterSettings, DeviceSettings
from provisioner.texts import say

log = logging.getLogger(__name__)

TRIES = 6
"""Of a step before a person is asked, when failures are of the kind that passes by itself."""
LOOKS = 3
"""At an unknown outcome before a person is asked."""
SHORT = 0.5
"""Seconds that a turn waits by itself; anything longer goes back to the engine, no thread held."""

Replan = Callable[[str, Plan], Difference | None]
"""(number, approved plan) to None when it still holds, else what is different."""


@dataclass(frozen=True)
class Turn:
    """What the engine does next: call again after a while, or end."""

    next: Literal["again", "end"]
    after: float = 0.0


@dataclass(frozen=True)
class Tools:
    """Everything that steps reach the world with."""

    hypervisors: Mapping[str, Hypervisor]
    clusters: Mapping[str, ClusterSettings]
    seat: UserSeat
    guests: Guests
    fleet: Fleet
    device_settings: DeviceSettings
    configurations: ConfigurationHistory
    endings: Endings
    checks: Checks
    secrets: SecretStore
    office_key: Callable[[], str]
    actions: Mapping[str, StepAction]
    replan: Replan
    settle: float = 20.0
    """Seconds after which the effect of a call of unknown outcome would have appeared."""
    check_settings: CheckSettings = field(default_factory=CheckSettings)
    probes: Probes | None = None


@dataclass(frozen=True)
class _Task:
    """One step to apply or undo, as read from the journal."""

    key: str
    phase: str
    context: Context
    action: StepAction


class Runner:
    """Carries runs on. Every method may be called again after a crash at any point."""

    def __init__(
        self,
        database: Database,
        tools: Tools,
        sleep: Callable[[float], None],
        finished: Callable[[], None],
    ) -> None:
        self._database = database
        self._tools = tools
        self._sleep = sleep
        self._finished = finished

    def turn(self, run_id: str, attempt: int) -> Turn:
        """Go on until the run ends, waits for a person, or waits longer than a moment."""
        sight = LastSight()
        while True:
            with self._database.read() as session:
                run = store.get(session, run_id)
                plan = store.plan_of(session, run)
            if run.attempt != attempt or run.state in (*ENDED, RunState.WAITING_PERSON):
                self._finished()
                return Turn("end")
            stopping = run.stop_asked_by is not None
            if run.phase == "apply" and not run.checked_plan and not stopping:
                turn = self._check_plan(run_id, plan)
                if turn is not None:
                    return turn
            after = self._one_step(run_id, plan, sight)
            if after is None:
                continue
            if after > SHORT:
                return Turn("again", after)
            self._sleep(after)

    # ------------------------------------------------------------------ the plan

    def _check_plan(self, run_id: str, plan: Plan) -> Turn | None:
        """Plan once more with the choices pinned, before the first side effect; None to go on."""
        with self._database.write() as session:
            run = store.get(session, run_id, lock=True)
            journal.begin_run(session, run)
            number = run.number
        try:
            difference = self._tools.replan(number, plan)
        except StepFailure as failure:
            return self._cannot_look(run_id, failure)
        except OperationalError:
            raise  # our own database is away: the engine repeats the turn, nobody is asked
        except Exception as error:
            log.exception("run %s: unexpected while the plan was checked", run_id)
            return self._cannot_look(run_id, _unexpected(error))
        with self._database.write() as session:
            run = store.get(session, run_id, lock=True)
            if difference is None:
                run.checked_plan = True
                return None
            journal.end_plan_changed(session, run, difference.to_json())
        return Turn("end")

    def _cannot_look(self, run_id: str, failure: StepFailure) -> Turn:
        """The cluster could not be read: nothing was done; tried again, then a person is asked."""
        with self._database.write() as session:
            run = store.get(session, run_id, lock=True)
            run.plan_looks += 1
            if isinstance(failure, Retriable) and run.plan_looks < TRIES:
                after = _backoff(failure, run.plan_looks)
                journal.wait_for_retry(session, run, after)
                return Turn("again", after)
            run.plan_looks = 0
            if run.stop_asked_by is not None:
                return Turn("again")
            who = failure.who if isinstance(failure, ActionNeeded) else "technician"
            journal.wait_for_person(session, run, who, _for_a_person(failure))
        return Turn("end")

    # ------------------------------------------------------------------ steps

    def _one_step(self, run_id: str, plan: Plan, sight: LastSight) -> float | None:
        """Do the next step; None to go on at once, else the seconds to wait before the next try."""
        task = self._next_task(run_id, plan, sight)
        if task is None:
            return None
        try:
            if task.phase == "undo":
                outcome = task.action.undo(task.context)
            else:
                outcome = task.action.apply(task.context)
                if isinstance(outcome, Done):
                    evidence = [*outcome.evidence, *task.action.verify(task.context)]
                    outcome = Done(outcome.changed, outcome.diff, evidence)
        except StepFailure as failure:
            return self._failed(run_id, task.key, failure)
        except OperationalError:
            raise  # our own database is away: the engine repeats the turn, nobody is asked
        except Exception as error:
            log.exception("run %s, step %s: unexpected", run_id, task.key)
            return self._failed(run_id, task.key, _unexpected(error))
        return self._went_well(run_id, task, outcome)

    def _next_task(self, run_id: str, plan: Plan, sight: LastSight) -> _Task | None:
        """The step at hand; None when none was left and the run has ended, or turns back."""
        with self._database.write() as session:
            run = store.get(session, run_id, lock=True)
            if run.phase == "apply" and run.stop_asked_by is not None:
                journal.begin_undo(session, run, RunState.STOPPED, "by-person")
                return None
            undoing = run.phase == "undo"
            find = store.next_to_undo if undoing else store.next_to_apply
            step = find(session, run_id)
            if step is None:
                journal.end_undone(session, run) if undoing else journal.succeed(session, run)
                return None
            journal.begin_run(session, run)
            journal.begin_step(session, run, step)
            planned = {s.key: s for s in plan.steps}
            memory = Memory(self._database, run_id)
            context = make_context(
                self._database, self._tools, run, planned, planned[step.key], memory, sight
            )
            return _Task(step.key, run.phase, context, self._tools.actions[planned[step.key].kind])

    def _went_well(self, run_id: str, task: _Task, outcome: Done | Wait) -> float | None:
        with self._database.write() as session:
            run, step = store.get(session, run_id, lock=True), store.step(session, run_id, task.key)
            if isinstance(outcome, Wait):
                journal.step_waits(session, run, step, outcome)
                return outcome.after
            if task.phase == "undo":
                journal.step_undone(session, run, step, outcome)
            else:
                journal.step_done(session, run, step, outcome)
        return None

    def _failed(self, run_id: str, key: str, failure: StepFailure) -> float | None:
        with self._database.write() as session:
            run, step = store.get(session, run_id, lock=True), store.step(session, run_id, key)
            journal.step_failed(session, run, step, failure)
            if run.phase == "apply" and run.stop_asked_by is not None:
                return None
            if isinstance(failure, (Retriable, OutcomeUnknown)):
                tries = store.count_attempts(session, run, key, failure.kind)
                limit = TRIES if isinstance(failure, Retriable) else LOOKS
                if tries < limit:
                    after = _backoff(failure, tries)
                    journal.wait_for_retry(session, run, after)
                    return after
            turns_back = run.phase == "apply" and run.purpose == Purpose.FULFIL
            if isinstance(failure, Refused) and turns_back:
                journal.begin_undo(session, run, RunState.FAILED, "step-refused")
                return None
            who = failure.who if isinstance(failure, ActionNeeded) else "technician"
            journal.wait_for_person(session, run, who, _for_a_person(failure))
        return None


def _for_a_person(failure: StepFailure) -> dict[str, Any]:
    """The failure as it is told to whom it waits for: nothing is tried by itself any more."""
    if not isinstance(failure, Retriable):
        return failure.to_json()
    next_ = say(
        "It was tried %(tries)s times by itself. Once the cause is mended choose retry, which "
        "looks before it acts, or stop, which undoes everything.",
        tries=TRIES,
    )
    return {**failure.to_json(), "next": next_.to_json()}


def _backoff(failure: StepFailure, tries: int) -> float:
    first = failure.after if isinstance(failure, Retriable) else 2.0
    return min(first * 2.0 ** (tries - 1), 60.0)


def _unexpected(error: Exception) -> ActionNeeded:
    if isinstance(error, Misconfigured):
        return ActionNeeded(
            error.what,
            meaning=say("The configuration does not hold any more; nothing was done with it."),
            next=say("Correct the file, then choose retry."),
            who="administrator",
        )
    return ActionNeeded(
        say("A fault in the program: %(name)s", name=type(error).__name__),
        meaning=say("The step ended in a way that was not foreseen; how far it got is not known."),
        next=say(
            "Look at the log of the service for details and report it. Then choose retry, which "
            "looks before it acts, or stop, which undoes everything."
        ),
        who="administrator",
    )
