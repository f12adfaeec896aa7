"""Is a link on the way full?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.network import PortHealth
from provisioner.texts import say

FULL = 90.0
"""Percent of the speed, in either direction, in two looks."""
CHECK = Check(
    "port.load",
    title=say("Use of the links"),
    proves=say("The links on the way have room left."),
    meaning=say("A link is full: everybody behind it is slow."),
    next=say("See who uses it most; limit them, or make the link faster."),
    topics=frozenset({"ports"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    again = look.seen.again.get(look.device)
    for port in look.ports():
        place, first = look.port(port.port), _share(port)
        if first is None:
            continue
        later = _share(again.ports.get(port.port)) if again else None
        evidence = f"{first:.0f} %" + (f", {later:.0f} %" if later is not None else "")
        if first < FULL:
            yield look.ok(evidence, place)
        elif later is None:
            yield look.skip(say("It was full for a moment; it was not looked at twice."), place)
        elif later >= FULL:
            percent = f"{min(first, later):.0f}"
            yield look.wrong("port.saturated", evidence, place, "weak", percent=percent)
        else:
            yield look.ok(evidence, place)


def _share(port: PortHealth | None) -> float | None:
    """Percent of the port's speed that goes over it, the busier direction."""
    if port is None or not port.up or not port.speed_mbps or port.speed_mbps < 0:
        return None
    rates = [rate for rate in (port.in_bps, port.out_bps) if rate is not None]
    return max(rates) / (port.speed_mbps * 1e6) * 100 if rates else None
