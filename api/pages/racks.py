"""The racks, and what is printed: the label of a server in one, the sheets of handing over."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.pages.frame import Reader, page
from api.racks import Place, all_racks, label_of, place_of
from api.security import Services
from api.sites import Connection, connection_of
from provisioner.bootstrap import Product
from provisioner.errors import Forbidden, NotFound
from provisioner.instances.views import InstanceView
from provisioner.people.rules import Actor, sees_all
from provisioner.services.event_wifi.poster import qr_svg
from provisioner.texts import say

router = APIRouter()


@router.get("/racks")
def show(request: Request, actor: Reader, product: Services) -> Response:
    """Every rack with what stands in it."""
    if not sees_all(actor):
        raise Forbidden(say("This is looked at by the office only."))
    return page(request, "racks.html", racks=all_racks(product), slot_label=label_of)


@router.get("/instances/{id}/label")
def label(request: Request, actor: Reader, product: Services, id: str) -> Response:
    """The label of 60 by 40 mm that is glued on the server."""
    return _print(request, actor, product, id, "label.html")


@router.get("/instances/{id}/sheet")
def sheet(request: Request, actor: Reader, product: Services, id: str) -> Response:
    """The sheet that is signed when a server or a connection is handed over."""
    one = product.instances.get(actor, id)
    connection = connection_of(product, one.id) if one.kind == "site" else None
    if connection is None:
        return _print(request, actor, product, id, "sheet.html")
    return _paper(request, actor, product, one, "sheet_site.html", connection=connection)


def _print(request: Request, actor: Actor, product: Product, id: str, template: str) -> Response:
    one, place = _server(product, actor, id)
    return _paper(request, actor, product, one, template, place=place)


def _paper(
    request: Request,
    actor: Actor,
    product: Product,
    one: InstanceView,
    template: str,
    place: Place | None = None,
    connection: Connection | None = None,
) -> Response:
    address = f"{product.settings.web.public_url.rstrip('/')}/instances/{one.id}"
    return page(
        request,
        template,
        one=one,
        place=place,
        connection=connection,
        view=product.requests.get(actor, one.request),
        qr=qr_svg(address),
        address=address,
        department={d.id: d.name for d in product.people.departments()}.get(
            one.department, one.department
        ),
        proof=product.reports.get(actor, one.request).proof,
    )


def _server(product: Product, actor: Actor, id: str) -> tuple[InstanceView, Place]:
    one = product.instances.get(actor, id)
    place = place_of(product, one.id) if one.kind == "colocation" else None
    if place is None:
        raise NotFound(say("There is no instance %(id)s.", id=id[:40]))
    return one, place
