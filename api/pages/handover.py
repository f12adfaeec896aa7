"""Handing secrets over by a link that opens once; looking at the page does not use it up."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.pages.frame import Visitor, page
from api.security import Services
from api.statuses import status_of
from provisioner.errors import Conflict, NotFound
from provisioner.runs.steps.machine import CONSOLE_PASSWORD
from provisioner.texts import say

router = APIRouter(prefix="/handover")
KINDS = {CONSOLE_PASSWORD: say("Password of the console")}


@router.get("/{token}")
def ask(request: Request, _visitor: Visitor, product: Services, token: str) -> Response:
    """A button: programs that preview links must not use the link up."""
    opens = product.handovers.peek(token)
    return page(
        request, "handover.html", status=200 if opens else 410,
        opens=opens, values=None, kinds=KINDS,
    )  # fmt: skip


@router.post("/{token}")
def reveal(request: Request, visitor: Visitor, product: Services, token: str) -> Response:
    """The secrets, this once."""
    try:
        values = product.handovers.open(token, visitor.username if visitor else "link")
    except (Conflict, NotFound) as error:
        status = 410 if isinstance(error, Conflict) else status_of(error)
        return page(request, "handover.html", status=status, opens=False, values=None, kinds=KINDS)
    return page(request, "handover.html", opens=True, values=values, kinds=KINDS)
