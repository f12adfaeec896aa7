"""Does a stranger lease addresses?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

CHECK = Check(
    "dhcp.rogue",
    title=say("Strange DHCP servers"),
    proves=say("No device has seen a DHCP server that is not ours."),
    meaning=say("Users get addresses from a stranger and reach nothing, or a trap."),
    next=say("Find what is plugged in there, unplug it, and let users join anew."),
    topics=frozenset({"addresses"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    seen = look.seen
    ours = {net.gateway for net in seen.chain.nets} | {h.address for h in seen.hosts.values()}
    strange = [s for s in look.health.strangers if not (s.address and s.address in ours)]
    for each in strange:
        evidence = f"{each.address} {each.mac} {each.port} {each.vlan or ''}".strip()
        yield look.wrong(
            "dhcp.rogue",
            evidence,
            look.port(each.port) if each.port else None,
            address=each.address or "-",
            mac=each.mac or "-",
            vlan=each.vlan or "-",
        )
    if not strange:
        yield look.ok("-")
