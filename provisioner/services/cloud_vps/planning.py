"""What the service cloud_vps brings to the plan service: reading, planning, probing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.catalogue import Inventory
from provisioner.drivers.hypervisor import Hypervisor
from provisioner.drivers.seat import UserSeat
from provisioner.errors import Retriable
from provisioner.facts.cloud_vps import CloudVpsFacts, probe, read_facts
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.planner import Objection, Subject
from provisioner.services.cloud_vps import planner
from provisioner.services.cloud_vps.wanted import PlanInput, plan_input
from provisioner.settings import ClusterSettings
from provisioner.texts import say


class CloudVpsPlanning:
    """Implements ``plans.planner.ServicePlanner``; ``office_public_key`` gives the public half."""

    def __init__(
        self,
        inventory: Inventory,
        clusters: Mapping[str, ClusterSettings],
        hypervisors: Mapping[str, Hypervisor],
        seat: UserSeat,
        office_public_key: Callable[[], str],
    ) -> None:
        self._inventory = inventory
        self._clusters = clusters
        self._hypervisors = hypervisors
        self._seat = seat
        self._office_public_key = office_public_key

    def read(self, subject: Subject, pinned: Mapping[str, Any] | None = None) -> CloudVpsFacts:
        """The cluster of the request's network, and what answers at the pinned address."""
        wanted = self._wanted(subject)
        facts = read_facts(
            self._hypervisors[wanted.cluster],
            self._seat,
            wanted.template,
            addresses=(str(pinned["address"]),) if pinned else (),
            ssh_port=wanted.network.ssh_port,
        )
        if pinned and not facts.cluster.quorate:
            raise Retriable(
                say("The cluster %(cluster)s has no quorum.", cluster=wanted.cluster),
                meaning=say(
                    "Its nodes cannot agree at the moment; whether the plan holds is open."
                ),
                next=say("It is tried again by itself; the administrator looks at the nodes."),
                after=10,
            )
        return facts

    def plan(
        self,
        subject: Subject,
        facts: CloudVpsFacts,
        ledger: Ledger,
        pinned: Mapping[str, Any] | None = None,
    ) -> Plan:
        """See ``planner.plan``."""
        return planner.plan(self._wanted(subject), facts, ledger, pinned)

    def objections(self, plan: Plan) -> tuple[Objection, ...]:
        """A stranger at the chosen address."""
        claim = next(claim for claim in plan.claims if claim.kind == "address")
        network = self._inventory.network.networks[claim.scope]
        found = probe(self._seat, (claim.key,), network.ssh_port)
        return tuple(
            Objection(
                claim,
                how,
                say(
                    "Something answers at %(address)s (%(how)s) that is not in our books.",
                    address=address,
                    how=how,
                ),
            )
            for address, how in found.items()
        )

    def beside(self, plan: Plan) -> Mapping[str, Any]:
        """Nothing more than the plan's own picture of the capacity."""
        return {}

    def _wanted(self, subject: Subject) -> PlanInput:
        return plan_input(
            subject.number,
            subject.department,
            subject.details,
            inventory=self._inventory,
            clusters=self._clusters,
            office_public_key=self._office_public_key(),
        )
