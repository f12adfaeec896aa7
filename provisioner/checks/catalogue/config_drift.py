"""Do the devices hold what was set up for the networks?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Pen
from provisioner.checks.model import Check, Place, Result, Weight
from provisioner.checks.seen import Seen
from provisioner.drivers.network import AccessPort, Description, Scope, Ssid, TrunkMember, Vlan
from provisioner.services.network_findings import NetworkFinding
from provisioner.texts import say

CHECK = Check(
    "config.drift",
    title=say("Set up as planned"),
    proves=say("The devices hold what was set up for the networks."),
    meaning=say("Somebody has changed by hand what was set up."),
    next=say("Put it back or accept it, on the instance's page."),
    needs=frozenset({"drift"}),
    limit=60,
)


def judge(seen: Seen) -> Iterator[Result]:
    pen = Pen(CHECK, seen.at)
    for instance, found in sorted(seen.drift.items()):
        loud = [each for each in found if each.kind != "silent"]
        for each in loud:
            weight: Weight = "broken" if each.severity == "high" else "weak"
            yield pen.wrong(
                "config.drift", _place(each), f"{each.expected} != {each.found}", weight,
                instance=instance, key=each.key, object=each.what,
                wanted=each.expected, found=each.found,
            )  # fmt: skip
        if not loud:
            site = seen.chain.sites[0] if seen.chain.sites else seen.chain.target.key
            yield pen.ok(Place("site", site, instance), "-")


def _place(found: NetworkFinding) -> Place:
    """The object itself, so that a more exact finding there explains it."""
    match found.wish.intent if found.wish else None:
        case TrunkMember(port=port) | AccessPort(port=port) | Description(port=port):
            return Place("port", found.host, port)
        case Vlan(id=vlan):
            return Place("vlan", found.host, str(vlan))
        case Ssid(ssid=ssid):
            return Place("ssid", found.host, ssid)
        case Scope() as scope:
            return Place("scope", found.host, scope.cidr)
        case _:
            return Place("device", found.host)
