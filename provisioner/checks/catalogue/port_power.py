"""Do the ports feed what lives on their power?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

CHECK = Check(
    "port.power",
    title=say("Power over the cable"),
    proves=say("Access points on the way get power from their switch."),
    meaning=say("What is plugged in there gets no power and is off."),
    next=say("Look at the power budget of the switch, and at the cable."),
    topics=frozenset({"ports", "power"}),
    platforms=("cisco_ios", "mikrotik_routeros"),
)
_KEYS = {"denied": "port.no_power", "fault": "port.power_fault"}


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    for port in look.ways():
        place, far = look.port(port.port), look.seen.chain.other_end(look.device, port.port)
        if port.feeding is None:
            continue
        other = far.device if far else port.description or "-"
        lives = far is not None and look.seen.health(far.device) is not None
        evidence = port.feeding + (f", {port.watts:.1f} W" if port.watts is not None else "")
        if port.feeding in _KEYS and not lives:
            yield look.wrong(_KEYS[port.feeding], evidence, place, other=other)
        else:
            yield look.ok(evidence, place)
