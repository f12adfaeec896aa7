"""Whether a node has room on its own disk."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.machines import Judged, fill, of_nodes
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor.health import NodeHealth
from provisioner.texts import say

CHECK = Check(
    "node.root",
    title=say("Node's own disk has room"),
    proves=say("The root file system of the node has room."),
    meaning=say("The node cannot write its settings and logs any more; the cluster suffers."),
    next=say("Free some room on the node: old logs, images and kernels."),
    needs=frozenset({"cluster"}),
)

FULL, FILLING = 95.0, 90.0
"""Per cent."""


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each node that the chain rests on."""
    return of_nodes(seen, CHECK, _judge)


def _judge(node: NodeHealth) -> Judged | None:
    if node.root_percent is None:
        return None
    return fill(node.root_percent, ("node.root_full", FULL), ("node.root_full", FILLING))
