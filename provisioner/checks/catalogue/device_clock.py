"""Does the device's clock tell the right time?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

WRONG, LOOSE = 60.0, 5.0
"""Seconds: wrong in any case; wrong where the device says that it follows no time server."""
CHECK = Check(
    "device.clock",
    title=say("Time"),
    proves=say("The device's clock is right."),
    meaning=say("Logs tell wrong times; timers and certificates go wrong."),
    next=say("Set a time server on the device, and look whether it reaches it."),
    topics=frozenset({"system"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    offset, follows = look.health.system.clock_offset, look.health.system.synchronized
    if offset is None:
        yield look.skip(say("It says nothing about it."))
        return
    evidence = f"{offset:+.1f} s, {'NTP' if follows else 'no NTP' if follows is False else '-'}"
    if abs(offset) > WRONG or (follows is False and abs(offset) > LOOSE):
        yield look.wrong("device.clock", evidence, weight="weak", seconds=f"{offset:+.0f}")
    else:
        yield look.ok(evidence)
