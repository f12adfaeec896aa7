"""What people do with runs: look, retry, stop."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from provisioner.database import Database
from provisioner.errors import Conflict, Forbidden, NotFound
from provisioner.people.rules import Actor, may_operate, may_see
from provisioner.requests.rules import RequestState
from provisioner.requests.states import change_state
from provisioner.runs import journal, store
from provisioner.runs.model import Run
from provisioner.runs.rules import ENDED, Purpose, RunState
from provisioner.runs.starting import Enqueue, partition_of
from provisioner.runs.views import RunView, run_view
from provisioner.texts import Message, say


class RunService:
    """Runs of all services. ``wake`` makes a run that sleeps look at once."""

    def __init__(
        self, database: Database, enqueue: Enqueue, wake: Callable[[str, int], None]
    ) -> None:
        self._database = database
        self._enqueue = enqueue
        self._wake = wake

    def get(self, actor: Actor, run_id: str) -> RunView:
        """One run with its steps. Raises NotFound."""
        with self._database.read() as session:
            return self._view(session, actor, self._visible(session, actor, run_id))

    def retry(self, actor: Actor, run_id: str) -> RunView:
        """A new attempt of a run that waits for a person; finished steps are not repeated.

        An undo that got stuck goes on undoing. Raises Conflict (``wrong-state``), Forbidden.
        """
        with self._database.write() as session:
            run = self._operable(session, actor, run_id)
            if run.state != RunState.WAITING_PERSON:
                raise _wrong_state(run, say("Only a run that waits for a person can be retried."))
            self._next_attempt(session, actor, run, "run:retried")
            return self._view(session, actor, run)

    def stop(self, actor: Actor, run_id: str) -> RunView:
        """End the run after the step in hand and undo everything. Raises Conflict, Forbidden.

        Asking twice is harmless.
        """
        with self._database.write() as session:
            run = self._operable(session, actor, run_id)
            if run.state in ENDED:
                raise _wrong_state(run, say("This run has ended already."))
            if run.purpose != Purpose.FULFIL:
                raise _wrong_state(run, say("What has to end is not kept; choose retry instead."))
            if run.state == RunState.SCHEDULED:
                run.stop_asked_by = actor.id
                journal.note(session, run, "run:stop-asked", payload={"by": actor.username})
                journal.end_scheduled(session, run, "by-person")
            elif run.stop_asked_by is None and run.phase == "apply":
                run.stop_asked_by = actor.id
                journal.note(session, run, "run:stop-asked", payload={"by": actor.username})
                if run.state == RunState.WAITING_PERSON:
                    self._next_attempt(session, actor, run, "run:stopping")
            view = self._view(session, actor, run)
            attempt = run.attempt
        self._wake(run_id, attempt)
        return view

    # ------------------------------------------------------------------ inside

    def _next_attempt(self, session: Session, actor: Actor, run: Run, tag: str) -> None:
        run.attempt += 1
        undoing = run.phase == "undo"
        journal.set_run_state(run, RunState.UNDOING if undoing else RunState.QUEUED)
        journal.note(session, run, tag, payload={"by": actor.username})
        request = store.request_of(session, run)
        at_rest = not undoing and request.state == RequestState.ATTENTION
        if at_rest and run.purpose == Purpose.FULFIL:
            change_state(
                session, request, RequestState.IN_PROGRESS, tag="request:in-progress",
                actor=actor.username,
            )  # fmt: skip
        plan = store.plan_of(session, run)
        self._enqueue(session, run.id, run.attempt, partition_of(plan))

    def _view(self, session: Session, actor: Actor, run: Run) -> RunView:
        actions: list[str] = []
        if may_operate(actor) and run.state not in ENDED:
            actions += ["retry"] if run.state == RunState.WAITING_PERSON else []
            stoppable = run.purpose == Purpose.FULFIL and run.phase == "apply"
            actions += ["stop"] if stoppable and run.stop_asked_by is None else []
        waits = run.waiting_who
        return run_view(
            run,
            store.plan_of(session, run),
            store.steps(session, run.id),
            person=store.person_to_act(session, run, waits) if waits else None,
            actions=actions,
            language=actor.language,
        )

    def _visible(self, session: Session, actor: Actor, run_id: str, *, lock: bool = False) -> Run:
        run = store.get(session, run_id, lock=lock)
        if not may_see(actor, store.department_of(session, run)):
            raise NotFound(say("There is no run %(id)s.", id=run_id[:40]))
        return run

    def _operable(self, session: Session, actor: Actor, run_id: str) -> Run:
        run = self._visible(session, actor, run_id, lock=True)
        if not may_operate(actor):
            raise Forbidden(say("Your role does not allow this."))
        return run


def _wrong_state(run: Run, what: Message) -> Conflict:
    return Conflict(what, slug="wrong-state", extra={"state": run.state})
