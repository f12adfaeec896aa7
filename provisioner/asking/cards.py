"""The card of each service: what the published standard promises, from the catalogue's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provisioner.catalogue import Inventory
from provisioner.errors import NotFound
from provisioner.requests.completeness import LETTERS
from provisioner.texts import Message, Phrase, say

_FREE = say("free of charge")
_GUARANTEE = say("Fast, exact, complete and accountable, by the office's own technical team.")


@dataclass(frozen=True)
class Channel:
    """A way to complain."""

    title: str
    contact: str
    url: str | None


@dataclass(frozen=True)
class ServiceCard:
    """One service as its standard describes it."""

    service: str
    title: Phrase
    about: Phrase
    requirements: Sequence[Phrase]
    procedure: Sequence[Phrase]
    working_days: int
    cost: Phrase
    product: Phrase
    legal_basis: Sequence[str]
    complaints: Sequence[Channel]
    staff: Phrase
    facilities: Sequence[Phrase]
    guarantee: Phrase
    letters: Sequence[str]


@dataclass(frozen=True)
class _Words:
    """Our own words for a service, where the catalogue has none."""

    title: Message
    about: Message
    needs: Sequence[Message]
    work: Message
    product: Message
    staff: Message
    facilities: Sequence[Message]


_ROOM = (say("Server room"), say("Servers"), say("Bandwidth"), say("Data centre"))
_FIELD = (say("Data centre"), say("Network devices"), say("Vehicle for field work"))
_WORDS: Mapping[str, _Words] = {
    "cloud_vps": _Words(
        say("Cloud VPS (virtual server)"),
        say("A virtual server of your own in the office's data centre, for an application or a "
            "page."),
        (say("Purpose, size and operating system of the server"),
         say("A public SSH key of whoever looks after the server")),
        say("The server is made, tried out and handed over"),
        say("A virtual server in the office's data centre, and a letter of confirmation"),
        say("Two technicians of Bidang Informatika"),
        _ROOM,
    ),
    "colocation": _Words(
        say("Colocation of a server"),
        say("A place in the office's data centre for a server that belongs to your department."),
        (say("Make, height and power of the server"),
         say("Whoever brings the server, and when")),
        say("The server is put in the rack, connected and tried out"),
        say("A place in the data centre, with label, hand-over sheet and letter of confirmation"),
        say("Two technicians of Bidang Informatika"),
        _ROOM,
    ),
    "internet": _Words(
        say("Internet connection"),
        say("A site of your department connected to the Internet, by cable and by WiFi where there "
            "are access points."),
        (say("Site, building and room, and what the connection is for"),),
        say("The site is connected, by a team on site where cables are needed, and tried out"),
        say("An Internet connection at your site, and a letter of confirmation"),
        say("Four technicians of the network team"),
        _FIELD,
    ),
    "event_wifi": _Words(
        say("WiFi for an event"),
        say("A wireless network for guests at one of our places, for the hours of an event."),
        (say("Name, place and hours of the event, and how many people come"),),
        say("The WiFi switches itself on at the beginning and off at the end"),
        say("A wireless network for the event, with a poster to print"),
        say("Four technicians of the network team"),
        _FIELD,
    ),
    "troubleshooting": _Words(
        say("Report a fault"),
        say("Something that worked does not work any more: the Internet, a WiFi, a server."),
        (say("Where it does not work, and what you see"),),
        say("Everything on the way is looked at; what can be mended is mended"),
        say("The cause, and what was done about it"),
        say("Four technicians of the network team"),
        _FIELD,
    ),
}  # fmt: skip


def cards(inventory: Inventory) -> list[ServiceCard]:
    """Of every service on offer, in a fixed order."""
    return [card(inventory, service) for service in inventory.catalogue.offered()]


def card(inventory: Inventory, service: str) -> ServiceCard:
    """The card of one service. Raises NotFound where it is not offered."""
    offer = inventory.catalogue.offer(service)
    if offer is None:
        raise NotFound(say("This service is not offered here."))
    said, words, office = offer.card, _WORDS[service], inventory.office
    letters = [LETTERS[kind] for kind in offer.letters]
    return ServiceCard(
        service=service,
        title=offer.title or words.title,
        about=said.about or words.about,
        requirements=said.requirements or [*_letter_line(letters), *words.needs, _CONTACT],
        procedure=said.procedure or _procedure(words.work, bool(letters)),
        working_days=offer.sla_working_days,
        cost=said.cost or _FREE,
        product=said.product or words.product,
        legal_basis=office.legal_basis,
        complaints=[Channel(c.title, c.contact, c.url) for c in office.complaint_channels],
        staff=said.staff or words.staff,
        facilities=said.facilities or words.facilities,
        guarantee=said.guarantee or _GUARANTEE,
        letters=offer.letters,
    )


_CONTACT = say("Name, position, telephone and e-mail of the applicant")


def _letter_line(letters: Sequence[Message]) -> list[Message]:
    if not letters:
        return []
    if len(letters) == 1:
        return [say("%(letter)s of the Kepala OPD or Kepala UPT", letter=letters[0])]
    return [
        say("%(one)s of the Kepala OPD or Kepala UPT, or %(other)s",
            one=letters[0], other=letters[1])
    ]  # fmt: skip


def _procedure(work: Message, letter: bool) -> list[Message]:
    if not letter:
        return [
            say("Tell us by this page, by telephone or at the counter what does not work."),
            say("The program looks at everything on the way at once; a technician reads it."),
            say("%(work)s.", work=work),
            say("You are told what was found and what was done."),
        ]
    return [
        say("Fill in the form on this page and upload the letter, or bring the letter to us."),
        say("A technician looks at the request, and contacts you where something is missing."),
        say("The plan of what is to be done is approved."),
        say("%(work)s.", work=work),
        say("You receive a letter of confirmation that the request has been carried out."),
    ]
