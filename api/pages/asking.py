"""What the form of each service asks: its fields, its choices, and how its answers are checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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

COMMON = (
    "department",
    "applicant/name", "applicant/position", "applicant/phone", "applicant/email",
    "applicant/employee_id",
    "letter/kind", "letter/number", "letter/date", "letter/signatory/name",
    "letter/signatory/position",
)  # fmt: skip
Choices = Sequence[tuple[str, Phrase]]


@dataclass(frozen=True)
class Asking:
    """One service's form; ``part`` is the template of its own questions."""

    service: str
    title: Message
    about: Message
    result: Message
    part: str
    own: tuple[str, ...]
    parse: Callable[[Mapping[str, Any], Inventory], object]
    """Raises Invalid with the faults of the details."""
    choices: Callable[[Inventory], Mapping[str, Choices]]
    given: Mapping[str, str]
    """What stands in an empty form."""

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields, in the order of the page."""
        return (*self.own, *COMMON)


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


CLOUD_VPS = Asking(
    "cloud_vps",
    say("New request: Cloud VPS"),
    say("A virtual server of your own in the office's data centre, for an application or a page."),
    say("a virtual server in the office's data centre, tried out before it is handed over"),
    "form_cloud_vps.html",
    (
        "details/purpose", "details/hostname", "details/size", "details/image", "details/network",
        "details/until", "details/extra_disk_gb", "details/application", "details/admin_user",
        "details/ssh_keys", "details/open_ports",
    ),
    lambda details, inventory: parse_cloud_vps(details, inventory, complete=False),
    _vps_choices,
    {},
)  # fmt: skip
EVENT_WIFI = Asking(
    "event_wifi",
    say("New request: WiFi for an event"),
    say("A wireless network for guests at one of our places, for the hours of an event."),
    say("a wireless network at the place, with a poster to print; it switches itself on and off"),
    "form_event_wifi.html",
    (
        "details/event", "details/place", "details/starts_at", "details/ends_at",
        "details/expected_users", "details/ssid", "details/security", "details/passphrase",
        "details/isolate_clients", "details/rate_limit_mbps",
    ),
    lambda details, inventory: parse_event_wifi(details, inventory, complete=False),
    _wifi_choices,
    {"details/security": "wpa2-personal", "details/isolate_clients": "true"},
)  # fmt: skip
INTERNET = Asking(
    "internet",
    say("New request: internet connection"),
    say("A site of your department connected to the Internet, by cable and by WiFi where there are "
        "access points."),
    say("a port with addresses and the Internet behind it, tried out before it is handed over"),
    "form_internet.html",
    (
        "details/site", "details/location", "details/purpose", "details/expected_users",
        "details/rate_limit_mbps", "details/poe", "details/fieldwork", "details/ssid",
        "details/security", "details/passphrase", "details/isolate_clients", "details/until",
    ),
    lambda details, inventory: parse_internet(details, inventory, complete=False),
    _internet_choices,
    {"details/fieldwork": "none"},
)  # fmt: skip
COLOCATION = Asking(
    "colocation",
    say("New request: place for a server"),
    say("A place in the office's data centre for a server that belongs to your department."),
    say("the server stands in the rack, connected and tried out; label and hand-over sheet"),
    "form_colocation.html",
    (
        "details/server_name", "details/purpose", "details/model", "details/serial",
        "details/units", "details/weight_kg", "details/watts", "details/power_feeds",
        "details/network", "details/mac", "details/open_ports", "details/contact_on_site",
        "details/delivery_on", "details/until",
    ),
    lambda details, inventory: parse_colocation(details, inventory, complete=False),
    _colocation_choices,
    {"details/power_feeds": "2"},
)  # fmt: skip
TROUBLESHOOTING = Asking(
    "troubleshooting",
    say("Report a fault"),
    say("Something that worked does not work any more: the Internet, a WiFi, a server."),
    say("the cause and the next step; everything on the way is looked at as soon as you send it"),
    "form_troubleshooting.html",
    (
        "details/target", "details/symptom", "details/description", "details/since",
        "details/location",
    ),
    lambda details, inventory: parse_trouble(details, inventory, complete=False),
    _trouble_choices,
    {},
)  # fmt: skip
ACTION = Asking(
    "event_wifi",
    say("Change the end of a WiFi"),
    say("The WiFi stays on longer, or ends earlier."),
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
    dict.fromkeys(
        (
            *CLOUD_VPS.own,
            *EVENT_WIFI.own,
            *INTERNET.own,
            *COLOCATION.own,
            *TROUBLESHOOTING.own,
            *acts.FIELDS,
            *COMMON,
        )
    )
)
"""Of every service and action."""


def offered(inventory: Inventory) -> list[Asking]:
    """The services that can be asked for here."""
    return [one for one in ALL.values() if inventory.catalogue.offer(one.service) is not None]
