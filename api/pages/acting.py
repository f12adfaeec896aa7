"""Asking for an action on something that stands: one page with one form, then a request."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.acts import ACTS, Act
from api.pages import act_form
from api.pages.asking import ACTION
from api.pages.form import Form, faults, in_zone, nested, without_secrets
from api.pages.frame import Reader, go, page
from api.pages.instances import instance_page
from api.security import Services
from api.statuses import status_of
from provisioner.bootstrap import Product
from provisioner.errors import Conflict, FieldError, Invalid
from provisioner.instances.views import InstanceView
from provisioner.people.rules import Actor
from provisioner.texts import Message, say

router = APIRouter(prefix="/instances")


async def sent_form(request: Request) -> FormData:
    """What the form sent."""
    return await request.form()


Sent = Annotated[FormData, Depends(sent_form)]


@router.get("/{id}/actions/{action}")
def ask(request: Request, actor: Reader, product: Services, id: str, action: str) -> Response:
    """The action's form; one without a page of its own leads to the instance."""
    one = product.instances.get(actor, id)
    act = ACTS.get(one.kind, {}).get(action)
    if act is None or action not in one.actions:
        return RedirectResponse(f"/instances/{id}", 303)
    form = act_form.given(act, one, product.inventory)
    chosen = request.query_params.getlist("what")
    if chosen and "what" in act.asks:
        form = Form({**form.values, "details/what": "\n".join(chosen)})
    return _show(request, actor, product, one, act, form)


@router.post("/{id}/actions/{action}")
def do(
    request: Request, actor: Reader, product: Services, id: str, action: str, sent: Sent
) -> Response:
    """Ask for an action, which becomes a request that goes its way."""
    one = product.instances.get(actor, id)
    act = ACTS.get(one.kind, {}).get(action)
    if act is None:
        return _do_inline(request, actor, product, id, action, sent)
    values = act_form.typed(sent, act)
    try:
        act_form.check(act, values, one)
        said = nested(values, product.inventory.office.zone).get("details", {})
        made = product.instances.act(actor, id, action, act_form.wanted(said, act))
    except Invalid as error:
        form = Form(without_secrets(values), faults(error.errors, act.fields))
        return _show(request, actor, product, one, act, form, status=422, problem=error.what)
    except Conflict as error:
        return instance_page(
            request, actor, product, id, status=status_of(error), problem=error.what
        )
    return go(request, f"/requests/{made.number}")


def _do_inline(
    request: Request, actor: Actor, product: Product, id: str, action: str, sent: FormData
) -> Response:
    """The actions of an event's WiFi, whose forms stand on its own page."""
    ends_at = str(sent.get("details/ends_at") or "")
    said = {
        "ends_at": in_zone(ends_at, product.inventory.office.zone) if ends_at else "",
        "reason": str(sent.get("reason") or ""),
    }
    try:
        if action == "extend" and not ends_at:
            raise Invalid([FieldError("/details/ends_at", say("please fill this in"))])
        wanted = {name: text for name, text in said.items() if text and _takes(action, name)}
        made = product.instances.act(actor, id, action, wanted)
    except Invalid as error:
        typed = Form({"details/ends_at": ends_at}, faults(error.errors, ACTION.own))
        return instance_page(request, actor, product, id, status=422, typed=typed)
    except Conflict as error:
        return instance_page(
            request, actor, product, id, status=status_of(error), problem=error.what
        )
    return go(request, f"/requests/{made.number}")


def _takes(action: str, name: str) -> bool:
    return (action, name) in {("extend", "ends_at"), ("end", "reason")}


def _show(
    request: Request,
    actor: Actor,
    product: Product,
    one: InstanceView,
    act: Act,
    form: Form,
    *,
    status: int = 200,
    problem: Message | None = None,
) -> Response:
    return page(
        request,
        "act.html",
        status=status,
        one=one,
        act=act,
        form=form,
        errors=form.errors,
        problem=problem,
        choices=act_form.choices(product, actor, act, one),
    )
