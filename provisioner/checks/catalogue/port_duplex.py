"""Do both ends of each cable on the way agree how to speak?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device, grown
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.network import PortHealth
from provisioner.texts import say

FAST = 100
"""Megabits per second from which on half duplex is always a mistake."""
COLLISIONS = 10
CHECK = Check(
    "port.duplex",
    title=say("Duplex"),
    proves=say("The ports on the way speak and listen at the same time (full duplex)."),
    meaning=say("The two ends of a cable do not agree: it is slow as soon as much goes over it."),
    next=say("Set both ends to automatic negotiation, then pull and plug the cable."),
    topics=frozenset({"ports"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    for port in look.ports():
        if not port.up or (port.duplex is None and port.collisions is None):
            continue
        place, fast = look.port(port.port), (port.speed_mbps or 0) >= FAST
        collided = _collided(look, port)
        evidence = f"{port.duplex or '-'} {port.speed_mbps or '-'}, +{collided} collisions"
        if fast and (port.duplex == "half" or collided >= COLLISIONS):
            speed = port.speed_mbps or 0
            yield look.wrong("port.duplex", evidence, place, "weak", speed=speed)
        else:
            yield look.ok(evidence, place)


def _collided(look: Look, port: PortHealth) -> int:
    """Growth of the collisions; none where they have ceased meanwhile."""
    before, again = look.seen.before.get(look.device), look.seen.again.get(look.device)
    later = again.ports.get(port.port) if again else None
    since = grown(port.collisions, before.collisions.get(port.port)) if before else 0
    just = grown(later.collisions, port.collisions) if later else 0
    return 0 if later and just == 0 else since + just
