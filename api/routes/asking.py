"""The services as data, contacts and notes, and the receipt, over JSON."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from api import language
from api.pages.received import receipt_answer
from api.replay import Replaying
from api.security import Person, Services
from provisioner.asking.cards import ServiceCard, card, cards
from provisioner.requests.contacts import NewContact, NewNote
from provisioner.requests.views import EventView
from provisioner.texts import render

router = APIRouter(tags=["asking"], route_class=Replaying)


class Complaints(BaseModel):
    """A way to complain."""

    model_config = ConfigDict(from_attributes=True)

    title: str
    contact: str
    url: str | None


class ServiceView(BaseModel):
    """One service as its standard describes it, in the reader's language."""

    service: str
    title: str
    about: str
    requirements: list[str]
    procedure: list[str]
    sla_working_days: int
    cost: str
    product: str
    staff: str
    facilities: list[str]
    guarantee: str
    letters: list[str]
    legal_basis: list[str]
    complaint_channels: list[Complaints]


@router.get("/services")
def services(request: Request, product: Services) -> list[ServiceView]:
    """Everything on offer; nobody needs to be signed in."""
    reader = language.of_api(request)
    return [_view(one, reader) for one in cards(product.inventory)]


@router.get("/services/{service}")
def service(request: Request, product: Services, service: str) -> ServiceView:
    """One service; nobody needs to be signed in."""
    return _view(card(product.inventory, service), language.of_api(request))


@router.post("/requests/{number}/contacts", status_code=201)
def log_contact(product: Services, actor: Person, number: str, new: NewContact) -> EventView:
    """Log a contact with the applicant; the department sees it."""
    return product.desk.asking.contacts.log(actor, number, new)


@router.post("/requests/{number}/notes", status_code=201)
def add_note(product: Services, actor: Person, number: str, new: NewNote) -> EventView:
    """Add a note that only the office reads."""
    return product.desk.asking.contacts.note(actor, number, new)


@router.post("/requests/{number}/notes/{id}/unpin")
def unpin(product: Services, actor: Person, number: str, id: int) -> EventView:
    """Take a pinned note from the top of the request's page."""
    return product.desk.asking.contacts.unpin(actor, number, id)


@router.get("/requests/{number}/receipt.pdf")
def receipt(product: Services, actor: Person, number: str) -> Response:
    """The receipt: number, what was asked, date due, where it is tracked."""
    return receipt_answer(product, actor, number, actor.language)


def _view(one: ServiceCard, reader: str) -> ServiceView:
    return ServiceView(
        service=one.service,
        title=render(one.title, reader),
        about=render(one.about, reader),
        requirements=[render(line, reader) for line in one.requirements],
        procedure=[render(line, reader) for line in one.procedure],
        sla_working_days=one.working_days,
        cost=render(one.cost, reader),
        product=render(one.product, reader),
        staff=render(one.staff, reader),
        facilities=[render(line, reader) for line in one.facilities],
        guarantee=render(one.guarantee, reader),
        letters=list(one.letters),
        legal_basis=list(one.legal_basis),
        complaint_channels=[Complaints.model_validate(way) for way in one.complaints],
    )
