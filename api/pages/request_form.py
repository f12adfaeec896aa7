"""Filing a request: one form for what is asked; the letter's file follows on the draft's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request
from starlette.responses import Response

from api import language
from api.acts import act_of
from api.pages import act_form
from api.pages.asking import ACTION, ALL, CLOUD_VPS, FIELDS, Asking, offered
from api.pages.form import Fault, Form, faults, flat, nested, without_secrets
from api.pages.frame import Reader, go, page
from api.security import Services
from api.words import LETTERS
from provisioner.bootstrap import Product
from provisioner.catalogue import Inventory
from provisioner.catalogue.fields import explain
from provisioner.errors import FieldError, Forbidden, Invalid
from provisioner.people.model import Role
from provisioner.people.rules import Actor
from provisioner.requests.views import NewRequest, RequestPatch, RequestView
from provisioner.texts import say

router = APIRouter(prefix="/requests")
LETTER_FIELDS = (
    "letter/number",
    "letter/date",
    "letter/signatory/name",
    "letter/signatory/position",
)
_Model = TypeVar("_Model", bound=BaseModel)


async def typed(request: Request) -> dict[str, str]:
    """What was typed into our fields; the language, if it is to be switched, is noted."""
    sent = await request.form()
    language.switch(request, sent.get("language"))
    found = {name: sent.get(name) for name in ("service", *FIELDS)}
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
        offers = [(one, product.inventory.catalogue.offer(one.service)) for one in services]
        return page(request, "request_choice.html", offers=offers)
    asking = asking or next(iter(services), CLOUD_VPS)
    values = {**asking.given, "letter/kind": "signed", "department": actor.department or ""}
    if actor.has(Role.APPLICANT):
        values["applicant/name"] = actor.name
    return _show(request, actor, product, asking, Form(values))


@router.post("/new")
def create(request: Request, actor: Reader, product: Services, values: Typed) -> Response:
    """A draft from the form; then on to its page, where the letter is added."""
    asking = ALL.get(values.pop("service", ""), CLOUD_VPS)
    if language.switched(request):
        return _show(request, actor, product, asking, Form(values))
    inventory = product.inventory
    data = {**nested(_own(values, asking), inventory.office.zone), "service": asking.service}
    if actor.department and not actor.has(Role.TECHNICIAN):
        data["department"] = actor.department
    try:
        view = product.requests.create(actor, _checked(NewRequest, data, values, asking, inventory))
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
    values = _values(view, product.inventory)
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
    data = nested(_own(values, asking), inventory.office.zone)
    data.pop("department", None)
    data["details"] = {**_fixed(view), **data.get("details", {})}
    try:
        product.requests.update(
            actor, number, _checked(RequestPatch, data, values, asking, inventory)
        )
    except Invalid as error:
        form = Form(values, faults(error.errors, asking.fields))
        return _show(request, actor, product, asking, form, view=view, status=422)
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


def _own(values: Mapping[str, str], asking: Asking) -> dict[str, str]:
    return {name: text for name, text in values.items() if name in asking.fields}


def _checked(
    model: type[_Model],
    data: Mapping[str, Any],
    values: Mapping[str, str],
    asking: Asking,
    inventory: Inventory,
) -> _Model:
    """The model; raises Invalid with everything that is wrong, so that it is told at once.

    A letter of which nothing was typed but its kind is left out.
    """
    kept = dict(data)
    if not any(values.get(name) for name in LETTER_FIELDS):
        kept.pop("letter", None)
    errors: list[FieldError] = []
    try:
        asking.parse(kept.get("details", {}), inventory)
    except Invalid as error:
        errors += error.errors
    try:
        made = model.model_validate(kept)
    except ValidationError as error:
        faulty = error.errors(include_url=False, include_input=False)
        raise Invalid([*(_field_error(fault) for fault in faulty), *errors]) from error
    if errors:
        raise Invalid(errors)
    return made


def _field_error(fault: ErrorDetails) -> FieldError:
    message = say("please fill this in") if fault["type"] == "missing" else explain(fault)
    return FieldError("".join(f"/{part}" for part in fault["loc"]), message)


def _values(view: RequestView, inventory: Inventory) -> dict[str, str]:
    letter = (
        view.letter.model_dump(include={"kind", "number", "date", "signatory"})
        if view.letter
        else {}
    )
    said = {"applicant": view.applicant, "letter": letter, "details": view.details}
    return {"department": view.department, **flat(said, inventory.office.zone)}


def _show(
    request: Request,
    actor: Actor,
    product: Product,
    asking: Asking,
    form: Form,
    *,
    view: RequestView | None = None,
    status: int = 200,
) -> Response:
    inventory = product.inventory
    offer = inventory.catalogue.offer(asking.service)
    if offer is None:
        raise Invalid([FieldError("/service", say("this service is not offered here"))])
    errors: tuple[Fault, ...] = form.errors
    return page(
        request,
        "request_form.html",
        status=status,
        form=Form(without_secrets(form.values), errors),
        errors=errors,
        view=view,
        asking=asking,
        offer=offer,
        letters=[(kind, LETTERS[kind]) for kind in offer.letters],
        departments=[(d.id, d.name) for d in product.people.departments()],
        own_department=actor.department if not actor.has(Role.TECHNICIAN) else None,
        passphrase_given=bool(view and view.details.get("passphrase_given")),
        passphrase_lost=bool(form.values.get("details/passphrase")),
        **{
            "choices": asking.choices(inventory),
            **(act_form.context_of(product, actor, view) if view else {}),
        },
    )
