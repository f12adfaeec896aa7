"""A small box at a site that uses its network as a person would: joins, takes a lease, fetches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from provisioner.drivers.network import Result
from provisioner.drivers.network.intents import Security


@dataclass(frozen=True)
class ProbeOrder:
    """What the probe is to try, in this order; it stops where nothing further can work."""

    ssid: str = ""
    """'': by cable, on the interface that the inventory names."""
    security: Security = "open"
    passphrase: str = field(default="", repr=False)
    names: tuple[str, ...] = ()
    """Names to resolve with the resolver that it was given."""
    urls: tuple[str, ...] = ()
    """Pages to fetch; the first also measures throughput."""
    pings: tuple[str, ...] = ()
    """Addresses to ping; the gateway is pinged in any case."""
    forbidden: tuple[str, ...] = ()
    """Addresses that must not answer (other departments')."""
    limit: float = 60.0
    """Seconds for all of it."""


@dataclass(frozen=True)
class ProbeReport:
    """What the probe met. None: not tried, because something before it failed."""

    host: str
    joined: bool | None = None
    """None as well where it is connected by cable."""
    join_error: str = ""
    """``not-found``, ``wrong-key``, ``timeout`` or in its own words."""
    signal_dbm: int | None = None
    leased: bool | None = None
    address: str = ""
    gateway: str = ""
    resolvers: tuple[str, ...] = ()
    server: str = ""
    """The DHCP server that answered first."""
    gateway_ms: float | None = None
    pings: Mapping[str, float | None] = field(default_factory=dict)
    """Address to milliseconds; None: no answer."""
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name to its addresses; empty: not resolved."""
    pages: Mapping[str, int | None] = field(default_factory=dict)
    """URL to its HTTP status; None: nothing came."""
    mbps: float | None = None
    """Throughput of the first page."""
    reached: tuple[str, ...] = ()
    """Of ``forbidden``: those that answered all the same."""
    seconds: float = 0.0


class Probes(Protocol):
    """Probes of the inventory's group ``probes``; each leaves the network again when done."""

    def at(self, site: str) -> tuple[str, ...]:
        """Names of the probes of a site."""
        ...

    def try_out(self, orders: Mapping[str, ProbeOrder]) -> Result[ProbeReport]:
        """Each probe at once. Failures as of ``NetworkPlatform``; a passphrase never stands in an
        argument, a log or a file that outlives the trial."""
        ...
