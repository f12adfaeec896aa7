"""What may go wrong with a connected site, in the reader's words; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network

from provisioner.catalogue.segments import PRIVATE
from provisioner.drivers.network import Host
from provisioner.facts.internet import InternetFacts
from provisioner.plans.model import Risk
from provisioner.plans.segments import Lot
from provisioner.services.air import crowd, interrupted, openness
from provisioner.services.internet.wanted import InternetInput
from provisioner.services.risks import gravest_first, without_timer
from provisioner.services.wishes import DeviceWishes
from provisioner.texts import say


def risks(
    wanted: InternetInput,
    lot: Lot,
    devices: Mapping[str, DeviceWishes],
    facts: InternetFacts,
    hosts: Mapping[str, Host],
    *,
    connecting: bool = True,
) -> tuple[Risk, ...]:
    """The risks, gravest first; ``connecting``: nothing stands yet."""
    changed = (name for name, device in devices.items() if device.wishes)
    return gravest_first(
        *without_timer(changed, facts.readings, hosts),
        *_of_the_network(wanted, lot),
        *(_of_the_work(wanted) if connecting else ()),
        *_of_the_air(wanted, devices),
    )


def _of_the_network(wanted: InternetInput, lot: Lot) -> Iterator[Risk]:
    users = wanted.details.expected_users
    if users > lot.leases:
        yield Risk(
            "high",
            say(
                "%(users)d users are expected, but the network %(cidr)s has addresses for "
                "%(leases)d: the others get none. A segment with larger networks would help.",
                users=users,
                cidr=str(lot.cidr),
                leases=lot.leases,
            ),
        )
    open_to = [cidr for cidr in PRIVATE if not _walled(cidr, wanted.segment.walls)]
    if open_to:
        yield Risk(
            "high",
            say(
                "The clients can reach other networks of the office: %(networks)s is not among "
                "the walls of the segment.",
                networks=", ".join(map(str, open_to)),
            ),
        )


def _of_the_work(wanted: InternetInput) -> Iterator[Risk]:
    if wanted.details.fieldwork == "none":
        yield Risk(
            "low",
            say("No work on site is planned: whatever is plugged into the port is connected."),
        )


def _of_the_air(wanted: InternetInput, devices: Mapping[str, DeviceWishes]) -> Iterator[Risk]:
    details = wanted.details
    if details.ssid is None or details.security is None:
        return
    yield from crowd(details.expected_users, len(wanted.air), wanted.radio.users)
    yield from openness(details.security, isolated=bool(details.isolate_clients))
    if touched := [host for host in wanted.access_points if host in devices]:
        yield interrupted(touched)


def _walled(cidr: IPv4Network, walls: tuple[IPv4Network, ...]) -> bool:
    return any(cidr.subnet_of(wall) for wall in walls)
