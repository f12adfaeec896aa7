"""Has the switch power left for what is plugged in?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

FULL = 95.0
"""Percent of what the device can give."""
CHECK = Check(
    "power.budget",
    title=say("Power budget"),
    proves=say("The switch has power left for what is plugged in."),
    meaning=say("The next access point that is plugged in or restarts may stay off."),
    next=say("Feed an access point otherwise, or add a power supply."),
    topics=frozenset({"power"}),
    platforms=("cisco_ios", "mikrotik_routeros"),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    power = look.health.power
    if power is None or not power.available > 0:
        return
    evidence = f"{power.used:.1f} W / {power.available:.1f} W"
    if power.used / power.available * 100 >= FULL:
        used, available = f"{power.used:.0f}", f"{power.available:.0f}"
        yield look.wrong("power.exhausted", evidence, weight="weak", used=used, available=available)
    else:
        yield look.ok(evidence)
