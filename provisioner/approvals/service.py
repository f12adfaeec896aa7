"""Saying yes: one commit binds a person to a plan's digest, reserves, and puts the run in line."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from provisioner.approvals.model import Approval
from provisioner.approvals.second import (
    FirstApprovalView,
    check_second,
    first_of,
    keep_first,
    may_be_second,
    needs_second,
    view_of,
)
from provisioner.approvals.starting import ApprovedPlan, RunStarter
from provisioner.catalogue.fields import one_line
from provisioner.database import Database, now
from provisioner.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from provisioner.people.rules import Actor, may_approve, may_see
from provisioner.plans import store as plans
from provisioner.plans.diff import difference
from provisioner.plans.model import Plan
from provisioner.plans.record import PlanRecord
from provisioner.requests import store as requests
from provisioner.requests.model import Request
from provisioner.requests.rules import RequestState
from provisioner.requests.states import change_state, wrong_state
from provisioner.texts import say


class ApprovalView(BaseModel):
    """An approval that was given: the run that it set off, or for whom it waits."""

    model_config = ConfigDict(frozen=True)

    run: str | None
    digest: str
    waiting_for: Literal["approver"] | None = None
    """The plan reaches far: a second person has to approve it too before anything is done."""


class ApprovalService:
    """Approvals of all services."""

    def __init__(self, database: Database, starter: RunStarter) -> None:
        self._database = database
        self._starter = starter

    def approve(
        self,
        actor: Actor,
        number: str,
        digest: str,
        comment: str | None = None,
        override_reason: str | None = None,
    ) -> ApprovalView:
        """Approve the plan with that digest; its run is queued when this returns.

        A plan that reaches far (``picture["impact"]["second"]``) needs two different people, one of
        them approver, head or administrator; after the first there is no run yet. Raises NotFound,
        Invalid, Forbidden (``own-request`` without a written reason, ``second-approver``, or by
        role), Conflict: ``wrong-state``, ``plan-changed`` with the current digest and the
        difference, ``plan-expired`` when its holds have run out, ``foreign-changes`` without a
        written reason where others changed a device meanwhile, ``second-approver`` for who has
        approved already.
        """
        comment = one_line("/comment", comment)
        reason = one_line("/override_reason", override_reason)
        with self._database.allocate() as session:
            request = requests.by_number(session, number, lock=True)
            if not may_see(actor, request.department_id):
                raise NotFound(requests.no_such_request(number))
            if not may_approve(actor) and not may_be_second(actor):
                raise _not_allowed()
            if request.state != RequestState.PLANNED or request.busy:
                raise wrong_state(request)
            self._not_ones_own(actor, request, reason)
            record = self._the_plan(session, actor, request, digest)
            if not may_approve(actor) and not needs_second(record):
                raise _not_allowed()
            _check_foreign(record, reason)
            told: dict[str, Any] = {}
            if needs_second(record):
                first = first_of(session, record)
                if first is None:
                    keep_first(session, actor, request, record, comment, reason)
                    return ApprovalView(run=None, digest=digest, waiting_for="approver")
                told = {"first": check_second(session, actor, first).username}
                session.delete(first)
            run = self._approved(session, actor, request, record, comment, reason, told)
            return ApprovalView(run=run, digest=digest)

    def first(self, actor: Actor, number: str) -> FirstApprovalView | None:
        """Who has approved the current plan and waits for a second person. Raises NotFound."""
        with self._database.read() as session:
            request = requests.by_number(session, number)
            if not may_see(actor, request.department_id):
                raise NotFound(requests.no_such_request(number))
            record = plans.current(session, request.id)
            waits = record is not None and request.state == RequestState.PLANNED
            return view_of(session, record) if waits and record is not None else None

    def _approved(
        self,
        session: Session,
        actor: Actor,
        request: Request,
        record: PlanRecord,
        comment: str,
        reason: str,
        told: dict[str, Any],
    ) -> str:
        """Reserve, write it down and put the run in line."""
        plans.reserve(session, record, now())
        session.add(
            Approval(
                request_id=request.id,
                plan_id=record.id,
                digest=record.digest,
                person_id=actor.id,
                comment=comment or None,
                override_reason=reason or None,
                at=now(),
            )
        )
        change_state(
            session, request, RequestState.APPROVED, tag="request:approved",
            actor=actor.username,
            payload={
                "plan": record.id, "digest": record.digest, "comment": comment or None,
                "override_reason": reason or None, **told,
            },
        )  # fmt: skip
        approved = ApprovedPlan(
            request_id=request.id, number=request.number, plan_id=record.id,
            plan=Plan.from_json(record.body), actor=actor.username,
        )  # fmt: skip
        return self._starter.start(session, approved)

    @staticmethod
    def _not_ones_own(actor: Actor, request: Request, reason: str) -> None:
        if request.created_by != actor.id:
            return
        if not reason:
            raise Forbidden(
                say(
                    "You entered this request yourself; someone else has to approve it. Where "
                    "nobody else can, give a written reason, which is kept."
                ),
                slug="own-request",
            )
        _check_reason(reason)

    @staticmethod
    def _the_plan(session: Session, actor: Actor, request: Request, digest: str) -> PlanRecord:
        record = plans.current(session, request.id)
        if record is None:
            raise wrong_state(request)
        if record.digest != digest:
            raise _changed(session, actor, request, record, digest)
        ends_at = record.body["choices"].get("ends_at")
        if ends_at and datetime.fromisoformat(ends_at) <= now():
            raise Conflict(
                say("What this plan is for is over already. Reject the request, or return it."),
                slug="plan-expired",
                extra={"digest": record.digest},
            )
        used = session.query(Approval.id).where(Approval.plan_id == record.id).first()
        if used or record.holds_until <= now() or not plans.holds_whole(session, record, now()):
            raise Conflict(
                say(
                    "What this plan had reserved is no longer reserved for it. Make a new plan; "
                    "it shows what has changed."
                ),
                slug="plan-expired",
                extra={"digest": record.digest},
            )
        return record


def _not_allowed() -> Forbidden:
    return Forbidden(say("Your role does not allow this."))


def _check_reason(reason: str) -> None:
    if len(reason) < 10:
        raise Invalid(
            [FieldError("/override_reason", say("give a reason of at least 10 characters"))]
        )


def _check_foreign(record: PlanRecord, reason: str) -> None:
    """Others changed a device since our last change there: why it may go on all the same."""
    foreign = record.body["picture"].get("foreign")
    if not foreign:
        return
    if not reason:
        hosts = sorted({each["host"] for each in foreign})
        raise Conflict(
            say(
                "Somebody else changed these devices since our last change there: %(hosts)s. Look "
                "at what they changed. If it may go on all the same, give a written reason, which "
                "is kept.",
                hosts=", ".join(hosts),
            ),
            slug="foreign-changes",
            extra={"foreign": foreign},
        )
    _check_reason(reason)


def _changed(
    session: Session, actor: Actor, request: Request, current: PlanRecord, digest: str
) -> Conflict:
    known = digest.isascii() and digest.isprintable()  # else no database takes the question
    seen = plans.by_digest(session, request.id, digest) if known else None
    rows = {}
    if seen is not None:
        found = difference(Plan.from_json(seen.body), Plan.from_json(current.body))
        rows = found.view(actor.language)
    return Conflict(
        say("The plan has changed since you saw it. Look at what is different, then decide."),
        slug="plan-changed",
        extra={"digest": current.digest, "difference": rows},
    )
