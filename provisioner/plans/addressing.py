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

    Never the network's own, its broadcast, its gateway or a name server, whatever the file says.
    """
    busy = {IPv4Address(address) for address in taken}
    free = (a for a in network.addresses() if a not in busy and is_host(network, a))
    found = min(free, default=None)
    return None if found is None else str(found)


def is_host(network: ServerNetwork, address: IPv4Address) -> bool:
    """Whether a VM may have the address at all."""
    ends = {network.cidr.network_address, network.cidr.broadcast_address}
    if network.cidr.prefixlen > 30:
        ends = set()
    return address in network.cidr and address not in {*ends, network.gateway, *network.dns}
