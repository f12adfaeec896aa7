"""A small campus to look for faults in, as plain values: sites, cables, what stands there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from provisioner.catalogue import Network
from provisioner.catalogue.network_fields import Port
from provisioner.checks.chain import Chain, Net, VmPoint
from provisioner.checks.chaining import chain_of
from provisioner.checks.ground import Ground, parse_target
from provisioner.checks.records import Stands
from provisioner.drivers.network import Host
from tests.unit.wifi_world import host

ROUTER, CORE, SCHOOL, AP_1, AP_2 = "rt-core-1", "sw-core-1", "sw-smp-1", "ap-smp-1", "ap-smp-2"
RING_1, RING_2, RING_AP, LONE = "sw-ring-1", "sw-ring-2", "sw-ring-3", "ap-lone-1"
BRANCH, PROBE = "rt-branch-1", "pi-smp-1"
TRUNK_UP, TRUNK_DOWN = Port(SCHOOL, "Gi1/0/24"), Port(CORE, "Gi1/0/3")
CAMPUS: Mapping[str, Any] = {
    "routers": {ROUTER: {"outside": "ether1"}, BRANCH: {"outside": "ether1"}},
    "sites": {
        "smp-1": {"title": "SMP 1", "ports": [f"{SCHOOL}:Gi1/0/5"], "access_points": [AP_1]},
        "pasar": {"title": "Pasar"},
        "ring": {"title": "Cincin", "ports": [f"{RING_AP}:Gi1/0/5"]},
        "cabang": {"title": "Kantor cabang"},
        "kosong": {"title": "Tanpa apa pun"},
    },
    "places": {
        "aula": {"site": "smp-1", "title": "Aula", "access_points": [AP_2]},
        "pasar": {"site": "pasar", "title": "Pasar Segamas"},
    },
    "links": [
        [f"{ROUTER}:ether2", f"{CORE}:Gi1/0/24"],
        [f"{CORE}:Gi1/0/3", f"{SCHOOL}:Gi1/0/24"],
        [f"{SCHOOL}:Gi1/0/1", f"{AP_1}:eth0"],
        [f"{SCHOOL}:Gi1/0/2", f"{AP_2}:eth0"],
        [f"{CORE}:Gi1/0/11", f"{RING_1}:Gi1/0/24"],
        [f"{CORE}:Gi1/0/12", f"{RING_2}:Gi1/0/24"],
        [f"{RING_1}:Gi1/0/1", f"{RING_AP}:Gi1/0/23"],
        [f"{RING_2}:Gi1/0/1", f"{RING_AP}:Gi1/0/24"],
        [f"{BRANCH}:ether1", f"{CORE}:Gi1/0/20"],
    ],
}
NET = Net(
    vlan=401,
    router=ROUTER,
    cidr="10.40.1.0/24",
    gateway="10.40.1.1",
    ssids=("SMP 1",),
    access_points=(AP_1,),
    ports=(Port(SCHOOL, "Gi1/0/5"),),
    trunks=(TRUNK_UP, TRUNK_DOWN, Port(CORE, "Gi1/0/24"), Port(SCHOOL, "Gi1/0/1")),
    number="NET-2026-0001",
    resolvers=("10.10.10.1",),
)
SITE = Stands(
    "site-1", "internet smp-1", "site", "NET-2026-0001", "dindikbud", site="smp-1", net=NET
)
EVENT = Stands(
    "event-1", "Festival", "event_wifi", "WIFI-2026-0002", "dinkominfo",
    site="smp-1", place="aula",
    net=Net(301, ROUTER, "10.31.1.0/24", "10.31.1.1", ("Festival",), (AP_2,),
            trunks=(Port(SCHOOL, "Gi1/0/2"), TRUNK_UP, TRUNK_DOWN), number="WIFI-2026-0002"),
)  # fmt: skip
URL = "https://simpus.example.go.id/"
VM = Stands(
    "vm-1", "simpus", "vm", "VPS-2026-0003", "dinkes", urls=(URL,),
    vm=VmPoint("vm-1", "simpus", "dc1", 2001, "pve1", ("10.10.10.100",), urls=(URL,)),
)  # fmt: skip
VM_2 = Stands(
    "vm-2", "arsip", "vm", "VPS-2026-0004", "dinkes",
    vm=VmPoint("vm-2", "arsip", "dc1", 2002, "pve2", ("10.10.10.101",)),
)  # fmt: skip


def hosts() -> dict[str, Host]:
    """Every device of the campus; the probe, and an access point whose cable nobody entered."""
    places = {SCHOOL: "smp-1", AP_1: "smp-1", AP_2: "smp-1", BRANCH: "cabang", RING_AP: "ring"}
    names = {end.partition(":")[0] for link in CAMPUS["links"] for end in link} | {LONE}
    found = {name: host(name, site=places.get(name)) for name in sorted(names)}
    found[LONE] = replace(found[LONE], site="pasar")
    base = host("ap-x", site="smp-1")
    found[PROBE] = replace(
        base, name=PROBE, platform="linux", groups=frozenset({"probes"}), address="192.0.2.9"
    )
    return found


def ground(*stands: Stands) -> Ground:
    """All of it; everything that stands, if none is named."""
    known = stands or (SITE, EVENT, VM, VM_2)
    return Ground(Network.model_validate(CAMPUS), hosts(), known, ("dc1",))


def chain(text: str = "site:smp-1", *stands: Stands) -> Chain:
    """The chain of a target as typed."""
    world = ground(*stands)
    return chain_of(parse_target(text, world), world)
