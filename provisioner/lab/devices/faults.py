"""The faults that simulated devices can be told to show."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.lab.devices.conditions import CONDITIONS
from provisioner.lab.faults import FaultKind
from provisioner.texts import say

_WHEN = {"host": "", "after": "1", "of": "change", "line": ""}
_KINDS = (
    FaultKind(
        "session-drop",
        say(
            "a session drops after that many lines (of=change or of=session), or after the line "
            "that matches; after=0: as it opens"
        ),
        _WHEN,
        once=True,
    ),
    FaultKind(
        "line-rejected",
        say("the device refuses that line (by its number or by what it matches) with this text"),
        {**_WHEN, "text": "Command rejected: simulated refusal"},
        once=True,
    ),
    FaultKind(
        "device-reboots",
        say("the device reboots after that many lines, or after the line that matches"),
        _WHEN,
        once=True,
    ),
    FaultKind(
        "device-slow",
        say("each line takes so many seconds longer on a device"),
        {"host": "", "seconds": "0.5"},
    ),
    FaultKind("vty-full", say("all terminal lines of a device are in use"), {"host": ""}),
    FaultKind(
        "device-key-changed", say("a device shows another SSH host key than before"), {"host": ""}
    ),
    FaultKind("login-refused", say("a device refuses every login"), {"host": ""}),
    FaultKind("device-dead", say("a device is without power until cleared"), {"host": ""}),
    FaultKind("device-mute", say("a device does not answer; not one byte comes"), {"host": ""}),
    FaultKind(
        "cable-pulled",
        say("the cable in that port of a device is pulled"),
        {"host": "", "port": ""},
    ),
    FaultKind(
        "safe-mode-held",
        say("somebody at another terminal holds a RouterOS device's safe mode"),
        {"host": ""},
    ),
    FaultKind(
        "item-doubled",
        say("somebody has added an item of a RouterOS menu a second time, with the same name"),
        {"host": "", "menu": "", "item": ""},
        once=True,
    ),
    FaultKind(
        "timer-stuck", say("a device's timers run out without taking anything back"), {"host": ""}
    ),
)
KINDS: Mapping[str, FaultKind] = {kind.name: kind for kind in (*_KINDS, *CONDITIONS)}
