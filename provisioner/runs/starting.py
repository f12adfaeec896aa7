"""Makes a run of an approved plan, and attempts of it, within the caller's transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from provisioner import outbox
from provisioner.approvals.starting import ApprovedPlan
from provisioner.database import now
from provisioner.plans.model import Plan
from provisioner.requests.model import Request
from provisioner.requests.rules import RequestState
from provisioner.requests.states import change_state
from provisioner.runs import journal
from provisioner.runs.model import Run, StepRecord
from provisioner.runs.rules import Purpose, RunState

Enqueue = Callable[[Session, str, int, str], None]
"""(session, run id, attempt, partition): put an attempt in the engine's queue, in this commit."""
Lead = Callable[[Session, Plan], timedelta]
"""How long before its start the work for a plan begins: as long as such work was measured."""
LOOKS = (timedelta(hours=24), timedelta(hours=1))
"""How long before its start a scheduled run's plan is made again, to see whether it holds."""


class PlannedRuns:
    """Implements ``approvals.starting.RunStarter``."""

    def __init__(self, enqueue: Enqueue, lead: Lead) -> None:
        self._enqueue = enqueue
        self._lead = lead

    def start(self, session: Session, approved: ApprovedPlan) -> str:
        """The run's rows, the request's link to it, and its place in the queue or its time."""
        run = make_run(session, approved.request_id, approved.number, approved.plan_id,
                       approved.plan)  # fmt: skip
        request = session.get_one(Request, approved.request_id)
        request.run_id, request.busy = run.id, True
        starts_at = start_of(approved.plan)
        if starts_at is not None:
            run.begin_at = starts_at - self._lead(session, approved.plan)
        if run.begin_at is not None and starts_at is not None and run.begin_at > now():
            run.state = RunState.SCHEDULED
            run.look_at = next_look(starts_at, now())
            session.flush()
            journal.note(
                session, run, "run:scheduled", payload={"begin_at": run.begin_at.isoformat()}
            )
            change_state(session, request, RequestState.SCHEDULED, tag="request:scheduled")
            outbox.put(session, journal.RUN_SCHEDULED, {"run_id": run.id})
            return run.id
        session.flush()
        journal.note(session, run, "run:queued")
        self._enqueue(session, run.id, 1, partition_of(approved.plan))
        return run.id


def make_run(
    session: Session,
    request_id: int,
    number: str,
    plan_id: str,
    plan: Plan,
    purpose: Purpose = Purpose.FULFIL,
    instance_id: str | None = None,
) -> Run:
    """The rows of a run that has not begun."""
    run = Run(
        id=f"run-{secrets.token_hex(6)}",
        request_id=request_id,
        number=number,
        plan_id=plan_id,
        purpose=purpose,
        instance_id=instance_id,
        attempt=1,
        created_at=now(),
    )
    session.add(run)
    session.flush()
    session.add_all(
        StepRecord(run_id=run.id, key=step.key, position=n, title=step.title.to_json(), memory={})
        for n, step in enumerate(plan.steps)
    )
    session.flush()
    return run


def partition_of(plan: Plan) -> str:
    """What the run touches, for bounding how much is done there at once: a cluster, or devices."""
    return str(plan.choices.get("cluster", "devices"))


def start_of(plan: Plan) -> datetime | None:
    """When what the plan makes has to stand; None: as soon as possible."""
    starts_at = plan.choices.get("starts_at")
    return datetime.fromisoformat(starts_at) if starts_at else None


def end_of(plan: Plan) -> datetime | None:
    """When what the plan makes has to be gone; None: it stands until someone ends it."""
    ends_at = plan.choices.get("ends_at")
    return datetime.fromisoformat(ends_at) if ends_at else None


def next_look(starts_at: datetime, after: datetime) -> datetime | None:
    """The next moment after ``after`` at which the plan is made again."""
    looks = (starts_at - span for span in LOOKS)
    return next((at for at in looks if at > after), None)
