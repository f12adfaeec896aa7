"""Is each port of users in its network?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

CHECK = Check(
    "port.vlan",
    title=say("Ports of users"),
    proves=say("The ports of users are in the VLAN of their network."),
    meaning=say("Whoever is plugged in there is in a network that is not theirs, or in none."),
    next=say("Put the port back into its VLAN, and ask who has changed it."),
    topics=frozenset({"ports"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    for net in look.seen.chain.nets:
        for name in sorted(p.port for p in net.ports if p.device == look.device):
            port, place = look.health.ports.get(name), look.port(name)
            if port is None or port.untagged is None:
                continue
            evidence = f"{port.mode or '-'} {port.untagged}"
            if port.untagged == net.vlan:
                yield look.ok(evidence, place)
            else:
                found = port.untagged or "-"
                yield look.wrong("port.wrong_vlan", evidence, place, vlan=net.vlan, found=found)
