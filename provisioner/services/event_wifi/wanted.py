"""What one request asks of the planner: its details joined with catalogue and campus; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from provisioner.catalogue import EventWifiOffer, Inventory
from provisioner.drivers.network import Host
from provisioner.services.event_wifi.booking import Window
from provisioner.services.event_wifi.details import EventWifiDetails
from provisioner.services.event_wifi.path import Path, paths, refuse
from provisioner.texts import say

_Form = TypeVar("_Form", bound=BaseModel)


@dataclass(frozen=True)
class WifiInput:
    """A request with the pieces of catalogue and campus that it names."""

    number: str
    details: EventWifiDetails
    offer: EventWifiOffer
    place_title: str
    paths: tuple[Path, ...]
    zone: tzinfo

    @property
    def window(self) -> Window:
        return Window(self.details.starts_at, self.details.ends_at)

    @property
    def access_points(self) -> list[str]:
        return [path.access_point for path in self.paths]

    @property
    def switches(self) -> list[str]:
        """Every switch on the way, the farthest from the router first."""
        distance: dict[str, int] = {}
        for path in self.paths:
            for hop in path.hops:
                distance[hop.switch] = path.distance(hop.switch)
        return sorted(distance, key=lambda switch: (-distance[switch], switch))

    @property
    def waves(self) -> list[list[str]]:
        """Hosts in the order of a change that cuts nobody off: the far end first."""
        distance = {hop.switch: p.distance(hop.switch) for p in self.paths for hop in p.hops}
        levels = sorted(set(distance.values()), reverse=True)
        return [
            sorted(self.access_points),
            *([s for s in sorted(distance) if distance[s] == level] for level in levels),
        ]


def wifi_input(
    number: str,
    details: Mapping[str, Any],
    *,
    inventory: Inventory,
    hosts: Mapping[str, Host],
) -> WifiInput:
    """Join a request's details with what they name.

    Raises Conflict(``not-plannable``) when something no longer holds: catalogue, campus and devices
    may have changed since the request was submitted.
    """
    wish = form(EventWifiDetails, details)
    place = wish.place
    ways = paths(place, inventory.network, hosts)
    return WifiInput(
        number=number,
        details=wish,
        offer=offer_of(inventory),
        place_title=inventory.network.places[place].title,
        paths=ways,
        zone=inventory.office.zone,
    )


def form(model: type[_Form], details: Mapping[str, Any]) -> _Form:
    """The details as the form that they were checked by. Raises Conflict."""
    try:
        return model.model_validate(details)
    except ValidationError as error:
        fields = ", ".join(sorted({str(fault["loc"][0]) for fault in error.errors()}))
        refuse(
            say("The details do not hold any more: %(fields)s. Return the request.", fields=fields)
        )


def offer_of(inventory: Inventory) -> EventWifiOffer:
    """The terms of the service. Raises Conflict when it is no longer offered."""
    if inventory.event_wifi is None:
        refuse(say("The catalogue no longer offers this service."))
    return inventory.event_wifi
