"""Whether the processors of a node have time left."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.machines import Judged, of_nodes
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor.health import NodeHealth
from provisioner.texts import say

CHECK = Check(
    "node.cpu",
    title=say("Node has processor time left"),
    proves=say("The node's processors are not busy all of the time."),
    meaning=say("Every VM of the node is slow."),
    next=say("Look which VM takes the time; move one to another node."),
    needs=frozenset({"cluster"}),
)

FULL = 98.0
"""Per cent; a backup makes it high for a while."""


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each node that the chain rests on."""
    return of_nodes(seen, CHECK, _judge)


def _judge(node: NodeHealth) -> Judged | None:
    if node.cpu_percent is None:
        return None
    evidence = f"{node.cpu_percent:.0f} %"
    if node.cpu_percent < FULL:
        return Judged(evidence)
    return Judged(evidence, "node.cpu", "weak", {"percent": evidence})
