"""Has the device started anew since it was last looked at?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

SLACK = 60.0
"""Seconds by which devices count differently."""
CHECK = Check(
    "device.uptime",
    title=say("Unexpected restart"),
    proves=say("The device has run without a break since it was last looked at."),
    meaning=say("The device was without power for a moment, or crashed."),
    next=say("Ask at the site about power; look at the reason that the device gives."),
    topics=frozenset({"system"}),
    needs=frozenset({"before"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    uptime, before = look.health.system.uptime, look.seen.before.get(look.device)
    if uptime is None:
        yield look.skip(say("It says nothing about it."))
        return
    evidence = f"{uptime:.0f} s {look.health.system.restarted}".strip()
    if before is None:
        yield look.skip(say("It is looked at for the first time."))
        return
    since = (look.health.at - before.at).total_seconds()
    shorter = before.uptime is not None and uptime + SLACK < before.uptime
    if uptime + SLACK < since or shorter:
        yield look.wrong(
            "device.rebooted",
            evidence,
            weight="weak",
            minutes=f"{uptime / 60:.0f}",
            reason=look.health.system.restarted or "-",
        )
    else:
        yield look.ok(evidence)
