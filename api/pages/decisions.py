"""What people decide about a request: letter, submit, return, reject, cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.pages.asking import FIELDS
from api.pages.form import faults
from api.pages.frame import Reader, go
from api.pages.request import request_page
from api.security import Services
from api.statuses import status_of
from provisioner.bootstrap import Product
from provisioner.errors import Conflict, Invalid
from provisioner.people.rules import Actor

router = APIRouter(prefix="/requests")
Reason = Annotated[str, Form()]
Seen = Annotated[int | None, Form()]
"""The newest event that the page had shown: what others did since is told first."""


@router.post("/{number}/letter")
def attach_letter(
    request: Request,
    actor: Reader,
    product: Services,
    number: str,
    file: Annotated[UploadFile, File()],
) -> Response:
    """Keep the letter's file; whatever is wrong with it, the draft stays as it is."""
    data, name = file.file.read(), file.filename or ""
    return _do(
        request, product, actor, number,
        lambda: product.requests.attach_letter(actor, number, name, data),
    )  # fmt: skip


@router.post("/{number}/submit")
def submit(
    request: Request, actor: Reader, product: Services, number: str, seen: Seen = None
) -> Response:
    """Hand the request in."""
    return _do(
        request, product, actor, number,
        lambda: product.requests.submit(actor, number, seen=seen),
    )  # fmt: skip


@router.post("/{number}/return")
def send_back(
    request: Request, actor: Reader, product: Services, number: str,
    reason: Reason = "", seen: Seen = None,
) -> Response:  # fmt: skip
    """Return it to the applicant for completion."""
    return _do(
        request, product, actor, number,
        lambda: product.requests.send_back(actor, number, reason, seen=seen),
        typed=("return", reason),
    )  # fmt: skip


@router.post("/{number}/reject")
def reject(
    request: Request,
    actor: Reader,
    product: Services,
    number: str,
    reason: Reason = "", seen: Seen = None, basis: Reason = "",
) -> Response:  # fmt: skip
    """Refuse it for good; the law that was chosen is told with the reason."""
    told = f"{reason} ({basis})" if basis in product.inventory.office.legal_basis else reason
    return _do(
        request, product, actor, number,
        lambda: product.requests.reject(actor, number, told, seen=seen),
        typed=("reject", reason),
    )  # fmt: skip


@router.post("/{number}/cancel")
def cancel(
    request: Request, actor: Reader, product: Services, number: str,
    reason: Reason = "", seen: Seen = None,
) -> Response:  # fmt: skip
    """Take it back."""
    return _do(
        request, product, actor, number,
        lambda: product.requests.cancel(actor, number, reason, seen=seen),
        typed=("cancel", reason),
    )  # fmt: skip


@router.get("/{number}/submit")
@router.get("/{number}/return")
@router.get("/{number}/reject")
@router.get("/{number}/cancel")
@router.get("/{number}/plan")
@router.get("/{number}/approve")
def no_page(_actor: Reader, number: str) -> Response:
    """An action's address has no page of its own: reloaded or typed in, it leads to the request."""
    return RedirectResponse(f"/requests/{number}", 303)


def _do(
    request: Request,
    product: Product,
    actor: Actor,
    number: str,
    act: Callable[[], object],
    typed: tuple[str, str] | None = None,
) -> Response:
    """Act and show the request; a refusal is shown on the same page, with what was typed."""
    try:
        act()
    except Invalid as error:
        found = faults(error.errors, (*FIELDS, "file", "letter/file", "reason"))
        return request_page(
            request, product, actor, number,
            status=422, problem=error.what, errors=found, typed=typed,
        )  # fmt: skip
    except Conflict as error:
        return request_page(
            request, product, actor, number,
            status=status_of(error), problem=error.what, typed=typed,
        )  # fmt: skip
    return go(request, f"/requests/{number}")
