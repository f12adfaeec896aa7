"""Complaining without an account: the public form, its confirmation, and the answer by key."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import complaints as forms
from api import language
from api.pages.acting import Sent
from api.pages.form import Form as Typed
from api.pages.frame import Visitor, page
from api.security import Services, address_of, policy
from api.statuses import status_of
from provisioner.bootstrap import Product
from provisioner.complaints.receiving import new_key
from provisioner.complaints.store import NUMBER
from provisioner.complaints.views import Told
from provisioner.complaints.words import CLASSES, KINDS, PRIVACY
from provisioner.errors import FieldError, Invalid, Mistake, NotFound, Unauthenticated
from provisioner.people.limits import Limits
from provisioner.texts import Message, say

router = APIRouter(prefix="/complain")
HAND_INS = 40
"""In an hour from one address: a whole department may stand behind it."""
KEYS_PER_ADDRESS = 60
KEYS_PER_NUMBER = 10
_HOUR = timedelta(hours=1)
TRAP = "website"
"""A field that people do not see and programs fill in."""


@router.get("")
def ask(request: Request, visitor: Visitor, kind: str = "complaint") -> Response:
    """The empty form; it carries the key that its answer will be read with."""
    about = request.query_params.get("request", "")[:80]
    values = {"kind": kind, "privacy": "open", "request": about, "key": new_key()}
    if visitor:
        values["name"] = visitor.name
    return _form(request, Typed(values))


@router.post("")
def hand_in(request: Request, visitor: Visitor, product: Services, sent: Sent) -> Response:
    """Keep it and show its number and key; what is wrong is told beside its field."""
    values = forms.texts(sent)
    language.switch(request, values.pop("language", None))
    if language.switched(request):
        return _form(request, Typed(values))
    try:
        if values.get(TRAP):
            raise Invalid([FieldError("/text", say("could not be taken; send it once more"))])
        told = forms.checked(Told, values)
        file = forms.attachment(sent)
        if visitor is None:
            _limits(product).count("complain", address_of(request), HAND_INS, _HOUR)
        receipt = product.desk.complaints.hand_in(told, values.get("key", ""), visitor, file)
    except Invalid as error:
        kept = {**values, TRAP: ""}
        return _form(request, forms.form_of(kept, error), status=422, problem=error.what)
    except Unauthenticated as error:
        return _form(request, Typed(values), status=status_of(error), problem=error.what)
    return page(
        request, "complain_done.html", status=201, receipt=receipt, kinds=KINDS, classes=CLASSES,
        anonymous=told.privacy == "anonymous",
    )  # fmt: skip


@router.get("/find")
def find(number: str = "") -> Response:
    """On to the page where the answer is read."""
    wanted = number.strip().upper()
    known = NUMBER.fullmatch(wanted)
    return RedirectResponse(f"/complain/{wanted}" if known else "/complain#f-number", 303)


@router.get("/{number}")
def closed(request: Request, _visitor: Visitor, number: str) -> Response:
    """Asks for the key."""
    return _answer_page(request, number)


@router.post("/{number}")
def read(
    request: Request,
    visitor: Visitor,
    product: Services,
    number: str,
    key: Annotated[str, Form()] = "",
) -> Response:
    """How it stands, and its answers."""
    try:
        _count(request, product, number)
        found = product.desk.complaints.outlook(number, key)
    except (NotFound, Unauthenticated) as error:
        return _answer_page(request, number, error=error)
    _forgive(request, product, number)
    return page(
        request, "complain_answer.html", number=found.number, found=found, key=key.strip().lower(),
        kinds=KINDS, tags=forms.TAGS, problem=None,
    )  # fmt: skip


@router.post("/{number}/files/{id}")
def file(
    request: Request,
    _visitor: Visitor,
    product: Services,
    number: str,
    id: int,
    key: Annotated[str, Form()] = "",
) -> Response:
    """A file of an answer, for the holder of the key."""
    _count(request, product, number)
    data, media_type, name = product.desk.complaints.outlook_file(number, key, id)
    _forgive(request, product, number)
    return sent_file(data, media_type, name)


@router.get("/{number}/files/{id}")
def no_file(number: str, id: int) -> Response:
    """Reloaded: the key has to be typed again."""
    return RedirectResponse(f"/complain/{quote(number)}", 303)


def sent_file(data: bytes, media_type: str, name: str) -> Response:
    """A cleaned copy, to be looked at or saved."""
    return Response(
        data,
        media_type=media_type,
        headers={
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(name)}",
            "Content-Security-Policy": policy("'self'"),
        },
    )


def _limits(product: Product) -> Limits:
    return Limits(product.database, product.secrets)


def _count(request: Request, product: Product, number: str) -> None:
    limits, address = _limits(product), address_of(request)
    limits.count("complain-key", address, KEYS_PER_ADDRESS)
    limits.count("complain-key", address, KEYS_PER_NUMBER, key=number.strip().upper()[:40])


def _forgive(request: Request, product: Product, number: str) -> None:
    limits, address = _limits(product), address_of(request)
    limits.forgive("complain-key", address)
    limits.forgive("complain-key", address, key=number.strip().upper()[:40])


def _answer_page(request: Request, number: str, error: Mistake | None = None) -> Response:
    return page(
        request, "complain_answer.html", status=status_of(error) if error else 200,
        number=number.strip().upper()[:40], found=None, key="", kinds=KINDS, tags=forms.TAGS,
        problem=error.what if error else None,
    )  # fmt: skip


def _form(
    request: Request, form: Typed, *, status: int = 200, problem: Message | None = None
) -> Response:
    return page(
        request, "complain.html", status=status, form=form, errors=form.errors, problem=problem,
        kinds=list(KINDS.items()), privacies=list(PRIVACY.items()), labels=forms.LABELS, trap=TRAP,
    )  # fmt: skip
