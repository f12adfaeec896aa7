"""From a complaint to a request for help with a fault, filled in from it and linked with it."""

from __future__ import annotations

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import complaints as forms
from api.pages.acting import Sent
from api.pages.asking import TROUBLESHOOTING
from api.pages.form import Form, faults, nested
from api.pages.frame import Reader, go, page
from api.security import Services
from provisioner.bootstrap import Product
from provisioner.complaints.views import ComplaintView, LinkTo
from provisioner.errors import FieldError, Forbidden, Invalid
from provisioner.people.rules import Actor, may_operate
from provisioner.requests.views import NewRequest
from provisioner.texts import say

router = APIRouter(prefix="/complaints")
_APPLICANT = ("name", "position", "phone", "email")
_PHONE = re.compile(r"\+?[0-9][0-9 ().-]{4,24}")
_LONGEST = 400


@router.get("/{number}/trouble")
def ask(request: Request, actor: Reader, product: Services, number: str) -> Response:
    """The form, filled in with what the complaint says."""
    view = product.desk.complaints.get(actor, number)
    if "trouble" not in view.actions:
        return go(request, f"/complaints/{number}")
    return _show(request, actor, product, view, Form(_given(view, actor, product)))


@router.post("/{number}/trouble")
def make(request: Request, actor: Reader, product: Services, number: str, sent: Sent) -> Response:
    """A draft, linked with the complaint; on to its page, where it is handed in."""
    view = product.desk.complaints.get(actor, number)
    if "trouble" not in view.actions:
        raise Forbidden(say("Your role does not allow this."))
    values = forms.texts(sent)
    data = nested(values, product.inventory.office.zone)
    data = {**{k: v for k, v in data.items() if k in NewRequest.model_fields}}
    try:
        wanted = forms.checked(NewRequest, {**data, "service": "troubleshooting"})
        made = product.requests.create(actor, wanted)
    except Invalid as error:
        shown = Form(values, faults(_by_field(error), TROUBLESHOOTING.fields))
        return _show(request, actor, product, view, shown, status=422)
    product.desk.complaints.link(actor, number, LinkTo(target=made.number))
    return go(request, f"/requests/{made.number}")


def _by_field(error: Invalid) -> list[FieldError]:
    """A whole group that is missing is told at each of its fields."""
    found = []
    for one in error.errors:
        if one.pointer == "/applicant":
            found += [FieldError(f"/applicant/{name}", one.message) for name in _APPLICANT]
        else:
            found.append(one)
    return found


def _given(view: ComplaintView, actor: Actor, product: Product) -> dict[str, str]:
    """Whose identity is secret stays out of it: then the office itself asks."""
    office = product.inventory.office
    said = view.reporter
    known = said.shown == "open" and view.privacy == "open" and said.name
    contact = (said.contact or "") if known else ""
    return {
        "department": said.department or "" if known else "",
        "applicant/name": (said.name or "") if known else actor.name,
        "applicant/position": "" if known else office.short_name or office.name,
        "applicant/phone": contact if _PHONE.fullmatch(contact) else _plain(office.address.phone),
        "applicant/email": contact if "@" in contact else office.address.email or "",
        "details/description": " ".join(view.text.split())[:_LONGEST],
    }


def _plain(phone: str | None) -> str:
    """As a form takes it: letter heads put the area's code in brackets."""
    return (phone or "").replace("(", "").replace(")", "")


def _show(
    request: Request,
    actor: Actor,
    product: Product,
    view: ComplaintView,
    form: Form,
    *,
    status: int = 200,
) -> Response:
    if not may_operate(actor):
        raise Forbidden(say("Your role does not allow this."))
    return page(
        request, "complaint_trouble.html", status=status, view=view, form=form, errors=form.errors,
        fields=TROUBLESHOOTING.own, choices=TROUBLESHOOTING.choices(product.inventory),
        departments=product.desk.complaints.departments(),
    )  # fmt: skip
