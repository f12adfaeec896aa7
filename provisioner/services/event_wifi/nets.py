"""Which network an event gets: one that is prepared, else one of its own from a segment; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from provisioner.catalogue import Network
from provisioner.drivers.network import RateLimit
from provisioner.errors import Conflict
from provisioner.facts.event_wifi import EventWifiFacts
from provisioner.plans import segments
from provisioner.plans.claims import HeldClaim
from provisioner.plans.model import Claim
from provisioner.plans.refusals import NO_CAPACITY, PLAN_CHANGED, refuse
from provisioner.plans.segments import Lot
from provisioner.services.air import until_when
from provisioner.services.booking import Bookings, Window, rfc3339, window_of
from provisioner.services.event_wifi.intents import intents
from provisioner.services.event_wifi.wanted import WifiInput
from provisioner.services.scopes import rest_of
from provisioner.services.wishes import Intents
from provisioner.texts import say

Pinned = Mapping[str, Any]


@dataclass(frozen=True)
class EventNet:
    """What an event gets; ``lot`` where it is not prepared but taken for the event's time."""

    name: str
    vlan: int
    cidr: IPv4Network
    lot: Lot | None = None

    def choices(self) -> dict[str, Any]:
        """What a plan remembers of it."""
        if self.lot is None:
            return {"network": self.name}
        own = {"segment": self.lot.segment, "vlan": self.vlan, "cidr": str(self.cidr)}
        return {"network": self.name, **own}


def of_lot(lot: Lot) -> EventNet:
    """A network of the event's own."""
    return EventNet(lot.name, lot.vlan, lot.cidr, lot)


def net_of(choices: Pinned, network: Network) -> EventNet:
    """The network that an earlier plan chose. Raises Conflict where it is not known any more."""
    name = str(choices["network"])
    if "segment" in choices:
        cidr = IPv4Network(str(choices["cidr"]))
        return of_lot(Lot(str(choices["segment"]), int(choices["vlan"]), cidr))
    if name not in network.event_networks:
        raise Conflict(
            say("The event network %(network)s is no longer in network.yml.", network=name),
            slug=PLAN_CHANGED,
        )
    prepared = network.event_networks[name]
    return EventNet(name, prepared.vlan, prepared.cidr)


def choose(
    wanted: WifiInput, facts: EventWifiFacts, bookings: Bookings, pinned: Pinned | None
) -> EventNet:
    """The first prepared network that is free, else the lowest VLAN of the offer's segment.

    Raises Conflict: ``no-capacity`` with who has what, ``not-plannable`` where there is neither,
    ``plan-changed`` when the pinned one is taken.
    """
    if pinned is not None:
        return _kept(wanted, facts, bookings, pinned)
    found = {name: bookings.network(name, wanted.window) for name in wanted.network.event_networks}
    for name, taken in found.items():
        if not taken:
            return net_of({"network": name}, wanted.network)
    if wanted.offer.segment is not None and (wanted.unrouted is None or not found):
        stock = wanted.stock(wanted.offer.segment)
        taken = bookings.stock(stock.name, facts.at, wanted.window, rest_of(stock.segment))
        asked = [lot for lot in stock.lots() if lot.vlan in facts.lots]
        seen = stock.seen(asked, facts.readings)
        return of_lot(segments.choose(stock.name, stock.segment, taken, facts.lots, seen))
    if not found:
        refuse(
            say("There is no event network. Enter one in network.yml under event_networks."),
        )
    raise _all_taken(found, wanted)


def needed(wanted: WifiInput, net: EventNet) -> Intents:
    """What each device needs, the far end first, the router last where something is set there."""
    return {**intents(wanted, (net.vlan,)), **on_the_router(wanted, net)}


def on_the_router(wanted: WifiInput, net: EventNet) -> Intents:
    """Network and speed; of a prepared network the speed alone, where the router can be set."""
    mbps = wanted.details.rate_limit_mbps
    if net.lot is not None:
        stock = wanted.stock(net.lot.segment)
        return stock.on_the_router(net.lot, mbps or stock.segment.rate_limit_mbps)
    if mbps is None or wanted.unrouted is not None:
        return {}
    return {wanted.router: (RateLimit(wanted.number, net.vlan, str(net.cidr), mbps, mbps),)}


def claims(wanted: WifiInput, net: EventNet) -> Iterator[Claim]:
    """The network for the event's time."""
    when = wanted.window.amounts()
    details = wanted.details
    event = {
        **when, "place": details.place, "ssid": details.ssid, "users": details.expected_users,
    }  # fmt: skip
    yield Claim("event_network", net.name, wanted.number, event)
    if net.lot is not None:
        yield from wanted.stock(net.lot.segment).claims(net.lot, when, shared=True)


def check_longer(
    net: EventNet, facts: EventWifiFacts, network: Network, bookings: Bookings, added: Window
) -> None:
    """Raise Conflict(``no-capacity``) where somebody else has the network in the added time."""
    taken = bookings.network(net.name, added)
    if net.lot is not None and net.lot.segment in network.segments:
        rest = rest_of(network.segments[net.lot.segment])
        others = bookings.stock(net.lot.segment, facts.at, added, rest)
        taken += [c for c in others if c.key.partition(" ")[0] in net.lot.keys]
    if taken:
        raise Conflict(
            say(
                "The event network %(network)s is promised to request %(number)s in the added "
                "time. The WiFi cannot stay on that long.",
                network=net.name,
                number=taken[0].owner,
            ),
            slug=NO_CAPACITY,
            extra={"network": net.name, "requests": [claim.owner for claim in taken]},
        )


def _kept(wanted: WifiInput, facts: EventWifiFacts, bookings: Bookings, pinned: Pinned) -> EventNet:
    net = net_of(pinned, wanted.network)
    if net.lot is not None:
        stock = wanted.stock(net.lot.segment)
        taken = bookings.stock(stock.name, facts.at, wanted.window, rest_of(stock.segment))
        seen = stock.seen([net.lot], facts.readings)
        return of_lot(segments.keep(stock.name, stock.segment, taken, seen, net.vlan))
    if others := bookings.network(net.name, wanted.window):
        raise Conflict(
            say(
                "The event network %(network)s is now kept for request %(number)s.",
                network=net.name,
                number=others[-1].owner,
            ),
            slug=PLAN_CHANGED,
        )
    return net


def _all_taken(found: Mapping[str, list[HeldClaim]], wanted: WifiInput) -> Conflict:
    last = ((f"{name}: {c[-1].owner}", window_of(c[-1].amounts)) for name, c in found.items())
    taken = until_when(last, wanted.zone)
    return Conflict(
        say(
            "No event network is free at that time. Who has them, and until when: %(taken)s. "
            "Choose another time, or prepare a further network.",
            taken=taken,
        ),
        slug=NO_CAPACITY,
        extra={
            "networks": {
                name: [
                    {"request": c.owner, "until": rfc3339(window_of(c.amounts).end)} for c in claims
                ]
                for name, claims in found.items()
            }
        },
    )
