"""Does the device answer on the network?"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from provisioner.checks.judging import Pen
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.network import Examination
from provisioner.drivers.outlook import Reached
from provisioner.texts import say

CHECK = Check(
    "device.reach",
    title=say("Device reachable"),
    proves=say("The device answers a ping or accepts a connection from the office."),
    meaning=say("The device is off, hangs, or the way to it is broken."),
    next=say("Look at its power and its cable, then at the devices before it."),
    needs=frozenset({"reach"}),
    limit=5,
)


def judge(seen: Seen) -> Iterator[Result]:
    pen = Pen(CHECK, seen.at)
    for device in seen.chain.devices:
        place, reached = Place("device", device), seen.reached.get(device)
        if isinstance(seen.examined.get(device), Examination):
            yield pen.ok(place, _told(reached) or "SSH")
        elif reached is None:
            continue
        elif answers(reached):
            yield pen.ok(place, _told(reached))
        elif not reached.pinged and not reached.ports:
            yield pen.skip(place, say("Nothing could be sent to it."))
        elif _forwards(seen, device):
            told = _told(reached)
            yield pen.wrong("device.login", place, told, "weak", why=told)
        else:
            yield pen.wrong(
                "device.unreachable", place, _told(reached), address=reached.address or "-"
            )


def _forwards(seen: Seen, device: str) -> bool:
    """Whether devices answer that are reached only through it: it is at work, its users have what
    they need, and only its management does not answer.

    They may be reached past a router: of one that routes, others get answers from its gateways.
    """
    station = seen.chain.station(device)
    if station is not None and station.kind == "router":
        gateways = {net.gateway for net in seen.chain.nets if net.router == device}
        others = (seen.health(each) for each in seen.chain.devices)
        pings = (ping for health in others if health for ping in health.pings)
        return any(ping.received > 0 and ping.address in gateways for ping in pings)
    behind = seen.chain.below(device) - {device}
    return any(seen.health(each) is not None for each in behind)


def answers(reached: Reached) -> bool:
    """Whether somebody is there; a refused connection is an answer. At a loopback address, where
    devices of a lab or behind a tunnel are, our own machine pings back and refuses."""
    accepted = any(ms is not None for ms in reached.ports.values())
    if _is_loopback(reached.address):
        return accepted
    return accepted or reached.ping_ms is not None or bool(reached.refused)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _told(reached: Reached | None) -> str:
    if reached is None:
        return ""
    ping = f"{reached.ping_ms:.0f} ms" if reached.ping_ms is not None else "-"
    parts = [f"ping {reached.address}: {ping}"] if reached.pinged else []
    for port, ms in sorted(reached.ports.items()):
        refused = "refused" if port in reached.refused else "-"
        parts.append(f"TCP {port}: {refused if ms is None else f'{ms:.0f} ms'}")
    return ", ".join(parts)
