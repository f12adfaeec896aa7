"""The record as a page and as a file: who did what and when; for those who answer for it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.pages.audit_words import plain, technical, told
from api.pages.frame import Reader, page
from api.security import Services
from provisioner.auditing.views import Look
from provisioner.texts import say

router = APIRouter()
GROUPS = {
    "request": say("Requests"),
    "plan": say("Plans"),
    "run": say("Runs"),
    "step": say("Steps of runs"),
    "instance": say("What stands"),
    "contact": say("Contacts with applicants"),
    "note": say("Notes"),
    "handover": say("One-time links"),
    "letter": say("Letters"),
    "complaint": say("Complaints"),
    "report": say("Reports"),
    "check": say("Checks"),
    "device": say("Network devices"),
    "person": say("People and sign-ins"),
    "token": say("API tokens"),
    "secrets": say("Encryption key"),
    "department": say("Departments"),
    "audit": say("The record itself"),
}
_Word = Annotated[str, Query(max_length=64)]


def _look(
    person: _Word = "", record: _Word = "", group: _Word = "", since: _Word = "", until: _Word = ""
) -> tuple[Look, list[str]]:
    """The filters, and the dates that are none."""
    wrong = []
    days: dict[str, date] = {}
    for key, text in (("since", since), ("until", until)):
        try:
            days |= {key: date.fromisoformat(text)} if text else {}
        except ValueError:
            wrong.append(key)
    record = record.strip()
    known = record if record == "system" else record.upper()
    look = Look(actor=person.strip().lower(), record=known, group=group.strip(), **days)
    return look, wrong


_Sought = Annotated[tuple[Look, list[str]], Depends(_look)]


@router.get("/audit")
def audit(
    request: Request,
    actor: Reader,
    product: Services,
    sought: _Sought,
    older_than: str | None = None,
    newer_than: str | None = None,
) -> Response:
    """Events newest first, a page at a time."""
    look, wrong = sought
    service = product.desk.audit
    found = service.page(actor, look, older_than=older_than, newer_than=newer_than)
    kinds = service.groups(actor)
    return page(
        request, "audit.html", look=look, found=found, wrong=wrong,
        given={key: request.query_params.get(key, "") for key in ("since", "until")},
        groups=[(kind, GROUPS.get(kind, kind)) for kind in kinds],
        verdict=service.verdict(actor), told=told, technical=technical, plain=plain,
        older=_path("/audit", look, older_than=found.older),
        newer=_path("/audit", look, newer_than=found.newer),
        table=_path("/audit.csv", look),
        of_record=lambda number: _path("/audit", Look(record=number)),
    )  # fmt: skip


@router.get("/audit.csv")
def audit_csv(actor: Reader, product: Services, sought: _Sought) -> Response:
    """All that the filters leave, for a spreadsheet; sent while it is read."""
    return StreamingResponse(
        product.desk.audit.csv(actor, sought[0]),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="audit.csv"'},
    )


def _path(path: str, look: Look, **more: Any) -> str:
    chosen = look.chosen()
    if "actor" in chosen:
        chosen["person"] = chosen.pop("actor")
    query = urlencode(chosen | {key: value for key, value in more.items() if value})
    return f"{path}?{query}" if query else path
