"""Cables as the devices see them, compared with those of network.yml."""

from provisioner.topology.cables import Ambiguous, Cable, Seen, Stranger, seen_cables
from provisioner.topology.differences import Comparison, Difference, Unchecked, compare
from provisioner.topology.service import TopologyService
from provisioner.topology.views import DifferenceView, TopologyView

__all__ = [
    "Ambiguous",
    "Cable",
    "Comparison",
    "Difference",
    "DifferenceView",
    "Seen",
    "Stranger",
    "TopologyService",
    "TopologyView",
    "Unchecked",
    "compare",
    "seen_cables",
]
