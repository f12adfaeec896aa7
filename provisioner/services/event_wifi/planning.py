"""What the service event_wifi brings to the plan service: reading devices, planning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from provisioner.catalogue import Inventory
from provisioner.database import now
from provisioner.drivers.network import Host, Wish
from provisioner.facts.event_wifi import EventWifiFacts, InstanceFacts, ReadDevices, read_devices
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.planner import Objection, Subject
from provisioner.services.event_wifi import planner
from provisioner.services.event_wifi.actions import plan_end, plan_extension
from provisioner.services.event_wifi.details import EndDetails, ExtendDetails
from provisioner.services.event_wifi.steps import CHANGE
from provisioner.services.event_wifi.wanted import WifiInput, form, wifi_input
from provisioner.services.event_wifi.wishes import intents


class EventWifiPlanning:
    """Implements ``plans.planner.ServicePlanner``.

    ``hosts`` gives the devices of the Ansible inventory, ``read`` asks them, ``instance_of`` finds
    an event's WiFi by its identifier, ``lead`` tells how long switching on took at a place before
    (zero where nobody knows), ``rehearse`` asks access points what a change would do.
    """

    def __init__(
        self,
        inventory: Inventory,
        hosts: Callable[[], Mapping[str, Host]],
        read: ReadDevices,
        instance_of: Callable[[str], InstanceFacts | None],
        lead: Callable[[str], timedelta],
        rehearse: Callable[[Mapping[str, Sequence[Wish]]], Mapping[str, Any]],
    ) -> None:
        self._inventory = inventory
        self._hosts = hosts
        self._read = read
        self._instance_of = instance_of
        self._lead = lead
        self._rehearse = rehearse

    def read(self, subject: Subject, pinned: Mapping[str, Any] | None = None) -> EventWifiFacts:
        """Every device on the way to the place, or the instance that an action is about.

        Without ``pinned`` the objects of all event networks are read: which one is free is not
        known yet. Raises Conflict, and the failure of a device that could not be read.
        """
        if "action" in subject.details:
            return EventWifiFacts(now(), instance=self._instance_of(subject.details["instance"]))
        wanted = self._wanted(subject)
        networks = self._inventory.network.event_networks
        vlans = [
            network.vlan
            for name, network in networks.items()
            if pinned is None or pinned["network"] == name
        ]
        readings = read_devices(self._read, intents(wanted, vlans))
        lead = self._lead(wanted.details.place)
        return EventWifiFacts(now(), readings, vlans[0] if vlans else None, lead)

    def plan(
        self,
        subject: Subject,
        facts: EventWifiFacts,
        ledger: Ledger,
        pinned: Mapping[str, Any] | None = None,
    ) -> Plan:
        """See ``planner.plan`` and ``actions``."""
        action = subject.details.get("action")
        if action == "extend":
            return plan_extension(
                subject.number, subject.department, form(ExtendDetails, subject.details), facts,
                ledger, self._inventory, pinned,
            )  # fmt: skip
        if action == "end":
            return plan_end(
                subject.department, form(EndDetails, subject.details), facts, ledger, pinned
            )
        campus = self._inventory.network
        return planner.plan(self._wanted(subject), campus, self._hosts(), facts, ledger, pinned)

    def objections(self, plan: Plan) -> tuple[Objection, ...]:
        """None: the devices have been asked already."""
        return ()

    def beside(self, plan: Plan) -> Mapping[str, Any]:
        """What the access points say the change would do (``rehearsal``, by host)."""
        change = next((step for step in plan.steps if step.kind == CHANGE), None)
        if change is None:
            return {}
        wishes = {
            host: [Wish.from_json(wish) for wish in change.params["wishes"].get(host, ())]
            for host in plan.choices["access_points"]
        }
        return {"rehearsal": self._rehearse({h: found for h, found in wishes.items() if found})}

    def _wanted(self, subject: Subject) -> WifiInput:
        return wifi_input(
            subject.number, subject.details, inventory=self._inventory, hosts=self._hosts()
        )
