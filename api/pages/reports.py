"""S10: the monthly reports, their issue, and the meeting about each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Form
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from api.pages.form import Fault
from api.pages.frame import Reader, go, page
from api.routes.reports import Revision, document
from api.security import Services
from provisioner.bootstrap import Product
from provisioner.catalogue.fields import explain
from provisioner.errors import Conflict, Invalid
from provisioner.people.rules import Actor
from provisioner.reports.monthly import words
from provisioner.reports.monthly.findings import findings
from provisioner.reports.monthly.meeting import MeetingIn
from provisioner.reports.monthly.papers import month_title, report_title, written
from provisioner.reports.monthly.pictures import pictures
from provisioner.reports.monthly.sheets import tables
from provisioner.requests.present import event_view
from provisioner.texts import say

router = APIRouter()
NEW_ROWS = 3
PARTS = {
    "services": say("Requests by service"),
    "departments": say("Requests by department"),
    "states": say("Requests by state"),
    "late": say("Requests that missed their deadline"),
    "work": say("Work carried out"),
    "contacts": say("Contacts with applicants written down"),
    "letters": say("Letters"),
    "complaints": say("Complaints, suggestions and appreciation"),
}
_LABELS = {
    "held_on": say("Date"), "place": say("Place"), "attendance": say("Others who came"),
    "minutes": say("Minutes"), "actions": say("What was agreed"),
    "earlier": say("What was agreed before"),
}  # fmt: skip
_ROW = re.compile(r"(actions|earlier)/([0-9]{1,3})/(id|what|who|until|done|outcome)")


@router.get("/reports")
def show_months(request: Request, actor: Reader, product: Services) -> Response:
    """Every month, the present one first."""
    return page(request, "reports.html", months=product.desk.monthly.months(actor),
                month_title=month_title)  # fmt: skip


@router.get("/reports/{month}.pdf")
def pdf(actor: Reader, product: Services, month: str, revision: Revision = None) -> Response:
    """The report on paper."""
    return document(product.desk.monthly.pdf(actor, month, revision), month, "pdf")


@router.get("/reports/{month}.xlsx")
def xlsx(actor: Reader, product: Services, month: str, revision: Revision = None) -> Response:
    """The report as a spreadsheet."""
    return document(product.desk.monthly.xlsx(actor, month, revision), month, "xlsx")


@router.get("/reports/{month}/meeting.pdf")
def minutes(actor: Reader, product: Services, month: str) -> Response:
    """The minutes of the meeting on paper."""
    return document(product.desk.monthly.meeting_pdf(actor, month), f"{month}-rapat", "pdf")


@router.get("/reports/{month}/meeting")
def show_meeting(request: Request, actor: Reader, product: Services, month: str) -> Response:
    """The meeting: to be filled in by who may, to be read by the others."""
    return _meeting(request, actor, product, month)


@router.post("/reports/{month}/meeting")
async def keep_meeting(request: Request, actor: Reader, product: Services, month: str) -> Response:
    """Write it down; what does not hold comes back as it was typed."""
    form = await request.form()
    return await run_in_threadpool(_keep, request, actor, product, month, form)


@router.get("/reports/{month}")
def show(
    request: Request, actor: Reader, product: Services, month: str, compare: bool = False
) -> Response:
    """One month's report; on demand with what today's records would give otherwise."""
    return _report(request, actor, product, month, compare=compare)


@router.get("/reports/{month}/issue")
def no_page(request: Request, _actor: Reader, month: str) -> Response:
    """An action's address has no page of its own."""
    return go(request, f"/reports/{month}")


@router.post("/reports/{month}/issue")
def issue(
    request: Request, actor: Reader, product: Services, month: str, reason: str = Form("")
) -> Response:
    """Freeze the report."""
    try:
        product.desk.monthly.issue(actor, month, reason)
    except Invalid as error:
        return _report(request, actor, product, month, 422, _faults(error), reason)
    except Conflict as error:
        fault = Fault("main", None, error.what)
        return _report(request, actor, product, month, 409, (fault,), reason)
    return go(request, f"/reports/{month}")


def _report(
    request: Request,
    actor: Actor,
    product: Product,
    month: str,
    status: int = 200,
    errors: tuple[Fault, ...] = (),
    reason: str = "",
    compare: bool = False,
) -> Response:
    view = product.desk.monthly.get(actor, month, compare=compare)
    tongue, office = actor.language, product.inventory.office
    drawn = pictures(view.figures, tongue)
    return page(
        request,
        "report.html",
        status=status,
        view=view,
        title=report_title(month, tongue),
        findings=findings(view.figures, tongue),
        pictures=drawn,
        tables=tables(view.figures, tongue),
        written=lambda column, cell: written(column, cell, office, tongue),
        parts=PARTS,
        story=[event_view(one, tongue) for one in product.desk.monthly.story(actor, month)],
        errors=errors,
        reason=reason,
    )


def _keep(request: Request, actor: Actor, product: Product, month: str, form: FormData) -> Response:
    typed = {key: value for key, value in form.multi_items() if isinstance(value, str)}
    came = [one for one in form.getlist("came") if isinstance(one, str)]
    try:
        given = MeetingIn.model_validate(_body(product, typed, came))
        product.desk.monthly.meet(actor, month, given)
    except ValidationError as error:
        faults = tuple(
            _fault("/" + "/".join(map(str, one["loc"])), explain(one)) for one in error.errors()
        )
        return _meeting(request, actor, product, month, 422, faults, typed, came)
    except Invalid as error:
        return _meeting(request, actor, product, month, 422, _faults(error), typed, came)
    except Conflict as error:
        faults = (Fault("main", None, error.what),)
        return _meeting(request, actor, product, month, 409, faults, typed, came)
    return go(request, f"/reports/{month}/meeting?saved=1")


def _meeting(
    request: Request,
    actor: Actor,
    product: Product,
    month: str,
    status: int = 200,
    errors: tuple[Fault, ...] = (),
    typed: Mapping[str, str] | None = None,
    came: list[str] | None = None,
) -> Response:
    view = product.desk.monthly.get(actor, month)
    values = dict(typed) if typed is not None else _values(view.meeting)
    values["revision"] = str(view.meeting.revision)
    if came is None:
        came = [one.username for one in view.meeting.attendance if one.username]
    lines = {int(found[2]) for key in values if (found := _ROW.fullmatch(key))
             and found[1] == "actions"}  # fmt: skip
    return page(
        request,
        "report_meeting.html",
        status=status,
        view=view,
        meeting=view.meeting,
        title=month_title(month, actor.language),
        number_of=words.number_of,
        values=values,
        came=came,
        lines=range(max(lines, default=-1) + 1 + (NEW_ROWS if typed is None else 0)),
        officers=_officers(product),
        errors=errors,
        writes=view.may_meet and view.meeting.editable,
        saved=request.query_params.get("saved") == "1" and not errors,
    )


def _officers(product: Product) -> dict[str, str]:
    """Who has an account at the office, by user name."""
    found = product.people.people()
    return {one.username: one.name for one in found if set(one.roles) - {"applicant"}}


def _values(meeting: Any) -> dict[str, str]:
    """What is written down, by field."""
    others = [one.name for one in meeting.attendance if not one.username]
    values = {
        "held_on": meeting.held_on.isoformat() if meeting.held_on else "",
        "place": meeting.place,
        "minutes": meeting.minutes,
        "attendance": "\n".join(others),
    }
    for group in ("actions", "earlier"):
        for n, one in enumerate(getattr(meeting, group)):
            values |= {
                f"{group}/{n}/id": str(one.id),
                f"{group}/{n}/what": one.what,
                f"{group}/{n}/who": one.who,
                f"{group}/{n}/until": one.until.isoformat() if one.until else "",
                f"{group}/{n}/outcome": one.outcome,
            }
            if one.done_on:
                values[f"{group}/{n}/done"] = "yes"
    return values


def _body(product: Product, typed: Mapping[str, str], came: list[str]) -> dict[str, Any]:
    """The form as the JSON interface takes it; rows left empty are no rows."""
    officers = _officers(product)
    others = [{"name": line.strip()} for line in typed.get("attendance", "").splitlines()]
    rows: dict[str, dict[int, dict[str, Any]]] = {"actions": {}, "earlier": {}}
    for key, value in typed.items():
        if found := _ROW.fullmatch(key):
            rows[found[1]].setdefault(int(found[2]), {})[found[3]] = value.strip() or None
    return {
        "held_on": typed.get("held_on") or None,
        "place": typed.get("place", ""),
        "minutes": typed.get("minutes", "").replace("\r\n", "\n"),
        "attendance": [
            *({"name": officers[one], "username": one} for one in came if one in officers),
            *(one for one in others if one["name"]),
        ],
        "actions": [
            _row(row, "id", "what", "who", "until") for _, row in sorted(rows["actions"].items())
            if row.get("what") or row.get("who")
        ],
        "earlier": [_row(row, "id") for _, row in sorted(rows["earlier"].items())],
        "revision": int(typed["revision"]) if typed.get("revision", "").isdecimal() else None,
    }  # fmt: skip


def _row(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    given = {name: row.get(name) or ("" if name in ("what", "who") else None) for name in names}
    return {**given, "done": bool(row.get("done")), "outcome": row.get("outcome") or ""}


def _faults(error: Invalid) -> tuple[Fault, ...]:
    return tuple(_fault(one.pointer, one.message) for one in error.errors)


def _fault(pointer: str, message: Any) -> Fault:
    parts = pointer.strip("/").split("/")
    field = "reason" if parts == ["reason"] else parts[0]
    anchor = "-".join(parts) if parts[0] in ("actions", "earlier") and len(parts) > 2 else field
    return Fault(f"f-{anchor}", _LABELS.get(parts[0]), message)
