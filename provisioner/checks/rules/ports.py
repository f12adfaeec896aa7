"""What findings at ports and their cables mean."""

from __future__ import annotations

from provisioner.checks.rules import Rule
from provisioner.texts import say

_CUT_OFF = ("device.unreachable", "device.login", "device.hangs", "probe.*", "internet.*")
_SWITCHED_OFF = ("port.down", "port.flaps", "config.drift", "path.no_cable", *_CUT_OFF)

RULES: tuple[Rule, ...] = (
    Rule(
        "port.down",
        cause=say("No link at %(place)s: the cable to %(other)s is out, or %(other)s is off."),
        next=say("Look at both ends of the cable and at the power of %(other)s."),
        explains=("port.flaps", "port.errors", *_CUT_OFF),
        reach="beyond",
        confidence="likely",
        remedies=("bounce_port",),
    ),
    Rule(
        "port.disabled",
        cause=say("%(place)s, which leads to %(other)s, was switched off by somebody."),
        next=say("Ask who has done it and why; then switch it on."),
        explains=_SWITCHED_OFF,
        reach="beyond",
        remedies=("enable_port",),
    ),
    Rule(
        "port.err_disabled",
        cause=say("The device itself switched off %(place)s, to %(other)s: %(reason)s."),
        next=say("Remove the reason first (a loop, a strange switch), then switch the port anew."),
        explains=_SWITCHED_OFF,
        reach="beyond",
        remedies=("bounce_port",),
    ),
    Rule(
        "port.no_power",
        cause=say("%(other)s gets no power from %(place)s: the switch has none left for it."),
        next=say("Feed it otherwise, unplug what is not needed, or add a power supply."),
        explains=(*_SWITCHED_OFF, "ap.*"),
        reach="beyond",
    ),
    Rule(
        "port.power_fault",
        cause=say("%(place)s has cut the power to %(other)s because of a short or a bad cable."),
        next=say("Exchange the cable, keep water off the plugs, then switch the power anew."),
        explains=(*_SWITCHED_OFF, "ap.*"),
        reach="beyond",
        remedies=("cycle_power",),
    ),
    Rule(
        "power.exhausted",
        cause=say("%(place)s gives %(used)s of %(available)s W over its cables: none is left."),
        next=say("Feed an access point otherwise, or add a power supply."),
        explains=("port.no_power",),
        reach="device",
    ),
    Rule(
        "port.errors",
        cause=say("Broken frames arrive at %(place)s (%(count)s more): a bad cable or plug."),
        next=say("Exchange the cable, then the transceiver."),
        explains=("internet.lossy", "probe.slow", "device.slow_login"),
        reach="way",
        confidence="likely",
    ),
    Rule(
        "port.duplex",
        cause=say("%(place)s and its other end disagree about duplex, at %(speed)s Mbit/s."),
        next=say("Set both ends to automatic negotiation, then pull and plug the cable."),
        explains=("port.errors", "port.flaps", "internet.lossy", "probe.slow"),
        reach="way",
        remedies=("bounce_port",),
    ),
    Rule(
        "port.slow",
        cause=say("The link at %(place)s runs at %(speed)s Mbit/s only."),
        next=say("Set both ends to automatic negotiation; if it stays slow, exchange the cable."),
        explains=("port.saturated", "internet.lossy", "probe.slow", "device.slow_login"),
        reach="way",
    ),
    Rule(
        "port.flaps",
        cause=say("The link at %(place)s comes and goes: %(count)s changes."),
        next=say("Exchange the cable; look at the power of what is at its other end."),
        explains=("port.errors", "device.unreachable", "device.hangs", "probe.*", "internet.lossy"),
        reach="beyond",
        confidence="likely",
    ),
    Rule(
        "port.saturated",
        cause=say("%(place)s is full: %(percent)s %% of its speed is used."),
        next=say("See who uses it most; limit them, or make the link faster."),
        explains=("internet.lossy", "probe.slow", "device.slow_login"),
        reach="way",
    ),
    Rule(
        "port.blocked",
        cause=say("Spanning tree lets nothing pass at %(place)s: there is a loop."),
        next=say("Find the cable or strange switch that closes the loop, and unplug it."),
        explains=_CUT_OFF,
        reach="beyond",
    ),
    Rule(
        "port.tree_broken",
        cause=say("Spanning tree found a contradiction at %(place)s: %(reason)s."),
        next=say("Compare the settings at both ends of the cable."),
        explains=("port.blocked", *_CUT_OFF),
        reach="beyond",
    ),
    Rule(
        "port.native_mismatch",
        cause=say("%(place)s has native VLAN %(found)s; %(other)s at the other end has %(meant)s."),
        next=say("Set the same native VLAN at both ends."),
        explains=("port.tree_broken", "port.blocked", "config.drift", *_CUT_OFF),
        reach="beyond",
        remedies=("instance.settle",),
    ),
    Rule(
        "port.wrong_vlan",
        cause=say("%(place)s is in VLAN %(found)s; its users belong to VLAN %(vlan)s."),
        next=say("Ask who has changed it, then put it back."),
        explains=("probe.*", "config.drift"),
        reach="way",
        remedies=("instance.settle",),
    ),
)
