"""Are the networks on the air where they have to be?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

CHECK = Check(
    "wifi.on_air",
    title=say("WiFi on the air"),
    proves=say("Each access point announces the networks that it has to."),
    meaning=say("The name of the network is not to be found around this access point."),
    next=say("Put the network back on the access point."),
    topics=frozenset({"wireless"}),
    platforms=("openwrt", "mikrotik_routeros"),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    again = look.seen.again.get(look.device)
    starting = any(radio.enabled and not radio.up for radio in look.health.radios)
    on_air = (*look.health.on_air, *(again.on_air if again and starting else ()))
    for net in look.seen.chain.nets:
        if look.device not in net.access_points:
            continue
        for ssid in net.ssids:
            place = Place("ssid", look.device, ssid)
            there = [each for each in on_air if each.ssid == ssid]
            evidence = ", ".join(f"{e.radio} {'up' if e.up else 'down'}" for e in there) or "-"
            if any(each.up for each in there):
                yield look.ok(evidence, place)
            else:
                yield look.wrong("ap.ssid_missing", evidence, place, ssid=ssid)
