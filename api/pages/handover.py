"""Handing secrets over by a link that opens once; looking at the page does not use it up.

The passphrase of an event's WiFi comes as the poster that is printed and hung up.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.pages.frame import Visitor, page
from api.security import Services
from api.statuses import status_of
from provisioner.bootstrap import Product
from provisioner.errors import Conflict, NotFound
from provisioner.instances.making import VM
from provisioner.instances.model import Instance
from provisioner.requests import store as requests
from provisioner.runs.steps.machine import CONSOLE_PASSWORD
from provisioner.runs.steps.network import PASSPHRASES
from provisioner.texts import say

router = APIRouter(prefix="/handover")


@dataclass(frozen=True)
class Server:
    """What a password belongs to."""

    name: str
    addresses: tuple[str, ...]
    user: str | None


KINDS = {CONSOLE_PASSWORD: say("Password of the console")}


@router.get("/{token}")
def ask(request: Request, _visitor: Visitor, product: Services, token: str) -> Response:
    """A button: programs that preview links must not use the link up."""
    opens = product.handovers.peek(token)
    number = product.handovers.owner(token) if opens else None
    return page(
        request, "handover.html", status=200 if opens else 410,
        opens=opens, values=None, kinds=KINDS, wifi=product.posters.has(number),
    )  # fmt: skip


@router.post("/{token}")
def reveal(request: Request, visitor: Visitor, product: Services, token: str) -> Response:
    """The secrets, this once."""
    number = product.handovers.owner(token)
    try:
        values = product.handovers.open(token, visitor.username if visitor else "link")
    except (Conflict, NotFound) as error:
        status = 410 if isinstance(error, Conflict) else status_of(error)
        return page(
            request, "handover.html", status=status, opens=False, values=None, kinds=KINDS,
            wifi=False,
        )  # fmt: skip
    passphrase = next((values[kind] for kind in PASSPHRASES if kind in values), None)
    if number is not None and passphrase is not None:
        return poster_page(request, product, number, passphrase)
    return page(
        request, "handover.html", opens=True, values=values, kinds=KINDS, wifi=False,
        server=_server(product, number) if number else None,
    )  # fmt: skip


def _server(product: Product, number: str) -> Server | None:
    """The server that the request made, or that its action is about; whoever opens the link needs
    to know where the password belongs.
    """
    with product.database.read() as session:
        request = requests.by_number(session, number)
        made = session.get(Instance, request.instance_id or request.details.get("instance", "-"))
        if made is None or made.kind != VM:
            return None
        return Server(made.name, tuple(made.addresses), made.facts.get("user"))


def poster_page(
    request: Request, product: Product, number: str, passphrase: str | None
) -> Response:
    """The poster of the WiFi that this request asked for. Raises NotFound where there is none."""
    printed = product.posters.make(number, passphrase)
    return page(request, "poster.html", poster=printed, once=passphrase is not None, number=number)
