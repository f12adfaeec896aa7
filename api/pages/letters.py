"""Letters that go out: what waits, and one letter with its preview and what may be done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, UploadFile
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.pages.form import Fault
from api.pages.form import Form as Filled
from api.pages.frame import Reader, go, page
from api.pages.letters_card import STATES, WAYS
from api.routes.letters import pdf_response
from api.security import Services
from api.statuses import status_of
from provisioner.bootstrap import Product
from provisioner.catalogue.fields import explain
from provisioner.database import now
from provisioner.errors import Conflict, FieldError, Invalid, Mistake
from provisioner.people.rules import Actor, sees_all
from provisioner.printing.sheets import sheet_html, sheet_pdf
from provisioner.reports.letters.present import KINDS
from provisioner.reports.letters.signing import sentences
from provisioner.reports.letters.views import LetterEdits, OutLetterView
from provisioner.texts import Message, say

router = APIRouter()
PAPER = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""A printed page brings its own style and nothing else."""
_PAGE = 50
_LABELS = {
    "number": say("Number of the letter"),
    "date": say("Date of the letter"),
    "on": say("Sent on"),
    "how": say("How it was sent"),
    "reason": say("Reason"),
    "file": say("Signed letter"),
    "signatory": say("Signed by"),
    "recipient": say("To"),
    "subject": say("Subject"),
    "note": say("Further paragraph"),
    "copies": say("Copies to"),
}


@router.get("/letters")
def find(
    request: Request,
    actor: Reader,
    product: Services,
    state: str | None = None,
    before: Annotated[int | None, Query(ge=1, le=2**31)] = None,
) -> Response:
    """Letters by state, newest first."""
    letters = product.desk.letters
    counts = letters.counts(actor)
    chosen = state if state in counts else None
    found = letters.list(actor, states=[chosen] if chosen else (), before=before, limit=_PAGE + 1)
    return page(
        request, "letters.html", found=found[:_PAGE], counts=counts, chosen=chosen, states=STATES,
        kinds=KINDS, older=found[_PAGE - 1].id if len(found) > _PAGE else None,
        of_office=sees_all(actor),
    )  # fmt: skip


@router.post("/letters")
def begin(
    request: Request, actor: Reader, product: Services,
    number: Annotated[str, Form(alias="request")] = "", kind: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Begin a letter; one that stands already is opened."""
    try:
        view = product.desk.letters.begin(actor, number, kind)
    except Conflict as error:
        if "letter" not in error.extra:
            raise
        return go(request, f"/letters/{error.extra['letter']}")
    return go(request, f"/letters/{view.id}")


@router.get("/letters/{id}")
def show(request: Request, actor: Reader, product: Services, id: int) -> Response:
    """One letter: how it stands, what may be done, how it looks."""
    return _page(request, actor, product, product.desk.letters.get(actor, id))


@router.get("/letters/{id}/preview")
def preview(actor: Reader, product: Services, id: int) -> Response:
    """The letter's own page, of which its PDF is made; within our pages only."""
    return Response(
        product.desk.letters.page(actor, id), media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": PAPER},
    )  # fmt: skip


@router.get("/letters/{id}/letter.pdf")
def issued(actor: Reader, product: Services, id: int) -> Response:
    """The PDF as it was issued, or a draft."""
    view = product.desk.letters.get(actor, id)
    return pdf_response(product.desk.letters.pdf(actor, id), _name(view))


@router.get("/letters/{id}/signed.pdf")
def signed_file(actor: Reader, product: Services, id: int) -> Response:
    """The signed PDF byte for byte, to be saved."""
    view = product.desk.letters.get(actor, id)
    data = product.desk.letters.signed_file(actor, id)
    return pdf_response(data, f"{_name(view)}-ditandatangani")


@router.get("/letters/{id}/signed/copy")
def signed_copy(actor: Reader, product: Services, id: int) -> Response:
    """A cleaned copy of the signed PDF, to be shown within our pages."""
    view = product.desk.letters.get(actor, id)
    answer = pdf_response(
        product.desk.letters.signed_file(actor, id, copy=True), _name(view), inline=True
    )
    answer.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'self'"
    return answer


@router.post("/letters/{id}/edit")
def edit(
    request: Request, actor: Reader, product: Services, id: int,
    signatory: Annotated[str, Form()] = "", recipient: Annotated[str, Form()] = "",
    subject: Annotated[str, Form()] = "", note: Annotated[str, Form()] = "",
    copies: Annotated[str, Form()] = "", revision: Annotated[int | None, Form()] = None,
) -> Response:  # fmt: skip
    """Keep what the office chose for this letter."""
    typed = {"signatory": signatory, "recipient": recipient, "subject": subject,
             "note": note, "copies": copies}  # fmt: skip
    given: dict[str, Any] = {key: text for key, text in typed.items() if text.strip()}
    given["copies"] = tuple(line for line in copies.splitlines() if line.strip())
    given["note"] = " ".join(note.split()) or None

    def act() -> object:
        try:
            edits = LetterEdits.model_validate(given)
        except ValidationError as error:
            raise Invalid(
                [FieldError(f"/{fault['loc'][0]}", explain(fault)) for fault in error.errors()]
            ) from None
        return product.desk.letters.edit(actor, id, edits, revision)

    return _do(request, actor, product, id, act, typed)


@router.post("/letters/{id}/ready")
def ready(request: Request, actor: Reader, product: Services, id: int) -> Response:
    """It is written and waits for its number."""
    return _do(request, actor, product, id, lambda: product.desk.letters.ready(actor, id))


@router.post("/letters/{id}/issue")
def issue(
    request: Request, actor: Reader, product: Services, id: int,
    number: Annotated[str, Form()] = "", date: Annotated[str, Form()] = "",
    revision: Annotated[int | None, Form()] = None,
) -> Response:  # fmt: skip
    """Freeze it under its number and date."""
    return _do(
        request, actor, product, id,
        lambda: product.desk.letters.issue(actor, id, number, date, revision),
        {"number": number, "date": date},
    )  # fmt: skip


@router.post("/letters/{id}/signed")
def attach_signed(
    request: Request, actor: Reader, product: Services, id: int,
    file: Annotated[UploadFile, File()], scan: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Keep the signed PDF with the verdict on its signature."""
    data, name = file.file.read(), file.filename or ""
    return _do(
        request, actor, product, id,
        lambda: product.desk.letters.attach_signed(actor, id, name, data, scan=scan == "true"),
        {"scan": scan},
    )  # fmt: skip


@router.post("/letters/{id}/sent")
def sent(
    request: Request, actor: Reader, product: Services, id: int,
    how: Annotated[str, Form()] = "", on: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Say how and when it went out."""

    def act() -> object:
        if how not in WAYS:
            raise Invalid([FieldError("/how", say("choose how it was sent"))])
        return product.desk.letters.send(actor, id, how, on)  # type: ignore[arg-type]

    return _do(request, actor, product, id, act, {"how": how, "on": on})


@router.post("/letters/{id}/void")
def void(
    request: Request, actor: Reader, product: Services, id: int,
    reason: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Withdraw it."""
    return _do(
        request, actor, product, id, lambda: product.desk.letters.void(actor, id, reason),
        {"reason": reason},
    )  # fmt: skip


@router.post("/letters/{id}/replace")
def replace(
    request: Request, actor: Reader, product: Services, id: int,
    reason: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Withdraw it and open the new one."""
    made: list[OutLetterView] = []
    answer = _do(
        request, actor, product, id,
        lambda: made.append(product.desk.letters.replace(actor, id, reason)),
        {"reason": reason},
    )  # fmt: skip
    return go(request, f"/letters/{made[0].id}") if made else answer


@router.get("/letters/{id}/edit")
@router.get("/letters/{id}/ready")
@router.get("/letters/{id}/issue")
@router.get("/letters/{id}/signed")
@router.get("/letters/{id}/sent")
@router.get("/letters/{id}/void")
@router.get("/letters/{id}/replace")
def no_page(_actor: Reader, id: int) -> Response:
    """An action's address has no page of its own: reloaded, it leads to the letter."""
    return RedirectResponse(f"/letters/{id}", 303)


@router.get("/instances/{id}/poster.pdf")
def poster(actor: Reader, product: Services, id: str) -> Response:
    """The poster of a WiFi as PDF; a passphrase is never on this one."""
    one = product.instances.get(actor, id)
    made = product.posters.make(one.request, None)
    html = sheet_html(
        "letter_poster.html", product.inventory.office, actor.language,
        poster=made, number=one.request,
    )  # fmt: skip
    return pdf_response(sheet_pdf(html), f"poster-{one.request}")


def _name(view: OutLetterView) -> str:
    return f"{view.kind}-{view.request}-{view.id}"


def _do(
    request: Request, actor: Actor, product: Product, id: int, act: Callable[[], object],
    typed: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    """Act and show the letter; a refusal is shown on the same page, with what was typed."""
    try:
        act()
    except (Invalid, Conflict) as error:
        view = product.desk.letters.get(actor, id)
        return _page(request, actor, product, view, error=error, typed=typed)
    return go(request, f"/letters/{id}")


def _page(
    request: Request, actor: Actor, product: Product, view: OutLetterView, *,
    error: Mistake | None = None, typed: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    office = product.inventory.office
    problem: Message | None = error.what if error else None
    errors = tuple(
        Fault(f"f-{field}", _LABELS.get(field), fault.message)
        for fault in (error.errors if isinstance(error, Invalid) else ())
        for field in [fault.pointer.strip("/").partition("/")[0]]
    )
    edits = view.edits
    today = f"{now().astimezone(office.zone):%Y-%m-%d}"
    values = {
        "signatory": edits.signatory or next(iter(office.signatories)),
        "recipient": edits.recipient or "",
        "subject": edits.subject or "",
        "note": edits.note or "",
        "copies": "\n".join(office.tembusan if edits.copies is None else edits.copies),
        "date": today,
        "on": today,
        **(typed or {}),
    }
    return page(
        request, "letter.html", status=status_of(error) if error else 200,
        view=view, form=Filled(values, errors), errors=errors, problem=problem, states=STATES,
        kinds=KINDS, ways=WAYS, today=today,
        verdict=sentences(view.signed.verdict) if view.signed else (),
        signatories=[(k, f"{s.name}, {s.position}") for k, s in office.signatories.items()],
        verify=f"{product.settings.web.public_url.rstrip('/')}/verify/{view.code}",
    )  # fmt: skip
