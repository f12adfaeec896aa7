"""A VLAN and a network taken from a segment for one request: asked for, chosen, wished; pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice

from provisioner.catalogue import Network, Segment
from provisioner.catalogue.network_fields import Port
from provisioner.drivers.network import Intent, RateLimit, Reading, Scope, TrunkMember, Vlan
from provisioner.plans.claims import HeldClaim
from provisioner.plans.model import Claim
from provisioner.plans.refusals import refuse
from provisioner.plans.segments import Lot, free, lots
from provisioner.services.marking import is_ours, vlan_name
from provisioner.services.paths import Way
from provisioner.texts import Phrase, say

ASKED = 8
"""So many VLANs the devices are asked about first; where none is clean, about twice as many of the
next, and so on."""
Wanted = Mapping[str, Sequence[Intent]]


@dataclass(frozen=True)
class Stock:
    """A segment with the router that would serve a network of it.

    ``switches`` are the ports, by switch, that have to carry the VLAN, the far end first.
    """

    number: str
    name: str
    segment: Segment
    router: Port
    outside: str
    switches: Mapping[str, tuple[str, ...]]

    def lots(self) -> list[Lot]:
        """Everything that may be given away."""
        return list(lots(self.name, self.segment))

    def free(self, taken: Iterable[HeldClaim]) -> list[Lot]:
        """What no claim is in the way of."""
        return free(self.name, self.segment, taken)

    def scope(self, lot: Lot, mark: str = "") -> Scope:
        """The network on the router as it has to be."""
        segment = self.segment
        return Scope(
            mark=mark or self.number,
            vlan=lot.vlan,
            port=self.router.port,
            gateway=lot.gateway,
            first=lot.first,
            last=lot.last,
            dns=tuple(map(str, segment.dns)),
            lease_seconds=segment.lease_hours * 3600,
            nat=segment.nat,
            outside=self.outside,
            walls=tuple(map(str, segment.walls)),
        )

    def rate(self, lot: Lot, mbps: int) -> RateLimit:
        """The speed of the network on the router."""
        return RateLimit(self.number, lot.vlan, str(lot.cidr), mbps, mbps)

    def on_the_way(self, lot: Lot) -> dict[str, tuple[Intent, ...]]:
        """What each switch needs so that the VLAN reaches the router."""
        return {
            switch: (
                Vlan(lot.vlan, vlan_name(self.number)),
                *(TrunkMember(port, lot.vlan) for port in ports),
            )
            for switch, ports in self.switches.items()
        }

    def on_the_router(self, lot: Lot, mbps: int | None) -> dict[str, tuple[Intent, ...]]:
        """Network and speed; without a speed the network alone."""
        limit = () if mbps is None else (self.rate(lot, mbps),)
        return {self.router.device: (self.scope(lot), *limit)}

    def probe(self, lot: Lot) -> Scope:
        """The network under a mark of its own: so several can be asked about at once."""
        return self.scope(lot, f"{self.number}-{lot.vlan}")

    def to_ask(self, asked: Collection[Lot], mbps: int | None, *, chosen: bool) -> Wanted:
        """What to ask switches and router for; ``chosen``: there is one lot and it is certain."""
        found: dict[str, list[Intent]] = {}
        for lot in asked:
            for switch, needed in self.on_the_way(lot).items():
                found.setdefault(switch, []).extend(needed)
        first, *_ = asked
        probes = [] if chosen else [self.probe(lot) for lot in asked]
        found[self.router.device] = [*self.on_the_router(first, mbps)[self.router.device], *probes]
        return found

    def seen(self, asked: Collection[Lot], readings: Mapping[str, Reading]) -> dict[int, Phrase]:
        """Of the VLANs that were asked about: where something stands that is not ours."""
        return {
            lot.vlan: why for lot in asked if (why := self._stranger(lot, readings)) is not None
        }

    def _stranger(self, lot: Lot, readings: Mapping[str, Reading]) -> Phrase | None:
        for switch in self.switches:
            reading = readings.get(switch)
            there = reading.objects.get(f"vlan {lot.vlan}") if reading else None
            if isinstance(there, Vlan) and not is_ours(there):
                return say(
                    "%(device)s has VLAN %(vlan)s under the name %(name)s",
                    device=switch,
                    vlan=lot.vlan,
                    name=there.name,
                )
        reading = readings.get(self.router.device)
        key = self.probe(lot).key
        if reading and key in reading.problems and reading.objects.get(key) is None:
            return say("%(device)s: %(why)s", device=self.router.device, why=reading.problems[key])
        return None

    def claims(self, lot: Lot, amounts: Mapping[str, object], *, shared: bool) -> Iterator[Claim]:
        """On the VLAN and on its network; ``shared``: others may have them at another time."""
        behind = f" {self.number}" if shared else ""
        rest = {**amounts, "quarantine_hours": self.segment.quarantine_hours}
        yield Claim("vlan", self.name, lot.vlan_key + behind, rest)
        yield Claim("scope", self.name, str(lot.cidr) + behind, rest)


def stock_of(number: str, name: str, network: Network, ways: Collection[Way]) -> Stock:
    """The segment of that name for a request whose VLAN goes these ways.

    They were found with ``change_router``. Raises Conflict(``not-plannable``) when there is no such
    segment, or when they lead to several routers.
    """
    if name not in network.segments:
        refuse(
            say("There is no segment %(name)s any more in network.yml.", name=name), segment=name
        )
    routers = sorted({way.router for way in ways})
    if len(routers) > 1:
        refuse(
            say(
                "The ways lead to several ports of routers: %(routers)s. One network can be on one "
                "only; look at the links of network.yml.",
                routers=", ".join(map(":".join, routers)),
            )
        )
    (router,) = routers
    facts = network.routers.get(router.device)
    return Stock(
        number=number,
        name=name,
        segment=network.segments[name],
        router=router,
        outside=(facts.outside if facts else None) or "",
        switches=_switches(ways),
    )


def _switches(ways: Collection[Way]) -> dict[str, tuple[str, ...]]:
    """The ports of every switch on the ways, without the access points where some begin."""
    far = {device: away for way in ways for device, away in way.distances.items()}
    ports: dict[str, dict[str, None]] = {}
    for way in ways:
        for trunk in way.trunks:
            ports.setdefault(trunk.device, {})[trunk.port] = None
    order = sorted(ports, key=lambda device: (-far[device], device))
    return {device: tuple(ports[device]) for device in order}


def without(stock: Stock, devices: Collection[str]) -> Stock:
    """The same where these devices are no switches: access points take their VLAN with the SSID."""
    kept = {switch: ports for switch, ports in stock.switches.items() if switch not in devices}
    return replace(stock, switches=kept)


def look(
    read: Callable[[Wanted], Mapping[str, Reading]],
    stocks: Sequence[Stock],
    others: Wanted,
    likely: Sequence[Lot],
    mbps: int | None,
) -> tuple[dict[str, Reading], tuple[int, ...]]:
    """Ask about the VLANs of ``likely`` in turn until some are clean; ``others`` are asked once.

    ``stocks`` are of one segment and differ in their ways. Returns what each device answered and
    the VLANs it was asked about.
    """
    waiting, asked = iter(likely), list[Lot]()
    readings: dict[str, Reading] = {}
    more = dict(others)
    while batch := list(islice(waiting, max(ASKED, 2 * len(asked)))):
        needed = (stock.to_ask(batch, mbps, chosen=False) for stock in stocks)
        for host, reading in read(merged_wanted(more, *needed)).items():
            readings[host] = _both(readings[host], reading) if host in readings else reading
        asked += batch
        if any(len(stock.seen(batch, readings)) < len(batch) for stock in stocks):
            break
        more = {}
    return readings, tuple(lot.vlan for lot in asked)


def merged_wanted(*wanted: Wanted) -> dict[str, list[Intent]]:
    """What several ask of the same devices, each object once."""
    found: dict[str, dict[str, Intent]] = {}
    for one in wanted:
        for host, intents in one.items():
            for intent in intents:
                found.setdefault(host, {}).setdefault(intent.key, intent)
    return {host: list(needed.values()) for host, needed in found.items()}


def _both(first: Reading, later: Reading) -> Reading:
    return replace(
        later,
        objects={**first.objects, **later.objects},
        problems={**first.problems, **later.problems},
    )


def rest_of(segment: Segment) -> timedelta:
    """How long a VLAN and its network rest before they are given again."""
    return timedelta(hours=segment.quarantine_hours)
