"""Is there time left on the channels of the access points?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.network import Examination
from provisioner.texts import say

BUSY = 85.0
"""Percent of the time; above, hardly anybody gets a word in."""
CHECK = Check(
    "radio.channel",
    title=say("Channel"),
    proves=say("The channel of the radio has time left."),
    meaning=say("The channel is full: WiFi is slow and breaks off."),
    next=say("Choose another channel, or 5 GHz; look for what disturbs."),
    topics=frozenset({"wireless"}),
    platforms=("openwrt", "mikrotik_routeros"),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    again = look.seen.again.get(look.device)
    for radio in look.health.radios:
        busy = radio.busy_percent
        if not (radio.up and radio.enabled) or busy is None:
            continue
        later = _busy(again, radio.name)
        place, evidence = Place("radio", look.device, radio.name), f"{busy:.0f} %"
        if busy >= BUSY and (later is None or later >= BUSY):
            channel = radio.channel or "-"
            percent = f"{busy:.0f}"
            yield look.wrong("ap.jammed", evidence, place, "weak", channel=channel, percent=percent)
        else:
            yield look.ok(evidence, place)


def _busy(health: Examination | None, name: str) -> float | None:
    radios = health.radios if health else ()
    return next((each.busy_percent for each in radios if each.name == name), None)
