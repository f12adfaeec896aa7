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
from api.pages.details import size_text
from api.pages.form import Fault, Form, faults, flat, nested, without_private_keys
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
from provisioner.services.cloud_vps.details import parse_details
from provisioner.texts import say

router = APIRouter(prefix="/requests")
SERVICE = "cloud_vps"
FIELDS = (
    "details/purpose", "details/hostname", "details/size", "details/image", "details/network",
    "details/until", "details/admin_user", "details/ssh_keys", "details/open_ports",
    "department",
    "applicant/name", "applicant/position", "applicant/phone", "applicant/email",
    "applicant/employee_id",
    "letter/kind", "letter/number", "letter/date", "letter/signatory/name",
    "letter/signatory/position",
)  # fmt: skip
"""In the order of the page."""
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
    found = {name: sent.get(name) for name in FIELDS}
    return {name: value for name, value in found.items() if isinstance(value, str)}


Typed = Annotated[dict[str, str], Depends(typed)]


@router.get("/new")
def new(request: Request, actor: Reader, product: Services) -> Response:
    """An empty form, with what the account already tells."""
    if not actor.has(Role.APPLICANT, Role.TECHNICIAN):
        raise Forbidden(say("Your role does not allow this."))
    values = {"letter/kind": "signed", "department": actor.department or ""}
    if actor.has(Role.APPLICANT):
        values["applicant/name"] = actor.name
    return _show(request, actor, product, Form(values))


@router.post("/new")
def create(request: Request, actor: Reader, product: Services, values: Typed) -> Response:
    """A draft from the form; then on to its page, where the letter is added."""
    if language.switched(request):
        return _show(request, actor, product, Form(values))
    data = {**nested(values), "service": SERVICE}
    if actor.department and not actor.has(Role.TECHNICIAN):
        data["department"] = actor.department
    try:
        view = product.requests.create(actor, _checked(NewRequest, data, values, product.inventory))
    except Invalid as error:
        form = Form(values, faults(error.errors, FIELDS))
        return _show(request, actor, product, form, status=422)
    return go(request, f"/requests/{view.number}#letter")


@router.get("/{number}/edit")
def edit(request: Request, actor: Reader, product: Services, number: str) -> Response:
    """The form with what the request says; with ``?check=1`` also with what it still lacks."""
    view = product.requests.get(actor, number)
    if "update" not in view.actions:
        return go(request, f"/requests/{number}")
    return _show(request, actor, product, Form(_values(view)), view=view)


@router.post("/{number}/edit")
def save(
    request: Request, actor: Reader, product: Services, number: str, values: Typed
) -> Response:
    """Keep the changes of a draft, or of a request that was sent back."""
    view = product.requests.get(actor, number)
    if language.switched(request):
        return _show(request, actor, product, Form(values), view=view)
    data = {key: part for key, part in nested(values).items() if key != "department"}
    data.setdefault("details", {})
    try:
        product.requests.update(
            actor, number, _checked(RequestPatch, data, values, product.inventory)
        )
    except Invalid as error:
        form = Form(values, faults(error.errors, FIELDS))
        return _show(request, actor, product, form, view=view, status=422)
    return go(request, f"/requests/{number}")


def _checked(
    model: type[_Model], data: Mapping[str, Any], values: Mapping[str, str], inventory: Inventory
) -> _Model:
    """The model; raises Invalid with everything that is wrong, so that it is told at once.

    A letter of which nothing was typed but its kind is left out.
    """
    kept = dict(data)
    if not any(values.get(name) for name in LETTER_FIELDS):
        kept.pop("letter", None)
    errors: list[FieldError] = []
    try:
        parse_details(kept.get("details", {}), inventory, complete=False)
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


def _values(view: RequestView) -> dict[str, str]:
    letter = (
        view.letter.model_dump(include={"kind", "number", "date", "signatory"})
        if view.letter
        else {}
    )
    return {
        "department": view.department,
        **flat({"applicant": view.applicant, "letter": letter, "details": view.details}),
    }


def _show(
    request: Request,
    actor: Actor,
    product: Product,
    form: Form,
    *,
    view: RequestView | None = None,
    status: int = 200,
) -> Response:
    offer = product.inventory.cloud_vps
    if offer is None:
        raise Invalid([FieldError("/service", say("this service is not offered here"))])
    errors: tuple[Fault, ...] = form.errors
    form = Form(without_private_keys(form.values), errors)
    return page(
        request,
        "request_form.html",
        status=status,
        form=form,
        errors=errors,
        view=view,
        offer=offer,
        letters=[(kind, LETTERS[kind]) for kind in offer.letters],
        sizes=[(key, size_text(key, size)) for key, size in offer.sizes.items()],
        images=[(key, image.title) for key, image in offer.images.items()],
        networks=[(k, n.title or k) for k, n in product.inventory.network.networks.items()],
        departments=[(d.id, d.name) for d in product.people.departments()],
        own_department=actor.department if not actor.has(Role.TECHNICIAN) else None,
    )
