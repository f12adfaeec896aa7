"""What one request asks of the planner: its details joined with site, segment and ways; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from provisioner.catalogue import (
    EventWifiOffer,
    InternetOffer,
    Inventory,
    Network,
    Segment,
    Site,
)
from provisioner.catalogue.network_fields import Port
from provisioner.drivers.network import AccessPort, Host, Intent, Ssid
from provisioner.errors import Conflict
from provisioner.plans.refusals import refuse
from provisioner.plans.segments import Lot
from provisioner.services.event_wifi.wanted import form
from provisioner.services.internet.details import InternetDetails
from provisioner.services.marking import MARK
from provisioner.services.paths import ACCESS_POINTS, SWITCHES, Way, stand_ins, way
from provisioner.services.scopes import Stock, stock_of, without
from provisioner.services.waves import waves
from provisioner.services.wishes import Intents
from provisioner.texts import Message, say

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Radio:
    """What one access point bears: networks at once, and users before it becomes slow."""

    names: int
    users: int


@dataclass(frozen=True)
class InternetInput:
    """A request with the pieces of catalogue and campus that it may use."""

    number: str
    department: str
    details: InternetDetails
    offer: InternetOffer
    site: Site
    segment: Segment
    network: Network
    ways: Mapping[str, Way]
    """From each switch of the site that leads to the router."""
    astray: Mapping[str, Message]
    """Switches of the site from which no way is certain, and why."""
    air: tuple[Way, ...]
    """From each access point, where there is to be WiFi."""
    redundant: tuple[frozenset[str], ...]
    radio: Radio
    zone: tzinfo

    @property
    def access_points(self) -> list[str]:
        return [way.start.device for way in self.air]

    @property
    def mbps(self) -> int:
        """The speed: as asked for, else of the segment, else of the offer."""
        asked = self.details.rate_limit_mbps or self.segment.rate_limit_mbps
        return asked or self.offer.default_mbps

    @property
    def ends_at(self) -> datetime | None:
        """The end of the last day."""
        until = self.details.until
        return None if until is None else datetime.combine(until, time(), self.zone) + _DAY

    @property
    def team(self) -> str | None:
        """Who does the field work."""
        return self.site.team or self.offer.team

    def ports(self) -> Iterator[Port]:
        """The site's ports from which a way leads to the router, in the order of the file."""
        return (port for port in self.site.free_ports() if port.device in self.ways)

    def stock(self, switch: str) -> Stock:
        """Where VLAN and network come from when the port is on that switch."""
        ways = (self.ways[switch], *self.air)
        found = stock_of(self.number, str(self.site.segment), self.network, ways)
        return without(found, set(self.access_points) - {switch})  # a switch may have radios

    def access_port(self, port: str, vlan: int) -> AccessPort:
        """The site's port as it has to be."""
        text = f"{MARK}{self.number} {self.details.site}"
        return AccessPort(port, vlan, text, self.details.poe)

    def ssids(self, vlan: int) -> dict[str, Ssid]:
        """The WiFi on each access point, where there is to be one."""
        details = self.details
        if details.ssid is None or details.security is None:
            return {}
        return {
            way.start.device: Ssid(
                mark=self.number,
                ssid=details.ssid,
                security=details.security,
                vlan=vlan,
                uplink=way.start.port,
                isolate=bool(details.isolate_clients),
            )
            for way in self.air
        }

    def intents(self, port: Port, lot: Lot) -> Intents:
        """What each device needs, the far end first: access points, switches, then the router."""
        stock = self.stock(port.device)
        found: dict[str, tuple[Intent, ...]] = {h: (s,) for h, s in self.ssids(lot.vlan).items()}
        for switch, (vlan, *trunks) in stock.on_the_way(lot).items():
            own = (self.access_port(port.port, lot.vlan),) if switch == port.device else ()
            found[switch] = (vlan, *own, *trunks, *found.get(switch, ()))
        return {**found, **stock.on_the_router(lot, self.mbps)}

    def waves(self, hosts: Collection[str], switch: str) -> list[list[str]]:
        """The hosts in the order of a change that cuts nobody off."""
        ways = (self.ways[switch], *self.air)
        far = {device: away for way in ways for device, away in way.distances.items()}
        far |= dict.fromkeys(self.access_points, max(far.values()))
        far[ways[0].router.device] = 0
        ordered = waves({host: far[host] for host in hosts}, self.redundant)
        return [wave for wave in ordered if wave]


def internet_input(
    number: str,
    department: str,
    details: Mapping[str, Any],
    *,
    inventory: Inventory,
    hosts: Mapping[str, Host],
) -> InternetInput:
    """Join a request's details with what they name.

    Raises Conflict(``not-plannable``) when something no longer holds, when no port of the site
    leads to a router, or when the router is not one that we can configure.
    """
    wish = form(InternetDetails, details)
    network = inventory.network
    site = network.sites.get(wish.site)
    if site is None or not site.ports or site.segment is None:
        refuse(
            say(
                "The site %(site)s has no ports to give away. Enter ports and segment under "
                "sites.%(site)s of network.yml.",
                site=wish.site,
            ),
            site=wish.site,
        )
    ways, astray = _ways(site, network, hosts)
    air = _air(wish, site, network, hosts)
    every = (*ways.values(), *air)
    on_the_way = {device for way in every for device in way.devices}
    return InternetInput(
        number=number,
        department=department,
        details=wish,
        offer=offer_of(inventory),
        site=site,
        segment=network.segments[site.segment],
        network=network,
        ways=ways,
        astray=astray,
        air=air,
        redundant=(
            *(group for way in every for group in way.redundant),
            *stand_ins(on_the_way, network, hosts),
        ),
        radio=_radio(inventory.event_wifi),
        zone=inventory.office.zone,
    )


def _radio(events: EventWifiOffer | None) -> Radio:
    """As the office says for events, which share the access points; else what it may leave out."""
    known = EventWifiOffer.model_fields
    if events is None:
        names, users = known["ssids_per_access_point"], known["users_per_access_point"]
        return Radio(names.default, users.default)
    return Radio(events.ssids_per_access_point, events.users_per_access_point)


def offer_of(inventory: Inventory) -> InternetOffer:
    """The terms of the service. Raises Conflict when it is no longer offered."""
    if inventory.internet is None:
        refuse(say("The catalogue no longer offers this service."))
    return inventory.internet


def _air(
    wish: InternetDetails, site: Site, network: Network, hosts: Mapping[str, Host]
) -> tuple[Way, ...]:
    if wish.ssid is None:
        return ()
    if not site.access_points:
        refuse(
            say(
                "The site %(site)s has no access points. Enter them in network.yml under "
                "sites.%(key)s.access_points.",
                site=site.title,
                key=wish.site,
            ),
            site=wish.site,
        )
    starts = dict.fromkeys(site.access_points)
    return tuple(way(s, ACCESS_POINTS, network, hosts, change_router=True) for s in starts)


def _ways(
    site: Site, network: Network, hosts: Mapping[str, Host]
) -> tuple[dict[str, Way], dict[str, Message]]:
    found: dict[str, Way] = {}
    astray: dict[str, Message] = {}
    first: Conflict | None = None
    for switch in dict.fromkeys(port.device for port in site.free_ports()):
        try:
            found[switch] = way(switch, SWITCHES, network, hosts, change_router=True)
        except Conflict as conflict:
            astray[switch] = conflict.what
            first = first or conflict
    if not found and first is not None:
        raise first
    return found, astray
