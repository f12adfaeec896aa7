"""What the product asks when it looks at a host from its user's seat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Door:
    """Where a host lets people in; ``host_key`` is the pinned public key, never learned here."""

    address: str
    port: int
    user: str
    host_key: str


@dataclass(frozen=True)
class CommandResult:
    """What a command in the guest said; ``status`` -1: it was cut off or killed."""

    status: int
    output: str


class UserSeat(Protocol):
    """Looks from outside, as a person would. Raises the failures of ``errors`` only.

    A host key other than the pinned one is ActionNeeded(administrator), whatever else is asked.
    """

    def answers(self, address: str, ports: tuple[int, ...]) -> str | None:
        """What answers there (``tcp/22``, ``icmp``), or None; takes two seconds at most.

        A refused connection proves a host, except on this machine's own loopback network, where
        the kernel refuses for every address.
        """
        ...

    def open(self, address: str, port: int) -> bool:
        """Whether a TCP connection is accepted within three seconds."""
        ...

    def accepts_key(self, door: Door, public_key: str) -> bool:
        """Whether the server accepts the key (RFC 4252 section 7, nothing signed)."""
        ...

    def login(self, door: Door, command: str = "true") -> CommandResult:
        """Log in with the office's own identity and run one fixed command of ours."""
        ...
