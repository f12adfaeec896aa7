"""The shortest way of a VLAN to the router, along the cables of network.yml; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NoReturn

from provisioner.catalogue import Network
from provisioner.catalogue.network_fields import Port
from provisioner.drivers.network import Host
from provisioner.errors import Conflict
from provisioner.texts import Message, say

ROUTERS, SWITCHES, ACCESS_POINTS = "routers", "switches", "access_points"
NOT_PLANNABLE = "not-plannable"
PLATFORMS = {SWITCHES: frozenset({"cisco_ios"}), ACCESS_POINTS: frozenset({"openwrt"})}
"""What the program can configure, by the group of the Ansible inventory."""
Cable = tuple[Port, Port]


@dataclass(frozen=True)
class Hop:
    """A switch on the way: its ports towards the start and towards the router."""

    switch: str
    down: str
    up: str


@dataclass(frozen=True)
class Way:
    """From a device's port to the first router; ``hops`` in that order."""

    start: Port
    hops: tuple[Hop, ...]
    router: Port


def refuse(what: Message, **where: object) -> NoReturn:
    """Raise Conflict(``not-plannable``)."""
    raise Conflict(what, slug=NOT_PLANNABLE, extra=where)


def way(start: str, group: str, network: Network, hosts: Mapping[str, Host]) -> Way:
    """The shortest way from a device of that group.

    It leads over switches only and ends at the first device of group ``routers``. Raises
    Conflict(``not-plannable``) naming device and remedy when there is none, when two are equally
    short (parallel cables, a ring), or when a device on it is not one that we can configure.
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
    cables = list(_back(routers, start, reached))[::-1]
    for _, end in cables[:-1]:
        _must_do(end.device, SWITCHES, hosts)
    hops = (
        Hop(arrival.device, arrival.port, departure.port)
        for (_, arrival), (departure, _) in pairwise(cables)
    )
    return Way(cables[0][0], tuple(hops), cables[-1][1])


def _neighbours(network: Network) -> Mapping[str, list[Cable]]:
    """Device to its cables, own end first, in a fixed order."""
    around: dict[str, list[Cable]] = defaultdict(list)
    for one, other in network.cables():
        around[one.device].append((one, other))
        around[other.device].append((other, one))
    return {device: sorted(cables) for device, cables in around.items()}


def _search(
    start: str, around: Mapping[str, list[Cable]], hosts: Mapping[str, Host]
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


def _back(routers: list[str], start: str, reached: Mapping[str, list[Cable]]) -> Iterator[Cable]:
    """The cables from the router back to the start; refuses where there is a choice."""
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
    device = routers[0]
    while device != start:
        cables = reached[device]
        if len(cables) > 1:
            refuse(
                say(
                    "From %(start)s two ways lead to %(device)s that are equally "
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
