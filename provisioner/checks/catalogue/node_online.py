"""Whether the nodes are part of their cluster."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.machines import Judged, of_nodes
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor.health import NodeHealth
from provisioner.texts import say

CHECK = Check(
    "node.online",
    title=say("Node is on"),
    proves=say("The node is on and in the cluster."),
    meaning=say("What ran on the node stands still."),
    next=say("Look at the node's console and at its power and network."),
    needs=frozenset({"cluster"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each node that the chain rests on."""
    return of_nodes(seen, CHECK, _judge)


def _judge(node: NodeHealth) -> Judged | None:
    if not node.online:
        return Judged("off", "node.offline")
    return Judged("on, in maintenance" if node.maintenance else "on")
