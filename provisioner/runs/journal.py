"""Writing down what a run does: one short transaction for each thing that happens."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from provisioner import __version__, events, outbox
from provisioner.database import now
from provisioner.errors import StepFailure
from provisioner.plans import store as plans
from provisioner.requests.rules import RequestState
from provisioner.requests.states import change_state
from provisioner.runs import leases, store
from provisioner.runs.model import Run, StepAttempt, StepRecord
from provisioner.runs.rules import NEXT_RUN, NEXT_STEP, Purpose, RunState, StepState
from provisioner.runs.steps.base import Done, Wait
from provisioner.texts import Message, from_json, say

RUN_FINISHED = "run-finished"
"""Outbox topic: a run has succeeded; the report writes it back on the request."""
RUN_SCHEDULED = "run-scheduled"
"""Outbox topic: a run begins by itself later; what people need before is prepared."""
HOLD_HOURS = 24
_NOT_AT_WORK = (RequestState.APPROVED, RequestState.SCHEDULED, RequestState.ATTENTION)
WORTH_TELLING = 0.2
"""Seconds; a shorter wait is not put on the record."""


def set_run_state(run: Run, after: RunState) -> None:
    """Move the run; a move that the table does not know is a fault of ours."""
    if run.state != after and after not in NEXT_RUN[RunState(run.state)]:
        raise AssertionError(f"run {run.id}: {run.state} -> {after}")
    run.state = after
    run.retry_at = None
    if after is not RunState.WAITING_PERSON:
        run.waiting_who, run.waiting_for = None, None


def set_step_state(step: StepRecord, after: StepState) -> None:
    """Move the step; a move that the table does not know is a fault of ours."""
    if step.state != after and after not in NEXT_STEP[StepState(step.state)]:
        raise AssertionError(f"step {step.run_id}/{step.key}: {step.state} -> {after}")
    step.state = after


def begin_run(session: Session, run: Run) -> None:
    """The run is at work (for the first time, or again)."""
    if run.started_at is None:
        run.started_at = now()
        note(session, run, "run:started")
    if run.phase == "apply":
        set_run_state(run, RunState.RUNNING)
    move_request(session, run, RequestState.IN_PROGRESS, "request:in-progress", _NOT_AT_WORK)


def begin_step(session: Session, run: Run, step: StepRecord) -> None:
    """A try of the step begins, or goes on after a wait or a crash."""
    if store.open_attempt(session, run, step.key) is not None:
        return
    session.add(
        StepAttempt(
            run_id=run.id,
            key=step.key,
            number=store.count_attempts(session, run, step.key) + 1,
            run_attempt=run.attempt,
            phase=run.phase,
            version=__version__,
            started_at=now(),
        )
    )
    if run.phase == "apply":
        set_step_state(step, StepState.RUNNING)
        step.started_at = step.started_at or now()
        step.ended_at, step.error = None, None
        note(session, run, "step:started", step, {"text": step_text(step, "started")})


def step_done(session: Session, run: Run, step: StepRecord, done: Done) -> None:
    """The step is done and verified."""
    state = StepState.CHANGED if done.changed else StepState.UNCHANGED
    set_step_state(step, state)
    step.ended_at, step.changed, step.progress = now(), done.changed, None
    step.diff, step.evidence = list(done.diff), [dict(e) for e in done.evidence]
    close_attempt(session, run, step, state)
    note(session, run, f"step:{state}", step, {"text": step_text(step, state)})


def step_waits(session: Session, run: Run, step: StepRecord, wait: Wait) -> None:
    """The step waits; a new reason is worth an event unless it is over in a moment."""
    said = wait.progress.to_json()
    if step.progress != said and wait.after >= WORTH_TELLING:
        step.progress = said
        note(session, run, "step:progress", step, {"text": said})


def step_failed(session: Session, run: Run, step: StepRecord, failure: StepFailure) -> None:
    """A try of the step (or of its undoing) has failed."""
    step.ended_at, step.progress = now(), None
    if run.phase == "apply":
        set_step_state(step, StepState.FAILED)
        step.error = failure.to_json()  # what the undoing meets never hides why it was begun
    close_attempt(session, run, step, failure.kind, failure)
    note(
        session, run, "step:failed", step,
        {"text": failure.what.to_json(), "error": failure.to_json()},
    )  # fmt: skip


def step_undone(session: Session, run: Run, step: StepRecord, done: Done) -> None:
    """What the step had done stands no longer."""
    set_step_state(step, StepState.UNDONE)
    step.ended_at, step.progress = now(), None
    step.diff = [*(step.diff or []), *done.diff]
    close_attempt(session, run, step, StepState.UNDONE)
    note(session, run, "step:undone", step, {"text": step_text(step, StepState.UNDONE)})


def close_attempt(
    session: Session, run: Run, step: StepRecord, outcome: str, failure: StepFailure | None = None
) -> None:
    """The open try of the step ends."""
    attempt = store.open_attempt(session, run, step.key)
    if attempt is not None:
        attempt.ended_at, attempt.outcome = now(), outcome
        attempt.error = failure.to_json() if failure else None


def wait_for_retry(session: Session, run: Run, after: float) -> None:
    """The run tries again by itself in ``after`` seconds."""
    if run.phase == "apply":
        set_run_state(run, RunState.WAITING_RETRY)
    run.retry_at = now() + timedelta(seconds=after)
    note(session, run, "run:waiting-retry", payload={"at": run.retry_at.isoformat()})


def wait_for_person(session: Session, run: Run, who: str, error: Mapping[str, Any]) -> None:
    """The run waits for a named person: reservations are kept, leases are given back."""
    set_run_state(run, RunState.WAITING_PERSON)
    run.waiting_who, run.waiting_for = who, dict(error)
    leases.release(session, run.id)
    text = say("Waiting for: %(who)s", who=say_role(who)).to_json()
    note(session, run, "run:waiting-person", payload={"who": who, "text": text})
    move_request(session, run, RequestState.ATTENTION, "request:attention")


def begin_undo(session: Session, run: Run, outcome: RunState, reason: str) -> None:
    """From now on everything that was done is undone, in reverse."""
    for step in store.steps(session, run.id):
        close_attempt(session, run, step, "broken-off")
        step.progress = None
    set_run_state(run, RunState.UNDOING)
    run.phase, run.outcome, run.reason = "undo", outcome, reason
    note(session, run, "run:undoing", payload={"reason": reason})


def succeed(session: Session, run: Run) -> None:
    """Every step is done; the report takes over."""
    set_run_state(run, RunState.SUCCEEDED)
    _end(session, run)
    note(session, run, "run:succeeded")
    outbox.put(session, RUN_FINISHED, {"run_id": run.id})


def end_undone(session: Session, run: Run) -> None:
    """Everything was undone: a person decides what becomes of the request."""
    set_run_state(run, RunState(run.outcome or RunState.STOPPED))
    _end(session, run)
    note(session, run, f"run:{run.state}", payload={"reason": run.reason})
    begun = any(step.started_at for step in store.steps(session, run.id))
    plans.release(session, run.request_id, now(), address_used=begun, vmid_used=begun)
    store.request_of(session, run).busy = False
    move_request(session, run, RequestState.ATTENTION, "request:attention")


def end_scheduled(session: Session, run: Run, reason: str) -> None:
    """A run that had not begun ends: nothing was done."""
    run.outcome, run.reason = RunState.STOPPED, reason
    end_undone(session, run)


def end_plan_changed(session: Session, run: Run, difference: Mapping[str, Any]) -> None:
    """The world changed between approval and run: nothing was done, the plan goes back.

    What it had reserved is held for a day, or until its time where that is later.
    """
    set_run_state(run, RunState.STOPPED)
    run.reason, run.difference = "plan-changed", dict(difference)
    _end(session, run)
    until = now() + timedelta(hours=HOLD_HOURS)
    plans.hold_again(session, plans.by_id(session, run.plan_id), max(until, run.begin_at or until))
    request = store.request_of(session, run)
    request.busy = False
    text = say("Work was stopped; nothing had been done yet").to_json()
    note(session, run, "run:stopped", payload={"reason": "plan-changed", "text": text})
    change_state(
        session, request, RequestState.PLANNED, tag="plan:changed", payload=dict(difference)
    )


def move_request(
    session: Session,
    run: Run,
    after: RequestState,
    tag: str,
    only_from: Collection[RequestState] | None = None,
) -> None:
    """The request follows its run; a run of an instance by itself leaves the request as it is."""
    if run.purpose != Purpose.FULFIL:
        return
    request = store.request_of(session, run)
    if request.state != after and (only_from is None or request.state in only_from):
        change_state(session, request, after, tag=tag)


def note(
    session: Session,
    run: Run,
    tag: str,
    step: StepRecord | None = None,
    payload: Mapping[str, Any] | None = None,
) -> None:
    """An event on the request's record, with the run and step it belongs to."""
    about: dict[str, Any] = {"run": run.id, "attempt": run.attempt}
    if step is not None:
        about["step"] = step.key
    events.append(
        session, run.number, tag, payload={**about, **(payload or {})}, correlation=run.id
    )


def step_text(step: StepRecord, state: str) -> dict[str, Any]:
    """The step's sentence on the timeline."""
    title = from_json(step.title)
    return say("%(title)s: %(state)s", title=title, state=_STEP_WORDS[state]).to_json()


def say_role(role: str) -> Message:
    """A role in plain words."""
    return _ROLES.get(role, Message(role))


def _end(session: Session, run: Run) -> None:
    run.ended_at = now()
    leases.release(session, run.id)


_STEP_WORDS: Mapping[str, Message] = {
    "started": say("begun"),
    StepState.CHANGED: say("done"),
    StepState.UNCHANGED: say("as it should be"),
    StepState.UNDONE: say("undone"),
}
_ROLES: Mapping[str, Message] = {
    "technician": say("technician"),
    "administrator": say("administrator"),
    "approver": say("approver"),
    "head": say("head of the office"),
}
