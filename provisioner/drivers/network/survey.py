"""What a device sees around it: neighbours, learned addresses, ports, leases."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Protocol = Literal["lldp", "cdp", "mndp"]
UNNAMED = "not advertised"
"""What Cisco writes where a neighbour told no name."""
_SERIAL = re.compile(r"(?<=\S)\([^()\s]*\)$")


@dataclass(frozen=True)
class Neighbor:
    """A device that told a port of ours who it is; '' where it did not say."""

    port: str
    """The port of the device that was asked, by its full name."""
    device: str
    """As it calls itself; without its domain where that is the domain of the device asked."""
    remote_port: str
    protocol: Protocol
    address: str = ""
    platform: str = ""


@dataclass(frozen=True)
class Learned:
    """An Ethernet address that a port has heard: lower case, colons."""

    port: str
    vlan: int | None
    mac: str


@dataclass(frozen=True)
class PortState:
    """A port as it is now."""

    port: str
    up: bool
    enabled: bool = True
    description: str = ""
    speed_mbps: int | None = None
    vlan: int | None = None
    """Where it is an access port."""
    poe_watts: float | None = None
    """What it gives; None where it has no such thing or does not say."""
    errors: int | None = None
    """Frames received that were broken, since counting began."""


@dataclass(frozen=True)
class Lease:
    """An address that a device's DHCP server has given away and that still holds."""

    address: str
    mac: str
    hostname: str = ""


@dataclass(frozen=True)
class Survey:
    """One device's view of its surroundings, read in one session."""

    host: str
    hostname: str
    at: datetime
    model: str = ""
    version: str = ""
    serial: str = ""
    neighbors: tuple[Neighbor, ...] = ()
    learned: tuple[Learned, ...] = ()
    ports: Mapping[str, PortState] = field(default_factory=dict)
    """By full name."""
    leases: tuple[Lease, ...] = ()
    arp: Mapping[str, str] = field(default_factory=dict)
    """IPv4 address to Ethernet address."""


def bare(name: str, domain: str = "") -> str:
    """A name without ``domain``, and without the serial number that some add to it.

    Where the domain of the other device is not known nothing is cut off: a name may have dots.
    """
    name = _SERIAL.sub("", name.strip())
    if name == UNNAMED:
        return ""
    known = domain and name.casefold().endswith(f".{domain.casefold()}")
    return name[: -len(domain) - 1] if known else name
