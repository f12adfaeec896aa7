"""Whether a cluster answers us, and is the one that we trust."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.machines import Judged, result
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor.failures import CertificateChanged
from provisioner.errors import ActionNeeded, StepFailure
from provisioner.texts import say

CHECK = Check(
    "cluster.reach",
    title=say("Cluster answers"),
    proves=say("The cluster answers and knows our token."),
    meaning=say("Nothing can be seen or done on the cluster; VMs on it may run all the same."),
    next=say("Look at the network to the cluster, its certificate and our token."),
    needs=frozenset({"cluster"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each cluster that was asked."""
    for name in seen.chain.clusters:
        read = seen.clusters.get(name)
        if read is None:
            continue
        judged = _failed(read) if isinstance(read, StepFailure) else Judged(read.version)
        yield result(seen, CHECK, Place("cluster", name), judged)


def _failed(failure: StepFailure) -> Judged:
    key = "cluster.unreachable"
    if isinstance(failure, CertificateChanged):
        key = "cluster.certificate_changed"
    elif isinstance(failure, ActionNeeded):
        key = "cluster.login"
    return Judged(str(failure.what), key, values={"why": failure.what})
