"""A small campus to plan events on: devices, cables and what stands there, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provisioner.catalogue import Catalogue, Inventory, Network, Office
from provisioner.drivers.network import Host, Intent, Reading, Ssid, Wish
from provisioner.errors import Conflict, StepFailure
from provisioner.facts.event_wifi import InstanceFacts
from provisioner.plans.claims import HeldClaim, Ledger
from provisioner.plans.model import Plan
from provisioner.plans.planner import Subject
from provisioner.services.booking import rfc3339
from provisioner.services.event_wifi.planning import EventWifiPlanning
from provisioner.texts import Message, render

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
START, END = NOW + 24 * HOUR, NOW + 32 * HOUR
CORE, PENDOPO, ALUN = "sw-core-1", "sw-pendopo-1", "sw-alun-1"

CAMPUS: dict[str, Any] = {
    "event_networks": {
        "event-1": {"vlan": 301, "cidr": "10.31.1.0/24"},
        "event-2": {"vlan": 302, "cidr": "10.31.2.0/24"},
    },
    "sites": {"pendopo": {"title": "Pendopo"}},
    "places": {
        "aula-pendopo": {
            "site": "pendopo",
            "title": "Aula Pendopo",
            "access_points": ["ap-pendopo-1", "ap-pendopo-2"],
        },
        "alun-alun": {
            "site": "pendopo",
            "title": "Alun-alun",
            "access_points": ["ap-alun-1", "ap-alun-2"],
        },
    },
    "links": [
        ["ap-pendopo-1:eth0", "sw-pendopo-1:GigabitEthernet1/0/1"],
        ["ap-pendopo-2:eth0", "sw-pendopo-1:GigabitEthernet1/0/2"],
        ["ap-alun-1:eth0", "sw-alun-1:GigabitEthernet1/0/1"],
        ["ap-alun-2:eth0", "sw-alun-1:GigabitEthernet1/0/2"],
        ["sw-pendopo-1:GigabitEthernet1/0/24", "sw-core-1:GigabitEthernet1/0/1"],
        ["sw-alun-1:GigabitEthernet1/0/24", "sw-core-1:GigabitEthernet1/0/2"],
        ["sw-core-1:GigabitEthernet1/0/24", "rt-core-1:ether5"],
    ],
}


def inventory(campus: Mapping[str, Any] = CAMPUS, **offer: Any) -> Inventory:
    """The office's data with that campus, and with these keys of the offer."""
    services = {"event_wifi": {"sla_working_days": 1, "letters": ["signed"], **offer}}
    return Inventory(
        catalogue=Catalogue.model_validate({"services": services}),
        network=Network.model_validate(campus),
        office=Office.model_construct(time_zone="Asia/Jakarta"),
    )


def host(name: str, **changes: Any) -> Host:
    """A device; its group and platform follow from its name."""
    group, platform = {
        "ap": ("access_points", "openwrt"),
        "sw": ("switches", "cisco_ios"),
        "rt": ("routers", "mikrotik_routeros"),
    }[name.partition("-")[0]]
    base = Host(name, platform, frozenset({group}), "192.0.2.1", 22, "provisioner")
    return replace(base, **changes)


def hosts(campus: Mapping[str, Any] = CAMPUS) -> dict[str, Host]:
    """Every device that a campus names."""
    names = {end.partition(":")[0] for link in campus["links"] for end in link}
    return {name: host(name) for name in sorted(names)}


DETAILS: dict[str, Any] = {
    "event": "Festival Purbalingga",
    "place": "aula-pendopo",
    "ssid": "Festival",
    "security": "wpa2-personal",
    "passphrase_given": True,
    "starts_at": rfc3339(START),
    "ends_at": rfc3339(END),
    "expected_users": 80,
    "isolate_clients": True,
}


@dataclass
class Campus:
    """What stands on the devices; ``read`` answers like a platform would."""

    objects: dict[str, dict[str, Intent]] = field(default_factory=dict)
    problems: dict[str, dict[str, Message]] = field(default_factory=dict)
    no_timer: dict[str, Message] = field(default_factory=dict)
    announced: dict[str, frozenset[str]] = field(default_factory=dict)
    failures: dict[str, StepFailure] = field(default_factory=dict)
    asked: list[Mapping[str, Sequence[Intent]]] = field(default_factory=list)

    def read(self, wanted: Mapping[str, Sequence[Intent]]) -> Mapping[str, Reading | StepFailure]:
        self.asked.append(wanted)
        return {name: self.failures.get(name) or self.look(name, wanted[name]) for name in wanted}

    def look(self, name: str, wanted: Sequence[Intent]) -> Reading:
        there = self.objects.get(name, {})
        on_air = {found.ssid for found in there.values() if isinstance(found, Ssid)}
        return Reading(
            host=name,
            hostname=name,
            at=NOW,
            objects={intent.key: there.get(intent.key) for intent in wanted},
            problems=self.problems.get(name, {}),
            no_timer=self.no_timer.get(name),
            announced=frozenset(on_air) | self.announced.get(name, frozenset()),
        )

    def put(self, name: str, *standing: Intent) -> None:
        """Somebody configures a device by hand."""
        self.objects.setdefault(name, {}).update({intent.key: intent for intent in standing})

    def carry_out(self, plan: Plan) -> None:
        """Make every wish of the plan's change true."""
        for name, wishes in plan.steps[0].params["wishes"].items():
            there = self.objects.setdefault(name, {})
            for wish in map(Wish.from_json, wishes):
                if wish.present:
                    there[wish.intent.key] = wish.intent
                else:
                    there.pop(wish.intent.key, None)

    def snapshot(self) -> dict[str, dict[str, Intent]]:
        """What stands, devices without anything left out."""
        return {name: dict(there) for name, there in self.objects.items() if there}


def planning(
    campus: Campus,
    data: Inventory | None = None,
    devices: Mapping[str, Host] | None = None,
    instances: Mapping[str, InstanceFacts] | None = None,
    lead: timedelta = timedelta(0),
) -> EventWifiPlanning:
    """The planning of that campus."""
    known = hosts() if devices is None else devices
    return EventWifiPlanning(
        data or inventory(),
        lambda: known,
        campus.read,
        (instances or {}).get,
        lambda place: lead,
        lambda wishes: {},
    )


def subject(number: str = "WIFI-2026-0001", **changes: Any) -> Subject:
    """The request, with other answers where given."""
    return Subject(number, "dinkominfo", {**DETAILS, **changes})


def held(plan: Plan, owner: str) -> tuple[HeldClaim, ...]:
    """The claims of a plan as they stand in the ledger."""
    return tuple(HeldClaim(c.kind, c.scope, c.key, owner, amounts=c.amounts) for c in plan.claims)


def ledger(*plans: tuple[str, Plan]) -> Ledger:
    """The ledger that holds these requests' plans."""
    return Ledger(tuple(claim for number, plan in plans for claim in held(plan, number)))


def made(
    campus: Campus | None = None,
    number: str = "WIFI-2026-0001",
    books: Ledger | None = None,
    pinned: Mapping[str, Any] | None = None,
    lead: timedelta = timedelta(0),
    data: Any = None,
    devices: Mapping[str, Host] | None = None,
    **changes: Any,
) -> Plan:
    """A plan as the plan service makes it."""
    service = planning(campus or Campus(), data, devices, lead=lead)
    asked = subject(number, **changes)
    facts = replace(service.read(asked, pinned), at=NOW)
    return service.plan(asked, facts, books or Ledger(), pinned)


def refused(slug: str, **kwargs: Any) -> tuple[str, Mapping[str, Any]]:
    """What is told, and named for programs, where no such plan can be made."""
    with pytest.raises(Conflict) as caught:
        made(**kwargs)
    assert caught.value.slug == slug
    assert render(caught.value.what, "id") != render(caught.value.what, "en")
    return render(caught.value.what, "en"), caught.value.extra
