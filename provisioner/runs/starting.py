"""Makes a run of an approved plan, and attempts of it, within the caller's transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from sqlalchemy.orm import Session

from provisioner.approvals.starting import ApprovedPlan
from provisioner.database import now
from provisioner.requests.model import Request
from provisioner.runs import journal
from provisioner.runs.model import Run, StepRecord

Enqueue = Callable[[Session, str, int, str], None]
"""(session, run id, attempt, partition): put an attempt in the engine's queue, in this commit."""


class PlannedRuns:
    """Implements ``approvals.starting.RunStarter``."""

    def __init__(self, enqueue: Enqueue) -> None:
        self._enqueue = enqueue

    def start(self, session: Session, approved: ApprovedPlan) -> str:
        """The run's rows, the request's link to it, and its place in the queue."""
        run = Run(
            id=f"run-{secrets.token_hex(6)}",
            request_id=approved.request_id,
            number=approved.number,
            plan_id=approved.plan_id,
            attempt=1,
            created_at=now(),
        )
        session.add(run)
        session.flush()
        session.add_all(
            StepRecord(
                run_id=run.id, key=step.key, position=n, title=step.title.to_json(), memory={}
            )
            for n, step in enumerate(approved.plan.steps)
        )
        request = session.get_one(Request, approved.request_id)
        request.run_id, request.busy = run.id, True
        session.flush()
        journal.note(session, run, "run:queued")
        self._enqueue(session, run.id, 1, partition_of(approved))
        return run.id


def partition_of(approved: ApprovedPlan) -> str:
    """What the run touches, for bounding how much is done there at once: its cluster."""
    return str(approved.plan.choices.get("cluster", "none"))
