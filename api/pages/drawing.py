"""Where the devices and cables of the campus stand in a drawing: routers on top, the rest below."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from api.campus import Event, Link, Node, Topology

BOX_WIDTH, BOX_HEIGHT = 172, 74
GAP_X, GAP_Y = 18, 74
MARGIN = 12


@dataclass(frozen=True)
class Box:
    """A device, its left upper corner, and the events of ours on it."""

    node: Node
    x: float
    y: float
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Cable:
    """A cable from its upper to its lower end, in the drawing's units."""

    link: Link
    x1: float
    y1: float
    x2: float
    y2: float
    upper: str
    lower: str
    """``device:port`` of each end."""
    events: tuple[Event, ...]

    @property
    def vlans(self) -> list[int]:
        """Of the events; those at different times may share one."""
        return sorted({event.vlan for event in self.events if event.vlan is not None})

    @property
    def middle(self) -> tuple[float, float]:
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2


@dataclass(frozen=True)
class Drawing:
    """Everything placed, with the drawing's own size."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    cables: tuple[Cable, ...]


def draw(campus: Topology) -> Drawing:
    """Rows by the distance from the router; access points together in the lowest row.

    A device stands above the middle of what hangs on it, so that the cables of a tree never cross.
    """
    nodes = {node.name: node for node in campus.nodes}
    rows = _rows(nodes)
    columns = _columns(nodes, _children(nodes, campus.links, rows), rows)
    width = (max(columns.values(), default=0) + 1) * (BOX_WIDTH + GAP_X) - GAP_X + 2 * MARGIN
    height = (max(rows.values(), default=0) + 1) * (BOX_HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN
    boxes = {
        name: Box(
            node,
            MARGIN + columns[name] * (BOX_WIDTH + GAP_X),
            MARGIN + rows[name] * (BOX_HEIGHT + GAP_Y),
            tuple(event for event in campus.events if name in event.devices),
        )
        for name, node in nodes.items()
    }
    return Drawing(
        width,
        height,
        tuple(boxes.values()),
        tuple(_cable(link, boxes, campus.events) for link in campus.links),
    )


def _rows(nodes: Mapping[str, Node]) -> dict[str, int]:
    """Routers 0, switches by distance, access points below all of them."""
    high = {
        name: node.distance if node.distance is not None else 1
        for name, node in nodes.items()
        if node.group not in ("access_points", "probes")
    }
    lowest = max(high.values(), default=-1) + 1
    return {name: high.get(name, lowest) for name in nodes}


def _children(
    nodes: Mapping[str, Node], links: tuple[Link, ...], rows: Mapping[str, int]
) -> dict[str, list[str]]:
    """Each device to those that hang on it: of several cables upwards the first counts."""
    found: dict[str, list[str]] = defaultdict(list)
    placed: set[str] = set()
    for link in links:
        one, other = sorted((link.a.device, link.b.device), key=lambda name: rows[name])
        if rows[one] < rows[other] and other not in placed:
            placed.add(other)
            found[one].append(other)
    return {name: sorted(found[name]) for name in nodes}


def _columns(
    nodes: Mapping[str, Node], children: Mapping[str, list[str]], rows: Mapping[str, int]
) -> dict[str, float]:
    found: dict[str, float] = {}
    free = 0.0

    def place(name: str) -> float:
        nonlocal free
        below = [place(child) for child in children[name]]
        if below:
            found[name] = (below[0] + below[-1]) / 2
        else:
            found[name] = free
            free += 1
        return found[name]

    hanging = {child for those in children.values() for child in those}
    for name in sorted(nodes, key=lambda name: (rows[name], name)):
        if name not in hanging:
            place(name)
    return found


def _cable(link: Link, boxes: Mapping[str, Box], events: tuple[Event, ...]) -> Cable:
    ends = sorted((link.a, link.b), key=lambda end: boxes[end.device].y)
    upper, lower = (boxes[end.device] for end in ends)
    level = upper.y == lower.y
    return Cable(
        link,
        upper.x + BOX_WIDTH / 2,
        upper.y + (BOX_HEIGHT / 2 if level else BOX_HEIGHT),
        lower.x + BOX_WIDTH / 2,
        lower.y + (BOX_HEIGHT / 2 if level else 0),
        f"{ends[0].device}:{ends[0].port}",
        f"{ends[1].device}:{ends[1].port}",
        tuple(event for event in events if event.request in link.events),
    )
