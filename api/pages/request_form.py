"""Filing a request: one form for what is asked; the letter's file follows on the draft's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from api import language
from api.acts import act_of
from api.pages import act_form, answers
from api.pages.asking import ACTION, ALL, CLOUD_VPS, FIELDS, Asking, groups, offered
from api.pages.form import Form, faults, nested
from api.pages.frame import Reader, go, page
from api.security import Services
from api.statuses import status_of
from provisioner.asking.cards import cards
from provisioner.bootstrap import Product
from provisioner.errors import Conflict, Forbidden, Invalid
from provisioner.people.model import Role
from provisioner.people.rules import Actor
from provisioner.requests.views import NewRequest, RequestPatch, RequestView
from provisioner.texts import Message, say

router = APIRouter(prefix="/requests")


async def typed(request: Request) -> dict[str, str]:
    """What was typed into our fields; the language, if it is to be switched, is noted."""
    sent = await request.form()
    language.switch(request, sent.get("language"))
    found = {name: sent.get(name) for name in ("service", "seen", *FIELDS)}
    if "details/what" in sent:  # ticked boxes: a line each
        found["details/what"] = "\n".join(map(str, sent.getlist("details/what")))
    return {name: value for name, value in found.items() if isinstance(value, str)}


Typed = Annotated[dict[str, str], Depends(typed)]


@router.get("/new")
def new(request: Request, actor: Reader, product: Services, service: str = "") -> Response:
    """The choice of a service, then its empty form with what the account already tells."""
    if not actor.has(Role.APPLICANT, Role.TECHNICIAN):
        raise Forbidden(say("Your role does not allow this."))
    services = offered(product.inventory)
    asking = next((one for one in services if one.service == service), None)
    if asking is None and len(services) > 1:
        unfinished = product.desk.asking.forms.unfinished(actor)
        return page(
            request, "request_choice.html", cards=cards(product.inventory), unfinished=unfinished
        )
    asking = asking or next(iter(services), CLOUD_VPS)
    values = answers.known(product, actor, asking)
    for name in answers.LETTER_FIELDS:  # a draft may lack its letter, but not half of it
        values.pop(name, None)
    return _show(request, actor, product, asking, Form(values))


@router.post("/new")
def create(request: Request, actor: Reader, product: Services, values: Typed) -> Response:
    """A draft from the form; then on to its page, where the letter is added."""
    asking = ALL.get(values.pop("service", ""), CLOUD_VPS)
    if language.switched(request):
        return _show(request, actor, product, asking, Form(values))
    inventory = product.inventory
    data = {
        **nested(answers.own(values, asking, actor), inventory.office.zone),
        "service": asking.service,
    }
    if actor.department and not answers.enters_letters(actor):
        data["department"] = actor.department
    try:
        new = answers.checked(NewRequest, data, values, asking, inventory)
        view = product.requests.create(actor, new)
    except Invalid as error:
        form = Form(values, faults(error.errors, asking.fields))
        return _show(request, actor, product, asking, form, status=422)
    return go(request, f"/requests/{view.number}#letter")


@router.get("/{number}/edit")
def edit(request: Request, actor: Reader, product: Services, number: str) -> Response:
    """The form with what the request says."""
    view = product.requests.get(actor, number)
    if "update" not in view.actions:
        return go(request, f"/requests/{number}")
    values = answers.of_view(view, product.inventory)
    return _show(request, actor, product, _asking(view), Form(values), view=view)


@router.post("/{number}/edit")
def save(
    request: Request, actor: Reader, product: Services, number: str, values: Typed
) -> Response:
    """Keep the changes of a draft, or of a request that was sent back."""
    view = product.requests.get(actor, number)
    asking, inventory = _asking(view), product.inventory
    values.pop("service", None)
    if language.switched(request):
        return _show(request, actor, product, asking, Form(values), view=view)
    data = nested(answers.own(values, asking, actor), inventory.office.zone)
    data.pop("department", None)
    data["details"] = {**_fixed(view), **data.get("details", {})}
    if answers.enters_letters(actor) and "received_at" in values:
        data.setdefault("received_at", None)
    try:
        patch = answers.checked(RequestPatch, data, values, asking, inventory)
        product.requests.update(actor, number, patch, seen=_seen(values))
    except Invalid as error:
        form = Form(values, faults(error.errors, asking.fields))
        return _show(request, actor, product, asking, form, view=view, status=422)
    except Conflict as error:
        return _show(
            request, actor, product, asking, Form(values), view=view, conflict=error.what,
            status=status_of(error),
        )  # fmt: skip
    return go(request, f"/requests/{number}")


def _asking(view: RequestView) -> Asking:
    if "action" not in view.details:
        return ALL.get(view.service, CLOUD_VPS)
    act = act_of(view.service, view.details["action"])
    return act_form.asking_of(act, view.service) if act else ACTION


def _fixed(view: RequestView) -> dict[str, Any]:
    """What an action is and where, which its form does not ask again."""
    kept = ("action", "instance") if "action" in view.details else ()
    return {name: view.details[name] for name in kept if name in view.details}


def _seen(values: Mapping[str, str]) -> int | None:
    """The newest event that the page knew of; None of what says none."""
    said = values.get("seen", "")
    return int(said) if said.isdecimal() and len(said) < 10 else None


def _newest(product: Product, actor: Actor, view: RequestView) -> int:
    events = product.requests.events(actor, view.number)
    return events[-1].id if events else 0


def _show(
    request: Request,
    actor: Actor,
    product: Product,
    asking: Asking,
    form: Form,
    *,
    view: RequestView | None = None,
    conflict: Message | None = None,
    status: int = 200,
) -> Response:
    letter = bool(answers.offer_of(product, asking).letters) and not (view and _fixed(view))
    questions = asking.asked(letter=letter, office=answers.enters_letters(actor))
    stale = bool(form.errors) and "seen" in form.values
    return page(
        request,
        "request_form.html",
        status=status,
        groups=groups(questions),
        conflict=conflict,
        seen=(form.values["seen"] if stale else _newest(product, actor, view)) if view else 0,
        **{
            **answers.field_context(product, actor, asking, form, view),
            **(act_form.context_of(product, actor, view) if view else {}),
        },
    )
