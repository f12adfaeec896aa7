"""Do people get into the WiFi?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device
from provisioner.checks.model import Check, Place, Result, Weight
from provisioner.checks.seen import Seen
from provisioner.drivers.network import Examination
from provisioner.texts import say

GROWN, LATELY = 10, 20
"""Clients turned away that count: more than at the last look; in all that is known where it was
never looked at."""
CHECK = Check(
    "wifi.clients",
    title=say("Joining the WiFi"),
    proves=say("Hardly anybody is turned away when joining."),
    meaning=say("People are turned away: the passphrase is another, or there is no room."),
    next=say("Compare the passphrase with what people were told; look how many are joined."),
    topics=frozenset({"wireless"}),
    platforms=("openwrt", "mikrotik_routeros"),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def refused_of(health: Examination, ssid: str) -> int | None:
    """Clients turned away from a network by all radios; None where none of them says."""
    told = [each.refused for each in health.on_air if each.ssid == ssid]
    known = [n for n in told if n is not None]
    return sum(known) if known else None


def _one(look: Look) -> Iterator[Result]:
    before = look.seen.before.get(look.device)
    for ssid in sorted(_ssids(look)):
        refused, place = refused_of(look.health, ssid), Place("ssid", look.device, ssid)
        joined = [e.clients or 0 for e in look.health.on_air if e.ssid == ssid and e.up]
        if not joined:
            continue
        evidence = f"joined {sum(joined)}, turned away {'-' if refused is None else refused}"
        then = before.refused.get(ssid) if before else None
        if refused is None:
            yield look.ok(evidence, place)
            continue
        count, limit = (refused, LATELY) if then is None else (refused - then, GROWN)
        if count >= limit:
            weight: Weight = "weak" if sum(joined) >= count else "broken"
            yield look.pen.wrong("ap.join_fails", place, evidence, weight, ssid=ssid, count=count)
        else:
            yield look.ok(evidence, place)


def _ssids(look: Look) -> set[str]:
    nets = look.seen.chain.nets
    return {ssid for net in nets if look.device in net.access_points for ssid in net.ssids}
