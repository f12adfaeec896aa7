"""Which VMID and which address is free: the lowest one that nobody has; pure."""

from __future__ import annotations

from collections.abc import Container, Iterable
from ipaddress import IPv4Address

from provisioner.catalogue import ServerNetwork


def next_vmid(span: tuple[int, int], taken: Container[int]) -> int | None:
    """The lowest VMID of the range (both ends included) that is not taken, or None."""
    low, high = span
    return next((vmid for vmid in range(low, high + 1) if vmid not in taken), None)


def next_address(network: ServerNetwork, taken: Iterable[str]) -> str | None:
    """The lowest assignable address that is not taken, or None.

    Never a reserved one, nor the network's own, its broadcast, its gateway or a name server,
    whatever the file says. ``taken``: dotted addresses, those that rest in quarantine among them.
    """
    busy = {*taken, *map(str, _never(network))}
    for span in sorted(network.assignable, key=lambda span: span.first):
        for number in range(int(span.first), int(span.last) + 1):
            address = IPv4Address(number)
            if str(address) not in busy and address in network.cidr and network.assigns(address):
                return str(address)
    return None


def is_host(network: ServerNetwork, address: IPv4Address) -> bool:
    """Whether a VM may have the address at all."""
    return address in network.cidr and address not in _never(network)


def _never(network: ServerNetwork) -> set[IPv4Address]:
    ends = {network.cidr.network_address, network.cidr.broadcast_address}
    if network.cidr.prefixlen > 30:
        ends = set()
    return {*ends, network.gateway, *network.dns}
