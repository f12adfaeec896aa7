"""The ways of a VLAN from the access points of a place to the router; pure."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.catalogue import Network
from provisioner.drivers.network import Host
from provisioner.plans.refusals import refuse
from provisioner.services.paths import ACCESS_POINTS, Way, way
from provisioner.texts import say

__all__ = ["Way", "paths", "refuse"]


def paths(
    place: str, network: Network, hosts: Mapping[str, Host], *, change_router: bool = False
) -> tuple[Way, ...]:
    """The way from each access point of a place, in the order of network.yml.

    Raises Conflict like ``paths.way``, and where there is no such place. ``change_router``: as
    there.
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
    starts = dict.fromkeys(found.access_points)
    return tuple(
        way(start, ACCESS_POINTS, network, hosts, change_router=change_router) for start in starts
    )
