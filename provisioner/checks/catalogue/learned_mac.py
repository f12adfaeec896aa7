"""Whom do the ports that carry users hear? Evidence only: silence is no fault by itself."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

CHECK = Check(
    "learned.mac",
    title=say("Devices heard on the ports"),
    proves=say("Somebody is heard on the ports that carry users."),
    meaning=say("Nobody speaks there; that may be so at night."),
    next=say("Ask whether somebody is there."),
    topics=frozenset({"learned"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    for net in look.seen.chain.nets:
        carrying = {p.port for p in (*net.trunks, *net.ports) if p.device == look.device}
        for name in sorted(carrying):
            heard = [
                each.mac
                for each in look.health.learned
                if each.port == name and each.vlan in (None, net.vlan)
            ]
            place = look.port(name)
            if heard:
                yield look.ok(f"VLAN {net.vlan}: {len(heard)}, {', '.join(heard[:3])}", place)
            else:
                yield look.skip(say("Nobody is heard there at the moment."), place)
