"""Whether a node's clock is right."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.machines import Judged, of_nodes
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor.health import NodeHealth
from provisioner.texts import say

CHECK = Check(
    "node.clock",
    title=say("Node's clock is right"),
    proves=say("The node's clock and ours agree."),
    meaning=say("Certificates, logs and the cluster itself go wrong when clocks differ."),
    next=say("Look at the time service (chrony) on the node, and at our own clock."),
    needs=frozenset({"cluster"}),
)

MOST = 30.0
"""Seconds."""


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each node that the chain rests on."""
    return of_nodes(seen, CHECK, _judge)


def _judge(node: NodeHealth) -> Judged | None:
    if node.clock_offset is None:
        return None
    evidence = f"{node.clock_offset:+.0f} s"
    if abs(node.clock_offset) <= MOST:
        return Judged(evidence)
    return Judged(evidence, "node.clock", "weak", {"offset": evidence})
