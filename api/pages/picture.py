"""The capacity picture's numbers: lengths of bars for a drawing of a fixed width."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.texts import Message, say

WIDTH = 240
"""Of a whole bar, in the drawing's units."""
_KINDS = (
    ("memory_mb", say("Memory"), "GB", 1024),
    ("cores", say("Cores"), "", 1),
    ("disk_gb", say("Disk"), "GB", 1),
)


@dataclass(frozen=True)
class Bar:
    """One kind of capacity of one node; lengths add up to ``WIDTH`` at most."""

    title: Message
    used: float
    promised: float
    this: float
    limit: float
    text: Message


@dataclass(frozen=True)
class Room:
    """One node with its bars."""

    node: str
    chosen: bool
    why_not: tuple[str, ...]
    bars: tuple[Bar, ...]


def capacity_rows(picture: Mapping[str, Any]) -> list[Room]:
    """Each node of the plan's picture, the chosen one first."""
    rooms = [
        Room(
            node["node"],
            node["chosen"],
            tuple(node["why_not"]),
            tuple(
                _bar(title, unit, factor, node[key])
                for key, title, unit, factor in _KINDS
                if node.get(key)
            ),
        )
        for node in picture.get("nodes", ())
    ]
    return sorted(rooms, key=lambda room: (not room.chosen, room.node))


def _bar(title: Message, unit: str, factor: int, amount: Mapping[str, float]) -> Bar:
    taken = amount["used"] + amount["promised"] + amount["this"]
    whole = max(amount["total"], amount["limit"], taken) or 1
    scale = WIDTH / whole
    return Bar(
        title,
        used=round(amount["used"] * scale, 1),
        promised=round(amount["promised"] * scale, 1),
        this=round(amount["this"] * scale, 1),
        limit=round(amount["limit"] * scale, 1),
        text=say(
            "%(taken)s of %(limit)s %(unit)s",
            taken=f"{taken / factor:.0f}",
            limit=f"{amount['limit'] / factor:.0f}",
            unit=unit,
        ),
    )
