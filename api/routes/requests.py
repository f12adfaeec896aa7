"""Requests over JSON: file, complete, submit, decide, plan, approve, follow, report."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Body, File, Header, Query, Request, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.replay import Replaying
from api.security import Person, Services
from api.stream import stream
from provisioner.approvals.second import FirstApprovalView
from provisioner.approvals.service import ApprovalView
from provisioner.errors import Forbidden
from provisioner.people.rules import sees_all
from provisioner.plans.views import PlanView
from provisioner.reports.service import ReportView
from provisioner.requests.views import (
    EventView,
    LetterFile,
    NewRequest,
    RequestPage,
    RequestPatch,
    RequestView,
)
from provisioner.texts import say

router = APIRouter(prefix="/requests", tags=["requests"], route_class=Replaying)


class Reason(BaseModel):
    """Why: read by the applicant."""

    model_config = ConfigDict(extra="forbid")

    reason: str
    seen: int | None = Field(None, ge=0, description="the newest event that the caller has read")


class Yes(BaseModel):
    """A yes to the plan of that digest."""

    model_config = ConfigDict(extra="forbid")

    digest: str = Field(min_length=1, max_length=200)
    comment: str | None = Field(None, max_length=1000)
    override_reason: str | None = Field(None, max_length=1000)


@router.post("", status_code=201)
def create(product: Services, actor: Person, new: NewRequest, response: Response) -> RequestView:
    """File a request as a draft."""
    view = product.requests.create(actor, new)
    response.headers["Location"] = f"/api/v1/requests/{view.number}"
    return view


@router.get("")
def find(
    product: Services,
    actor: Person,
    state: str | None = None,
    service: str | None = None,
    department: str | None = None,
    q: str | None = None,
    overdue: bool = False,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> RequestPage:
    """Requests that the caller may see, newest first."""
    return product.requests.list(
        actor,
        state=state,
        service=service,
        department=department,
        q=q,
        overdue=overdue,
        cursor=cursor,
        limit=limit,
    )


@router.get("/{number}")
def show(product: Services, actor: Person, number: str) -> RequestView:
    """One request."""
    return product.requests.get(actor, number)


@router.patch("/{number}")
def update(
    product: Services,
    actor: Person,
    number: str,
    patch: RequestPatch,
    if_match: Annotated[str | None, Header()] = None,
) -> RequestView:
    """Change applicant, letter or details of a draft or of one that needs information.

    With ``If-Match: "REVISION"`` (or ``revision`` in the body) 409 ``changed-meanwhile`` if the
    request is another by now.
    """
    if if_match is not None and patch.revision is None:
        patch = patch.model_copy(update={"revision": _revision(if_match)})
    return product.requests.update(actor, number, patch)


@router.post("/{number}/letter", status_code=201)
def attach_letter(
    product: Services, actor: Person, number: str, file: Annotated[UploadFile, File()]
) -> LetterFile:
    """Upload the letter: PDF, JPEG or PNG."""
    return product.requests.attach_letter(actor, number, file.filename or "", file.file.read())


@router.get("/{number}/letter")
def letter(product: Services, actor: Person, number: str) -> Response:
    """The cleaned copy of the letter."""
    data, media_type = product.requests.letter_copy(actor, number)
    return Response(data, media_type=media_type)


@router.post("/{number}/submit")
def submit(product: Services, actor: Person, number: str) -> RequestView:
    """Hand a complete request in."""
    return product.requests.submit(actor, number)


@router.post("/{number}/return")
def send_back(product: Services, actor: Person, number: str, body: Reason) -> RequestView:
    """Return it to the applicant for completion."""
    return product.requests.send_back(actor, number, body.reason, seen=body.seen)


@router.post("/{number}/reject")
def reject(product: Services, actor: Person, number: str, body: Reason) -> RequestView:
    """Refuse it for good."""
    return product.requests.reject(actor, number, body.reason, seen=body.seen)


@router.post("/{number}/cancel")
def cancel(product: Services, actor: Person, number: str, body: Reason) -> RequestView:
    """Take it back."""
    return product.requests.cancel(actor, number, body.reason, seen=body.seen)


@router.post("/{number}/plan", status_code=201)
def plan(product: Services, actor: Person, number: str) -> PlanView:
    """Make a plan from what the cluster says now; it holds what it chose for 24 hours."""
    return product.plans.make(actor, number)


@router.get("/{number}/plan")
def current_plan(product: Services, actor: Person, number: str) -> PlanView:
    """The current plan."""
    return product.plans.view(actor, number)


@router.post("/{number}/approve", status_code=202)
def approve(
    product: Services, actor: Person, number: str, body: Annotated[Yes, Body()]
) -> ApprovalView:
    """Approve the plan of that digest, which sets its run off."""
    return product.approvals.approve(
        actor, number, body.digest, comment=body.comment, override_reason=body.override_reason
    )


@router.get("/{number}/first-approval")
def first_approval(product: Services, actor: Person, number: str) -> FirstApprovalView | None:
    """Who has approved the current plan as the first of two people; null where nobody has."""
    if not sees_all(actor):
        raise Forbidden(say("Plans are looked at by the office only."))
    return product.approvals.first(actor, number)


@router.get(
    "/{number}/events",
    response_model=list[EventView],
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
def events(
    product: Services,
    actor: Person,
    number: str,
    request: Request,
    after: Annotated[int, Query(ge=0)] = 0,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Any:
    """The timeline; with ``Accept: text/event-stream`` it is replayed and then followed live."""
    reader = actor.language
    if "text/event-stream" not in request.headers.get("accept", ""):
        return product.requests.events(actor, number, after, reader)
    product.requests.get(actor, number)
    if last_event_id and re.fullmatch("[0-9]{1,18}", last_event_id):
        after = int(last_event_id)
    return stream(request, product, actor, number, after, reader)


@router.get("/{number}/report")
def report(product: Services, actor: Person, number: str) -> ReportView:
    """What came of it, with the proof."""
    return product.reports.get(actor, number)


def _revision(if_match: str) -> int | None:
    """The revision of an entity tag; ``*`` asks for none; another's never holds."""
    tag = if_match.strip().removeprefix("W/").strip('"')
    if tag == "*":
        return None
    return int(tag) if re.fullmatch("[0-9]{1,9}", tag) else -1
