"""What the form of each service asks: its questions in order, their choices, and their check."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from api import acts
from api.pages.details import size_text
from api.words import FEEDS, FIELDWORK, SECURITY, SYMPTOMS, TRUTH, YES_NO
from provisioner.catalogue import Inventory
from provisioner.services.cloud_vps.details import parse_details as parse_cloud_vps
from provisioner.services.colocation.details import parse_details as parse_colocation
from provisioner.services.event_wifi.details import parse_details as parse_event_wifi
from provisioner.services.internet.details import parse_details as parse_internet
from provisioner.services.troubleshooting.details import parse_details as parse_trouble
from provisioner.texts import Message, Phrase, say

Choices = Sequence[tuple[str, Phrase]]
Row = str | tuple[str, ...]
"""A field, or some that stand side by side; ``note/…`` is a line of text between them."""


def _names(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        yield from (row,) if isinstance(row, str) else row


@dataclass(frozen=True)
class Question:
    """What is asked at once: a page of its own for applicants, a part of the one-page form."""

    key: str
    title: Message
    group: Message
    """The heading under which it stands on the one-page form."""
    rows: tuple[Row, ...]
    fold: bool = False
    """On the one-page form it is folded away until it is needed."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Its fields in order."""
        return tuple(name for name in _names(self.rows) if not name.startswith("note/"))


@dataclass(frozen=True)
class Group:
    """Questions under one heading."""

    title: Message
    questions: tuple[Question, ...]

    @property
    def fold(self) -> bool:
        """Whether all of it is folded away until it is needed."""
        return all(question.fold for question in self.questions)

    @property
    def fields(self) -> tuple[str, ...]:
        """Its fields in order."""
        return tuple(name for question in self.questions for name in question.fields)


_LETTER = say("Letter of request")
RECEIPT = Question(
    "receipt", say("Who asks, and how did it come?"), say("Receipt"),
    ("department", ("channel", "received_at")),
)  # fmt: skip
"""Asked of technicians, who enter what came on paper."""
APPLICANT = Question(
    "applicant", say("Whom do we contact about it?"), say("Applicant"),
    (
        "note/department", "applicant/name", "applicant/position",
        ("applicant/phone", "applicant/email"), "applicant/employee_id",
    ),
)  # fmt: skip
LETTER = Question(
    "letter", say("What stands on the letter?"), _LETTER,
    (
        "note/letter", "letter/kind", ("letter/number", "letter/date"),
        ("letter/signatory/name", "letter/signatory/position"),
    ),
)  # fmt: skip
FILE = Question("file", say("Upload the letter"), _LETTER, ())
"""Only where one question stands on a page: elsewhere the file follows on the draft's page."""
COMMON = (*RECEIPT.fields, *APPLICANT.fields, *LETTER.fields)


@dataclass(frozen=True)
class Asking:
    """One service's form; ``part`` is the template of its own fields."""

    service: str
    title: Message
    result: Message
    part: str
    own: tuple[str, ...]
    parse: Callable[[Mapping[str, Any], Inventory], object]
    """Raises Invalid with the faults of the details."""
    choices: Callable[[Inventory], Mapping[str, Choices]]
    given: Mapping[str, str]
    """What stands in an empty form."""
    questions: tuple[Question, ...] = field(default=())
    """Of the service itself; none: the template brings all its fields in one."""

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields, in the order of the page."""
        return (*self.own, *COMMON)

    def asked(self, *, letter: bool, office: bool) -> tuple[Question, ...]:
        """All questions in order; ``letter``: one is needed, ``office``: a technician answers."""
        receipt = (RECEIPT,) if office and self.questions else ()
        return (*receipt, *self.questions, APPLICANT, *((LETTER, FILE) if letter else ()))


def groups(questions: Sequence[Question]) -> list[Group]:
    """The questions of the one-page form under their headings."""
    shown = (question for question in questions if question.rows)
    return [Group(title, tuple(some)) for title, some in groupby(shown, lambda q: q.group)]


def _vps_choices(inventory: Inventory) -> Mapping[str, Choices]:
    offer = inventory.cloud_vps
    if offer is None:
        return {}
    return {
        "sizes": [(key, size_text(key, size)) for key, size in offer.sizes.items()],
        "images": [(key, image.title) for key, image in offer.images.items()],
        "networks": [(k, n.title or k) for k, n in inventory.network.networks.items()],
    }


def _wifi_choices(inventory: Inventory) -> Mapping[str, Choices]:
    return {
        "places": [(key, place.title) for key, place in inventory.network.places.items()],
        "securities": list(SECURITY.items()),
        "truths": list(TRUTH.items()),
    }


def _colocation_choices(inventory: Inventory) -> Mapping[str, Choices]:
    found = inventory.network.colocation_networks
    return {
        "networks": [(key, network.title or key) for key, network in found.items()],
        "feeds": list(FEEDS.items()),
    }


def _internet_choices(inventory: Inventory) -> Mapping[str, Choices]:
    sites = inventory.network.sites.items()
    return {
        "sites": [(key, site.title) for key, site in sites if site.ports],
        "fieldwork": list(FIELDWORK.items()),
        "powers": list(YES_NO.items()),
        "securities": list(SECURITY.items()),
        "truths": list(TRUTH.items()),
    }


def _trouble_choices(inventory: Inventory) -> Mapping[str, Choices]:
    sites, places = inventory.network.sites, inventory.network.places
    return {
        "targets": [
            *((f"site:{key}", site.title) for key, site in sites.items()),
            *((f"place:{key}", place.title) for key, place in places.items()),
        ],
        "symptoms": list(SYMPTOMS.items()),
    }


def _service(
    service: str,
    title: Message,
    result: Message,
    parse: Callable[..., object],
    choices: Callable[[Inventory], Mapping[str, Choices]],
    given: Mapping[str, str],
    questions: tuple[Question, ...],
) -> Asking:
    return Asking(
        service, title, result, f"form_{service}.html",
        tuple(name for question in questions for name in question.fields),
        lambda details, inventory: parse(details, inventory, complete=False),
        choices, given, questions,
    )  # fmt: skip


_PURPOSE, _ACCESS = say("What is it for?"), say("Access")
_UNTIL = say("Until when is it needed?")
CLOUD_VPS = _service(
    "cloud_vps",
    say("New request: Cloud VPS"),
    say("a virtual server in the office's data centre, tried out before it is handed over"),
    parse_cloud_vps,
    _vps_choices,
    {},
    (
        Question("purpose", _PURPOSE, _PURPOSE, ("details/purpose",)),
        Question(
            "name", say("What is the server called?"), _PURPOSE,
            ("details/hostname", "details/application"),
        ),
        Question(
            "size", say("How large is it?"), _PURPOSE, ("details/size", "details/extra_disk_gb")
        ),
        Question("image", say("Which operating system?"), _PURPOSE, ("details/image",)),
        Question("network", say("In which network?"), _PURPOSE, ("details/network",)),
        Question("until", _UNTIL, _PURPOSE, ("details/until",)),
        Question(
            "access", say("Who signs in to it, and how?"), _ACCESS,
            ("details/admin_user", "details/ssh_keys"),
        ),
        Question("ports", say("What does the world reach?"), _ACCESS, ("details/open_ports",)),
    ),
)  # fmt: skip
_WHEN, _WIFI = say("Where and when?"), say("The network")
EVENT_WIFI = _service(
    "event_wifi",
    say("New request: WiFi for an event"),
    say("a wireless network at the place, with a poster to print; it switches itself on and off"),
    parse_event_wifi,
    _wifi_choices,
    {"details/security": "wpa2-personal", "details/isolate_clients": "true"},
    (
        Question("event", say("What is the event?"), _WHEN, ("details/event",)),
        Question("place", say("Where is it?"), _WHEN, ("details/place",)),
        Question(
            "times", say("When does it begin and end?"), _WHEN,
            (("details/starts_at", "details/ends_at"), "note/lasting"),
        ),
        Question("users", say("How many people come?"), _WHEN, ("details/expected_users",)),
        Question(
            "ssid", say("What is the WiFi called, and how is it protected?"), _WIFI,
            ("details/ssid", "details/security", "details/passphrase"),
        ),
        Question(
            "guests", say("What may guests do?"), _WIFI,
            ("details/isolate_clients", "details/rate_limit_mbps"),
        ),
    ),
)  # fmt: skip
_SITE, _SITE_WIFI = say("What is to be connected?"), say("WiFi at the site")
INTERNET = _service(
    "internet",
    say("New request: internet connection"),
    say("a port with addresses and the Internet behind it, tried out before it is handed over"),
    parse_internet,
    _internet_choices,
    {"details/fieldwork": "none"},
    (
        Question("site", _SITE, _SITE, ("details/site", "details/location")),
        Question("purpose", _PURPOSE, _SITE, ("details/purpose",)),
        Question(
            "users", say("How many people use it, and how fast?"), _SITE,
            (("details/expected_users", "details/rate_limit_mbps"),),
        ),
        Question(
            "work", say("What is there already?"), _SITE, ("details/fieldwork", "details/poe")
        ),
        Question("until", _UNTIL, _SITE, ("details/until",)),
        Question(
            "wifi", say("Is a WiFi needed too?"), _SITE_WIFI,
            (
                "details/ssid", "details/security", "details/passphrase",
                "details/isolate_clients",
            ),
            fold=True,
        ),
    ),
)  # fmt: skip
_SERVER, _DELIVERY = say("The server"), say("Delivery")
COLOCATION = _service(
    "colocation",
    say("New request: place for a server"),
    say("the server stands in the rack, connected and tried out; label and hand-over sheet"),
    parse_colocation,
    _colocation_choices,
    {"details/power_feeds": "2"},
    (
        Question(
            "name", say("Which server is it, and what for?"), _SERVER,
            ("details/server_name", "details/purpose"),
        ),
        Question(
            "model", say("Of which make is it?"), _SERVER, ("details/model", "details/serial")
        ),
        Question(
            "size", say("How high and heavy is it?"), _SERVER,
            (("details/units", "details/weight_kg"),),
        ),
        Question(
            "power", say("How much power does it draw?"), _SERVER,
            (("details/watts", "details/power_feeds"),),
        ),
        Question(
            "network", say("In which network?"), say("Network"),
            ("details/network", "details/mac", "details/open_ports"),
        ),
        Question(
            "delivery", say("Who brings it, and when?"), _DELIVERY,
            ("details/contact_on_site", ("details/delivery_on", "details/until")),
        ),
    ),
)  # fmt: skip
_FAULT = say("The fault")
TROUBLESHOOTING = _service(
    "troubleshooting",
    say("Report a fault"),
    say("the cause and the next step; everything on the way is looked at as soon as you send it"),
    parse_trouble,
    _trouble_choices,
    {},
    (
        Question("target", say("Where does it not work?"), _FAULT, ("details/target",)),
        Question("symptom", say("What do you see?"), _FAULT, ("details/symptom",)),
        Question(
            "story", say("What happened?"), _FAULT,
            ("details/description", ("details/since", "details/location")),
        ),
    ),
)  # fmt: skip
ACTION = Asking(
    "event_wifi",
    say("Change the end of a WiFi"),
    say("the WiFi ends at the new time by itself"),
    "form_action.html",
    ("details/ends_at",),
    lambda details, inventory: parse_event_wifi(details, inventory, complete=False),
    lambda _inventory: {},
    {},
)
ALL: Mapping[str, Asking] = {
    one.service: one for one in (CLOUD_VPS, COLOCATION, INTERNET, EVENT_WIFI, TROUBLESHOOTING)
}
FIELDS = tuple(
    dict.fromkeys((*(name for one in ALL.values() for name in one.own), *acts.FIELDS, *COMMON))
)
"""Of every service and action."""


def offered(inventory: Inventory) -> list[Asking]:
    """The services that can be asked for here."""
    return [one for one in ALL.values() if inventory.catalogue.offer(one.service) is not None]
