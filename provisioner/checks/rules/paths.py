"""What findings about networks on their way through the devices mean."""

from __future__ import annotations

from provisioner.checks.rules import Rule
from provisioner.texts import say

RULES: tuple[Rule, ...] = (
    Rule(
        "trunk.management_missing",
        cause=say("%(place)s does not carry VLAN %(vlan)s, by which devices behind are reached."),
        next=say("Put the VLAN back on that port; the devices behind it come back by themselves."),
        explains=("device.unreachable", "device.login", "device.hangs", "probe.*", "config.drift"),
        reach="beyond",
        remedies=("instance.settle",),
    ),
    Rule(
        "trunk.vlan_missing",
        cause=say("%(place)s, towards %(other)s, does not carry VLAN %(vlan)s."),
        next=say("Put the VLAN back on that port, and compare the other end of its cable."),
        explains=("probe.*", "config.drift", "ap.join_fails"),
        reach="way",
        remedies=("instance.settle",),
    ),
    Rule(
        "vlan.missing",
        cause=say("VLAN %(vlan)s is not there any more, or was suspended: %(place)s."),
        next=say("Make the VLAN there; see who has removed it."),
        explains=(
            "trunk.*", "port.wrong_vlan", "gateway.missing", "scope.*", "probe.*", "config.drift",
            "ap.join_fails",
        ),
        reach="way",
        remedies=("instance.settle",),
    ),
    Rule(
        "path.no_cable",
        cause=say("At %(place)s there is %(found)s; on record it is %(other)s."),
        next=say("Plug the cable back, or correct the cabling on record."),
        explains=(
            "device.unreachable", "trunk.*", "port.native_mismatch", "port.wrong_vlan", "probe.*",
        ),
        reach="beyond",
        confidence="likely",
    ),
    Rule(
        "config.drift",
        cause=say(
            "Somebody has changed what was set up at %(place)s (%(object)s): it has to be "
            "%(wanted)s, and is %(found)s."
        ),
        next=say("Put it back or accept it, on the instance's page."),
        explains=("probe.*",),
        reach="way",
        confidence="likely",
        remedies=("instance.settle",),
    ),
    Rule(
        "config.others",
        cause=say(
            "Somebody else has changed %(place)s lately, at: %(objects)s. That may be the cause: "
            "nothing else was found that is."
        ),
        next=say(
            "Read the lines that were changed, ask who did it and why, and take back what is not "
            "meant to be."
        ),
        explains=("probe.*", "internet.*", "dns.dead"),
        reach="way",
        confidence="likely",
        last=True,
    ),
)  # fmt: skip
