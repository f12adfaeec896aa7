"""What a probe at the user's seat has met: mostly symptoms, that something else explains."""

from __future__ import annotations

from provisioner.checks.rules import Rule
from provisioner.texts import say

RULES: tuple[Rule, ...] = (
    Rule(
        "probe.unreachable",
        cause=say("The probe %(place)s cannot be asked: %(why)s"),
        next=say("Look at its power and its cable; users are not concerned."),
        confidence="likely",
    ),
    Rule(
        "probe.join",
        cause=say("The probe %(place)s cannot join the WiFi: %(why)s."),
        next=say("Try it with a phone at the site; compare name and passphrase."),
        confidence="symptom",
    ),
    Rule(
        "probe.lease",
        cause=say("The probe %(place)s is given no address."),
        next=say("Look at the VLAN on the way and at the DHCP server of the router."),
        explains=("probe.gateway", "probe.dns", "probe.page", "probe.slow"),
        confidence="symptom",
    ),
    Rule(
        "probe.gateway",
        cause=say("The probe %(place)s does not reach its gateway %(gateway)s."),
        next=say("Look at the VLAN on the way and at the router's address in it."),
        explains=("probe.dns", "probe.page", "probe.slow"),
        confidence="symptom",
    ),
    Rule(
        "probe.dns",
        cause=say("Names are not resolved for the probe %(place)s (resolver %(resolver)s)."),
        next=say("Look at the resolver and at the rules between it and the users."),
        explains=("probe.page",),
        confidence="symptom",
    ),
    Rule(
        "probe.page",
        cause=say("The probe %(place)s cannot open %(url)s."),
        next=say("Look at the Internet of the site and at the rules of the router."),
        confidence="symptom",
    ),
    Rule(
        "probe.slow",
        cause=say("The network is slow for the probe %(place)s: %(mbps)s Mbit/s, %(ms)s ms."),
        next=say("Look how full the links and the channel are, and whether a limit is set."),
        confidence="symptom",
    ),
    Rule(
        "probe.isolation",
        cause=say("From the seat of %(place)s, %(addresses)s can be reached, which must not be."),
        next=say("Put the rules of the router back at once; tell whoever was open to them."),
        remedies=("instance.settle",),
    ),
)
