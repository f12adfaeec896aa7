"""What the office itself sees when it looks at an address, a name or a public service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Reached:
    """Whether an address answers: by ping where this machine may ping, and at each TCP port."""

    address: str
    ping_ms: float | None = None
    """None: no answer, or ``pinged`` is false."""
    pinged: bool = False
    """Whether a ping could be sent at all."""
    ports: Mapping[int, float | None] = field(default_factory=dict)
    """TCP port to milliseconds until it accepted; None: it did not."""
    refused: frozenset[int] = frozenset()
    """Ports that were refused outright: somebody is there, but nothing listens."""


@dataclass(frozen=True)
class Resolved:
    """What a resolver answered to a name; ``error`` in DNS's words (``NXDOMAIN``, ``timeout``)."""

    name: str
    server: str
    """The resolver that was asked; '' for this machine's own."""
    addresses: tuple[str, ...] = ()
    error: str = ""
    ms: float | None = None


@dataclass(frozen=True)
class Fetched:
    """What a web address answered; ``error`` where nothing came."""

    url: str
    status: int | None = None
    ms: float | None = None
    error: str = ""
    certificate_until: datetime | None = None
    """Of HTTPS: also where the certificate is not valid any more."""
    certificate_error: str = ""
    """Why a browser would not trust it: expired, another name, unknown issuer."""


class Outlook(Protocol):
    """Looks from where the product runs; never raises, never sends anything but the question."""

    def reach(
        self,
        address: str,
        ports: tuple[int, ...] = (),
        seconds: float = 2.0,
        greeted: frozenset[int] = frozenset(),
    ) -> Reached:
        """Ping and connect, all at once, within so many seconds.

        ``greeted``: ports where the server speaks first, as SSH does (RFC 4253 section 4.2); such a
        port counts as open only once something has come, be it the end of the connection.
        """
        ...

    def resolve(self, name: str, server: str = "", seconds: float = 3.0) -> Resolved:
        """The IPv4 addresses of a name."""
        ...

    def fetch(self, url: str, seconds: float = 10.0) -> Fetched:
        """One GET, no redirect followed, no body kept; an untrusted certificate is told, and the
        status all the same."""
        ...
