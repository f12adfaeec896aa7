"""What the service event_wifi brings to the plan service: reading devices, planning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from provisioner.catalogue import Inventory
from provisioner.database import now
from provisioner.drivers.network import Host, Wish
from provisioner.facts.event_wifi import (
    ChangedOutside,
    EventWifiFacts,
    InstanceFacts,
    ReadDevices,
    read_devices,
)
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.planner import Objection, Subject
from provisioner.services.booking import Bookings
from provisioner.services.event_wifi import planner
from provisioner.services.event_wifi.actions import (
    changed_input,
    plan_change,
    plan_end,
    plan_extension,
    standing_wifi,
)
from provisioner.services.event_wifi.details import ChangeDetails, EndDetails, ExtendDetails
from provisioner.services.event_wifi.intents import intents
from provisioner.services.event_wifi.nets import needed, net_of, on_the_router
from provisioner.services.event_wifi.steps import CHANGE
from provisioner.services.event_wifi.wanted import WifiInput, form, wifi_input
from provisioner.services.impact import SECOND_ABOVE, weighed
from provisioner.services.scopes import Wanted, look, merged_wanted, rest_of


class EventWifiPlanning:
    """Implements ``plans.planner.ServicePlanner``.

    ``hosts`` gives the devices of the Ansible inventory, ``read`` asks them, ``instance_of`` finds
    an event's WiFi by its identifier, ``lead`` tells how long switching on took at a place before
    (zero where nobody knows), ``rehearse`` asks access points what a change would do. Above the
    impact ``second_above`` two people have to approve. ``books`` tells what is claimed by anybody
    now: devices are asked about VLANs that are likely to be free.
    """

    def __init__(
        self,
        inventory: Inventory,
        hosts: Callable[[], Mapping[str, Host]],
        read: ReadDevices,
        instance_of: Callable[[str], InstanceFacts | None],
        lead: Callable[[str], timedelta],
        rehearse: Callable[[Mapping[str, Sequence[Wish]]], Mapping[str, Any]],
        changed_outside: ChangedOutside = lambda readings: (),
        second_above: int = SECOND_ABOVE,
        books: Callable[[], Ledger] = Ledger,
    ) -> None:
        self._inventory = inventory
        self._hosts = hosts
        self._read = read
        self._instance_of = instance_of
        self._lead = lead
        self._rehearse = rehearse
        self._changed_outside = changed_outside
        self._second_above = second_above
        self._books = books

    def read(self, subject: Subject, pinned: Mapping[str, Any] | None = None) -> EventWifiFacts:
        """Every device on the way to the place, or the instance that an action is about.

        Without ``pinned`` the objects of all event networks are read: which one is free is not
        known yet. Raises Conflict, and the failure of a device that could not be read.
        """
        if "action" in subject.details:
            found = self._read_action(subject)
        else:
            wanted = self._wanted(subject)
            found = self._read_chosen(wanted, pinned) if pinned else self._read_all(wanted)
            found = replace(found, lead=self._lead(wanted.details.place))
        return replace(found, foreign=self._changed_outside(found.readings))

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
        campus, hosts = self._inventory.network, self._hosts()
        if action == "change":
            made = plan_change(
                subject.number, subject.department, form(ChangeDetails, subject.details),
                self._inventory, hosts, facts, pinned,
            )  # fmt: skip
        else:
            made = planner.plan(self._wanted(subject), campus, hosts, facts, ledger, pinned)
        return weighed(made, campus, hosts, facts.readings, facts.foreign, self._second_above)

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

    def _read_all(self, wanted: WifiInput) -> EventWifiFacts:
        """The objects of all prepared networks; where none is likely to be free, some VLANs of the
        offer's segment as well."""
        networks = self._inventory.network.event_networks
        vlans = [network.vlan for network in networks.values()]
        bookings = Bookings(self._books(), {wanted.number})
        if not _needs_own(wanted, bookings):
            readings = read_devices(self._read, _prepared(wanted, list(networks)))
            return EventWifiFacts(now(), readings, vlans[0] if vlans else None)
        stock = wanted.stock(str(wanted.offer.segment))
        taken = bookings.stock(stock.name, now(), wanted.window, rest_of(stock.segment))
        likely = stock.free(taken) or stock.lots()
        others = intents(wanted, vlans or [lot.vlan for lot in likely[:1]])
        mbps = wanted.details.rate_limit_mbps or stock.segment.rate_limit_mbps
        readings, asked = look(
            partial(read_devices, self._read),
            [stock],
            merged_wanted(others, _prepared(wanted, list(networks))),
            likely,
            mbps,
        )
        return EventWifiFacts(now(), readings, (vlans or asked)[0], lots=asked)

    def _read_chosen(self, wanted: WifiInput, pinned: Mapping[str, Any]) -> EventWifiFacts:
        net = net_of(pinned, self._inventory.network)
        readings = read_devices(self._read, needed(wanted, net))
        return EventWifiFacts(now(), readings, net.vlan, lots=(net.vlan,) if net.lot else ())

    def _read_action(self, subject: Subject) -> EventWifiFacts:
        facts = EventWifiFacts(now(), instance=self._instance_of(subject.details["instance"]))
        if subject.details["action"] != "change":
            return facts
        stands = standing_wifi(subject.details["instance"], subject.department, facts)
        details = form(ChangeDetails, subject.details)
        wanted = changed_input(stands, details, self._inventory, self._hosts())
        net = net_of(Plan.from_json(stands.plan).choices, self._inventory.network)
        readings = read_devices(self._read, needed(wanted, net))
        return EventWifiFacts(now(), readings, net.vlan, instance=stands)


def _needs_own(wanted: WifiInput, bookings: Bookings) -> bool:
    """Whether a network of the event's own is likely to be taken."""
    prepared = wanted.network.event_networks
    free = any(not bookings.network(name, wanted.window) for name in prepared)
    possible = wanted.unrouted is None or not prepared
    return wanted.offer.segment is not None and not free and possible


def _prepared(wanted: WifiInput, names: Sequence[str]) -> Wanted:
    """What to ask for, so that any of these prepared networks can be chosen."""
    nets = [net_of({"network": name}, wanted.network) for name in names]
    router = on_the_router(wanted, nets[0]) if nets else {}
    return {**intents(wanted, [net.vlan for net in nets]), **router}
