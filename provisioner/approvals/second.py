"""The first of two people's yes: kept while the plan stays, dropped when another replaces it."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner import events
from provisioner.approvals.model import FirstApproval
from provisioner.database import now
from provisioner.errors import Conflict, Forbidden
from provisioner.people.model import Person
from provisioner.people.policy import POLICY, Permission
from provisioner.people.rules import Actor, may_approve_second
from provisioner.plans.record import PlanRecord
from provisioner.requests.model import Request
from provisioner.texts import say

_SENIOR = POLICY[Permission.APPROVE_SECOND].roles


class FirstApprovalView(BaseModel):
    """Who said yes to the current plan and waits for a second person to do so."""

    model_config = ConfigDict(frozen=True)

    by: str
    """User name."""
    name: str
    digest: str
    at: datetime
    comment: str | None
    override_reason: str | None


def may_be_second(actor: Actor) -> bool:
    """Whether one of the two may be this person: approver, head or administrator."""
    return may_approve_second(actor)


def needs_second(record: PlanRecord) -> bool:
    """Whether the plan reaches so far that two people have to approve it."""
    return bool(record.body["picture"].get("impact", {}).get("second"))


def first_of(session: Session, record: PlanRecord) -> FirstApproval | None:
    """The first yes to this plan; None where there is none, or another plan came in between."""
    first = session.get(FirstApproval, record.request_id)
    if first is None or first.digest != record.digest:
        return None
    others = select(PlanRecord.id).where(
        PlanRecord.request_id == record.request_id,
        PlanRecord.made_at > first.at,
        PlanRecord.digest != record.digest,
    )
    return None if session.execute(others.limit(1)).first() else first


def keep_first(
    session: Session, actor: Actor, request: Request, record: PlanRecord, comment: str, reason: str
) -> None:
    """Write the first yes down, in the place of one to an earlier plan."""
    kept = session.get(FirstApproval, request.id) or FirstApproval(request_id=request.id)
    session.add(kept)
    kept.plan_id, kept.digest, kept.person_id = record.id, record.digest, actor.id
    kept.comment, kept.override_reason, kept.at = comment or None, reason or None, now()
    events.append(
        session, request.number, "request:first_approval", actor=actor.username,
        payload={
            "plan": record.id, "digest": record.digest, "comment": comment or None,
            "override_reason": reason or None, "impact": record.body["picture"]["impact"]["score"],
        },
    )  # fmt: skip


def check_second(session: Session, actor: Actor, first: FirstApproval) -> Person:
    """The person who said yes first. Raises Conflict (``second-approver``) when it is the same one,
    Forbidden when neither of the two is approver, head or administrator."""
    before = session.get_one(Person, first.person_id)
    if first.person_id == actor.id:
        raise Conflict(
            say(
                "You have approved this plan already. It reaches far, so a second person has to "
                "approve it: an approver, the head or an administrator."
            ),
            slug="second-approver",
        )
    senior = {role.role for role in before.roles} & set(_SENIOR)
    if not senior and not may_be_second(actor):
        raise Forbidden(
            say(
                "This plan reaches far. %(name)s has approved it; now an approver, the head or an "
                "administrator has to.",
                name=before.name,
            ),
            slug="second-approver",
        )
    return before


def view_of(session: Session, record: PlanRecord) -> FirstApprovalView | None:
    """For people, the first yes to this plan."""
    first = first_of(session, record)
    if first is None:
        return None
    person = session.get_one(Person, first.person_id)
    return FirstApprovalView(
        by=person.username,
        name=person.name,
        digest=first.digest,
        at=first.at,
        comment=first.comment,
        override_reason=first.override_reason,
    )
