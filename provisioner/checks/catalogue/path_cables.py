"""Are the cables plugged as our books have them?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device, same_device
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

CHECK = Check(
    "path.cables",
    title=say("Cables as on record"),
    proves=say("Each device on the way has the neighbour that is on record."),
    meaning=say("A cable is plugged elsewhere; ports there are not set up for it."),
    next=say("Plug it back, or correct the cabling on record."),
    topics=frozenset({"neighbors"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    seen = look.seen
    for name in sorted({e.port for c in seen.chain.cables for e in c if e.device == look.device}):
        told = [n for n in look.health.neighbors if n.port == name and n.protocol == "lldp"]
        far = seen.chain.other_end(look.device, name)
        if not told or far is None:
            continue
        evidence = ", ".join(f"{each.device}:{each.remote_port}" for each in told)
        known = [
            host
            for host in seen.hosts
            if host != look.device and any(same_device(seen, each.device, host) for each in told)
        ]
        if not known or far.device in known:
            yield look.ok(evidence, look.port(name))
        else:
            yield look.wrong(
                "path.no_cable", evidence, look.port(name), "weak", other=far.device, found=known[0]
            )
