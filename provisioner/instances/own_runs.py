"""Runs that an instance has by itself: its end, its switching off, what has had its time."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy.orm import Session

from provisioner.database import now
from provisioner.instances.model import Instance
from provisioner.plans.model import Plan
from provisioner.plans.record import PlanRecord
from provisioner.runs import journal
from provisioner.runs.model import Run
from provisioner.runs.rules import Purpose
from provisioner.runs.starting import Enqueue, make_run, partition_of


def begin(
    session: Session, instance: Instance, plan: Plan, purpose: Purpose, enqueue: Enqueue
) -> Run:
    """Queue a run of that plan, on the record of the request that made the instance.

    It was approved with that request and is never held up by what has changed since, so its plan
    is not made again.
    """
    moment = now()
    record = PlanRecord(
        id=uuid4().hex, request_id=instance.request_id, digest=plan.digest, body=plan.to_json(),
        made_at=moment, made_by=None, holds_until=moment, superseded=True,
    )  # fmt: skip
    session.add(record)
    session.flush()
    run = make_run(
        session, instance.request_id, instance.request_number, record.id, plan, purpose, instance.id
    )
    run.checked_plan = True
    journal.note(session, run, "run:queued")
    enqueue(session, run.id, 1, partition_of(plan))
    return run
