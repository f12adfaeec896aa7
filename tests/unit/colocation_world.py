"""A data centre to plan servers in: racks, switches and what stands there, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from provisioner.catalogue import Catalogue, Inventory, Network, Office
from provisioner.drivers.network import Host
from provisioner.errors import Conflict
from provisioner.facts.colocation import ServerRecord
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.planner import Subject
from provisioner.services.colocation.planning import ColocationPlanning
from provisioner.texts import render
from tests.unit.wifi_world import NOW, Campus, host

CORE, TOP = "sw-core-1", "sw-top-1"
CENTRE: dict[str, Any] = {
    "colocation_networks": {
        "colo-1": {
            "vlan": 140,
            "cidr": "10.10.40.0/24",
            "gateway": "10.10.40.1",
            "dns": ["10.10.10.1"],
            "assignable": ["10.10.40.20-10.10.40.39"],
            "reserved": ["10.10.40.20-10.10.40.21"],
            "quarantine_hours": 48,
        },
    },
    "sites": {"dc": {"title": "Ruang server"}},
    "racks": {
        "r1": {
            "site": "dc",
            "title": "Rak 1",
            "units": 12,
            "heavy_units": 4,
            "feeds": {"A": {"watts": 1500}, "B": {"amps": 10, "used_watts": 700}},
            "occupied": ["12", {"units": "1-2", "what": "UPS"}],
            "switch_ports": [f"{TOP}:Gi1/0/{number}" for number in (1, 2, 3)],
        },
        "r2": {
            "site": "dc",
            "title": "Rak 2",
            "units": 10,
            "feeds": {"A": {"watts": 1000}},
            "switch_ports": [f"{CORE}:Gi1/0/{number}" for number in (7, 8)],
        },
    },
    "links": [[f"{TOP}:Gi1/0/24", f"{CORE}:Gi1/0/1"], [f"{CORE}:Gi1/0/24", "rt-core-1:ether5"]],
}
DETAILS: dict[str, Any] = {
    "server_name": "simpeg",
    "purpose": "Kepegawaian",
    "model": "Dell R450",
    "units": 2,
    "weight_kg": 20,
    "watts": 300,
    "power_feeds": 2,
    "network": "colo-1",
    "contact_on_site": "Sari, 0812-0000-0000",
}
NUMBER = "COL-2026-0001"


def inventory(centre: Mapping[str, Any] = CENTRE, **offer: Any) -> Inventory:
    """The office's data with that data centre, and with these keys of the offer."""
    services = {"colocation": {"sla_working_days": 3, "letters": ["signed"], **offer}}
    return Inventory(
        catalogue=Catalogue.model_validate({"services": services}),
        network=Network.model_validate(centre),
        office=Office.model_construct(time_zone="Asia/Jakarta"),
    )


def hosts(centre: Mapping[str, Any] = CENTRE) -> dict[str, Host]:
    """Every device that the cables name."""
    names = {end.partition(":")[0] for link in centre["links"] for end in link}
    return {name: host(name) for name in sorted(names)}


class Seat:
    """What answers at which address, and which of its ports are open."""

    def __init__(self, answering: Mapping[str, str] | None = None, ports: tuple[int, ...] = ()):
        self.answering = dict(answering or {})
        self.ports = ports

    def answers(self, address: str, ports: tuple[int, ...]) -> str | None:
        return self.answering.get(address)

    def open(self, address: str, port: int) -> bool:
        return address in self.answering and port in self.ports


def planning(
    campus: Campus | None = None,
    data: Inventory | None = None,
    devices: Mapping[str, Host] | None = None,
    seat: Seat | None = None,
    servers: Mapping[str, ServerRecord] | None = None,
) -> ColocationPlanning:
    """The planning of that data centre."""
    known = hosts() if devices is None else devices
    return ColocationPlanning(
        data or inventory(), lambda: known, (campus or Campus()).read, seat or Seat(),
        (servers or {}).get,
    )  # fmt: skip


def made(
    campus: Campus | None = None,
    number: str = NUMBER,
    books: Ledger | None = None,
    pinned: Mapping[str, Any] | None = None,
    data: Inventory | None = None,
    devices: Mapping[str, Host] | None = None,
    seat: Seat | None = None,
    **changes: Any,
) -> Plan:
    """A plan as the plan service makes it; an answer of None is left out."""
    details = {k: v for k, v in {**DETAILS, **changes}.items() if v is not None}
    asked = Subject(number, "dinkes", details)
    service = planning(campus, data, devices, seat)
    facts = replace(service.read(asked, pinned), at=NOW)
    return service.plan(asked, facts, books or Ledger(), pinned)


def refused(slug: str, **kwargs: Any) -> str:
    """What is told where no such plan can be made."""
    with pytest.raises(Conflict) as caught:
        made(**kwargs)
    assert caught.value.slug == slug
    assert render(caught.value.what, "id") != render(caught.value.what, "en")
    return render(caught.value.what, "en")


def made_or_full(*args: Any, **kwargs: Any) -> Plan | None:
    """A plan, or None where there is no room."""
    try:
        return made(*args, **kwargs)
    except Conflict as conflict:
        if conflict.slug != "no-capacity":
            raise
        return None
