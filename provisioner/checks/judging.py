"""What judges have in common: writing results, leaving out what was not read, finding places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, ip_address
from typing import Any

from provisioner.catalogue.network_fields import Port
from provisioner.checks.chain import Net
from provisioner.checks.model import Check, Finding, Place, Result, Value, Weight
from provisioner.checks.seen import Seen
from provisioner.drivers.network import Examination, PortHealth, System, Topic
from provisioner.errors import StepFailure
from provisioner.texts import Message, Phrase, say


@dataclass(frozen=True)
class Pen:
    """Writes the results of one check."""

    check: Check
    at: datetime

    def ok(self, place: Place, evidence: str) -> Result:
        return Result(self.check.key, place, self.at, evidence)

    def wrong(
        self,
        key: str,
        /,
        place: Place,
        evidence: str,
        weight: Weight = "broken",
        **values: Value,
    ) -> Result:
        finding = Finding(key, place, values, weight)
        return Result(self.check.key, place, self.at, evidence, finding)

    def skip(self, place: Place, why: Phrase) -> Result:
        skipped = why if isinstance(why, Message) else say("It does not say: %(why)s", why=why)
        return Result(self.check.key, place, self.at, skipped=skipped)


_SURE = 3.0
"""Events that would have been met on average: the chance to meet none is 5 percent then."""


@dataclass(frozen=True)
class Look:
    """One device that answered, and what was read of it."""

    pen: Pen
    seen: Seen
    device: str
    health: Examination

    @property
    def here(self) -> Place:
        return Place("device", self.device)

    def port(self, name: str) -> Place:
        return Place("port", self.device, name)

    def ok(self, evidence: str, place: Place | None = None) -> Result:
        return self.pen.ok(place or self.here, evidence)

    def skip(self, why: Phrase, place: Place | None = None) -> Result:
        return self.pen.skip(place or self.here, why)

    def wrong(
        self,
        key: str,
        /,
        evidence: str,
        place: Place | None = None,
        weight: Weight = "broken",
        **values: Value,
    ) -> Result:
        return self.pen.wrong(key, place or self.here, evidence, weight, **values)

    def ways(self) -> Iterator[PortHealth]:
        """Its ports by which it hangs together with other devices of the chain, as it tells of
        them."""
        yield from self._told(way_ports(self.seen, self.device))

    def ports(self) -> Iterator[PortHealth]:
        """Those, and the ones that users of the chain's networks are plugged into."""
        theirs = {
            p.port for net in self.seen.chain.nets for p in net.ports if p.device == self.device
        }
        yield from self._told(way_ports(self.seen, self.device) | theirs)

    def has_ceased(self, since: int, just: int) -> bool:
        """Whether what grew since the last look has stopped: at that pace, the second look would
        have met it. False where there was no second look, or it was too short to tell."""
        before, again = self.seen.before.get(self.device), self.seen.again.get(self.device)
        if before is None or again is None or just > 0:
            return False
        passed = (self.health.at - before.at).total_seconds()
        watched = (again.at - self.health.at).total_seconds()
        return passed > 0 and since * watched / passed >= _SURE

    def _told(self, names: set[str]) -> Iterator[PortHealth]:
        known = self.health.ports
        yield from (known[name] for name in sorted(names) if name in known)


def each_device(
    check: Check, seen: Seen, judge: Callable[[Look], Iterator[Result]]
) -> Iterator[Result]:
    """``judge`` on each device of the chain that told what the check needs; the others left out.

    A device that was not asked, or that the check cannot be made on, is passed over.
    """
    pen = Pen(check, seen.at)
    for device in seen.chain.devices:
        found = seen.examined.get(device)
        host = seen.hosts.get(device)
        if found is None or (check.platforms and host and host.platform not in check.platforms):
            continue
        if isinstance(found, StepFailure):
            yield pen.skip(Place("device", device), found.what)
        elif why := unread(check, found):
            yield pen.skip(Place("device", device), why)
        else:
            yield from judge(Look(pen, seen, device, found))


def unread(check: Check, health: Examination) -> Phrase:
    """Why nothing that the check needs is known; '' where some of it is."""
    reasons = [_unread(topic, health) for topic in sorted(check.topics)]
    return reasons[0] if reasons and all(reasons) else ""


def _unread(topic: Topic, health: Examination) -> Phrase:
    if topic in health.untold:
        return health.untold[topic] or say("It says nothing about it.")
    return health.cut if health.cut is not None and not _SAID[topic](health) else ""


_SAID: Mapping[Topic, Callable[[Examination], Any]] = {
    "system": lambda health: health.system != System(),
    "ports": lambda health: health.ports,
    "vlans": lambda health: health.vlans,
    "spanning_tree": lambda health: any(each.tree for each in health.ports.values()),
    "power": lambda health: health.power or any(each.feeding for each in health.ports.values()),
    "neighbors": lambda health: health.neighbors,
    "learned": lambda health: health.learned,
    "addresses": lambda health: health.arp or health.scopes or health.gateway,
    "wireless": lambda health: health.radios or health.on_air,
}


def way_ports(seen: Seen, device: str) -> set[str]:
    """Names of the device's ports on the chain that lead to other devices, and of a router the one
    that leads outside."""
    station = seen.chain.station(device)
    named = {*station.up, *station.down} if station else set()
    cabled = {end.port for cable in seen.chain.cables for end in cable if end.device == device}
    carrying = {p.port for net in seen.chain.nets for p in net.trunks if p.device == device}
    users = {p.port for net in seen.chain.nets for p in net.ports if p.device == device}
    outside = {health.outside} if station and (health := seen.health(device)) else set()
    is_router = station is not None and station.kind == "router"
    return cabled | ((named | carrying) - users) | (outside if is_router else set())


def port_of(seen: Seen, end: Port) -> PortHealth | None:
    """A port as its device tells of it."""
    health = seen.health(end.device)
    return health.ports.get(end.port) if health else None


def place_of(end: Port) -> Place:
    return Place("port", end.device, end.port)


def grown(now: int | None, then: int | None) -> int:
    """By how much a counter grew; 0 where one is not known, or it began anew."""
    return max(0, now - then) if now is not None and then is not None else 0


def network(text: str) -> IPv4Network | None:
    """A network as written; None where it is none."""
    try:
        return IPv4Network(text, strict=False)
    except ValueError:
        return None


def inside(address: str, net: IPv4Network | None) -> bool:
    try:
        return net is not None and ip_address(address) in net
    except ValueError:
        return False


def is_management(seen: Seen, net: Net) -> bool:
    """Whether it is by this network that devices of the chain are reached."""
    cidr = network(net.cidr)
    devices = (seen.hosts.get(name) for name in seen.chain.devices)
    return any(inside(host.address, cidr) for host in devices if host)


def same_device(seen: Seen, told: str, name: str) -> bool:
    """Whether what a neighbour calls itself is that device; either may add its domain."""
    health, said = seen.health(name), f"{told.casefold()}."
    names = [f"{each.casefold()}." for each in (name, health.hostname if health else "") if each]
    return any(said.startswith(each) or each.startswith(said) for each in names)
