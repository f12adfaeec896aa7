"""Have the links on the way agreed on a speed of today?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

SLOW = 10
"""Mbit/s: what the ends of a bad cable fall back to, or what somebody has set."""
CHECK = Check(
    "port.speed",
    title=say("Speed of the links"),
    proves=say("The links between the devices on the way are faster than 10 Mbit/s."),
    meaning=say("All users behind it share a link as slow as those of long ago."),
    next=say("Set both ends to automatic negotiation, and exchange the cable."),
    topics=frozenset({"ports"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    for port in look.ways():
        if not port.up or port.speed_mbps is None:
            continue
        place, evidence = look.port(port.port), f"{port.speed_mbps} Mbit/s"
        if 0 < port.speed_mbps <= SLOW:
            yield look.wrong("port.slow", evidence, place, "weak", speed=port.speed_mbps)
        else:
            yield look.ok(evidence, place)
