"""Does the router reach the Internet?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.network import PingResult
from provisioner.texts import say

CHECK = Check(
    "internet.site",
    title=say("Internet from the router"),
    proves=say("The router reaches addresses on the Internet without loss."),
    meaning=say("The site has no Internet, or a bad one."),
    next=say("Look at the line to the provider, then call the provider."),
    topics=frozenset({"addresses"}),
    needs=frozenset({"pings"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    station = look.seen.chain.station(look.device)
    if station is None or station.kind != "router":
        return
    health = look.health
    gateway = health.gateway
    inner = {net.gateway for net in look.seen.chain.nets} | {gateway}
    hop = [p for p in health.pings if p.address == gateway and p.sent > 0]
    outside = [p for p in health.pings if p.address not in inner and p.sent > 0]
    evidence = ", ".join(f"{p.address}: {p.received}/{p.sent}" for p in (*hop, *outside))
    if not outside:
        yield look.skip(health.untold.get("pings") or say("It pinged nothing outside."))
    elif not any(p.received > 0 for p in outside):
        if gateway and _silent(look, hop):
            yield look.wrong("internet.gateway", evidence, gateway=gateway, port=health.outside)
        elif not gateway and not health.outside and health.cut is None:
            yield look.wrong("internet.no_route", evidence)
        else:
            yield look.wrong("internet.dead", evidence, gateway=gateway or "-")
    elif _is_lossy(outside):
        sent, received = sum(p.sent for p in outside), sum(p.received for p in outside)
        lost = f"{(sent - received) / sent * 100:.0f}"
        yield look.wrong("internet.lossy", evidence, weight="weak", percent=lost)
    else:
        yield look.ok(evidence)


def _is_lossy(outside: list[PingResult]) -> bool:
    """Something is lost to each address, and more than the one ping that waits for ARP."""
    lost = [ping.sent - ping.received for ping in outside]
    return all(each > 0 for each in lost) and sum(lost) > 1


def _silent(look: Look, hop: list[PingResult]) -> bool:
    """Whether the next hop is dead: no ping comes back; where none was sent, ARP knows it not."""
    if hop:
        return not any(each.received > 0 for each in hop)
    arp = look.health.arp
    return bool(arp) and look.health.gateway[:1].isdigit() and look.health.gateway not in arp
