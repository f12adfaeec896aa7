"""What one request asks of the planner: its details joined with racks, networks and ways; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from provisioner.catalogue import ColocationNetwork, ColocationOffer, Inventory, Rack
from provisioner.drivers.network import Host
from provisioner.errors import Conflict
from provisioner.plans.refusals import refuse
from provisioner.services.colocation.details import ColocationDetails
from provisioner.services.event_wifi.wanted import form
from provisioner.services.paths import SWITCHES, Way, stand_ins, way
from provisioner.texts import Message, say

HEAVY_UNITS = 3
"""A server of unknown weight counts as heavy from this height on."""


@dataclass(frozen=True)
class ColocationInput:
    """A request with the pieces of catalogue and campus that it may use."""

    number: str
    department: str
    details: ColocationDetails
    offer: ColocationOffer
    network: ColocationNetwork
    racks: Mapping[str, Rack]
    ways: Mapping[str, Way]
    """From each switch of a rack that leads to the router."""
    astray: Mapping[str, Message]
    """Switches of a rack from which no way is certain, and why."""
    redundant: tuple[frozenset[str], ...]
    """Devices on these ways that stand in for each other."""
    zone: tzinfo

    @property
    def heavy(self) -> bool:
        """Whether the server belongs low in the rack."""
        kilograms = self.details.weight_kg
        if kilograms is None:
            return self.details.units >= HEAVY_UNITS
        return kilograms >= self.offer.heavy_kg

    @property
    def tcp_ports(self) -> list[int]:
        """The ports on TCP that have to answer."""
        return sorted({open.port for open in self.details.open_ports if open.protocol == "tcp"})

    @property
    def ends_at(self) -> datetime | None:
        """The end of the last day."""
        until = self.details.until
        return None if until is None else datetime.combine(until, time(), self.zone) + _DAY


_DAY = timedelta(days=1)


def colocation_input(
    number: str,
    department: str,
    details: Mapping[str, Any],
    *,
    inventory: Inventory,
    hosts: Mapping[str, Host],
) -> ColocationInput:
    """Join a request's details with what they name.

    Raises Conflict(``not-plannable``) when something no longer holds, or when there is no rack from
    which a way leads to the router.
    """
    wish = form(ColocationDetails, details)
    campus = inventory.network
    if wish.network not in campus.colocation_networks:
        refuse(
            say(
                "There is no network %(network)s any more under colocation_networks of "
                "network.yml. Return the request.",
                network=wish.network,
            ),
            network=wish.network,
        )
    if not campus.racks:
        refuse(say("There is no rack. Enter one in network.yml under racks."))
    ways, astray = _ways(inventory, hosts)
    return ColocationInput(
        number=number,
        department=department,
        details=wish,
        offer=offer_of(inventory),
        network=campus.colocation_networks[wish.network],
        racks=campus.racks,
        ways=ways,
        astray=astray,
        redundant=stand_ins(
            {device for way in ways.values() for device in way.devices}, campus, hosts
        ),
        zone=inventory.office.zone,
    )


def offer_of(inventory: Inventory) -> ColocationOffer:
    """The terms of the service. Raises Conflict when it is no longer offered."""
    if inventory.colocation is None:
        refuse(say("The catalogue no longer offers this service."))
    return inventory.colocation


def _ways(
    inventory: Inventory, hosts: Mapping[str, Host]
) -> tuple[dict[str, Way], dict[str, Message]]:
    found: dict[str, Way] = {}
    astray: dict[str, Message] = {}
    first: Conflict | None = None
    switches = (port.device for rack in inventory.network.racks.values() for port in rack.ports())
    for switch in dict.fromkeys(switches):
        try:
            found[switch] = way(switch, SWITCHES, inventory.network, hosts)
        except Conflict as conflict:
            astray[switch] = conflict.what
            first = first or conflict
    if not found and first is not None:
        raise first
    return found, astray
