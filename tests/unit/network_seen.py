"""A small healthy network as the checks see it, and ways to spoil it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from provisioner.catalogue.network_fields import Port
from provisioner.checks.chain import Chain, Net, Station
from provisioner.checks.model import Target
from provisioner.checks.seen import Seen, Sighting
from provisioner.drivers.network import (
    Examination,
    Host,
    Learned,
    Lease,
    NameResult,
    Neighbor,
    OnAir,
    PingResult,
    PortHealth,
    PowerBudget,
    Radio,
    ScopeHealth,
    System,
)
from provisioner.drivers.outlook import Reached, Resolved
from provisioner.drivers.probe import ProbeReport

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
BEFORE = NOW - timedelta(hours=1)
AP, EDGE, CORE, ROUTER, PROBE = "ap-1", "sw-edge", "sw-core", "rt-1", "probe-1"
DOWN, UP, USER = "Gi1/0/1", "Gi1/0/24", "Gi1/0/5"
NEAR, FAR = Port(EDGE, UP), Port(CORE, DOWN)
"""The cable in the middle."""
PLATFORMS = {
    AP: "openwrt",
    EDGE: "cisco_ios",
    CORE: "cisco_ios",
    ROUTER: "mikrotik_routeros",
}
NET = Net(
    vlan=110,
    router=ROUTER,
    cidr="10.40.1.0/24",
    gateway="10.40.1.1",
    ssids=("Tamu",),
    access_points=(AP,),
    ports=(Port(EDGE, USER),),
    trunks=(
        Port(AP, "eth0"), Port(EDGE, DOWN), NEAR, FAR, Port(CORE, UP), Port(ROUTER, "ether2"),
    ),
    number="2026/7",
)  # fmt: skip
CHAIN = Chain(
    Target("site", "smp-1"),
    "SMP 1",
    stations=(
        Station("probe", PROBE),
        Station("access_point", AP, up=("eth0",)),
        Station("switch", EDGE, down=(DOWN,), up=(UP,)),
        Station("switch", CORE, down=(DOWN,), up=(UP,)),
        Station("router", ROUTER, down=("ether2",), up=("ether1",)),
        Station("internet", "internet"),
    ),
    cables=(
        (Port(AP, "eth0"), Port(EDGE, DOWN)),
        (NEAR, FAR),
        (Port(CORE, UP), Port(ROUTER, "ether2")),
    ),
    nets=(NET,),
    sites=("smp-1",),
)


def port(name: str, **fields: Any) -> PortHealth:
    """A trunk in good order."""
    good: dict[str, Any] = {
        "up": True, "speed_mbps": 1000, "duplex": "full", "mode": "trunk", "untagged": 1,
        "tagged": frozenset({10, 110}), "in_errors": 7, "out_errors": 0, "collisions": 0,
        "changes": 4, "in_bps": 2e6, "out_bps": 1e6, "tree": "forwarding",
    }  # fmt: skip
    return PortHealth(name, **(good | fields))


def examined(device: str, **fields: Any) -> Examination:
    """A device in good order."""
    system = System(
        "model", "1.0", "S1", 864_000.0, "power-on", 12.0, 40.0, 50.0, 41.0,
        clock_offset=0.2, synchronized=True,
    )  # fmt: skip
    good: dict[str, Any] = {"login_seconds": 0.4, "system": system, "vlans": {110: "Tamu"}}
    return Examination(device, device, NOW, **(good | _of(device) | fields))


def _of(device: str) -> dict[str, Any]:
    user = port(USER, mode="access", untagged=110, tagged=None, up=False, speed_mbps=None)
    heard = tuple(Learned(each, 110, "02:00:00:00:00:09") for each in (DOWN, UP))
    match device:
        case "ap-1":
            return {
                "ports": {"eth0": port("eth0", tree=None)},
                "radios": (Radio("radio0", band="2.4", channel=6, busy_percent=30.0),),
                "on_air": (OnAir("Tamu", "radio0", clients=4, refused=1),),
                "vlans": None,
            }
        case "sw-edge":
            return {
                "ports": {
                    DOWN: port(DOWN, feeding="on", watts=7.0), UP: port(UP), USER: user,
                    "Gi1/0/9": port("Gi1/0/9", up=False, tree=None),
                },
                "power": PowerBudget(370.0, 100.0),
                "neighbors": (Neighbor(UP, CORE, DOWN, "lldp"),),
                "learned": heard,
            }  # fmt: skip
        case "sw-core":
            return {
                "ports": {DOWN: port(DOWN), UP: port(UP)},
                "neighbors": (Neighbor(DOWN, EDGE, UP, "lldp"),),
                "learned": heard,
            }
    return {
        "ports": {"ether1": port("ether1", mode=None, tagged=None), "ether2": port("ether2")},
        "arp": {"10.40.1.20": "02:00:00:00:00:09", "203.0.113.1": "02:00:00:00:01:01"},
        "leases": (Lease("10.40.1.20", "02:00:00:00:00:09"),),
        "scopes": (ScopeHealth("tamu", "10.40.1.0/24", "vlan110", 110, 200, 1),),
        "gateway": "203.0.113.1",
        "outside": "ether1",
        "resolvers": ("203.0.113.53",),
        "pings": (
            PingResult("10.40.1.1", 3, 3, 0.1), PingResult("203.0.113.1", 3, 3, 1.0),
            PingResult("1.1.1.1", 3, 3, 9.0), PingResult("8.8.8.8", 3, 2, 9.0),
        ),
        "names": (NameResult("kominfo.go.id", ("203.0.113.80",)),),
    }  # fmt: skip


def sighting(health: Examination) -> Sighting:
    """What is kept of it, an hour ago."""
    ports = health.ports.values()
    return Sighting(
        BEFORE,
        uptime=(health.system.uptime or 0.0) - 3600.0,
        errors={each.port: (each.in_errors or 0) + (each.out_errors or 0) for each in ports},
        collisions={each.port: each.collisions or 0 for each in ports},
        changes={each.port: each.changes or 0 for each in ports},
        refused={"Tamu": 1},
    )


def healthy() -> Seen:
    """Everything was asked, everything is well."""
    devices = {name: examined(name) for name in PLATFORMS}
    return Seen(
        NOW,
        CHAIN,
        hosts={
            name: Host(name, platform, frozenset(), f"10.0.0.{n}", 22, "office")
            for n, (name, platform) in enumerate(PLATFORMS.items(), 1)
        },
        reached={
            name: Reached(f"10.0.0.{n}", 1.0, pinged=True, ports={22: 2.0})
            for n, name in enumerate(PLATFORMS, 1)
        },
        examined=devices,
        again=dict(devices),
        before={name: sighting(health) for name, health in devices.items()},
        drift={"instance-1": ()},
        resolved={"203.0.113.53": Resolved("kominfo.go.id", "203.0.113.53", ("203.0.113.80",))},
        probed={PROBE: probed()},
    )


def probed(**fields: Any) -> ProbeReport:
    good: dict[str, Any] = {
        "joined": True, "leased": True, "address": "10.40.1.30", "gateway": "10.40.1.1",
        "resolvers": ("10.40.1.1",), "gateway_ms": 2.0, "pings": {"1.1.1.1": 9.0},
        "names": {"kominfo.go.id": ("203.0.113.80",)}, "pages": {"http://x/": 200}, "mbps": 20.0,
    }  # fmt: skip
    return ProbeReport(PROBE, **(good | fields))


def spoiled(device: str, seen: Seen | None = None, **fields: Any) -> Seen:
    """The network with that device otherwise."""
    seen = seen or healthy()
    health = seen.health(device)
    assert health
    return replace(seen, examined={**seen.examined, device: replace(health, **fields)})


def with_port(device: str, name: str, seen: Seen | None = None, **fields: Any) -> Seen:
    """The network with that port otherwise, in this look and the next."""
    seen = seen or healthy()
    health = seen.health(device)
    assert health
    ports = {**health.ports, name: replace(health.ports[name], **fields)}
    later = replace(seen.again.get(device, health), ports=ports)
    seen = replace(seen, again={**seen.again, device: later})
    return spoiled(device, seen, ports=ports)


def with_system(device: str, **fields: Any) -> Seen:
    health = healthy().health(device)
    assert health
    return spoiled(device, system=replace(health.system, **fields))


def silent(device: str, answer: Any, reached: Reached, seen: Seen | None = None) -> Seen:
    """The network with a device that gave no examination."""
    seen = seen or healthy()
    return replace(
        seen,
        examined={**seen.examined, device: answer},
        reached={**seen.reached, device: reached},
    )
