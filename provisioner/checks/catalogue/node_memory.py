"""Whether a node has memory left."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.machines import Judged, of_nodes
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor.health import NodeHealth
from provisioner.texts import say

CHECK = Check(
    "node.memory",
    title=say("Node has memory left"),
    proves=say("The node has memory that nobody uses."),
    meaning=say("VMs of the node may be ended by its system."),
    next=say("Move a VM to another node."),
    needs=frozenset({"cluster"}),
)

FULL = 97.0
"""Per cent."""


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each node that the chain rests on."""
    return of_nodes(seen, CHECK, _judge)


def _judge(node: NodeHealth) -> Judged | None:
    if node.memory_percent is None:
        return None
    evidence = f"{node.memory_percent:.0f} %"
    if node.memory_percent < FULL:
        return Judged(evidence)
    return Judged(evidence, "node.memory", "weak", {"percent": evidence})
