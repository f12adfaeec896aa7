"""Walks of the state tables: by themselves, and by the code that moves requests, runs and steps."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from provisioner import events
from provisioner.approvals.service import ApprovalService
from provisioner.database import Base, Database, now
from provisioner.drivers.fleet import Fleet
from provisioner.errors import ActionNeeded, Conflict, OutcomeUnknown, Refused, Retriable
from provisioner.people.model import Department, Person, Role
from provisioner.people.rules import Actor
from provisioner.plans import store as plans
from provisioner.plans.diff import Difference
from provisioner.plans.model import Claim, Plan, Step
from provisioner.plans.record import PlanRecord, Reservation
from provisioner.requests.model import Request
from provisioner.requests.rules import NEXT, RequestState
from provisioner.requests.states import change_state
from provisioner.runs import journal
from provisioner.runs import store as runs
from provisioner.runs.configurations import ConfigurationHistory
from provisioner.runs.model import Lease, Run, StepAttempt, StepRecord
from provisioner.runs.rules import ENDED, NEXT_RUN, NEXT_STEP, STEP_DONE, RunState, StepState
from provisioner.runs.runner import Runner, Tools, Turn
from provisioner.runs.service import RunService
from provisioner.runs.starting import PlannedRuns
from provisioner.runs.steps.base import Context, Done, Wait
from provisioner.secrets import SecretStore, new_key
from provisioner.settings import DeviceSettings
from provisioner.texts import say

TECHNICIAN = Actor(1, "budi", "Budi", frozenset({Role.TECHNICIAN}), None, "en")
NUMBER = "VPS-2026-0001"
KEYS = ("one", "two", "three")
Table = Mapping[Any, frozenset[Any]]


# ------------------------------------------------------------------ the tables


@pytest.mark.parametrize(
    ("states", "table", "first"),
    [
        (RequestState, NEXT, RequestState.DRAFT),
        (RunState, NEXT_RUN, RunState.QUEUED),
        (StepState, NEXT_STEP, StepState.PENDING),
    ],
)
def test_every_state_is_in_the_table_and_none_is_a_dead_end(
    states: type[StrEnum], table: Table, first: StrEnum
) -> None:
    assert set(table) == set(states)
    final = {state for state, following in table.items() if not following}
    assert final
    for state in states:
        assert _reachable(table, state) & final, f"nothing ends {state}"
    # runs that are to begin later come with another service
    assert set(states) - _reachable(table, first) <= {"scheduled"}


def _reachable(table: Table, start: Any) -> set[Any]:
    seen, waiting = {start}, [start]
    while waiting:
        fresh = table[waiting.pop()] - seen
        seen |= fresh
        waiting += fresh
    return seen


def test_a_request_moves_only_along_the_table(sqlite_database: Database) -> None:
    """Every pair of states: allowed with its event, or refused without a trace."""
    with sqlite_database.write() as session:
        _people(session)
        request = _request(RequestState.DRAFT)
        session.add(request)
        session.flush()
        for before in RequestState:
            for after in RequestState:
                request.state = before
                told = len(events.read(session, NUMBER))
                if after in NEXT[before]:
                    change_state(session, request, after, tag="request:moved")
                    assert request.state == after
                else:
                    with pytest.raises(Conflict):
                        change_state(session, request, after, tag="request:moved")
                    assert request.state == before
                assert len(events.read(session, NUMBER)) == told + (after in NEXT[before])
        assert events.verify(session) == []


@pytest.mark.parametrize("before", RunState)
@pytest.mark.parametrize("after", RunState)
def test_a_run_moves_only_along_the_table(before: RunState, after: RunState) -> None:
    run = Run(id="run-1", state=before)
    if after == before or after in NEXT_RUN[before]:
        journal.set_run_state(run, after)
        assert run.state == after
    else:
        with pytest.raises(AssertionError):
            journal.set_run_state(run, after)


@pytest.mark.parametrize("before", StepState)
@pytest.mark.parametrize("after", StepState)
def test_a_step_moves_only_along_the_table(before: StepState, after: StepState) -> None:
    step = StepRecord(run_id="run-1", key="one", state=before)
    if after == before or after in NEXT_STEP[before]:
        journal.set_step_state(step, after)
        assert step.state == after
    else:
        with pytest.raises(AssertionError):
            journal.set_step_state(step, after)


# ------------------------------------------------------------ walks of the code


def _failure(kind: type[Any]) -> Callable[[], Any]:
    def fail() -> Any:
        raise kind(say("It failed."), meaning=say("It means."), next=say("Do this."))

    return fail


OUTCOMES: Mapping[str, Callable[[], Any]] = {
    "changed": lambda: Done(changed=True),
    "unchanged": lambda: Done(changed=False),
    "wait": lambda: Wait(5.0, say("waiting")),
    "retriable": _failure(Retriable),
    "unknown": _failure(OutcomeUnknown),
    "action": _failure(ActionNeeded),
    "refused": _failure(Refused),
}


class Scripted:
    """A step that does what the walk has chosen, and holds a slot while it is at work."""

    def __init__(self) -> None:
        self.next = self.undone = OUTCOMES["changed"]
        self.meanwhile: Callable[[], object] = lambda: None

    def apply(self, context: Context) -> Any:
        context.slots.take("storage", 1)
        self.meanwhile()
        return self.next()

    def verify(self, context: Context) -> tuple[Any, ...]:
        return ()

    def undo(self, context: Context) -> Any:
        return self.undone()


class NoEndings:
    """No instance stands."""

    def ends_at(self, instance_id: str) -> None:
        raise KeyError(instance_id)

    def prolong(self, instance_id: str, ends_at: object) -> None:
        raise KeyError(instance_id)


class Walk(RuleBasedStateMachine):
    """Turns, stops and retries in any order, with steps that end in any way."""

    def __init__(self, template: Path) -> None:
        super().__init__()
        self.place = tempfile.TemporaryDirectory(prefix="provisioner-walk-")
        shutil.copy(template, f"{self.place.name}/walk.db")
        self.database = Database(f"sqlite:///{self.place.name}/walk.db")
        self.step = Scripted()
        self.replanned: Callable[[], Any] = lambda: None
        key = new_key()
        tools = Tools(
            hypervisors={}, clusters={}, seat=None, guests=None,  # type: ignore[arg-type]  # never asked
            checks=None,  # type: ignore[arg-type]
            fleet=Fleet(dict, {}), device_settings=DeviceSettings(), endings=NoEndings(),
            configurations=ConfigurationHistory(Path(self.place.name) / "configurations"),
            secrets=SecretStore(self.database, lambda: key), office_key=lambda: "none",
            actions=dict.fromkeys(KEYS, self.step), replan=lambda *_: self.replanned(),
        )  # fmt: skip
        self.queue: list[tuple[str, int]] = []
        self.service = RunService(self.database, self._enqueue, lambda *_: None)
        self.runner = Runner(self.database, tools, lambda _: None, finished=lambda: None)

    def _enqueue(self, _session: object, run_id: str, attempt: int, _partition: str) -> None:
        self.queue.append((run_id, attempt))

    def teardown(self) -> None:
        self.database.close()
        self.place.cleanup()

    @initialize()
    def approved(self) -> None:
        plan = _plan()
        with self.database.write() as session:
            _people(session)
            session.add(_request(RequestState.PLANNED))
            session.flush()
            record = PlanRecord(
                id="plan-1", request_id=1, digest=plan.digest, body=plan.to_json(), made_at=now(),
                made_by=1, holds_until=now() + timedelta(hours=1),
            )  # fmt: skip
            session.add(record)
            session.flush()
            plans.hold(session, record, plan.claims)
        starter = PlannedRuns(self._enqueue, lambda _session, _plan: timedelta())
        service = ApprovalService(self.database, starter)
        self.run_id = service.approve(TECHNICIAN, NUMBER, plan.digest).run

    @property
    def run_row(self) -> Run:
        with self.database.read() as session:
            return runs.get(session, self.run_id)

    @rule(
        outcome=st.sampled_from(sorted(OUTCOMES)),
        plan=st.sampled_from(["same", "same", "same", "changed", "away", "action"]),
        stop_meanwhile=st.sampled_from([False, False, True]),
        undone=st.sampled_from(["changed", *sorted(OUTCOMES)]),
    )
    def turn(self, outcome: str, plan: str, stop_meanwhile: bool, undone: str = "changed") -> None:
        """The engine calls; at times a person stops the run just then."""
        self.step.next, self.step.undone = OUTCOMES[outcome], OUTCOMES[undone]
        self.step.meanwhile = self._stop if stop_meanwhile else lambda: None
        self.replanned = {
            "same": lambda: None,
            "changed": lambda: Difference(reason=say("Something answers.")),
            "away": OUTCOMES["retriable"],
            "action": OUTCOMES["action"],
        }[plan]
        turn = self.runner.turn(*self.queue[-1])
        at_rest = self.run_row.state in (*ENDED, RunState.WAITING_PERSON)
        assert (turn.next == "end") is at_rest
        if len(self.queue) > 1:
            late = self.runner.turn(*self.queue[0])
            assert late == Turn("end"), "an older attempt has nothing to say"

    def _stop(self) -> None:
        self.service.stop(TECHNICIAN, self.run_id)

    @precondition(lambda self: self.run_row.state not in ENDED)
    @rule()
    def stop(self) -> None:
        self._stop()

    @precondition(lambda self: self.run_row.state in ENDED)
    @rule()
    def nothing_can_be_stopped_or_retried_after_the_end(self) -> None:
        for ask in (self.service.stop, self.service.retry):
            with pytest.raises(Conflict):
                ask(TECHNICIAN, self.run_id)

    @precondition(lambda self: self.run_row.state == RunState.WAITING_PERSON)
    @rule()
    def retry(self) -> None:
        before = self.run_row
        view = self.service.retry(TECHNICIAN, self.run_id)
        assert (view.attempt, self.queue[-1]) == (before.attempt + 1, (view.id, view.attempt))
        assert view.state == ("undoing" if before.phase == "undo" else "queued")

    @invariant()
    def all_records_agree(self) -> None:
        with self.database.read() as session:
            run = session.scalars(select(Run)).one_or_none()
            if run is None:
                return
            request = session.scalars(select(Request)).one()
            steps = runs.steps(session, run.id)
            leases = session.scalars(select(Lease)).all()
            attempts = session.scalars(select(StepAttempt)).all()
            claims = {row.state for row in session.scalars(select(Reservation))}
            assert events.verify(session) == []
        state = RunState(run.state)
        still = state in (*ENDED, RunState.WAITING_PERSON)
        assert (run.ended_at is not None) == (state in ENDED)
        assert (run.waiting_who is not None) == (state is RunState.WAITING_PERSON)
        assert request.busy is (state not in ENDED or state is RunState.SUCCEEDED)
        assert request.state in _REQUEST_WHILE[state]
        assert not (still and leases), "who waits or has ended keeps nobody else waiting"
        assert not (still and [a for a in attempts if a.ended_at is None])
        assert len([a for a in attempts if a.ended_at is None]) <= 1
        if run.stop_asked_by is not None and run.phase == "apply":
            assert state not in (RunState.WAITING_PERSON, RunState.SUCCEEDED), "nobody would act"
        if state is RunState.SUCCEEDED:
            assert all(step.state in STEP_DONE for step in steps)
        if state in (RunState.FAILED, RunState.STOPPED):
            assert {step.state for step in steps} <= {StepState.PENDING, StepState.UNDONE}
            assert claims <= ({"hold"} if run.reason == "plan-changed" else {"quarantine"})
        else:
            assert claims == {"reserved"}


_AT_WORK = {RequestState.IN_PROGRESS, RequestState.APPROVED, RequestState.ATTENTION}
_REQUEST_WHILE: Mapping[RunState, set[RequestState]] = {
    RunState.QUEUED: {RequestState.APPROVED, RequestState.IN_PROGRESS},
    RunState.RUNNING: {RequestState.IN_PROGRESS},
    RunState.WAITING_RETRY: {RequestState.IN_PROGRESS},
    RunState.WAITING_PERSON: {RequestState.ATTENTION},
    RunState.UNDOING: _AT_WORK,
    RunState.SUCCEEDED: {RequestState.IN_PROGRESS},
    RunState.FAILED: {RequestState.ATTENTION},
    RunState.STOPPED: {RequestState.ATTENTION, RequestState.PLANNED},
}


@pytest.fixture
def template(sqlite_url: str) -> Path:
    """A database with all tables, to be copied."""
    database = Database(sqlite_url)
    Base.metadata.create_all(database.engine)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return Path(sqlite_url.removeprefix("sqlite:///"))


def test_runs_in_any_order_of_events(template: Path) -> None:
    run_state_machine_as_test(
        lambda: Walk(template),
        settings=settings(
            max_examples=15, stateful_step_count=20, deadline=None, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


@pytest.mark.parametrize("outcome", sorted(OUTCOMES))
def test_stopped_while_a_step_is_at_work(template: Path, outcome: str) -> None:
    """However the step ends: it is taken back, nobody is asked to mend it first."""
    walk = Walk(template)
    walk.approved()
    walk.turn(outcome, "same", stop_meanwhile=True)
    walk.all_records_agree()
    if walk.run_row.state not in ENDED:
        walk.turn("changed", "same", stop_meanwhile=False)
    walk.all_records_agree()
    run = walk.run_row
    walk.teardown()
    assert (run.state, run.reason) == (RunState.STOPPED, "by-person")


def _plan() -> Plan:
    return Plan(
        service="cloud_vps",
        choices={"cluster": "dc1"},
        objects={},
        summary=say("Three steps."),
        steps=tuple(Step(key, key, say("A step"), "target", "none", {}) for key in KEYS),
        claims=(
            Claim("vmid", "dc1", "2000"),
            Claim("address", "server-opd", "10.0.0.1", {"quarantine_hours": 24}),
        ),
        risks=(),
        expected_seconds=1,
    )


def _people(session: Any) -> None:
    session.add(Department(id="dinkes", name="Dinas Kesehatan"))
    session.add(Person(id=1, username="budi", name="Budi", created_at=now()))
    session.add(Person(id=2, username="sari", name="Sari", created_at=now()))
    session.flush()


def _request(state: RequestState) -> Request:
    return Request(
        id=1, number=NUMBER, service="cloud_vps", department_id="dinkes", applicant={}, details={},
        state=state, created_by=2, created_at=now(), pauses=[],
    )  # fmt: skip
