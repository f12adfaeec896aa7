"""Does the router lease addresses in each network, and has it some left?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.chain import Net
from provisioner.checks.judging import Look, each_device, inside, network
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.network import ScopeHealth
from provisioner.texts import say

CHECK = Check(
    "dhcp.scope",
    title=say("Addresses to lease"),
    proves=say("The router leases addresses in the network and has some left."),
    meaning=say("New users get no address, and so no network."),
    next=say("Enlarge the range or shorten the lease time; or switch the server on again."),
    topics=frozenset({"addresses"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    for net in look.seen.chain.nets:
        if net.router == look.device and net.served:
            yield from _net(look, net)


def _net(look: Look, net: Net) -> Iterator[Result]:
    place = Place("scope", look.device, net.cidr or str(net.vlan))
    scopes = look.health.scopes
    mine = [each for each in scopes if _is_of(each, net)]
    if not mine:
        vague = any(network(each.network) is None and each.vlan is None for each in scopes)
        if vague or network(net.cidr) is None:
            yield look.skip(say("It does not say which scope is whose."), place)
        else:
            evidence = ", ".join(each.network or each.name for each in scopes) or "-"
            yield look.wrong("scope.missing", evidence, place, network=net.cidr)
        return
    size, used = sum(each.size for each in mine), sum(each.used for each in mine)
    evidence = f"{', '.join(each.name for each in mine)}: {used} / {size}"
    if not any(each.enabled for each in mine):
        yield look.wrong("scope.disabled", evidence, place, network=net.cidr)
    elif size > 0 and used >= size:
        yield look.wrong(
            "scope.exhausted", evidence, place,
            network=net.cidr, size=size, used=used, address=_unused(look, net),
        )  # fmt: skip
    else:
        yield look.ok(evidence, place)


def _is_of(scope: ScopeHealth, net: Net) -> bool:
    told = network(scope.network)
    return told == network(net.cidr) if told is not None else scope.vlan == net.vlan


def _unused(look: Look, net: Net) -> str:
    """A leased address whose client the router does not know any more; '' where there is none."""
    arp, cidr = look.health.arp, network(net.cidr)
    leased = (lease.address for lease in look.health.leases if inside(lease.address, cidr))
    return next((each for each in leased if each not in arp), "") if arp else ""
