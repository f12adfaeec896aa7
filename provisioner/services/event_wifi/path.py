"""The way of a VLAN from an access point to the router, along the cables of network.yml; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NoReturn

from provisioner.catalogue import Network
from provisioner.catalogue.network import Port
from provisioner.drivers.network import Host
from provisioner.errors import Conflict
from provisioner.texts import Message, say

ROUTERS, SWITCHES, ACCESS_POINTS = "routers", "switches", "access_points"
NOT_PLANNABLE = "not-plannable"
PLATFORMS = {SWITCHES: frozenset({"cisco_ios"}), ACCESS_POINTS: frozenset({"openwrt"})}
"""What the program can configure, by the group of the Ansible inventory."""
_Cable = tuple[Port, Port]


@dataclass(frozen=True)
class Hop:
    """A switch on the way: its ports towards the access point and towards the router."""

    switch: str
    down: str
    up: str


@dataclass(frozen=True)
class Path:
    """From an access point to the first router; ``hops`` in that order."""

    access_point: str
    uplink: str
    hops: tuple[Hop, ...]
    router: Port

    def ports(self) -> list[str]:
        """Every port that it passes, ``device:port``, the router's own at the end."""
        passed = [f"{self.access_point}:{self.uplink}"]
        for hop in self.hops:
            passed += [f"{hop.switch}:{hop.down}", f"{hop.switch}:{hop.up}"]
        return [*passed, f"{self.router.device}:{self.router.port}"]

    def distance(self, switch: str) -> int:
        """How many cables lie between the switch and the router."""
        return len(self.hops) - [hop.switch for hop in self.hops].index(switch)


def paths(
    place: str,
    network: Network,
    hosts: Mapping[str, Host],
) -> tuple[Path, ...]:
    """The shortest way from each access point of a place, in the order of network.yml.

    It leads over switches only and ends at the first device of group ``routers``. Raises
    Conflict(``not-plannable``) naming device and remedy when there is none, when two are equally
    short (parallel cables, a ring), or when a device on it is not one that we can configure.
    """
    found = network.places.get(place)
    if found is None:
        refuse(
            say("There is no place %(place)s any more. Return the request.", place=place),
            place=place,
        )
    if not found.access_points:
        refuse(
            say(
                "The place %(place)s has no access points. Enter them in network.yml under "
                "places.%(key)s.access_points.",
                place=found.title,
                key=place,
            ),
            place=place,
        )
    around = _neighbours(network)
    return tuple(
        _path(access_point, around, hosts) for access_point in dict.fromkeys(found.access_points)
    )


def refuse(what: Message, **where: object) -> NoReturn:
    """Raise Conflict(``not-plannable``)."""
    raise Conflict(what, slug=NOT_PLANNABLE, extra=where)


def _neighbours(network: Network) -> Mapping[str, list[_Cable]]:
    """Device to its cables, own end first, in a fixed order."""
    around: dict[str, list[_Cable]] = defaultdict(list)
    for one, other in network.cables():
        around[one.device].append((one, other))
        around[other.device].append((other, one))
    return {device: sorted(cables) for device, cables in around.items()}


def _path(
    access_point: str,
    around: Mapping[str, list[_Cable]],
    hosts: Mapping[str, Host],
) -> Path:
    _must_do(access_point, ACCESS_POINTS, hosts)
    if access_point not in around:
        refuse(
            say(
                "The access point %(device)s has no cable in network.yml. Enter it there under "
                "links.",
                device=access_point,
            ),
            device=access_point,
        )
    reached, routers = _search(access_point, around, hosts)
    if not routers:
        refuse(
            say(
                "From the access point %(device)s the cables of network.yml lead to no router. "
                "They reach: %(reached)s. Enter the missing cable there under links.",
                device=access_point,
                reached=", ".join(sorted(reached)),
            ),
            device=access_point,
        )
    cables = list(_back(routers, access_point, reached))[::-1]
    for _, end in cables[:-1]:
        _must_do(end.device, SWITCHES, hosts)
    return Path(
        access_point,
        cables[0][0].port,
        tuple(
            Hop(arrival.device, arrival.port, departure.port)
            for (_, arrival), (departure, _) in pairwise(cables)
        ),
        cables[-1][1],
    )


def _search(
    start: str, around: Mapping[str, list[_Cable]], hosts: Mapping[str, Host]
) -> tuple[dict[str, list[_Cable]], list[str]]:
    """Breadth first: each device to the cables of the shortest ways to it, and the routers."""
    reached: dict[str, list[_Cable]] = {start: []}
    border = [start]
    routers: list[str] = []
    while border and not routers:
        arrivals: dict[str, list[_Cable]] = defaultdict(list)
        for device in border:
            for cable in around.get(device, ()):
                if cable[1].device not in reached:
                    arrivals[cable[1].device].append(cable)
        reached |= arrivals
        routers = sorted(device for device in arrivals if _in(device, ROUTERS, hosts))
        border = sorted(device for device in arrivals if not _in(device, ACCESS_POINTS, hosts))
    return reached, routers


def _back(routers: list[str], start: str, reached: Mapping[str, list[_Cable]]) -> Iterator[_Cable]:
    """The cables from the router back to the start; refuses where there is a choice."""
    if len(routers) > 1:
        refuse(
            say(
                "Two routers are equally near to the access point %(device)s: %(routers)s. The "
                "program cannot choose between them; look at the links of network.yml.",
                device=start,
                routers=", ".join(routers),
            ),
            device=start,
        )
    device = routers[0]
    while device != start:
        cables = reached[device]
        if len(cables) > 1:
            refuse(
                say(
                    "From the access point %(start)s two ways lead to %(device)s that are equally "
                    "short: by %(ports)s. The program cannot tell which one is in use (parallel "
                    "cables or a ring); leave only the one in use under links of network.yml.",
                    start=start,
                    device=device,
                    ports=", ".join(f"{near.device}:{near.port}" for near, _ in cables),
                ),
                device=device,
            )
        yield cables[0]
        device = cables[0][0].device


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
    if host.platform not in PLATFORMS[group]:
        refuse(
            say(
                "%(device)s is on the way, but the program cannot configure its platform "
                "(%(platform)s) yet.",
                device=device,
                platform=host.platform,
            ),
            device=device,
        )
