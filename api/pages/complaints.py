"""Complaints in the console: the list, recording one, its page, the register."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import complaints as forms
from api import language
from api.pages.acting import Sent
from api.pages.complain import sent_file
from api.pages.form import Form
from api.pages.frame import Reader, go, page
from api.routes.complaints import link_to, month_span
from api.security import Services
from api.statuses import status_of
from provisioner.bootstrap import Product
from provisioner.complaints.register import Register, register_of
from provisioner.complaints.rules import State as ComplaintState
from provisioner.complaints.rules import may_record, outcomes
from provisioner.complaints.service import ComplaintService
from provisioner.complaints.store import Filter
from provisioner.complaints.views import (
    Answer,
    Assign,
    Classify,
    Close,
    ComplaintView,
    LinkTo,
    NewComplaint,
    Reopen,
)
from provisioner.complaints.words import CHANNELS, CLASSES, KINDS, OUTCOMES, PRIVACY, STATES
from provisioner.database import now
from provisioner.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from provisioner.people.rules import Actor, sees_all
from provisioner.printing.sheets import sheet_pdf
from provisioner.texts import Message, say

router = APIRouter(prefix="/complaints")
_FILTERS = ("kind", "classification", "state", "channel", "month", "q")
_PAGE = 50
_ENDED = 30
"""Of those that are answered or closed, so many are shown unasked."""
_SHEET_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


@router.get("")
def show(request: Request, actor: Reader, product: Services, before: str = "") -> Response:
    """In groups by what has to be done; with a filter, what was found, page by page."""
    chosen = {name: request.query_params.get(name, "")[:80] for name in _FILTERS}
    if chosen["month"] and _month(chosen["month"]) is None:
        chosen["month"] = ""
    first, until = month_span(chosen["month"], product)
    filtered = any(chosen.values())
    wanted = Filter(
        chosen["kind"], chosen["classification"], chosen["state"], chosen["channel"],
        chosen["q"], first, until,
    )  # fmt: skip
    desk = product.desk.complaints
    found = desk.find(actor, wanted, before=before, limit=_PAGE + 1) if filtered else []
    more = {**chosen, "before": found[_PAGE - 1].number} if len(found) > _PAGE else {}
    return page(
        request, "complaints.html", chosen=chosen, filtered=filtered, found=found[:_PAGE],
        older=urlencode({name: value for name, value in more.items() if value}),
        groups=[] if filtered else _groups(desk, actor),
        office_reader=sees_all(actor), may_record=may_record(actor),
        kinds=KINDS, classes=CLASSES, channels=CHANNELS, states=STATES, tags=forms.TAGS,
    )  # fmt: skip


def _groups(desk: ComplaintService, actor: Actor) -> list[tuple[str, Message, list[ComplaintView]]]:
    """Each complaint once, in the first group that it belongs to; soonest due first."""
    waiting = sorted(desk.find(actor, Filter(state="open")), key=lambda v: v.due_at)
    ended = desk.find(actor, Filter(state="ended"), limit=_ENDED)
    if not sees_all(actor):
        return [("open", say("Not answered yet"), waiting), ("ended", say("Answered"), ended)]
    tests: list[tuple[str, Message, Callable[[ComplaintView], bool]]] = [
        ("classify", say("To be classified"), lambda v: v.state == "received"
         and v.kind == "complaint"),
        ("due", say("Due soon or late"), lambda v: v.due != "calm"),
        ("mine", say("Mine"), lambda v: v.officer == actor.username),
        ("rest", say("The others that are open"), lambda _: True),
    ]  # fmt: skip
    groups = []
    for key, title, belongs in tests:
        groups.append((key, title, [v for v in waiting if belongs(v)]))
        waiting = [v for v in waiting if not belongs(v)]
    return [*groups, ("ended", say("Answered or closed lately"), ended)]


@router.get("/new")
def new(request: Request, actor: Reader, product: Services) -> Response:
    """The empty form of the office."""
    zone = product.inventory.office.zone
    values = {"kind": "complaint", "channel": "visit", "privacy": "open",
              "received_at": forms.local(now(), zone)}  # fmt: skip
    return _form(request, actor, product, Form(values))


@router.post("/new")
def record(request: Request, actor: Reader, product: Services, sent: Sent) -> Response:
    """Keep it; on to its page."""
    values = forms.texts(sent)
    language.switch(request, values.pop("language", None))
    if language.switched(request):
        return _form(request, actor, product, Form(values))
    received = forms.moment(values.get("received_at", ""), product.inventory.office.zone)
    try:
        wanted = forms.checked(NewComplaint, {**values, "received_at": received})
        view = product.desk.complaints.record(actor, wanted, forms.attachment(sent))
    except Invalid as error:
        return _form(request, actor, product, forms.form_of(values, error), status=422)
    return go(request, f"/complaints/{view.number}")


@router.get("/register")
def register(request: Request, actor: Reader, product: Services, month: str = "") -> Response:
    """The register of a month, as it is printed."""
    made = _register(product, actor, month)
    return page(request, "complaint_register.html", register=made, month=f"{made.month:%Y-%m}")


@router.get("/register/sheet")
def register_sheet(request: Request, actor: Reader, product: Services, month: str = "") -> Response:
    """The printed page itself, shown within the register's page."""
    html = _register(product, actor, month).html(language.of_page(request), now())
    return Response(
        html, media_type="text/html", headers={"Content-Security-Policy": _SHEET_POLICY}
    )


@router.get("/register.pdf")
def register_pdf(request: Request, actor: Reader, product: Services, month: str = "") -> Response:
    """The same as PDF/A."""
    made = _register(product, actor, month)
    data = sheet_pdf(made.html(language.of_page(request), now()))
    return _saved(data, "application/pdf", f"register-pengaduan-{made.month:%Y-%m}.pdf")


@router.get("/register.csv")
def register_csv(request: Request, actor: Reader, product: Services, month: str = "") -> Response:
    """The same for a spreadsheet."""
    made = _register(product, actor, month)
    data = made.csv(language.of_page(request))
    return _saved(data, "text/csv; charset=utf-8", f"register-pengaduan-{made.month:%Y-%m}.csv")


@router.get("/{number}")
def look(request: Request, actor: Reader, product: Services, number: str) -> Response:
    """One of them: everything about it, what can be done now, its timeline."""
    return complaint_page(request, actor, product, number)


@router.get("/{number}/files/{id}")
def file(actor: Reader, product: Services, number: str, id: int) -> Response:
    """A file, cleaned."""
    return sent_file(*product.desk.complaints.file(actor, number, id))


def act(request: Request, actor: Reader, product: Services, number: str, sent: Sent) -> Response:
    """Carry out one of the buttons; a refusal is shown on the same page, with what was typed."""
    action = request.url.path.rpartition("/")[2]
    values = forms.texts(sent)
    try:
        _carry_out(product, actor, number, action, values, sent)
    except Invalid as error:
        return complaint_page(
            request, actor, product, number, form=forms.form_of(values, error), opened=action,
            status=422, problem=error.what,
        )  # fmt: skip
    except Conflict as error:
        return complaint_page(
            request, actor, product, number, form=Form(values), status=status_of(error),
            problem=error.what,
        )  # fmt: skip
    return go(request, f"/complaints/{number}")


def no_page(_actor: Reader, number: str) -> Response:
    """An action's address has no page of its own: it leads to the complaint."""
    return RedirectResponse(f"/complaints/{number}", 303)


for name in ("classify", "assign", "begin", "answer", "close", "reopen", "link", "erase"):
    router.add_api_route(f"/{{number}}/{name}", act, methods=["POST"])
    router.add_api_route(f"/{{number}}/{name}", no_page, methods=["GET"])


def _carry_out(
    product: Product, actor: Actor, number: str, action: str, values: dict[str, str], sent: Sent
) -> None:
    desk = product.desk.complaints
    match action:
        case "classify":
            desk.classify(actor, number, forms.checked(Classify, values))
        case "assign":
            team = [line.strip() for line in values.get("team", "").splitlines() if line.strip()]
            desk.assign(actor, number, forms.checked(Assign, {**values, "team": team}))
        case "begin":
            desk.begin(actor, number)
        case "answer":
            given = forms.checked(Answer, values)
            desk.answer(actor, number, given, forms.attachment(sent))
        case "close":
            desk.close(actor, number, forms.checked(Close, values))
        case "reopen":
            desk.reopen(actor, number, forms.checked(Reopen, values))
        case "erase":
            desk.erase(actor, number)
        case "link":
            target = values.get("target", "").strip()
            kind = "check" if values.get("target_kind") == "check" else "request"
            wanted = forms.checked(LinkTo, {"kind": kind, "target": target})
            try:
                link_to(product, actor, number, wanted)
            except NotFound as error:
                raise Invalid([FieldError("/target", error.what)]) from error
        case _:
            raise NotFound(say("There is nothing at this address."))


def complaint_page(
    request: Request,
    actor: Actor,
    product: Product,
    number: str,
    *,
    form: Form | None = None,
    opened: str = "",
    status: int = 200,
    problem: Message | None = None,
) -> Response:
    """The complaint's page; ``opened``: the action whose form holds what was typed."""
    view = product.desk.complaints.get(actor, number)
    given = form or Form()
    office = product.inventory.office
    today = now().astimezone(office.zone).date()
    said = {
        "summary": view.summary, "classification": view.classification or "",
        "officer": view.officer or "", "team": "\n".join(view.team or office.complaints.team),
        "channel": view.channel if view.channel != "web" else "email",
        "day": today.isoformat(), "target": view.said_request or "", "target_kind": "request",
    }  # fmt: skip
    return page(
        request, "complaint.html", status=status, view=view, opened=opened,
        form=Form({**said, **given.values}, given.errors), errors=given.errors, problem=problem,
        events=product.desk.complaints.events(actor, number)[::-1],
        office_reader=sees_all(actor), officers=product.desk.complaints.officers(),
        outcomes=[(o.value, OUTCOMES[o]) for o in outcomes(view.kind, ComplaintState(view.state))],
        kinds=KINDS, classes=CLASSES, channels=CHANNELS, states=STATES, labels=forms.LABELS,
        ends=OUTCOMES, tag_of=forms.TAGS[view.state], days=_days(product),
        offers_help=product.inventory.catalogue.offer("troubleshooting") is not None,
    )  # fmt: skip


def _days(product: Product) -> list[tuple[str, Message]]:
    """The classes with the working days that each allows."""
    days = product.inventory.office.complaints.answer_working_days
    return [
        (
            key,
            say("%(what)s: %(days)s working days", what=word, days=getattr(days, key)),
        )
        for key, word in CLASSES.items()
    ]


def _form(
    request: Request, actor: Actor, product: Product, form: Form, *, status: int = 200
) -> Response:
    if not may_record(actor):
        raise Forbidden(say("Your role does not allow this."))
    return page(
        request, "complaint_new.html", status=status, form=form, errors=form.errors,
        departments=product.desk.complaints.departments(), labels=forms.LABELS,
        kinds=list(KINDS.items()), channels=list(CHANNELS.items()), privacies=list(PRIVACY.items()),
    )  # fmt: skip


def _register(product: Product, actor: Actor, month: str) -> Register:
    if not sees_all(actor):
        raise Forbidden(say("This is looked at by the office only."))
    office = product.inventory.office
    moment = now()
    first = _month(month) or moment.astimezone(office.zone).date().replace(day=1)
    return register_of(product.desk.complaints, actor, office, first, moment)


def _month(text: str) -> date | None:
    """The first day of a month of this century such as 2026-11; None for what is none."""
    try:
        return None if not text.startswith("20") else date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


def _saved(data: bytes, media_type: str, name: str) -> Response:
    headers: dict[str, Any] = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(data, media_type=media_type, headers=headers)
