"""Answers of a form as a request takes them, and what the fields' templates need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from api.pages.asking import APPLICANT, RECEIPT, Asking
from api.pages.form import Form, flat, without_secrets
from api.words import CHANNELS, LETTERS
from provisioner.bootstrap import Product
from provisioner.catalogue import Inventory
from provisioner.catalogue.fields import explain
from provisioner.catalogue.offers import ServiceOffer
from provisioner.errors import FieldError, Invalid
from provisioner.people.model import Role
from provisioner.people.rules import Actor
from provisioner.requests.views import RequestView
from provisioner.texts import say

LETTER_FIELDS = (
    "letter/number",
    "letter/date",
    "letter/signatory/name",
    "letter/signatory/position",
)
_Model = TypeVar("_Model", bound=BaseModel)


def enters_letters(actor: Actor) -> bool:
    """Whether the person enters what came to the office on paper, for any department."""
    return actor.has(Role.TECHNICIAN)


def own(values: Mapping[str, str], asking: Asking, actor: Actor) -> dict[str, str]:
    """The answers that this form asks of this person."""
    hidden = () if enters_letters(actor) else RECEIPT.fields
    return {
        name: text for name, text in values.items() if name in asking.fields and name not in hidden
    }


def known(product: Product, actor: Actor, asking: Asking) -> dict[str, str]:
    """What account and last request tell already: nobody is asked twice (WCAG 3.3.7).

    A technician enters what others ask for: nothing is known of them.
    """
    values = {**asking.given, "letter/kind": "signed", "channel": "web"}
    if enters_letters(actor):
        return {**values, "channel": "paper"}
    values["department"] = actor.department or ""
    values["applicant/name"] = actor.name
    last = dict(product.desk.asking.forms.last_asked(actor))
    if not offer_of(product, asking).letters:
        last.pop("letter", None)
    told = flat(last, product.inventory.office.zone)
    return {**values, **{name: text for name, text in told.items() if name in _KEPT}}


_KEPT = frozenset((*APPLICANT.fields, "letter/signatory/name", "letter/signatory/position"))


def of_view(view: RequestView, inventory: Inventory) -> dict[str, str]:
    """The answers that made a request."""
    letter = (
        view.letter.model_dump(include={"kind", "number", "date", "signatory"})
        if view.letter
        else {}
    )
    said = {
        "applicant": view.applicant, "letter": letter, "details": view.details,
        "channel": view.channel,
        "received_at": view.received_at.isoformat() if view.received_at else None,
    }  # fmt: skip
    return {"department": view.department, **flat(said, inventory.office.zone)}


def checked(
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
        raise Invalid([*model_faults(error), *errors]) from error
    if errors:
        raise Invalid(errors)
    return made


def model_faults(error: ValidationError, below: str = "") -> list[FieldError]:
    """A model's faults at their pointers below another."""
    faulty = error.errors(include_url=False, include_input=False)
    return [_field_error(fault, below) for fault in faulty]


def _field_error(fault: ErrorDetails, below: str) -> FieldError:
    message = say("please fill this in") if fault["type"] == "missing" else explain(fault)
    return FieldError(below + "".join(f"/{part}" for part in fault["loc"]), message)


def offer_of(product: Product, asking: Asking) -> ServiceOffer:
    """The terms of the service. Raises Invalid where it is not offered."""
    offer = product.inventory.catalogue.offer(asking.service)
    if offer is None:
        raise Invalid([FieldError("/service", say("this service is not offered here"))])
    return offer


def field_context(
    product: Product,
    actor: Actor,
    asking: Asking,
    form: Form,
    view: RequestView | None = None,
    secret: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """What the templates of fields need; secrets that were typed are not sent back.

    ``secret``: the names of answers that are kept encrypted already.
    """
    offer = offer_of(product, asking)
    kept = bool(view and view.details.get("passphrase_given")) or "details/passphrase" in secret
    return {
        "form": Form(without_secrets(form.values), form.errors),
        "errors": form.errors,
        "asking": asking,
        "offer": offer,
        "view": view,
        "letters": [(kind, LETTERS[kind]) for kind in offer.letters],
        "departments": [(d.id, d.name) for d in product.people.departments()],
        "own_department": None if enters_letters(actor) else actor.department,
        "passphrase_given": kept,
        "passphrase_lost": bool(form.values.get("details/passphrase")),
        "choices_of_channel": list(CHANNELS.items()),
        "choices": asking.choices(product.inventory),
    }
