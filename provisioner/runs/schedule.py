"""Begins runs at their time, and looks beforehand whether their plans still hold.

The truth is the table of runs: whatever the clock does and however long the product was down, what
is due is found by comparing it with the time.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from provisioner import events
from provisioner.database import Database, now
from provisioner.errors import StepFailure
from provisioner.plans import store as plans
from provisioner.requests.model import Request
from provisioner.requests.rules import RequestState
from provisioner.requests.states import change_state
from provisioner.runs import journal, store
from provisioner.runs.model import Run
from provisioner.runs.rules import RunState
from provisioner.runs.runner import Replan
from provisioner.runs.starting import Enqueue, end_of, next_look, partition_of, start_of
from provisioner.texts import say

log = logging.getLogger(__name__)
EVERY = 2.0
"""Seconds between two looks at the clock."""
LOOK_AGAIN = timedelta(minutes=10)
"""When the world could not be looked at."""


class Schedule:
    """What is due among scheduled runs; each method is harmless to repeat."""

    def __init__(self, database: Database, enqueue: Enqueue, replan: Replan) -> None:
        self._database, self._enqueue, self._replan = database, enqueue, replan

    def once(self) -> None:
        """Everything that is due now."""
        moment = now()
        with self._database.read() as session:
            due = session.scalars(
                select(Run).where(
                    Run.state == RunState.SCHEDULED,
                    or_(Run.begin_at <= moment, Run.look_at <= moment),
                )
            ).all()
        begins = [run.id for run in due if run.begin_at is not None and run.begin_at <= moment]
        for run_id in begins:
            self._begin(run_id)
        for run_id in [run.id for run in due if run.id not in begins][:1]:
            self._look(run_id)  # one at a time, as a look takes a while: begins go first
        self._unanswered()

    def _begin(self, run_id: str) -> None:
        with self._database.write() as session:
            run = store.get(session, run_id, lock=True)
            if run.state != RunState.SCHEDULED:
                return
            plan = store.plan_of(session, run)
            ends_at = end_of(plan)
            if ends_at is not None and ends_at <= now():
                journal.note(session, run, "run:too-late", payload={"text": _OVER.to_json()})
                journal.end_scheduled(session, run, "too-late")
                return
            journal.set_run_state(run, RunState.QUEUED)
            journal.note(session, run, "run:queued")
            self._enqueue(session, run.id, run.attempt, partition_of(plan))

    def _look(self, run_id: str) -> None:
        with self._database.read() as session:
            run = store.get(session, run_id)
            plan = store.plan_of(session, run)
        failure: StepFailure | None = None
        difference = None
        try:
            difference = self._replan(run.number, plan)
        except StepFailure as found:
            failure = found
        with self._database.write() as session:
            run = store.get(session, run_id, lock=True)
            if run.state != RunState.SCHEDULED:
                return
            if difference is not None:
                journal.end_plan_changed(session, run, difference.to_json())
                return
            if failure is not None:
                text = say("Looked ahead: %(what)s", what=failure.what).to_json()
                journal.note(session, run, "run:look-failed", payload={"text": text})
                run.look_at = now() + LOOK_AGAIN
                return
            starts_at = start_of(plan)
            run.look_at = next_look(starts_at, now()) if starts_at else None
            journal.note(session, run, "run:looked", payload={"text": _HOLDS.to_json()})

    def _unanswered(self) -> None:
        """A changed plan that nobody answered by its start is not carried out; a person is told."""
        with self._database.read() as session:
            waiting = session.scalars(
                select(Request).where(
                    Request.state == RequestState.PLANNED, Request.run_id.is_not(None)
                )
            ).all()
            late = [request.id for request in waiting if self._is_late(session, request.id)]
        for request_id in late:
            with self._database.write() as session:
                request = session.get_one(Request, request_id, with_for_update=True)
                if request.state == RequestState.PLANNED:
                    payload = {"text": _UNANSWERED.to_json()}
                    events.append(session, request.number, "request:escalated", payload=payload)
                    change_state(session, request, RequestState.ATTENTION, tag="request:attention")

    @staticmethod
    def _is_late(session: Session, request_id: int) -> bool:
        record = plans.current(session, request_id)
        starts_at = start_of(plans.plan(record)) if record else None
        return starts_at is not None and starts_at <= now()


class Clock:
    """Calls what looks at the time, every other second, in a thread of the worker."""

    def __init__(self, watchers: Sequence[Callable[[], object]], every: float = EVERY) -> None:
        self._watchers, self._every = watchers, every
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after what is in hand."""
        self._ending.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            for watcher in self._watchers:
                try:
                    watcher()
                except SQLAlchemyError:
                    log.exception("clock: the database did not answer; trying again")
                except Exception:  # one watcher's fault must not stop the others' clocks
                    log.exception("clock: trying again")
            self._ending.wait(self._every)


_OVER = say("The event was over before the work could begin")
_HOLDS = say("Looked ahead: the plan still holds")
_UNANSWERED = say("Nobody answered the changed plan by its start; nothing was switched on")
