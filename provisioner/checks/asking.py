"""What is asked of each device and probe, when a second look is worth it, what is kept; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice

from provisioner.checks.chain import Chain, Net
from provisioner.checks.model import Check
from provisioner.checks.seen import Sighting
from provisioner.drivers.network import TOPICS, Examination, Host, Inquiry, PortHealth, Topic
from provisioner.drivers.network.intents import Security
from provisioner.drivers.probe import ProbeOrder
from provisioner.settings import CheckSettings

GATEWAYS = 3
"""So many networks' gateways one device pings; a dead one takes seconds each."""
FORBIDDEN = 3
"""So many addresses of others a probe tries to reach."""
_BUSY = 0.8
"""Of a port's speed: above it a second look tells whether it lasts."""


def inquiry_of(
    device: str, host: Host, chain: Chain, wanted: Collection[Check], settings: CheckSettings
) -> Inquiry:
    """What the wanted checks need to know of one device.

    All ping the gateways of the networks that run over them, a router its own addresses; a router
    pings the addresses outside as well, and resolves names.
    """
    fitting = [each for each in wanted if not each.platforms or host.platform in each.platforms]
    topics = {topic for each in fitting for topic in each.topics}
    needs = {need for each in fitting for need in each.needs}
    station = chain.station(device)
    is_router = station is not None and station.kind == "router"
    pings = (*(settings.internet if is_router else ()), *gateways(device, chain.nets))
    return Inquiry(
        topics=frozenset(topic for topic in TOPICS if topic in topics),
        pings=pings if "pings" in needs else (),
        names=tuple(settings.names) if is_router and "names" in needs else (),
        limit=settings.device_seconds,
    )


def gateways(device: str, nets: Iterable[Net]) -> tuple[str, ...]:
    """The gateways of the networks that run over a device."""
    found = (
        net.gateway
        for net in nets
        if net.gateway
        and (
            device in (net.router, *net.access_points)
            or any(port.device == device for port in (*net.ports, *net.trunks))
        )
    )
    return tuple(islice(dict.fromkeys(found), GATEWAYS))


def ask_again(chain: Chain, seen: Examination, before: Sighting | None) -> Inquiry | None:
    """A second, short look, where the first one raises a question that only it can answer.

    Counters that grew since last time, or that nobody has seen before: do they grow now? A port
    that is nearly full: does it last? A radio that is off: does it only just start? Addresses
    outside that do not answer: does the next hop?
    """
    topics: set[Topic] = set()
    names = watched(chain, seen.host) | {seen.outside}
    ports = [seen.ports[name] for name in sorted(names) if name in seen.ports]
    if any(_is_doubtful(port, before) for port in ports):
        topics.add("ports")
    known = before.refused if before else {}
    if any(air.refused and air.refused > known.get(air.ssid, 0) for air in seen.on_air):
        topics.add("wireless")
    if any(radio.enabled and not radio.up for radio in seen.radios):
        topics.add("wireless")
    station = chain.station(seen.host)
    own = {net.gateway for net in chain.nets}
    lost = any(ping.received < ping.sent for ping in seen.pings if ping.address not in own)
    asked = {ping.address for ping in seen.pings}
    hop = station is not None and station.kind == "router" and lost and seen.gateway not in asked
    if not topics and not (hop and seen.gateway):
        return None
    return Inquiry(topics=frozenset(topics), pings=(seen.gateway,) if hop and seen.gateway else ())


def watched(chain: Chain, device: str) -> frozenset[str]:
    """The ports of a device that are on the chain: its cables, and those of its users."""
    station = chain.station(device)
    ports = {*station.down, *station.up} if station else set()
    users = (port for net in chain.nets for port in (*net.ports, *net.trunks))
    return frozenset(ports | {port.port for port in users if port.device == device})


def sighting_of(seen: Examination, before: Sighting | None = None) -> Sighting:
    """What is kept of an examination; of what was not asked this time, what was kept before."""
    last = before or Sighting(seen.at)

    def counted(name: str) -> dict[str, int]:
        values = ((port.port, getattr(port, name)) for port in seen.ports.values())
        return {port: value for port, value in values if value is not None}

    errors: dict[str, int] = {}
    for port in seen.ports.values():
        if (total := _errors(port)) is not None:
            errors[port.port] = total
    refused: dict[str, int] = {}
    for air in seen.on_air:
        if air.refused is not None:
            refused[air.ssid] = refused.get(air.ssid, 0) + air.refused
    return Sighting(
        at=seen.at,
        uptime=last.uptime if seen.system.uptime is None else seen.system.uptime,
        errors={**last.errors, **errors},
        collisions={**last.collisions, **counted("collisions")},
        drops={**last.drops, **counted("drops")},
        changes={**last.changes, **counted("changes")},
        refused={**last.refused, **refused},
    )


def _errors(port: PortHealth) -> int | None:
    told = [value for value in (port.in_errors, port.out_errors) if value is not None]
    return sum(told) if told else None


def _is_doubtful(port: PortHealth, before: Sighting | None) -> bool:
    counters = (
        (_errors(port), before.errors if before else {}),
        (port.collisions, before.collisions if before else {}),
        (port.drops, before.drops if before else {}),
        (port.changes, before.changes if before else {}),
    )
    if any(value is not None and value > known.get(port.port, 0) for value, known in counters):
        return True
    rate = max(port.in_bps or 0.0, port.out_bps or 0.0)
    return bool(port.speed_mbps) and rate > _BUSY * 1e6 * (port.speed_mbps or 0)


# ---------------------------------------------------------------- probes


def probe_order(
    chain: Chain,
    others: Iterable[Net],
    keys: Mapping[int, tuple[Security, str]],
    settings: CheckSettings,
) -> ProbeOrder | None:
    """What a probe of the chain tries: the first network that it can join, else the first with
    ports; None where there is none.

    ``keys``: how to join a network's SSID, by VLAN. ``others``: networks that it must not reach.
    """
    joined = next((net for net in chain.nets if net.ssids and net.vlan in keys), None)
    wired = next((net for net in chain.nets if net.ports and not net.ssids), None)
    if joined is None and wired is None:
        return None
    security, passphrase = keys[joined.vlan] if joined else ("open", "")
    return ProbeOrder(
        ssid=joined.ssids[0] if joined else "",
        security=security,
        passphrase=passphrase,
        names=tuple(settings.names),
        urls=(settings.page,),
        pings=tuple(settings.internet),
        forbidden=tuple(islice(_gateways_of(others, chain), FORBIDDEN)),
    )


def _gateways_of(others: Iterable[Net], chain: Chain) -> Iterator[str]:
    own = {net.gateway for net in chain.nets}
    yield from sorted({net.gateway for net in others if net.gateway} - own)
