"""What the service internet brings to the plan service: reading devices, planning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from provisioner.catalogue import Inventory
from provisioner.catalogue.network_fields import Port
from provisioner.database import now
from provisioner.drivers.network import Host, Intent, Reading
from provisioner.errors import StepFailure
from provisioner.facts.event_wifi import ChangedOutside, ReadDevices, read_devices
from provisioner.facts.internet import InternetFacts, SiteRecord
from provisioner.plans import segments
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.planner import Objection, Subject
from provisioner.services.booking import Bookings
from provisioner.services.event_wifi.wanted import form
from provisioner.services.impact import SECOND_ABOVE, weighed
from provisioner.services.internet import planner
from provisioner.services.internet.actions import (
    changed_input,
    lot_of,
    plan_change,
    plan_end,
    plan_extension,
    port_of,
    standing_site,
)
from provisioner.services.internet.details import ChangeDetails, EndDetails, ExtendDetails
from provisioner.services.internet.wanted import InternetInput, internet_input
from provisioner.services.scopes import Wanted, look, merged_wanted, rest_of
from provisioner.texts import Message


class InternetPlanning:
    """Implements ``plans.planner.ServicePlanner``.

    ``hosts`` gives the devices of the Ansible inventory, ``read`` asks them, ``site_of`` finds a
    connected site by its identifier, ``books`` tells what is claimed by anybody now: devices are
    asked about VLANs that are likely to be free. Above the impact ``second_above`` two people have
    to approve.
    """

    def __init__(
        self,
        inventory: Inventory,
        hosts: Callable[[], Mapping[str, Host]],
        read: ReadDevices,
        site_of: Callable[[str], SiteRecord | None],
        changed_outside: ChangedOutside = lambda readings: (),
        second_above: int = SECOND_ABOVE,
        books: Callable[[], Ledger] = Ledger,
    ) -> None:
        self._inventory = inventory
        self._hosts = hosts
        self._read = read
        self._site_of = site_of
        self._changed_outside = changed_outside
        self._second_above = second_above
        self._books = books

    def read(self, subject: Subject, pinned: Mapping[str, Any] | None = None) -> InternetFacts:
        """The devices of the site and on its ways, or the site that an action is about.

        With ``pinned`` only the chosen port and VLAN, of which every device has to answer. Raises
        Conflict, and the failure of a device that could not be read.
        """
        if "action" in subject.details:
            found = self._read_action(subject)
        elif pinned is not None:
            found = self._read_chosen(self._wanted(subject), pinned)
        else:
            found = self._read_all(self._wanted(subject))
        return replace(found, foreign=self._changed_outside(found.readings))

    def plan(
        self,
        subject: Subject,
        facts: InternetFacts,
        ledger: Ledger,
        pinned: Mapping[str, Any] | None = None,
    ) -> Plan:
        """See ``planner.plan`` and ``actions``."""
        action, details = subject.details.get("action"), subject.details
        if action == "extend":
            return plan_extension(
                subject.department, form(ExtendDetails, details), facts, self._inventory, pinned
            )
        if action == "end":
            return plan_end(subject.department, form(EndDetails, details), facts, ledger, pinned)
        hosts = self._hosts()
        if action == "change":
            made = plan_change(
                subject.number, subject.department, form(ChangeDetails, details), self._inventory,
                hosts, facts, ledger, pinned,
            )  # fmt: skip
        else:
            made = planner.plan(self._wanted(subject), hosts, facts, ledger, pinned)
        campus = self._inventory.network
        return weighed(made, campus, hosts, facts.readings, facts.foreign, self._second_above)

    def objections(self, plan: Plan) -> tuple[Objection, ...]:
        """None: the devices have been asked already."""
        return ()

    def beside(self, plan: Plan) -> Mapping[str, Any]:
        """Nothing more than the plan's own picture of the path."""
        return {}

    # ------------------------------------------------------------------ inside

    def _wanted(self, subject: Subject) -> InternetInput:
        return internet_input(
            subject.number,
            subject.department,
            subject.details,
            inventory=self._inventory,
            hosts=self._hosts(),
        )

    def _read_action(self, subject: Subject) -> InternetFacts:
        facts = InternetFacts(now(), instance=self._site_of(subject.details["instance"]))
        if subject.details["action"] != "change":
            return facts
        stands = standing_site(subject.details["instance"], subject.department, facts)
        details = form(ChangeDetails, subject.details)
        wanted = changed_input(stands, details, self._inventory, self._hosts())
        on = Plan.from_json(stands.plan)
        readings = read_devices(self._read, wanted.intents(port_of(on), lot_of(on)))
        return InternetFacts(now(), readings, (lot_of(on).vlan,), instance=stands)

    def _read_chosen(self, wanted: InternetInput, pinned: Mapping[str, Any]) -> InternetFacts:
        port = Port(str(pinned["switch"]), str(pinned["port"]))
        if port.device not in wanted.ways:
            return InternetFacts(now())
        stock = wanted.stock(port.device)
        chosen = segments.keep(stock.name, stock.segment, (), {}, int(pinned["vlan"]))
        readings = read_devices(self._read, wanted.intents(port, chosen))
        return InternetFacts(now(), readings, (chosen.vlan,))

    def _read_all(self, wanted: InternetInput) -> InternetFacts:
        silent: dict[str, Message] = {}
        stocks = {switch: wanted.stock(switch) for switch in wanted.ways}
        first = next(iter(stocks.values()))
        bookings = Bookings(self._books(), {wanted.number})
        taken = bookings.stock(first.name, now(), None, rest_of(first.segment))
        likely = first.free(taken) or first.lots()
        readings, asked = look(
            lambda wish: self._tolerant(wanted, wish, silent),
            list(stocks.values()), _others(wanted, likely[0].vlan), likely, wanted.mbps,
        )  # fmt: skip
        return InternetFacts(now(), readings, asked, silent)

    def _tolerant(
        self, wanted: InternetInput, wish: Wanted, silent: dict[str, Message]
    ) -> Mapping[str, Reading]:
        """The readings; raises the first failure, by name, without which no port can be used."""
        found = self._read({h: its for h, its in wish.items() if h not in silent})
        failures = {h: one for h, one in found.items() if isinstance(one, StepFailure)}
        needless = set.union(*(set(wish) - needs for needs in _needs(wanted)))
        for host in sorted(failures):
            if host not in needless:
                raise failures[host]
        silent |= {host: one.what for host, one in failures.items()}
        if all(needs & silent.keys() for needs in _needs(wanted)):
            raise failures[min(failures)]
        return {host: one for host, one in found.items() if isinstance(one, Reading)}


def _needs(wanted: InternetInput) -> Iterator[set[str]]:
    """For each switch of the site: the devices that have to answer for its ports to be used."""
    air = {device for way in wanted.air for device in way.devices}
    for way in wanted.ways.values():
        yield {*way.devices, way.router.device, *air}


def _others(wanted: InternetInput, vlan: int) -> Wanted:
    """The site's ports and its WiFi, as one of the VLANs would have them."""
    ports: list[dict[str, list[Intent]]] = [
        {port.device: [wanted.access_port(port.port, vlan)]} for port in wanted.ports()
    ]
    return merged_wanted({h: [s] for h, s in wanted.ssids(vlan).items()}, *ports)
