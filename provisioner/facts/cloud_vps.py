"""What planning a cloud VPS needs to know of the world, read a moment ago."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from provisioner.drivers.hypervisor import ClusterFacts, Hypervisor, TemplateKey
from provisioner.drivers.seat import UserSeat

PROBED_PORTS = (22, 80, 443)
"""Ports where a host that took an address by itself most likely answers."""


@dataclass(frozen=True)
class CloudVpsFacts:
    """The cluster, and what answers at the addresses that were looked at (``tcp/22``, ``icmp``)."""

    cluster: ClusterFacts
    answering: Mapping[str, str] = field(default_factory=dict)


def read_facts(
    hypervisor: Hypervisor,
    seat: UserSeat,
    template: TemplateKey,
    *,
    addresses: tuple[str, ...] = (),
    ssh_port: int = 22,
) -> CloudVpsFacts:
    """Read the cluster and look whether something answers at ``addresses``.

    Raises the failures of ``errors`` that a look at the world may raise (Retriable, ActionNeeded).
    """
    return CloudVpsFacts(
        cluster=hypervisor.facts((template,)), answering=probe(seat, addresses, ssh_port)
    )


def probe(seat: UserSeat, addresses: tuple[str, ...], ssh_port: int) -> dict[str, str]:
    """Address to what answers there; addresses where nothing does are left out."""
    looked = ((address, seat.answers(address, _ports(address, ssh_port))) for address in addresses)
    return {address: answer for address, answer in looked if answer is not None}


def _ports(address: str, ssh_port: int) -> tuple[int, ...]:
    """On the loopback network this machine's own services answer at every address alike."""
    if ip_address(address).is_loopback:
        return (ssh_port,)
    return tuple(dict.fromkeys((ssh_port, *PROBED_PORTS)))
