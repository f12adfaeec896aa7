"""How long work took before, so that what has to stand at a time is begun early enough."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner.plans.record import PlanRecord
from provisioner.runs.model import Run
from provisioner.runs.rules import Purpose, RunState

LONGEST = timedelta(minutes=10)
"""A run that waited for a person took longer; that is no measure of the work."""
_RECENT = 200


def measured(session: Session, service: str, place: str) -> timedelta | None:
    """The longest of the last five runs of a service at a place; None where there was none yet."""
    query = (
        select(Run.started_at, Run.ended_at, PlanRecord.body)
        .join(PlanRecord, PlanRecord.id == Run.plan_id)
        .where(Run.state == RunState.SUCCEEDED, Run.purpose == Purpose.FULFIL)
        .order_by(Run.ended_at.desc())
        .limit(_RECENT)
    )
    spans = [
        ended_at - started_at
        for started_at, ended_at, body in session.execute(query)
        if started_at is not None
        and ended_at is not None
        and body["service"] == service
        and body["choices"].get("place") == place
        and "starts_at" in body["choices"]
    ]
    usual = [span for span in spans if span <= LONGEST]
    return max(usual[:5], default=None)
