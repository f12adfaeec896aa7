"""What findings about a device itself mean."""

from __future__ import annotations

from provisioner.checks.rules import Rule
from provisioner.texts import say

RULES: tuple[Rule, ...] = (
    Rule(
        "device.unreachable",
        cause=say("%(place)s does not answer at %(address)s: it is off, hangs, or is cut off."),
        next=say("Look at its power first, then at its cable towards the core, then restart it."),
        explains=(
            "device.unreachable", "device.login", "device.hangs", "probe.*", "internet.*",
            "dns.dead",
        ),
        reach="beyond",
        confidence="likely",
    ),
    Rule(
        "device.login",
        cause=say("%(place)s is there but opens no session: %(why)s"),
        next=say("Free its terminal lines or correct the login; its users are not concerned."),
    ),
    Rule(
        "device.key_changed",
        cause=say("%(place)s shows another host key: it was exchanged or reset, or is a stranger."),
        next=say("Compare the fingerprint on its console; only if it is right, trust it anew."),
    ),
    Rule(
        "device.hangs",
        cause=say("%(place)s lets us in but does not answer as it should: %(why)s"),
        next=say("Look at it on its own console; restart it when its users can do without it."),
        explains=("device.slow_login",),
        reach="device",
    ),
    Rule(
        "device.slow_login",
        cause=say("%(place)s needs %(seconds)s to let somebody in."),
        next=say("Look at its processor, and at the login server and resolver that it asks."),
        confidence="likely",
    ),
    Rule(
        "device.rebooted",
        cause=say("%(place)s started anew %(minutes)s minutes ago (reason: %(reason)s)."),
        next=say("Ask at the site about power; where it comes again, exchange the power supply."),
        explains=("port.flaps", "port.errors", "device.clock"),
        reach="device",
    ),
    Rule(
        "device.cpu",
        cause=say("The processor of %(place)s is busy at %(percent)s %%."),
        next=say("Look at its busiest processes; a loop or an attack shows there too."),
        explains=("device.slow_login", "internet.lossy", "probe.slow"),
        reach="way",
    ),
    Rule(
        "device.memory",
        cause=say("%(place)s has hardly any memory left: %(percent)s %% is used."),
        next=say("Restart it at a quiet hour, and look for newer software."),
        explains=("device.hangs", "device.slow_login"),
        reach="device",
    ),
    Rule(
        "device.storage",
        cause=say("The storage of %(place)s is full: %(percent)s %%."),
        next=say("Remove old software images and logs; until then it may not save its settings."),
    ),
    Rule(
        "device.hot",
        cause=say("%(place)s is too hot: %(celsius)s °C."),
        next=say("Give it air: dust, fans, a closed cupboard, sun."),
        explains=("device.rebooted", "device.alarm", "device.cpu", "port.flaps"),
        reach="device",
    ),
    Rule(
        "device.alarm",
        cause=say("%(place)s complains: %(alarms)s"),
        next=say("Look at the part that it names, and exchange it."),
        explains=("device.rebooted", "power.exhausted", "port.no_power"),
        reach="device",
    ),
    Rule(
        "device.clock",
        cause=say("The clock of %(place)s is wrong by %(seconds)s seconds."),
        next=say("Set a time server on it and see whether it is reached."),
    ),
)  # fmt: skip
