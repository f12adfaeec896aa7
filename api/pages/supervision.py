"""What each officer did and how fast: for the superior, and each officer's own page."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.pages.frame import Reader, go, page
from api.security import Services
from provisioner.people.policy import Permission
from provisioner.people.rules import allows, sees_all
from provisioner.reports.monthly import words
from provisioner.reports.monthly.papers import month_title
from provisioner.reports.supervision import SupervisionView
from provisioner.texts import say

router = APIRouter()
DEEDS = {
    "planned": say("Plans made"),
    "approved": say("Approved"),
    "returned": say("Returned for completion"),
    "rejected": say("Rejected"),
    "retried": say("Runs tried again after a failure"),
    "by_hand": say("Work by hand completed"),
    "contacts": say("Contacts written down"),
    "letters": say("Letters given a number"),
    "complaints": say("Complaints answered"),
}
PACES = {
    "first_look": say("From receipt to the first look"),
    "approval": say("From receipt to approval"),
    "done": say("From receipt to done"),
}


@router.get("/supervision")
def everybody(
    request: Request, actor: Reader, product: Services, month: str | None = None
) -> Response:
    """Everybody's month; who does not lead is sent to the own page."""
    if sees_all(actor) and not allows(actor, Permission.SUPERVISE):
        return go(request, f"/supervision/{actor.username}")
    found = product.desk.supervision.view(actor, month)
    return _page(request, "supervision.html", found)


@router.get("/supervision/{username}")
def one(
    request: Request, actor: Reader, product: Services, username: str, month: str | None = None
) -> Response:
    """One officer's month."""
    found = product.desk.supervision.of(actor, username, month)
    return _page(
        request, "supervision_one.html", found, one=found.officers[0],
        own=actor.username == username, leads=allows(actor, Permission.SUPERVISE),
    )  # fmt: skip


def _page(request: Request, template: str, found: SupervisionView, **more: Any) -> Response:
    return page(
        request, template, found=found, deeds=DEEDS, paces=PACES, took=words.working_time,
        month_title=month_title, **more,
    )  # fmt: skip
