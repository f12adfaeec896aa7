"""A small regency to connect sites in: devices, cables and what stands there, as plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from provisioner.catalogue import Catalogue, Inventory, Network, Office
from provisioner.drivers.network import Host
from provisioner.errors import Conflict
from provisioner.facts.internet import SiteRecord
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.planner import Subject
from provisioner.services.internet.planning import InternetPlanning
from provisioner.services.wishes import CHANGE
from provisioner.texts import render
from tests.unit.wifi_world import NOW, Campus, host

CORE, SCHOOL, ANNEX, ROUTER = "sw-core-1", "sw-smp-1", "sw-smp-2", "rt-core-1"
AP_1, AP_2 = "ap-smp-1", "ap-smp-2"
REGENCY: dict[str, Any] = {
    "segments": {
        "opd": {
            "vlans": ["400-404"],
            "cidr": "10.40.0.0/16",
            "prefix": 24,
            "dns": ["10.10.10.1"],
            "lease_hours": 2,
            "reserved": [400],
            "quarantine_hours": 24,
        },
    },
    "routers": {ROUTER: {"outside": "ether1"}},
    "management_vlan": 99,
    "sites": {
        "smp-1": {
            "title": "SMP Negeri 1",
            "address": "Jalan Contoh 2",
            "ports": [f"{SCHOOL}:Gi1/0/5", f"{SCHOOL}:Gi1/0/6", f"{ANNEX}:Gi1/0/5"],
            "access_points": [AP_1, AP_2],
            "segment": "opd",
        },
        "dinkominfo": {"title": "Dinkominfo"},
        "balai": {"title": "Balai desa", "ports": [f"{CORE}:Gi1/0/9"], "segment": "opd"},
    },
    "links": [
        [f"{AP_1}:eth0", f"{SCHOOL}:Gi1/0/1"],
        [f"{AP_2}:eth0", f"{SCHOOL}:Gi1/0/2"],
        [f"{SCHOOL}:Gi1/0/24", f"{CORE}:Gi1/0/1"],
        [f"{ANNEX}:Gi1/0/24", f"{CORE}:Gi1/0/2"],
        [f"{CORE}:Gi1/0/24", f"{ROUTER}:ether5"],
    ],
}
DETAILS: dict[str, Any] = {
    "site": "smp-1",
    "location": "Ruang guru",
    "purpose": "Internet untuk sekolah",
    "expected_users": 40,
    "fieldwork": "none",
}
WIFI: dict[str, Any] = {
    "ssid": "SMP 1", "security": "wpa2-personal", "passphrase_given": True, "isolate_clients": True,
}  # fmt: skip
NUMBER = "NET-2026-0001"


def inventory(regency: Mapping[str, Any] = REGENCY, **offer: Any) -> Inventory:
    """The office's data with that regency, and with these keys of the offer."""
    services = {"internet": {"sla_working_days": 1, "letters": ["signed"], **offer}}
    return Inventory(
        catalogue=Catalogue.model_validate({"services": services}),
        network=Network.model_validate(regency),
        office=Office.model_construct(time_zone="Asia/Jakarta"),
    )


def hosts(regency: Mapping[str, Any] = REGENCY) -> dict[str, Host]:
    """Every device that the cables name."""
    names = {end.partition(":")[0] for link in regency["links"] for end in link}
    return {name: host(name) for name in sorted(names)}


def planning(
    campus: Campus | None = None,
    data: Inventory | None = None,
    devices: Mapping[str, Host] | None = None,
    sites: Mapping[str, SiteRecord] | None = None,
    books: Callable[[], Ledger] = Ledger,
) -> InternetPlanning:
    """The planning of that regency."""
    known = hosts() if devices is None else devices
    return InternetPlanning(
        data or inventory(), lambda: known, (campus or Campus()).read, (sites or {}).get,
        books=books,
    )  # fmt: skip


def asked(number: str = NUMBER, **changes: Any) -> Subject:
    """The request; an answer of None is left out."""
    details = {k: v for k, v in {**DETAILS, **changes}.items() if v is not None}
    return Subject(number, "dindikbud", details)


def made(
    campus: Campus | None = None,
    number: str = NUMBER,
    books: Ledger | None = None,
    pinned: Mapping[str, Any] | None = None,
    data: Inventory | None = None,
    devices: Mapping[str, Host] | None = None,
    **changes: Any,
) -> Plan:
    """A plan as the plan service makes it."""
    held = books or Ledger()
    service = planning(campus, data, devices, books=lambda: held)
    subject = asked(number, **changes)
    facts = replace(service.read(subject, pinned), at=NOW)
    return service.plan(subject, facts, held, pinned)


def record(plan: Plan, number: str = NUMBER, **changes: Any) -> SiteRecord:
    """The site that a plan connected, as it stands."""
    values: dict[str, Any] = {
        "id": "site-1", "number": number, "department": "dindikbud", "name": "SMP Negeri 1",
        "ended": False, "ends_at": None, "plan": plan.to_json(), "details": DETAILS,
        "keyed_by": number,
    }  # fmt: skip
    return SiteRecord(**{**values, **changes})


def acted(
    campus: Campus,
    stands: SiteRecord,
    number: str = "NET-2026-0009",
    books: Ledger | None = None,
    data: Inventory | None = None,
    **details: Any,
) -> Plan:
    """The plan of an action on a site."""
    service = planning(campus, data, sites={stands.id: stands})
    subject = Subject(number, "dindikbud", {"instance": stands.id, **details})
    facts = replace(service.read(subject), at=NOW)
    return service.plan(subject, facts, books or Ledger())


def carry_out(campus: Campus, plan: Plan) -> None:
    """Make every wish of the plan's change true."""
    campus.carry_out(replace(plan, steps=tuple(s for s in plan.steps if s.kind == CHANGE)))


def refused(slug: str, **kwargs: Any) -> str:
    """What is told where no such plan can be made."""
    with pytest.raises(Conflict) as caught:
        made(**kwargs)
    assert caught.value.slug == slug
    assert render(caught.value.what, "id") != render(caught.value.what, "en")
    return render(caught.value.what, "en")
