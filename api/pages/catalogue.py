"""What the office offers and on what terms, as people read it, with where each term is changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api import words
from api.pages.frame import Reader, page
from api.security import Services
from provisioner.catalogue import Catalogue, CloudVpsOffer, Network
from provisioner.catalogue.offers import (
    ColocationOffer,
    EventWifiOffer,
    InternetOffer,
    ServiceOffer,
)
from provisioner.texts import Message, Phrase, say

router = APIRouter()


@dataclass(frozen=True)
class Term:
    """One term; ``key`` is where it stands below its section."""

    title: Message
    value: Any
    key: str


@dataclass(frozen=True)
class Terms:
    """A service, with its terms and the key of its section."""

    title: Phrase
    key: str
    offer: ServiceOffer
    terms: Sequence[Term]


@router.get("/catalogue")
def show_catalogue(request: Request, _actor: Reader, product: Services) -> Response:
    """Services with their terms, and the networks that they are given from."""
    inventory, settings = product.inventory, product.settings
    return page(
        request,
        "catalogue.html",
        services=list(_services(inventory.catalogue)),
        network=inventory.network,
        networks=_networks(inventory.network),
        file=settings.catalogue,
        network_file=settings.network,
    )


def _services(catalogue: Catalogue) -> Iterator[Terms]:
    for name, offer in catalogue.offered().items():
        letters = [words.LETTERS[kind] for kind in offer.letters]
        yield Terms(
            offer.title or words.SERVICES[name],
            f"services.{name}",
            offer,
            [
                Term(say("Time"), say("%(count)s working days", count=offer.sla_working_days),
                     "sla_working_days"),
                Term(say("Cost"), say("free of charge"), ""),
                Term(say("Letter"), letters or [say("none is asked for")], "letters"),
                *_own(offer),
            ],
        )  # fmt: skip


def _own(offer: ServiceOffer) -> Iterator[Term]:
    """What only this service has; a table of sizes and images stands by itself."""
    if isinstance(offer, CloudVpsOffer):
        yield Term(say("Snapshots at once per server"), offer.snapshots.per_vm, "snapshots.per_vm")
        yield Term(say("Days that a snapshot is kept"), offer.snapshots.keep_days,
                   "snapshots.keep_days")  # fmt: skip
        yield Term(say("Days of grace after its end"), offer.grace_days, "grace_days")
        yield Term(say("Days before its end at which people are warned"),
                   ", ".join(map(str, offer.warn_days)), "warn_days")  # fmt: skip
        yield Term(say("Second disk at most, in GB"), offer.extra_disk_gb_max, "extra_disk_gb_max")
        yield Term(say("Backed up once more before its end"), _yes(offer.last_backup),
                   "last_backup")  # fmt: skip
    elif isinstance(offer, EventWifiOffer):
        yield Term(say("Days that an event may last"), offer.max_days, "max_days")
        yield Term(say("Events at once on one access point"), offer.ssids_per_access_point,
                   "ssids_per_access_point")  # fmt: skip
        yield Term(say("Users per access point without a warning"), offer.users_per_access_point,
                   "users_per_access_point")  # fmt: skip
    elif isinstance(offer, InternetOffer):
        yield Term(say("Speed where none is named, in Mbit/s"), offer.default_mbps, "default_mbps")
        yield Term(say("Speed at most, in Mbit/s"), offer.max_mbps, "max_mbps")
        yield Term(say("Days at most"), offer.max_days or say("no limit"), "max_days")
        yield Term(say("Team"), offer.team or "–", "team")
    elif isinstance(offer, ColocationOffer):
        yield Term(say("Rack units at most"), offer.max_units, "max_units")
        yield Term(say("Power at most, in watts"), offer.max_watts, "max_watts")
        yield Term(say("Put low from this weight, in kg"), offer.heavy_kg, "heavy_kg")
        yield Term(say("Team"), offer.team or "–", "team")


def _yes(value: bool) -> Message:
    return say("yes") if value else say("no")


def _networks(network: Network) -> list[tuple[Message, str, list[tuple[str, str, str]]]]:
    """(what, key, (key, title, range)) of the networks that something is given from."""
    kinds = (
        (say("Networks for virtual servers"), "networks"),
        (say("Networks for servers in the racks"), "colocation_networks"),
        (say("Networks prepared for events"), "event_networks"),
        (say("Stocks of VLANs and networks for sites and events"), "segments"),
    )
    return [
        (
            title,
            key,
            [
                (name, getattr(one, "title", None) or name, str(one.cidr))
                for name, one in getattr(network, key).items()
            ],
        )
        for title, key in kinds
        if getattr(network, key)
    ]
