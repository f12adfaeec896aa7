"""Who is at the other end of a RouterOS device's cables, and items that it makes by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros.forwarding import running
from provisioner.lab.devices.routeros.store import Item

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import RouterOsDevice

FIRST = 0x8000
"""Numbers of items that the device makes by itself begin there."""


@dataclass(frozen=True)
class Neighbour:
    """A device at the other end of a cable."""

    name: str
    port: str
    platform: str
    address: str = ""


def mac(*names: str) -> str:
    """A hardware address for a name: always the same one."""
    digits = "48A98A" + hashlib.sha256("/".join(names).encode()).hexdigest()[:6].upper()
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def rows(values: Iterable[dict[str, str]], *states: str, dynamic: bool = False) -> list[Item]:
    flags = frozenset(states)
    return [Item(FIRST + n, each, dynamic, flags) for n, each in enumerate(values)]


def heard(device: RouterOsDevice) -> Iterator[tuple[str, Neighbour]]:
    """Ports whose cable works, with who is at its end."""
    for port, far in device.neighbours.items():
        if running(device, port):
            yield port, far
