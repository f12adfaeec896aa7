"""Is the device too hot, or does it complain of a fan or a power supply?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

HOT = 85.0
"""Degrees Celsius at the hottest place; chips of healthy devices stay below."""
CHECK = Check(
    "device.heat",
    title=say("Temperature and hardware"),
    proves=say("The device is not too hot, and its fans and power supplies are well."),
    meaning=say("The device will switch itself off or break if nobody looks after it."),
    next=say("Look at its place: dust, fans, air, sun, power supplies."),
    topics=frozenset({"system"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    heat, alarms = look.health.system.temperature, look.health.system.alarms
    hot = heat is not None and heat >= HOT
    if heat is not None and hot:
        yield look.wrong("device.hot", f"{heat:.0f} °C", weight="weak", celsius=f"{heat:.0f}")
    if alarms:
        text = "; ".join(alarms)
        yield look.wrong("device.alarm", text, weight="weak", alarms=text)
    if not hot and not alarms:
        said = say("It says nothing about it.")
        yield look.skip(said) if heat is None else look.ok(f"{heat:.0f} °C")
