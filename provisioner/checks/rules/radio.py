"""What findings about WiFi mean."""

from __future__ import annotations

from provisioner.checks.rules import Rule
from provisioner.texts import say

_NOT_THERE = ("ap.ssid_missing", "ap.join_fails", "probe.join", "config.drift")

RULES: tuple[Rule, ...] = (
    Rule(
        "ap.radio_disabled",
        cause=say("The radio %(place)s (%(band)s GHz) was switched off by somebody."),
        next=say("Ask why, then switch it on."),
        explains=_NOT_THERE,
        reach="beyond",
        remedies=("restart_radio",),
    ),
    Rule(
        "ap.radio_off",
        cause=say("The radio %(place)s (%(band)s GHz) is switched on but does not transmit."),
        next=say("Restart the radio; read its log: channel, country, hardware."),
        explains=_NOT_THERE,
        reach="beyond",
        remedies=("restart_radio",),
    ),
    Rule(
        "ap.jammed",
        cause=say("Channel %(channel)s of %(place)s is busy %(percent)s %% of the time."),
        next=say("Choose another channel or 5 GHz; look for what disturbs."),
        explains=("ap.join_fails", "probe.join", "probe.slow"),
        reach="beyond",
        confidence="likely",
    ),
    Rule(
        "ap.ssid_missing",
        cause=say("%(ssid)s is not on the air at %(place)s."),
        next=say("Put the network back on the access point."),
        explains=("probe.join", "config.drift"),
        reach="beyond",
        remedies=("instance.settle",),
    ),
    Rule(
        "ap.join_fails",
        cause=say("%(count)s attempts to join %(ssid)s were turned away at %(place)s."),
        next=say("Compare the passphrase with what people were told; look how many are joined."),
        explains=("probe.join",),
        reach="beyond",
        confidence="likely",
    ),
)
