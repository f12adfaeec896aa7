"""Whether enough nodes are there for the cluster to decide."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.machines import Judged, of_clusters, untold
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor.health import ClusterHealth
from provisioner.texts import say

CHECK = Check(
    "cluster.quorum",
    title=say("Cluster has quorum"),
    proves=say("More than half of the nodes agree."),
    meaning=say("Nothing can be started, stopped or changed until nodes come back."),
    next=say("Bring the missing nodes back, or look at the network between them."),
    needs=frozenset({"cluster"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each cluster that answered."""
    return of_clusters(seen, CHECK, _judge)


def _judge(name: str, health: ClusterHealth) -> Iterator[tuple[Place, Judged]]:
    place = Place("cluster", name)
    online = [node.name for node in health.nodes if node.online]
    evidence = f"{len(online)} of {len(health.nodes)} nodes"
    if "quorum" in health.untold:
        yield place, untold(health.untold["quorum"])
    elif health.quorate:
        yield place, Judged(evidence)
    else:
        yield place, Judged(evidence, "cluster.no_quorum", values={"nodes": evidence})
