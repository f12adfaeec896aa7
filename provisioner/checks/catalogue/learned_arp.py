"""Does the router know its users' Ethernet addresses? Evidence only."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device, inside, network
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

CHECK = Check(
    "learned.arp",
    title=say("Users known to the router"),
    proves=say("The router has spoken with users of the network (ARP) or leased them addresses."),
    meaning=say("Nobody speaks there; that may be so at night."),
    next=say("Ask whether somebody is there."),
    topics=frozenset({"addresses"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    for net in look.seen.chain.nets:
        cidr = network(net.cidr)
        if net.router != look.device or cidr is None:
            continue
        place = Place("vlan", look.device, str(net.vlan))
        known = [a for a in look.health.arp if inside(a, cidr) and a != net.gateway]
        leased = [lease for lease in look.health.leases if inside(lease.address, cidr)]
        if known or leased:
            yield look.ok(f"ARP {len(known)}, DHCP {len(leased)}", place)
        else:
            yield look.skip(say("Nobody is heard there at the moment."), place)
