"""What one request asks of the planner: its details joined with catalogue and campus; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from provisioner.catalogue import EventWifiOffer, Inventory, Network
from provisioner.drivers.network import Host
from provisioner.errors import Conflict
from provisioner.services.booking import Window
from provisioner.services.event_wifi.details import EventWifiDetails
from provisioner.services.event_wifi.path import Way, paths, refuse
from provisioner.services.paths import stand_ins
from provisioner.services.scopes import Stock, stock_of, without
from provisioner.services.waves import waves
from provisioner.texts import Message, say

_Form = TypeVar("_Form", bound=BaseModel)


@dataclass(frozen=True)
class WifiInput:
    """A request with the pieces of catalogue and campus that it names."""

    number: str
    details: EventWifiDetails
    offer: EventWifiOffer
    place_title: str
    paths: tuple[Way, ...]
    redundant: tuple[frozenset[str], ...]
    """Devices on these ways that stand in for each other."""
    zone: tzinfo
    network: Network
    unrouted: Message | None
    """Why nothing can be set on the router: speed, and networks of the event's own; else None."""

    @property
    def window(self) -> Window:
        return Window(self.details.starts_at, self.details.ends_at)

    @property
    def access_points(self) -> list[str]:
        return [path.start.device for path in self.paths]

    @property
    def switches(self) -> list[str]:
        """Every switch on the way, the farthest from the router first."""
        far = self._distances
        on_the_way = {switch for path in self.paths for switch in path.switches}
        return sorted(on_the_way, key=lambda switch: (-far[switch], switch))

    @property
    def router(self) -> str:
        """Where all ways end."""
        return self.paths[0].router.device

    def stock(self, segment: str) -> Stock:
        """Where VLAN and network come from that are not prepared. Raises Conflict."""
        if self.unrouted is not None:
            refuse(self.unrouted, device=self.router)
        found = stock_of(self.number, segment, self.network, self.paths)
        return without(found, self.access_points)

    def waves(self, hosts: Collection[str]) -> list[list[str]]:
        """Hosts in the order of a change that cuts nobody off: the access points first."""
        far = self._distances
        first = dict.fromkeys(self.access_points, max(far.values(), default=0))
        away = {**far, **first, self.router: 0}
        return waves({host: away[host] for host in hosts}, self.redundant)

    @property
    def _distances(self) -> dict[str, int]:
        return {device: away for path in self.paths for device, away in path.distances.items()}


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
    on_the_way = {device for way in ways for device in way.devices}
    return WifiInput(
        number=number,
        details=wish,
        offer=offer_of(inventory),
        place_title=inventory.network.places[place].title,
        paths=ways,
        redundant=(
            *(group for way in ways for group in way.redundant),
            *stand_ins(on_the_way, inventory.network, hosts),
        ),
        zone=inventory.office.zone,
        network=inventory.network,
        unrouted=_unrouted(place, inventory.network, hosts, ways),
    )


def _unrouted(
    place: str, network: Network, hosts: Mapping[str, Host], ways: Collection[Way]
) -> Message | None:
    routers = sorted({way.router for way in ways})
    if len(routers) > 1:
        return say(
            "The access points are connected to several ports of routers: %(routers)s.",
            routers=", ".join(map(":".join, routers)),
        )
    try:
        paths(place, network, hosts, change_router=True)
    except Conflict as conflict:
        return conflict.what
    return None


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
