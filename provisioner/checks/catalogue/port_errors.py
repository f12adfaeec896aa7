"""Do broken frames arrive on the way?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device, grown
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.network import PortHealth
from provisioner.texts import say

AT_ONCE, LEAST, PER_MINUTE = 5, 20, 1.0
"""Growth that counts: within the second look; since the last one, altogether and on average."""
CHECK = Check(
    "port.errors",
    title=say("Broken frames"),
    proves=say("Hardly any frame is broken on the cables on the way."),
    meaning=say(
        "A cable, plug or transceiver is bad: everything over it is slow or fails at times."
    ),
    next=say("Exchange the cable, then the transceiver; look for sharp bends and wet plugs."),
    topics=frozenset({"ports"}),
    needs=frozenset({"before"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def errors_of(port: PortHealth | None) -> int | None:
    """Broken frames in both directions; None where the port does not say."""
    told = [n for n in (port.in_errors, port.out_errors) if n is not None] if port else []
    return sum(told) if told else None


def _one(look: Look) -> Iterator[Result]:
    before, again = look.seen.before.get(look.device), look.seen.again.get(look.device)
    for port in look.ports():
        now, place = errors_of(port), look.port(port.port)
        if now is None or (before is None and again is None):
            continue
        since = grown(now, before.errors.get(port.port)) if before else 0
        minutes = (look.health.at - before.at).total_seconds() / 60 if before else 0.0
        just = grown(errors_of(again.ports.get(port.port)), now) if again else 0
        evidence = f"{now} (+{since}, +{just})"
        many = since >= LEAST and since >= PER_MINUTE * minutes
        if just >= AT_ONCE or (many and not look.has_ceased(since, just)):
            yield look.wrong("port.errors", evidence, place, "weak", count=since + just)
        else:
            yield look.ok(evidence, place)
