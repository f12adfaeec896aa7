"""Do the radios of the access points transmit?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.network import Radio
from provisioner.texts import say

CHECK = Check(
    "radio.state",
    title=say("Radios"),
    proves=say("The radios that announce the network are switched on and transmit."),
    meaning=say("The network is not to be found around this access point."),
    next=say("Switch the radio on; where it does not transmit, restart it and read its log."),
    topics=frozenset({"wireless"}),
    platforms=("openwrt", "mikrotik_routeros"),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    wanted = {s for n in look.seen.chain.nets if look.device in n.access_points for s in n.ssids}
    again = look.seen.again.get(look.device)
    started = {radio.name for radio in again.radios if radio.up} if again else set()
    others_up = {radio.name for radio in look.health.radios if radio.up and radio.enabled}
    for radio in look.health.radios:
        place = Place("radio", look.device, radio.name)
        set_up = {each.ssid for each in look.health.on_air if each.radio == radio.name}
        needed = bool(set_up & wanted) or (bool(wanted) and not others_up)
        if radio.enabled and radio.up:
            yield look.ok(_told(radio), place)
        elif radio.enabled and radio.name in started:
            yield look.ok("up a moment later", place)
        elif not needed:
            yield look.ok("off; nothing has to be announced there", place)
        else:
            key = "ap.radio_off" if radio.enabled else "ap.radio_disabled"
            yield look.wrong(key, _told(radio), place, band=radio.band or "-")


def _told(radio: Radio) -> str:
    state = "up" if radio.up else "down" if radio.enabled else "disabled"
    return f"{state}, {radio.band or '-'} GHz, channel {radio.channel or '-'}"
