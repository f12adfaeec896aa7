"""Whether a letter is ours: public, without a word about people."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.pages.frame import Visitor, page
from api.pages.letters_card import STATES
from api.security import Services, address_of
from api.statuses import status_of
from provisioner.bootstrap import Product
from provisioner.errors import Unauthenticated
from provisioner.people.limits import Limits
from provisioner.reports.letters.present import KINDS
from provisioner.reports.letters.views import PublicView
from provisioner.texts import Message, say

router = APIRouter(prefix="/verify")
LOOKS, FILES = 60, 30
"""Codes that are nobody's, from one address in a quarter of an hour: with 128 random bits none is
found by trying; this keeps the trying cheap. Those that are a letter's do not count, since a whole
village may scan from behind one address."""
_CODE_LENGTH = 32


@router.get("")
def ask(request: Request, _visitor: Visitor) -> Response:
    """Where the code that stands on a letter is typed in."""
    return page(request, "verify.html", view=None, code="", problem=None)


@router.post("")
def typed(
    request: Request, _visitor: Visitor, code: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Lead to what the code says; an address is taken as well as the code in it."""
    written = code.strip().rstrip("/").rpartition("/")[2]
    plain = "".join(c for c in written.lower() if c in "0123456789abcdef")
    if len(plain) != _CODE_LENGTH:
        wrong = say("A code has 32 signs, digits and the letters a to f.")
        return page(request, "verify.html", status=422, view=None, code=code, problem=wrong)
    return RedirectResponse(f"/verify/{plain}", 303)


@router.get("/{code}")
def show(request: Request, _visitor: Visitor, product: Services, code: str) -> Response:
    """State, number, date and fingerprints of the letter with that code."""
    try:
        view = _look(request, product, code, "verify", LOOKS)
    except Unauthenticated as error:
        return _refused(request, error)
    return _page(request, view, code)


@router.post("/{code}")
def compare(
    request: Request, _visitor: Visitor, product: Services, code: str,
    file: Annotated[UploadFile, File()],
) -> Response:  # fmt: skip
    """Whether the file is the letter, byte for byte; it is not kept, and not opened."""
    try:
        view = _look(request, product, code, "verify-file", FILES)
    except Unauthenticated as error:
        return _refused(request, error)
    digest = hashlib.sha256(file.file.read()).hexdigest()
    return _page(request, view, code, digest=digest)


def _look(
    request: Request, product: Product, code: str, kind: str, limit: int
) -> PublicView | None:
    limits, address = Limits(product.database, product.secrets), address_of(request)
    limits.count(kind, address, limit)
    found = product.desk.letters.public(code)
    if found is not None:
        limits.forgive(kind, address)
    return found


def _refused(request: Request, error: Unauthenticated) -> Response:
    return page(
        request, "verify.html", status=status_of(error), view=None, code="", problem=error.what
    )


def _page(
    request: Request, view: PublicView | None, code: str, digest: str | None = None
) -> Response:
    if view is None:
        wrong = say("No letter of this office has this code. Compare it with the paper; if it is "
                    "typed as it stands there, ask the office.")  # fmt: skip
        return page(request, "verify.html", status=404, view=None, code=code[:64], problem=wrong)
    return page(
        request, "verify.html", view=view, code=code, problem=None, states=STATES, kinds=KINDS,
        digest=digest, match=_match(view, digest) if digest else None,
    )  # fmt: skip


def _match(view: PublicView, digest: str) -> tuple[str, Message]:
    """Tone and sentence of what the comparison says."""
    if digest == view.signed_sha256:
        return "good", say("This file is the signed letter, byte for byte.")
    if digest == view.issued_sha256:
        return "wait", say("This file is the letter as it was issued, byte for byte, yet without "
                           "its signature.")  # fmt: skip
    return "bad", say("This file is not the letter: it is another one, or it was altered or saved "
                      "anew.")  # fmt: skip
