"""What findings about addresses, names and the way to the Internet mean."""

from __future__ import annotations

from provisioner.checks.rules import Rule
from provisioner.texts import say

_NO_LEASE = ("probe.lease", "probe.gateway", "probe.dns", "probe.page", "config.drift")
_OUTSIDE = ("internet.lossy", "dns.dead", "probe.dns", "probe.page", "probe.slow")

RULES: tuple[Rule, ...] = (
    Rule(
        "dhcp.rogue",
        cause=say("A strange DHCP server answers at %(place)s: %(address)s (%(mac)s)."),
        next=say("Unplug what is connected there, a home router mostly; let users join anew."),
        explains=("probe.*", "scope.exhausted"),
        reach="all",
    ),
    Rule(
        "scope.disabled",
        cause=say("The DHCP server of the network at %(place)s is switched off."),
        next=say("Switch it on; see who has switched it off."),
        explains=_NO_LEASE,
        reach="way",
        remedies=("instance.settle",),
    ),
    Rule(
        "scope.missing",
        cause=say("At %(place)s the router leases no addresses."),
        next=say("Put the address scope back on the router."),
        explains=("gateway.missing", *_NO_LEASE),
        reach="way",
        remedies=("instance.settle",),
    ),
    Rule(
        "scope.exhausted",
        cause=say("All %(size)s addresses of the network at %(place)s are given away."),
        next=say("Drop leases of those who have left; enlarge the range or shorten the time."),
        explains=_NO_LEASE,
        reach="way",
        remedies=("drop_lease",),
    ),
    Rule(
        "gateway.missing",
        cause=say("%(place)s: the router does not answer at the gateway's address %(address)s."),
        next=say("Look whether the router's interface of VLAN %(vlan)s is up and has the address."),
        explains=("scope.disabled", "probe.*", "config.drift"),
        reach="way",
        remedies=("instance.settle",),
    ),
    Rule(
        "internet.gateway",
        cause=say("The next hop of %(place)s towards the Internet, %(gateway)s, does not answer."),
        next=say("Look at the line and the provider's device, then call the provider."),
        explains=("internet.dead", *_OUTSIDE),
        reach="all",
        confidence="likely",
    ),
    Rule(
        "internet.no_route",
        cause=say("%(place)s reaches nothing on the Internet and has no default route."),
        next=say("Put the default route back; where the provider assigns it, look at the line."),
        explains=_OUTSIDE,
        reach="all",
        confidence="likely",
    ),
    Rule(
        "internet.dead",
        cause=say("%(place)s reaches nothing on the Internet, by next hop %(gateway)s."),
        next=say("Call the provider: the fault is behind the next hop, or in its routing."),
        explains=_OUTSIDE,
        reach="all",
    ),
    Rule(
        "internet.lossy",
        cause=say("%(place)s loses %(percent)s %% of what it sends to the Internet."),
        next=say("Look at the line to the provider and how full it is; then call the provider."),
        explains=("probe.page", "probe.slow"),
        reach="all",
        confidence="likely",
    ),
    Rule(
        "dns.dead",
        cause=say("Names are not resolved at %(place)s (resolver %(resolver)s, asked: %(name)s)."),
        next=say("Look at the resolver; give users another one until it is back."),
        explains=("probe.dns", "probe.page"),
        reach="all",
    ),
)
