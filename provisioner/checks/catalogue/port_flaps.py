"""Do links on the way come and go?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device, grown
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

SINCE, PER_DAY, AT_ONCE = 3, 3.0, 2
"""Changes that count: since the last look and on average; within the second look."""
DAY = 86_400.0
CHECK = Check(
    "port.flaps",
    title=say("Links that come and go"),
    proves=say("The links on the way have stayed since they were last looked at."),
    meaning=say("Users lose the network for moments, again and again."),
    next=say("Exchange the cable; look at the power of the device at its other end."),
    topics=frozenset({"ports"}),
    needs=frozenset({"before"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    before, again = look.seen.before.get(look.device), look.seen.again.get(look.device)
    for port in look.ways():
        if port.changes is None or (before is None and again is None):
            continue
        later = again.ports.get(port.port) if again else None
        just = grown(later.changes, port.changes) if later else 0
        since = grown(port.changes, before.changes.get(port.port)) if before else 0
        days = (look.health.at - before.at).total_seconds() / DAY if before else 0.0
        evidence, place = f"{port.changes} (+{since}, +{just})", look.port(port.port)
        many = since >= SINCE and since >= PER_DAY * days
        if just >= AT_ONCE or (many and not look.has_ceased(since, just)):
            yield look.wrong("port.flaps", evidence, place, count=since + just)
        else:
            yield look.ok(evidence, place)
