"""Reviewing a plan and approving it: what would change, where, at what risk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from api.pages.beforehand import beforehand, name_to_type
from api.pages.called import Names
from api.pages.details import key_lines, lines
from api.pages.form import without_secrets
from api.pages.frame import Reader, go, page
from api.pages.picture import capacity_rows
from api.pages.second import may_decide
from api.pages.wifi import wifi_plan
from api.racks import label_of, of_picture
from api.security import Services
from api.statuses import status_of
from provisioner.bootstrap import Product
from provisioner.database import now
from provisioner.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    Mistake,
    NotFound,
    StepFailure,
)
from provisioner.people import store as people
from provisioner.people.rules import Actor, sees_all
from provisioner.plans.views import PlanView
from provisioner.requests.rules import RequestState
from provisioner.requests.views import EventView
from provisioner.texts import say

router = APIRouter(prefix="/requests")

_NOTHING_TYPED = {"comment": "", "override_reason": "", "confirm": ""}


@router.get("/{number}/review")
def review(request: Request, actor: Reader, product: Services, number: str) -> Response:
    """The plan as it stands, or the invitation to make one."""
    return _show(request, actor, product, number)


@router.post("/{number}/plan")
def plan(request: Request, actor: Reader, product: Services, number: str) -> Response:
    """Make a plan, or make it anew."""
    return _do(
        request, actor, product, number, f"/requests/{number}/review",
        lambda: product.plans.make(actor, number),
    )  # fmt: skip


@router.post("/{number}/approve")
def approve(
    request: Request,
    actor: Reader,
    product: Services,
    number: str,
    digest: Annotated[str, Form()],
    comment: Annotated[str, Form()] = "",
    override_reason: Annotated[str, Form()] = "",
    confirm: Annotated[str, Form()] = "",
) -> Response:
    """Approve the plan that was shown, and go on to its run.

    A plan that destroys something is approved here only with the name typed once more.
    """
    typed = {"comment": comment, "override_reason": override_reason, "confirm": confirm}
    try:
        _check_name(actor, product, number, confirm)
        approval = product.approvals.approve(
            actor, number, digest, comment=comment or None, override_reason=override_reason or None
        )
    except (Conflict, Invalid, Forbidden) as error:
        return _show(request, actor, product, number, error=error, typed=typed)
    after = f"/runs/{approval.run}" if approval.run else f"/requests/{number}/review"
    return go(request, after)


def _check_name(actor: Actor, product: Product, number: str, confirm: str) -> None:
    """Raises Invalid(``/confirm``)."""
    plan = _plan(product, actor, number)
    if plan is None or not sees_all(actor):
        return
    view = product.requests.get(actor, number)
    name = name_to_type(product, actor, view, bool(_counts(plan)["deleted"]))
    if name is not None and confirm.strip() != name:
        wrong = say("type the name %(name)s exactly, to confirm", name=name)
        raise Invalid([FieldError("/confirm", wrong)])


def _do(
    request: Request,
    actor: Actor,
    product: Product,
    number: str,
    then: str,
    act: Callable[[], object],
) -> Response:
    try:
        act()
    except (Conflict, Invalid, StepFailure) as error:
        return _show(request, actor, product, number, error=error)
    return go(request, then)


def _show(
    request: Request,
    actor: Actor,
    product: Product,
    number: str,
    *,
    error: Mistake | StepFailure | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    view = product.requests.get(actor, number)
    if not sees_all(actor):
        raise Forbidden(say("Plans are looked at by the office only."))
    found = _plan(product, actor, number)
    first = product.approvals.first(actor, number) if found else None
    extra = error.extra if isinstance(error, Mistake) else {}
    counts = _counts(found) if found else None
    events = product.requests.events(actor, number, 0, actor.language)
    return page(
        request,
        "review.html",
        status=status_of(error) if error else 200,
        view=view,
        plan=found,
        counts=counts,
        beforehand=beforehand(product, actor, view, found, counts["changed"])
        if found and counts
        else None,
        name_to_type=name_to_type(product, actor, view, bool(counts["deleted"]))
        if found and counts
        else None,
        meanwhile=_meanwhile(product, actor, events) if error else None,
        last_event=events[-1].id if events else 0,
        printed_at=now(),
        first=first,
        may_approve=may_decide(actor, view, first),
        wifi=wifi_plan(product, number, found) if found else None,
        rooms=capacity_rows(found.picture) if found else [],
        rack=of_picture(found.picture) if found else None,
        slot_label=label_of,
        waiting=view.state == RequestState.PLANNED,
        error=error,
        difference=extra.get("difference") or None,
        typed=without_secrets(typed) if typed else _NOTHING_TYPED,
        lines=lines(view.details, view.service, product.inventory, Names(product).instance),
        keys=key_lines(view.details),
    )


def _plan(product: Product, actor: Actor, number: str) -> PlanView | None:
    try:
        return product.plans.view(actor, number)
    except NotFound:
        return None


def _meanwhile(product: Product, actor: Actor, events: Sequence[EventView]) -> EventView | None:
    """What another person did last, under the full name, told to whom it came in between."""
    newest = next((event for event in reversed(events) if event.tag.startswith("request:")), None)
    if newest is None or newest.actor in (actor.username, "system"):
        return None
    with product.database.read() as session:
        person = people.person(session, newest.actor)
    return newest.model_copy(update={"actor": person.name}) if person else newest


def _counts(plan: PlanView) -> dict[str, Any]:
    """How many objects are made, changed and deleted, and the names of the deleted ones."""
    changes = [change for step in plan.steps for change in step.changes]
    return {
        "made": sum(c.before is None and c.after is not None for c in changes),
        "changed": sum(c.before is not None and c.after is not None for c in changes),
        "deleted": [c.object for c in changes if c.after is None],
    }
