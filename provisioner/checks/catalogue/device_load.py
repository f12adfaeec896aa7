"""Has the device enough processor time, memory and storage left?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

LIMITS = {"cpu": 90.0, "memory": 95.0, "storage": 98.0}
"""Percent; caches are no use of memory, and old switches live well with a flash that is full but
for a little."""
CHECK = Check(
    "device.load",
    title=say("Processor, memory and storage"),
    proves=say("The device has processor time, memory and storage left."),
    meaning=say("The device is overloaded: it forwards or answers slowly, or cannot save."),
    next=say("Look at what keeps it busy, and free what is not needed."),
    topics=frozenset({"system"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    system = look.health.system
    told = {
        "cpu": system.cpu_percent,
        "memory": system.memory_percent,
        "storage": system.storage_percent,
    }
    known = {what: share for what, share in told.items() if share is not None}
    if not known:
        yield look.skip(say("It says nothing about it."))
        return
    evidence = ", ".join(f"{what} {share:.0f} %" for what, share in known.items())
    over = [what for what, share in known.items() if share >= LIMITS[what]]
    for what in over:
        percent = f"{known[what]:.0f}"
        yield look.wrong(f"device.{what}", evidence, weight="weak", percent=percent)
    if not over:
        yield look.ok(evidence)
