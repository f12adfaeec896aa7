"""Queries for runs, steps and attempts."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioner.approvals.model import Approval
from provisioner.errors import NotFound
from provisioner.people.model import Person, PersonRole
from provisioner.plans.model import Plan
from provisioner.plans.record import PlanRecord
from provisioner.requests.model import Request
from provisioner.runs.model import Run, StepAttempt, StepRecord
from provisioner.runs.rules import ENDED, STEP_DONE, StepState
from provisioner.texts import say


def get(session: Session, run_id: str, *, lock: bool = False) -> Run:
    """The run. Raises NotFound."""
    query = select(Run).where(Run.id == run_id)
    run = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if run is None:
        raise NotFound(say("There is no run %(id)s.", id=run_id[:40]))
    return run


def request_of(session: Session, run: Run) -> Request:
    """The request that the run fulfils."""
    return session.get_one(Request, run.request_id, with_for_update=True)


def department_of(session: Session, run: Run) -> str:
    """The department whose request the run fulfils."""
    query = select(Request.department_id).where(Request.id == run.request_id)
    return session.scalars(query).one()


def person_to_act(session: Session, run: Run, role: str) -> str | None:
    """Who of that role is asked first: the approver of the run, else whoever has the role."""
    approver = select(Approval.person_id).where(Approval.plan_id == run.plan_id).scalar_subquery()
    return session.scalars(
        select(Person.name)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .where(Person.active, PersonRole.role == role)
        .order_by((Person.id == approver).desc(), Person.id)
        .limit(1)
    ).first()


def plan_of(session: Session, run: Run) -> Plan:
    """The approved plan, frozen."""
    return Plan.from_json(session.get_one(PlanRecord, run.plan_id).body)


def steps(session: Session, run_id: str) -> list[StepRecord]:
    """The run's steps in their order."""
    query = select(StepRecord).where(StepRecord.run_id == run_id).order_by(StepRecord.position)
    return list(session.scalars(query))


def step(session: Session, run_id: str, key: str) -> StepRecord:
    """One step of the run."""
    return session.get_one(StepRecord, (run_id, key))


def next_to_apply(session: Session, run_id: str) -> StepRecord | None:
    """The first step that is not done."""
    return next((s for s in steps(session, run_id) if s.state not in STEP_DONE), None)


def next_to_undo(session: Session, run_id: str) -> StepRecord | None:
    """The last step that was begun and is not yet undone."""
    untouched = {StepState.PENDING, StepState.SKIPPED, StepState.UNDONE}
    return next((s for s in reversed(steps(session, run_id)) if s.state not in untouched), None)


def open_attempt(session: Session, run: Run, key: str) -> StepAttempt | None:
    """The attempt at the step that has not ended."""
    return session.scalars(
        select(StepAttempt)
        .where(
            StepAttempt.run_id == run.id,
            StepAttempt.key == key,
            StepAttempt.phase == run.phase,
            StepAttempt.ended_at.is_(None),
        )
        .order_by(StepAttempt.number.desc())
    ).first()


def count_attempts(session: Session, run: Run, key: str, outcome: str | None = None) -> int:
    """How many attempts at the step there are; with ``outcome`` those of this run attempt."""
    query = select(func.count()).where(StepAttempt.run_id == run.id, StepAttempt.key == key)
    if outcome is not None:
        query = query.where(
            StepAttempt.outcome == outcome,
            StepAttempt.run_attempt == run.attempt,
            StepAttempt.phase == run.phase,
        )
    return session.execute(query).scalar_one()


def unfinished(session: Session) -> list[Run]:
    """Every run that has not ended."""
    return list(session.scalars(select(Run).where(Run.state.not_in(ENDED))))
