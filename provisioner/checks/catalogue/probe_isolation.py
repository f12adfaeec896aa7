"""Is the network shut off from what its users must not reach?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Pen
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.errors import StepFailure
from provisioner.texts import say

CHECK = Check(
    "probe.isolation",
    title=say("Shut off from others"),
    proves=say("A probe in the network does not reach networks of others."),
    meaning=say("Users of this network reach machines that they must not."),
    next=say("Put the rules of the router back at once, and tell whoever is open to them."),
    needs=frozenset({"probe"}),
    limit=90,
)


def judge(seen: Seen) -> Iterator[Result]:
    pen = Pen(CHECK, seen.at)
    for probe, found in sorted(seen.probed.items()):
        place = Place("device", probe)
        if isinstance(found, StepFailure):
            yield pen.skip(place, found.what)
        elif found.reached:
            text = ", ".join(found.reached)
            yield pen.wrong("probe.isolation", place, text, addresses=text)
        elif found.leased:
            yield pen.ok(place, found.address)
        else:
            yield pen.skip(place, say("The probe did not get into the network."))
