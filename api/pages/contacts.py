"""Contacts with the applicant and notes of the office, beside a request's page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api.pages.answers import model_faults
from api.pages.form import Form as Typed
from api.pages.form import faults, in_zone
from api.pages.frame import Reader, go, page
from api.security import Services
from api.words import CONTACT_CHANNELS
from provisioner.bootstrap import Product
from provisioner.errors import Invalid
from provisioner.people.policy import Permission
from provisioner.people.rules import Actor, allows
from provisioner.requests.contacts import NewContact, NewNote
from provisioner.requests.views import RequestView

router = APIRouter(prefix="/requests")
_CONTACT = ("channel", "with", "summary", "at")
_NOTE = ("text", "pinned")
_EMPTY = Typed()


def context(product: Product, actor: Actor, view: RequestView) -> dict[str, Any]:
    """What ``request_contacts.html`` needs."""
    return {
        "contacts_pinned": product.desk.asking.contacts.pinned(actor, view.number),
        "contacts_may_write": allows(actor, Permission.CONTACT),
        "contacts_channels": list(CONTACT_CHANNELS.items()),
        "contacts_blank": _EMPTY,
        "contacts_empty": Typed({"with": view.applicant.get("name", ""), "channel": "phone"}),
    }


@router.get("/{number}/contacts")
def contact_page(request: Request, actor: Reader, product: Services, number: str) -> Response:
    """The two forms on a page of their own."""
    return _show(request, actor, product, number)


@router.get("/{number}/notes")
def note_page(request: Request, actor: Reader, product: Services, number: str) -> Response:
    """The same page."""
    return _show(request, actor, product, number)


@router.post("/{number}/contacts")
def log(
    request: Request,
    actor: Reader,
    product: Services,
    number: str,
    channel: Annotated[str, Form()] = "",
    with_: Annotated[str, Form(alias="with")] = "",
    summary: Annotated[str, Form()] = "",
    at: Annotated[str, Form()] = "",
) -> Response:
    """Log a contact; what does not hold is shown with what was typed."""
    typed = {"channel": channel, "with": with_, "summary": summary, "at": at}
    zone = product.inventory.office.zone
    said = {**typed, "summary": _one_line(summary), "at": in_zone(at, zone) if at else None}
    try:
        new = _made(NewContact, said)
        product.desk.asking.contacts.log(actor, number, new)
    except Invalid as error:
        form = Typed(typed, faults(error.errors, _CONTACT))
        return _show(request, actor, product, number, contact=form)
    return go(request, f"/requests/{number}#contacts")


@router.post("/{number}/notes")
def note(
    request: Request,
    actor: Reader,
    product: Services,
    number: str,
    text: Annotated[str, Form()] = "",
    pinned: Annotated[str, Form()] = "",
) -> Response:
    """Add a note that only the office reads."""
    try:
        new = _made(NewNote, {"text": _one_line(text), "pinned": pinned == "true"})
        product.desk.asking.contacts.note(actor, number, new)
    except Invalid as error:
        form = Typed({"text": text, "pinned": pinned}, faults(error.errors, _NOTE))
        return _show(request, actor, product, number, note=form)
    return go(request, f"/requests/{number}#contacts")


@router.post("/{number}/notes/{id}/unpin")
def unpin(request: Request, actor: Reader, product: Services, number: str, id: int) -> Response:
    """Take a note from the top; it stays on the timeline."""
    product.desk.asking.contacts.unpin(actor, number, id)
    return go(request, f"/requests/{number}#contacts")


def _made(model: type[Any], said: dict[str, Any]) -> Any:
    try:
        made: BaseModel = model.model_validate(said)
    except ValidationError as error:
        raise Invalid(model_faults(error)) from error
    return made


def _one_line(text: str) -> str:
    """Line breaks of a text area become spaces: the timeline has one line for each."""
    return " ".join(text.split())


def _show(
    request: Request,
    actor: Actor,
    product: Product,
    number: str,
    *,
    contact: Typed | None = None,
    note: Typed = _EMPTY,
) -> Response:
    view = product.requests.get(actor, number)
    found = context(product, actor, view)
    shown = contact or found["contacts_empty"]
    errors = shown.errors + note.errors
    return page(
        request, "request_contact_forms.html", status=422 if errors else 200, view=view,
        errors=errors, contact=shown, note=note, **found,
    )  # fmt: skip
