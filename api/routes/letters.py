"""Letters that go out, over JSON: write, number, issue, sign, send, withdraw, read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from api.replay import Replaying
from api.security import Person, Services
from provisioner.reports.letters.views import LetterEdits, LetterPatch, OutLetterView, Ways

router = APIRouter(tags=["letters"], route_class=Replaying)
PDF = "application/pdf"


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class NewLetter(_In):
    """A letter to be begun."""

    request: str
    kind: str


class Numbered(_In):
    """Number and date as SRIKANDI gave them."""

    number: str
    date: str
    revision: int | None = None


class Sent(_In):
    """How and when (ISO date) the letter went out."""

    how: Ways
    on: str


class Because(_In):
    """Why."""

    reason: str


@router.get("/requests/{number}/confirmation.pdf", response_class=Response)
def confirmation(product: Services, actor: Person, number: str) -> Response:
    """The letter: signed, else issued, else (for the office) a draft marked as such."""
    return pdf_response(product.desk.letters.confirmation(actor, number), f"surat-{number}")


@router.get("/letters")
def find(
    product: Services,
    actor: Person,
    state: Annotated[list[str] | None, Query()] = None,
    request: str | None = None,
    before: Annotated[int | None, Query(ge=1, le=2**31)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[OutLetterView]:
    """Letters that the caller may see, newest first; of one request, all of them."""
    if request is not None:
        return product.desk.letters.of_request(actor, request)
    return product.desk.letters.list(actor, states=state or (), before=before, limit=limit)


@router.post("/letters", status_code=201)
def begin(product: Services, actor: Person, body: NewLetter, response: Response) -> OutLetterView:
    """A draft of the letter."""
    view = product.desk.letters.begin(actor, body.request, body.kind)
    response.headers["Location"] = f"/api/v1/letters/{view.id}"
    return view


@router.get("/letters/{id}")
def show(product: Services, actor: Person, id: int) -> OutLetterView:
    """One letter."""
    return product.desk.letters.get(actor, id)


@router.patch("/letters/{id}")
def edit(product: Services, actor: Person, id: int, body: LetterPatch) -> OutLetterView:
    """Choose signatory, recipient, subject, note and copies; what is left out is as usual."""
    edits = LetterEdits.model_validate(body.model_dump(exclude={"revision"}))
    return product.desk.letters.edit(actor, id, edits, body.revision)


@router.get("/letters/{id}/letter.pdf", response_class=Response)
def issued(product: Services, actor: Person, id: int) -> Response:
    """The PDF as it was issued, or a draft marked as such."""
    return pdf_response(product.desk.letters.pdf(actor, id), f"surat-{id}")


@router.get("/letters/{id}/signed.pdf", response_class=Response)
def signed_file(product: Services, actor: Person, id: int) -> Response:
    """The signed PDF, byte for byte."""
    return pdf_response(product.desk.letters.signed_file(actor, id), f"surat-{id}-ditandatangani")


@router.post("/letters/{id}/ready")
def ready(product: Services, actor: Person, id: int) -> OutLetterView:
    """It is written and waits for its number."""
    return product.desk.letters.ready(actor, id)


@router.post("/letters/{id}/issue")
def issue(product: Services, actor: Person, id: int, body: Numbered) -> OutLetterView:
    """Freeze it under its number and date."""
    return product.desk.letters.issue(actor, id, body.number, body.date, body.revision)


@router.post("/letters/{id}/signed")
def attach_signed(
    product: Services,
    actor: Person,
    id: int,
    file: Annotated[UploadFile, File()],
    scan: Annotated[bool, Form()] = False,
) -> OutLetterView:
    """Upload the signed PDF; ``scan``: it was signed on paper."""
    return product.desk.letters.attach_signed(
        actor, id, file.filename or "", file.file.read(), scan=scan
    )


@router.post("/letters/{id}/sent")
def sent(product: Services, actor: Person, id: int, body: Sent) -> OutLetterView:
    """Say how and when it went out."""
    return product.desk.letters.send(actor, id, body.how, body.on)


@router.post("/letters/{id}/void")
def void(product: Services, actor: Person, id: int, body: Because) -> OutLetterView:
    """Withdraw it."""
    return product.desk.letters.void(actor, id, body.reason)


@router.post("/letters/{id}/replace", status_code=201)
def replace(product: Services, actor: Person, id: int, body: Because) -> OutLetterView:
    """Withdraw it and begin a new one, which is returned."""
    return product.desk.letters.replace(actor, id, body.reason)


def pdf_response(data: bytes, name: str, *, inline: bool = False) -> Response:
    """A PDF to be saved under that name, or shown."""
    place = "inline" if inline else "attachment"
    return Response(
        data, media_type=PDF, headers={"Content-Disposition": f'{place}; filename="{name}.pdf"'}
    )
