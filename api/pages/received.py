"""After asking: the page that says what happens next, and the receipt to file."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.pages.called import Names
from api.pages.details import lines
from api.pages.frame import Reader, page
from api.security import Services
from api.words import SERVICES, title_of
from provisioner.asking.receipts import receipt_pdf
from provisioner.bootstrap import Product
from provisioner.people.rules import Actor
from provisioner.texts import say

router = APIRouter(prefix="/requests")


@router.get("/{number}/received")
def received(request: Request, actor: Reader, product: Services, number: str) -> Response:
    """Number, date due, what happens next, whom to ask; may be bookmarked."""
    view, names = product.requests.get(actor, number), Names(product)
    offer = product.inventory.catalogue.offer(view.service)
    return page(
        request, "ask_received.html", view=view, wants_letter=bool(offer and offer.letters),
        title=title_of(view, names.instance, names.target),
    )  # fmt: skip


@router.get("/{number}/receipt.pdf")
def receipt(actor: Reader, product: Services, number: str) -> Response:
    """The receipt as PDF."""
    return receipt_answer(product, actor, number, actor.language)


def receipt_answer(product: Product, actor: Actor, number: str, language: str) -> Response:
    """The receipt of a request that the actor may see, as an answer. Raises NotFound."""
    view = product.requests.get(actor, number)
    names = Names(product)
    asked = lines(view.details, view.service, product.inventory, names.instance)
    called = title_of(view, names.instance, names.target)
    title = say("%(service)s: %(title)s", service=SERVICES[view.service], title=called)
    data = receipt_pdf(
        view, title, asked, product.inventory.office, language,
        product.settings.web.public_url,
    )  # fmt: skip
    return Response(
        data, media_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{view.number}.pdf"'},
    )  # fmt: skip
