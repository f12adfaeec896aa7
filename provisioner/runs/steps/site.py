"""Handing a connected site over: what the sheet says, and what its port and router show now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from provisioner.database import now
from provisioner.drivers.network import Survey
from provisioner.runs.steps.base import Context, Done, Proof, Wait
from provisioner.services.internet.acceptance import SITE_CLIENTS, SITE_LINK
from provisioner.services.internet.steps import PROVE
from provisioner.texts import say


class HandOverSite:
    """Write down what was promised, and who is connected already.

    That nothing is plugged in yet does not stop it: the department may come later.
    """

    def apply(self, context: Context) -> Done | Wait:
        switch, router = str(context.params["switch"]), str(context.planned(PROVE)["router"])
        seen = context.fleet.survey({switch, router})
        shown = [
            *_link(seen.get(switch), str(context.params["port"])),
            *_clients(seen.get(router), str(context.params["cidr"])),
        ]
        return Done(False, evidence=[*(proof.to_json() for proof in shown), {**context.params}])

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ()

    def undo(self, context: Context) -> Done | Wait:
        return Done(False)


def _link(seen: object, port: str) -> Iterator[Proof]:
    """Only where the port has a link: one without is no fault of the connection."""
    if isinstance(seen, Survey) and (state := seen.ports.get(port)) and state.up:
        speed = say("%(mbps)d Mbit/s", mbps=state.speed_mbps) if state.speed_mbps else say("up")
        yield Proof(SITE_LINK, f"{seen.host}:{port}", True, speed, now())


def _clients(seen: object, cidr: str) -> Iterator[Proof]:
    if not isinstance(seen, Survey):
        return
    network = ip_network(cidr)
    found = [lease for lease in seen.leases if ip_address(lease.address) in network]
    if found:
        told = say("%(count)d devices have an address, the first is %(address)s",
                   count=len(found), address=found[0].address)  # fmt: skip
        yield Proof(SITE_CLIENTS, seen.host, True, told, now())
