"""When the certificates of the nodes end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from provisioner.checks.machines import Judged, Values, of_nodes
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor.health import NodeHealth
from provisioner.texts import say

CHECK = Check(
    "certificate.node",
    title=say("Node's certificate is valid"),
    proves=say("The certificate that the node shows is valid for two weeks or more."),
    meaning=say("Browsers and other nodes refuse the node."),
    next=say("Renew it on the node: `pvecm updatecerts --force`, then compare its fingerprint."),
    needs=frozenset({"cluster"}),
)

SOON = timedelta(days=14)


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each node that the chain rests on and that tells."""

    def each(node: NodeHealth) -> Judged | None:
        until = node.certificate_until
        if until is None:
            return None
        evidence = f"until {until:%Y-%m-%d %H:%M}"
        values: Values = {"date": f"{until:%Y-%m-%d}", "days": (until - seen.at).days}
        if until <= seen.at:
            return Judged(evidence, "certificate.expired", "broken", values)
        if until - seen.at < SOON:
            return Judged(evidence, "certificate.expiring", "weak", values)
        return Judged(evidence)

    return of_nodes(seen, CHECK, each)
