"""Whether a VM lets somebody in from the office."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.machines import Judged, result
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

CHECK = Check(
    "vm.reach",
    title=say("VM answers from the office"),
    proves=say("The VM accepts a connection."),
    meaning=say("Nobody reaches the VM, or its SSH server does not run."),
    next=say("Look at the VM's console, its firewall and the network to it."),
    needs=frozenset({"reach"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each VM that has to run and that was tried."""
    for vm in seen.chain.vms:
        place = Place("vm", vm.key)
        reached = seen.reached.get(place.name)
        if reached is None or not vm.running or not reached.ports:
            continue
        ports = ", ".join(map(str, reached.ports))
        open_ = [port for port, ms in reached.ports.items() if ms is not None]
        if open_:
            judged = Judged(f"TCP {', '.join(map(str, open_))}")
        else:
            how = "refused" if reached.refused else "no answer"
            values = {"vm": vm.name, "address": reached.address, "ports": ports, "how": how}
            judged = Judged(
                f"{reached.address} TCP {ports}: {how}", "vm.unreachable", values=values
            )
        yield result(seen, CHECK, place, judged)
