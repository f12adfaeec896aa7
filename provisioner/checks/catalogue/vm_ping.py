"""Whether a VM that lets nobody in answers pings at least."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.machines import Judged, result
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

CHECK = Check(
    "vm.ping",
    title=say("VM answers pings"),
    proves=say("The VM is on the network."),
    meaning=say("The VM is not on the network at all."),
    next=say("Look at the VM's console and at the network to it."),
    needs=frozenset({"reach"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each VM that was pinged; one that lets us in may well not answer pings."""
    for vm in seen.chain.vms:
        place = Place("vm", vm.key)
        reached = seen.reached.get(place.name)
        if reached is None or not vm.running or not reached.pinged:
            continue
        alive = any(ms is not None for ms in reached.ports.values()) or bool(reached.refused)
        if reached.ping_ms is not None:
            judged = Judged(f"{reached.ping_ms:.1f} ms")
        elif alive:
            judged = Judged("no answer to pings, but by TCP")
        else:
            values = {"vm": vm.name, "address": reached.address}
            judged = Judged(f"{reached.address}: no answer", "vm.ping", "weak", values)
        yield result(seen, CHECK, place, judged)
