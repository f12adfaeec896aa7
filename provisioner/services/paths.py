"""The ways of a VLAN to the router, along the cables of network.yml, redundant ones too; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NoReturn

from provisioner.catalogue import Network
from provisioner.catalogue.network_fields import Port
from provisioner.drivers import platforms
from provisioner.drivers.network import Host
from provisioner.plans.refusals import refuse
from provisioner.texts import say

ROUTERS, SWITCHES, ACCESS_POINTS = "routers", "switches", "access_points"
Cable = tuple[Port, Port]
_Around = Mapping[str, list[Cable]]


@dataclass(frozen=True)
class Hop:
    """A switch on the way: its ports towards the start and towards the router."""

    switch: str
    down: str
    up: str


@dataclass(frozen=True)
class Way:
    """All equally short ways from a device to the first router, as one.

    Where there is one way only, ``start``, ``hops`` and ``router`` tell it whole; where there are
    several they tell the first of them, and ``trunks`` and ``routers`` have the ports of all.
    """

    start: Port
    """The first uplink of the device where it begins."""
    hops: tuple[Hop, ...]
    router: Port
    trunks: tuple[Port, ...]
    """Every port that has to carry the VLAN, the start's own included, the router's not: the far
    end first, on each device its ports away from the router first."""
    routers: tuple[Port, ...]
    """The router's ports at which it arrives."""
    distances: Mapping[str, int]
    """Device to its cables from the router, the router left out; the far end first."""
    redundant: tuple[frozenset[str], ...] = ()
    """Devices on the way that stand in for each other: while one is changed, the others carry."""

    @property
    def devices(self) -> tuple[str, ...]:
        """Every device with something to carry, without the router: the far end first."""
        return tuple(self.distances)

    @property
    def switches(self) -> tuple[str, ...]:
        """The devices between start and router: the far end first."""
        return tuple(device for device in self.distances if device != self.start.device)

    def ports(self, device: str) -> tuple[str, ...]:
        """The ports of a device that carry the VLAN."""
        return tuple(port.port for port in self.trunks if port.device == device)

    def passed(self) -> list[str]:
        """Every port on it as ``device:port``, the router's own at the end."""
        return [":".join(port) for port in (*self.trunks, *self.routers)]


def way(
    start: str,
    group: str,
    network: Network,
    hosts: Mapping[str, Host],
    *,
    change_router: bool = False,
) -> Way:
    """All the shortest ways from a device of that group to the first device of group ``routers``.

    They lead over switches only. Raises Conflict(``not-plannable``) naming device and remedy when
    there is none, when two routers are equally near, when a device on them is not one that we can
    configure, or when an access point has two uplinks. With ``change_router`` the router has to be
    one that we can configure as well, reached at one port of its own.
    """
    _must_do(start, group, hosts)
    around = _neighbours(network)
    if start not in around:
        refuse(
            say(
                "%(device)s has no cable in network.yml. Enter it there under links.",
                device=start,
            ),
            device=start,
        )
    reached, routers = _search(start, around, hosts)
    router = _the_router(start, reached, routers)
    cables = list(_back(router, start, reached))
    for device in sorted({near.device for near, _ in cables} - {start}):
        _must_do(device, SWITCHES, hosts)
    found = _as_way(start, router, cables)
    if group == ACCESS_POINTS and len(found.ports(start)) > 1:
        _refuse_two_uplinks(found)
    if change_router:
        _must_do(router, ROUTERS, hosts)
        _must_arrive_once(found)
    return found


def stand_ins(
    devices: Collection[str], network: Network, hosts: Mapping[str, Host]
) -> tuple[frozenset[str], ...]:
    """Which of these devices stand in for each other, whoever's way they are on.

    Two are a group where some device has its uplinks to both, or where a cable joins them although
    they are equally far from the routers (a ring): one carries while the other is changed.
    """
    around = _neighbours(network)
    distance = _distances(around, hosts)
    groups: set[frozenset[str]] = set()
    for device, away in distance.items():
        near = {other.device for _, other in around.get(device, ()) if other.device in distance}
        groups.add(frozenset(n for n in near if distance[n] < away) & set(devices))
        equal = {n for n in near if distance[n] == away} & set(devices)
        groups |= {frozenset({device, n}) for n in equal if device in devices}
    return tuple(sorted((group for group in groups if len(group) > 1), key=sorted))


def downstream(
    devices: Collection[str], network: Network, hosts: Mapping[str, Host]
) -> frozenset[str]:
    """The devices that reach a router by these on at least one shortest way, and these too."""
    around = _neighbours(network)
    distance = _distances(around, hosts)
    found = set(devices)
    for device in sorted(distance, key=lambda name: distance[name]):
        nearer = (
            o.device for _, o in around[device] if distance.get(o.device, 0) < distance[device]
        )
        if distance[device] and found & {n for n in nearer if n in distance}:
            found.add(device)
    return frozenset(found)


def uplinks(network: Network, hosts: Mapping[str, Host]) -> dict[str, frozenset[str]]:
    """Device to its ports that lead nearer to a router."""
    around = _neighbours(network)
    distance = _distances(around, hosts)
    return {
        device: frozenset(
            own.port
            for own, other in around[device]
            if other.device in distance and distance[other.device] < away
        )
        for device, away in distance.items()
    }


def _distances(around: _Around, hosts: Mapping[str, Host]) -> dict[str, int]:
    """How many cables lie between each device and the nearest router; nothing goes through an
    access point."""
    border = sorted(device for device in around if _in(device, ROUTERS, hosts))
    distance = dict.fromkeys(border, 0)
    while border:
        fresh: list[str] = []
        for device in border:
            for _, other in () if _in(device, ACCESS_POINTS, hosts) else around[device]:
                if other.device not in distance:
                    distance[other.device] = distance[device] + 1
                    fresh.append(other.device)
        border = sorted(fresh)
    return distance


def _as_way(start: str, router: str, cables: list[Cable]) -> Way:
    """``cables`` of all the ways from the router outwards, each with its outer end first."""
    distance = {router: 0}
    ups: dict[str, list[Cable]] = defaultdict(list)
    downs: dict[str, list[Port]] = defaultdict(list)
    for near, far in cables:
        distance[near.device] = distance[far.device] + 1
        ups[near.device].append((near, far))
        downs[far.device].append(far)
    order = sorted(distance.keys() - {router}, key=lambda name: (-distance[name], name))
    levels = [frozenset(n for n in order if distance[n] == at) for at in set(distance.values())]
    first = [min(ups[start])]
    while first[-1][1].device != router:
        first.append(min(ups[first[-1][1].device]))
    return Way(
        start=first[0][0],
        hops=tuple(Hop(at.device, at.port, up.port) for (_, at), (up, _) in pairwise(first)),
        router=first[-1][1],
        trunks=tuple(
            port
            for name in order
            for port in (*sorted(downs[name]), *sorted(near for near, _ in ups[name]))
        ),
        routers=tuple(sorted(downs[router])),
        distances={name: distance[name] for name in order},
        redundant=tuple(sorted((level for level in levels if len(level) > 1), key=sorted)),
    )


def _neighbours(network: Network) -> _Around:
    """Device to its cables, own end first, in a fixed order."""
    around: dict[str, list[Cable]] = defaultdict(list)
    for one, other in network.cables():
        around[one.device].append((one, other))
        around[other.device].append((other, one))
    return {device: sorted(set(cables)) for device, cables in around.items()}


def _search(
    start: str, around: _Around, hosts: Mapping[str, Host]
) -> tuple[dict[str, list[Cable]], list[str]]:
    """Breadth first: each device to the cables of the shortest ways to it, and the routers."""
    reached: dict[str, list[Cable]] = {start: []}
    border = [start]
    routers: list[str] = []
    while border and not routers:
        arrivals: dict[str, list[Cable]] = defaultdict(list)
        for device in border:
            for cable in around.get(device, ()):
                if cable[1].device not in reached:
                    arrivals[cable[1].device].append(cable)
        reached |= arrivals
        routers = sorted(device for device in arrivals if _in(device, ROUTERS, hosts))
        border = sorted(device for device in arrivals if not _in(device, ACCESS_POINTS, hosts))
    return reached, routers


def _the_router(start: str, reached: Collection[str], routers: list[str]) -> str:
    if not routers:
        refuse(
            say(
                "From %(device)s the cables of network.yml lead to no router. "
                "They reach: %(reached)s. Enter the missing cable there under links.",
                device=start,
                reached=", ".join(sorted(reached)),
            ),
            device=start,
        )
    if len(routers) > 1:
        refuse(
            say(
                "Two routers are equally near to %(device)s: %(routers)s. The "
                "program cannot choose between them; look at the links of network.yml.",
                device=start,
                routers=", ".join(routers),
            ),
            device=start,
        )
    return routers[0]


def _back(router: str, start: str, reached: Mapping[str, list[Cable]]) -> Iterator[Cable]:
    """Every cable of the shortest ways, from the router back to the start."""
    seen = {router}
    border = [router]
    while border:
        cables = [cable for device in border for cable in reached[device]]
        yield from cables
        border = list(dict.fromkeys(near.device for near, _ in cables if near.device not in seen))
        seen |= set(border)


def _refuse_two_uplinks(found: Way) -> NoReturn:
    refuse(
        say(
            "The access point %(device)s has several uplinks: %(ports)s. Its networks can be put "
            "on one only; leave the one in use under links of network.yml.",
            device=found.start.device,
            ports=", ".join(found.ports(found.start.device)),
        ),
        device=found.start.device,
    )


def _must_arrive_once(found: Way) -> None:
    if len(found.routers) > 1:
        refuse(
            say(
                "%(device)s is reached at several of its ports: %(ports)s. A network can be put "
                "on one only; bundle the cables and enter the bundle as one cable under links of "
                "network.yml.",
                device=found.router.device,
                ports=", ".join(port.port for port in found.routers),
            ),
            device=found.router.device,
        )


def _in(device: str, group: str, hosts: Mapping[str, Host]) -> bool:
    return device in hosts and group in hosts[device].groups


def _must_do(device: str, group: str, hosts: Mapping[str, Host]) -> None:
    if device not in hosts:
        refuse(
            say(
                "%(device)s stands in network.yml but not in the Ansible inventory. Enter it "
                "there, or correct its name.",
                device=device,
            ),
            device=device,
        )
    host = hosts[device]
    if group not in host.groups:
        refuse(
            say(
                "%(device)s is on the way but not in the group %(group)s of the Ansible "
                "inventory. Put it there, or correct the links of network.yml.",
                device=device,
                group=group,
            ),
            device=device,
        )
    if host.platform not in platforms.names():
        refuse(
            say(
                "%(device)s is on the way, but the program cannot configure its platform "
                "(%(platform)s) yet.",
                device=device,
                platform=host.platform or "-",
            ),
            device=device,
        )
