"""What the service colocation brings to the plan service: reading switches, planning, probing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.catalogue import Inventory
from provisioner.catalogue.network_fields import Port
from provisioner.database import now
from provisioner.drivers.network import Host
from provisioner.drivers.seat import UserSeat
from provisioner.facts.colocation import ColocationFacts, ServerRecord, read_switches
from provisioner.facts.event_wifi import ChangedOutside, ReadDevices, read_devices
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.planner import Objection, Subject
from provisioner.services.colocation import planner
from provisioner.services.colocation.actions import plan_end, plan_extension
from provisioner.services.colocation.details import EndDetails, ExtendDetails
from provisioner.services.colocation.intents import to_read
from provisioner.services.colocation.steps import PROBED, PROVE
from provisioner.services.colocation.wanted import ColocationInput, colocation_input
from provisioner.services.event_wifi.wanted import form
from provisioner.services.impact import SECOND_ABOVE, weighed
from provisioner.texts import say


class ColocationPlanning:
    """Implements ``plans.planner.ServicePlanner``.

    ``hosts`` gives the devices of the Ansible inventory, ``read`` asks them, ``server_of`` finds a
    server that stands by its identifier, ``seat`` looks whether something answers at an address.
    Above the impact ``second_above`` two people have to approve.
    """

    def __init__(
        self,
        inventory: Inventory,
        hosts: Callable[[], Mapping[str, Host]],
        read: ReadDevices,
        seat: UserSeat,
        server_of: Callable[[str], ServerRecord | None],
        changed_outside: ChangedOutside = lambda readings: (),
        second_above: int = SECOND_ABOVE,
    ) -> None:
        self._inventory = inventory
        self._hosts = hosts
        self._read = read
        self._seat = seat
        self._server_of = server_of
        self._changed_outside = changed_outside
        self._second_above = second_above

    def read(self, subject: Subject, pinned: Mapping[str, Any] | None = None) -> ColocationFacts:
        """The switches of all racks with their ways, or the server that an action is about.

        With ``pinned`` only the chosen port and its way, of which every switch has to answer.
        Raises Conflict, and the failure of a switch that could not be read.
        """
        if "action" in subject.details:
            return ColocationFacts(now(), instance=self._server_of(subject.details["instance"]))
        wanted = self._wanted(subject)
        ports = [
            port
            for rack in wanted.racks.values()
            for port in rack.ports()
            if port.device in wanted.ways
        ]
        if pinned is None:
            readings, silent = read_switches(self._read, to_read(wanted, ports))
            return ColocationFacts(now(), readings, silent, foreign=self._changed_outside(readings))
        chosen = Port(str(pinned["switch"]), str(pinned["port"]))
        known = [port for port in ports if port == chosen]
        address = str(pinned["address"])
        how = self._seat.answers(address, PROBED)
        seen = read_devices(self._read, to_read(wanted, known))
        return ColocationFacts(
            now(),
            seen,
            answering={address: how} if how else {},
            foreign=self._changed_outside(seen),
        )

    def plan(
        self,
        subject: Subject,
        facts: ColocationFacts,
        ledger: Ledger,
        pinned: Mapping[str, Any] | None = None,
    ) -> Plan:
        """See ``planner.plan`` and ``actions``."""
        action = subject.details.get("action")
        if action == "extend":
            return plan_extension(
                subject.department, form(ExtendDetails, subject.details), facts, self._inventory,
                pinned,
            )  # fmt: skip
        if action == "end":
            return plan_end(
                subject.department, form(EndDetails, subject.details), facts, ledger, pinned
            )
        campus, hosts = self._inventory.network, self._hosts()
        made = planner.plan(self._wanted(subject), hosts, facts, ledger, pinned)
        return weighed(made, campus, hosts, facts.readings, facts.foreign, self._second_above)

    def objections(self, plan: Plan) -> tuple[Objection, ...]:
        """A stranger at the chosen address."""
        claim = next((claim for claim in plan.claims if claim.kind == "address"), None)
        if claim is None:
            return ()
        prove = next(step.params for step in plan.steps if step.key == PROVE)
        how = self._seat.answers(claim.key, tuple(sorted({*PROBED, *prove["ports"]})))
        if how is None:
            return ()
        what = say(
            "Something answers at %(address)s (%(how)s) that is not in our books.",
            address=claim.key,
            how=how,
        )
        return (Objection(claim, how, what),)

    def beside(self, plan: Plan) -> Mapping[str, Any]:
        """Nothing more than the plan's own picture of the rack."""
        return {}

    def _wanted(self, subject: Subject) -> ColocationInput:
        return colocation_input(
            subject.number,
            subject.department,
            subject.details,
            inventory=self._inventory,
            hosts=self._hosts(),
        )
