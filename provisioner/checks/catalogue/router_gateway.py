"""Has the router the address that users of each network send to?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.chain import Net
from provisioner.checks.judging import Look, each_device
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.network import Examination, PingResult
from provisioner.texts import say

CHECK = Check(
    "router.gateway",
    title=say("Gateway"),
    proves=say("The router has the gateway's address of the network, and it answers."),
    meaning=say("Users have an address but reach nothing outside their own network."),
    next=say("Look whether the router's interface of the VLAN is there and has the address."),
    topics=frozenset({"addresses"}),
    needs=frozenset({"pings"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    for net in look.seen.chain.nets:
        if net.router != look.device or not net.gateway:
            continue
        place = Place("vlan", look.device, str(net.vlan))
        pings = [p for p in look.health.pings if p.address == net.gateway and p.sent > 0]
        if any(each.received > 0 for each in (*pings, *_of_others(look, net))):
            yield look.ok(f"ping {net.gateway}", place)
        elif net.gateway in look.health.arp:
            yield look.ok(f"ARP {net.gateway} {look.health.arp[net.gateway]}", place)
        elif net.gateway in (look.health.own or ()):
            yield look.ok(f"{net.gateway} is there; it answers no pings", place)
        elif pings:
            evidence = f"ping {net.gateway}: 0/{pings[0].sent}"
            yield look.wrong("gateway.missing", evidence, place, vlan=net.vlan, address=net.gateway)
        else:
            yield look.skip(say("It did not ping its own address."), place)


def _of_others(look: Look, net: Net) -> Iterator[PingResult]:
    """Pings of the gateway by other devices; only their answers tell anything, for they may not be
    let in."""
    others = (each for each in look.seen.examined.values() if isinstance(each, Examination))
    return (ping for each in others for ping in each.pings if ping.address == net.gateway)
