"""Has somebody else changed the devices lately?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Pen
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

SHOWN, LONGEST, OBJECTS = 6, 160, 3
"""Lines that are shown, the characters of each, and the sections that are named."""
CHECK = Check(
    "config.others",
    title=say("Changed by nobody else"),
    proves=say("Nobody else has lately changed the configuration of the devices on the way."),
    meaning=say("Somebody else has lately changed the configuration of a device on the way."),
    next=say("Read the lines that were changed, and ask who did it and why."),
    needs=frozenset({"drift"}),
    limit=60,
)


def judge(seen: Seen) -> Iterator[Result]:
    pen = Pen(CHECK, seen.at)
    for device, lines in sorted(seen.outside.items()):
        place = Place("device", device)
        if not lines:
            yield pen.ok(place, "-")
            continue
        objects = list(dict.fromkeys(line.partition(": ")[0] for line in lines))
        named = ", ".join(objects[:OBJECTS]) + (" …" if len(objects) > OBJECTS else "")
        shown = [line[:LONGEST] for line in lines[:SHOWN]]
        more = [f"(+{len(lines) - SHOWN})"] if len(lines) > SHOWN else []
        yield pen.wrong("config.others", place, "; ".join([*shown, *more]), "weak", objects=named)
