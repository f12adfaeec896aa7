"""The way of a VLAN from an access point to the router, along the cables of network.yml; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.catalogue import Network
from provisioner.catalogue.network_fields import Port
from provisioner.drivers.network import Host
from provisioner.services.paths import ACCESS_POINTS, Hop, refuse, way
from provisioner.texts import say

__all__ = ["Hop", "Path", "paths", "refuse"]


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

    Raises Conflict like ``paths.way``, and where there is no such place.
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
    ways = (
        way(start, ACCESS_POINTS, network, hosts) for start in dict.fromkeys(found.access_points)
    )
    return tuple(Path(w.start.device, w.start.port, w.hops, w.router) for w in ways)
