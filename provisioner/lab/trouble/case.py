"""What one fault of the library is: how it is made, and what has to be found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from provisioner.texts import Message

Part = Literal["cisco_ios", "mikrotik_routeros", "openwrt", "linux", "cluster", "service"]


@dataclass(frozen=True)
class Shown:
    """A fault that the lab shows by itself. Values may hold places of ``Scenery`` in braces."""

    name: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Typed:
    """Lines that somebody types on a device, and those that take them back."""

    host: str
    lines: tuple[str, ...]
    back: tuple[str, ...]


Make = Shown | Typed


@dataclass(frozen=True)
class Case:
    """One fault. ``causes`` are all that count as right for the first cause, ``places`` likewise.

    ``more`` are causes that have to be named besides: of double faults.
    """

    name: str
    title: Message
    part: Part
    target: str
    make: tuple[Make, ...]
    causes: tuple[str, ...]
    places: tuple[str, ...]
    more: tuple[str, ...] = ()
    settle: float = 0.0
    """Seconds until the fault shows."""


@dataclass(frozen=True)
class Scenery:
    """What stands in the lab when a fault is made; the names may be used in braces."""

    values: Mapping[str, str]

    def filled(self, text: str) -> str:
        """The text with its places filled in."""
        return text.format(**self.values)
