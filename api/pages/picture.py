"""The capacity picture's numbers: lengths of bars for a drawing of a fixed width."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.instances.capacity import AmountView, CapacityView, NodeView
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
    before: Message
    """The same as ``text``, without what is being planned."""


def share_after(node: Mapping[str, Any]) -> float:
    """The part of the scarcest resource's line that is given away once the plan is done."""
    return max(
        (_taken(node[key]) / node[key]["limit"] for key, *_ in _KINDS if _has_line(node.get(key))),
        default=0.0,
    )


def _has_line(amount: Mapping[str, float] | None) -> bool:
    return bool(amount and amount["limit"] > 0)


def _taken(amount: Mapping[str, float]) -> float:
    return amount["used"] + amount["promised"] + amount["this"]


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
    taken = _taken(amount)
    whole = max(amount["total"], amount["limit"], taken) or 1
    scale = WIDTH / whole
    return Bar(
        title,
        used=round(amount["used"] * scale, 1),
        promised=round(amount["promised"] * scale, 1),
        this=round(amount["this"] * scale, 1),
        limit=round(amount["limit"] * scale, 1),
        text=_said(taken, amount["limit"], factor, unit),
        before=_said(taken - amount["this"], amount["limit"], factor, unit),
    )


def _said(taken: float, limit: float, factor: int, unit: str) -> Message:
    return say(
        "%(taken)s of %(limit)s %(unit)s",
        taken=f"{taken / factor:.0f}",
        limit=f"{limit / factor:.0f}",
        unit=unit,
    )


@dataclass(frozen=True)
class ClusterBar:
    """One resource of a cluster or node; the bar's lengths are of ``WIDTH``."""

    title: Message
    used: float
    promised: float
    limit: float
    text: Message
    left: str


def cluster_bars(capacity: CapacityView) -> list[ClusterBar]:
    """The resources of a cluster, as bars in the order in which people ask for them."""
    return [_cluster_bar(view.resource, view.now) for view in capacity.resources]


def node_bars(node: NodeView) -> list[ClusterBar]:
    """Memory, cores and storages of one node."""
    amounts = {"memory_mb": node.memory_mb, "cores": node.cores} | {
        f"disk:{name}": amount for name, amount in node.storages.items()
    }
    return [_cluster_bar(name, amount) for name, amount in amounts.items()]


def _resource(name: str) -> tuple[Message, str, int]:
    """Title, unit and how many of the figure's units make one."""
    for key, title, unit, factor in _KINDS:
        if name == key:
            return title, unit, factor
    return say("Disk on %(storage)s", storage=name.partition(":")[2]), "GB", 1


def _cluster_bar(resource: str, now: AmountView) -> ClusterBar:
    title, unit, factor = _resource(resource)
    whole = max(now.total, now.limit, now.used + now.promised) or 1
    scale = WIDTH / whole
    return ClusterBar(
        title,
        used=round(now.used * scale, 1),
        promised=round(now.promised * scale, 1),
        limit=round(now.limit * scale, 1),
        text=_said(now.used + now.promised, now.limit, factor, unit),
        left=f"{max(now.free, 0) / factor:.0f} {unit}".strip(),
    )
