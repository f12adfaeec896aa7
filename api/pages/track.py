"""Tracking for everybody who knows a number and the contact given with it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from api.pages.form import Fault, anchor
from api.pages.form import Form as Typed
from api.pages.frame import Visitor, page
from api.security import Services, address_of
from api.statuses import status_of
from api.words import REQUEST, SERVICES
from provisioner.asking.tracking import Tracked
from provisioner.errors import NotFound, Unauthenticated
from provisioner.texts import Message, say

router = APIRouter()


@router.get("/track")
def ask(request: Request, _actor: Visitor, number: str = "") -> Response:
    """The two questions; ``number`` comes with the QR code of a receipt."""
    return _show(request, Typed({"number": number[:40]}))


@router.post("/track")
def look(
    request: Request,
    _actor: Visitor,
    product: Services,
    number: Annotated[str, Form()] = "",
    contact: Annotated[str, Form()] = "",
) -> Response:
    """How the request stands; wrong is wrong, whichever of the two it was."""
    values = {"number": number[:40], "contact": contact[:200]}
    missing = tuple(
        Fault(anchor(name), label, say("please fill this in"))
        for name, label in _LABELS.items()
        if not values[name].strip()
    )
    if missing:
        return _show(request, Typed(values, missing), status=422)
    try:
        found = product.desk.asking.tracking.look(address_of(request), number, contact[:200])
    except (NotFound, Unauthenticated) as error:
        return _show(request, Typed(values), problem=error.what, status=status_of(error))
    return _show(request, Typed({"number": number[:40]}), found=found)


_LABELS = {"number": say("Number"), "contact": say("Telephone or e-mail")}


def _show(
    request: Request,
    form: Typed,
    *,
    found: Tracked | None = None,
    problem: Message | None = None,
    status: int = 200,
) -> Response:
    return page(
        request, "track.html", status=status, form=form, errors=form.errors, problem=problem,
        found=found, state=REQUEST[found.state] if found else None,
        service=SERVICES[found.service] if found else None,
    )  # fmt: skip
