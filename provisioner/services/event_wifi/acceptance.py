"""Which checks prove that an event's WiFi is on, and that it is gone, as the devices answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.drivers.network import Intent, Reading, Ssid, TrunkMember, Vlan, Wish
from provisioner.errors import StepFailure
from provisioner.services.proving import Check
from provisioner.texts import Phrase, say

SWITCH_VLAN = "switch.vlan"
TRUNK_VLAN = "trunk.vlan"
AP_CONFIGURED = "ap.configured"
WIFI_ANNOUNCED = "wifi.announced"
WIFI_KEY = "wifi.key"
WIFI_GONE = "wifi.gone"
VLAN_GONE = "vlan.gone"
WIFI_UNTIL = "wifi.until"

CHECKS: tuple[Check, ...] = (
    Check(
        SWITCH_VLAN,
        say("Every switch on the way knows the event's VLAN"),
        say("Traffic of the event ends at this switch."),
        say("Look at the VLANs of the switch (show vlan brief), then choose retry."),
    ),
    Check(
        TRUNK_VLAN,
        say("Every port on the way carries the event's VLAN"),
        say("Traffic of the event does not pass this port."),
        say("Look at the allowed VLANs of the port (show interfaces trunk), then choose retry."),
    ),
    Check(
        AP_CONFIGURED,
        say("The access point has the wireless network as it was planned"),
        say("Guests would not find the network here, or would reach another network."),
        say("Look at the wireless settings of the access point, then choose retry."),
    ),
    Check(
        WIFI_ANNOUNCED,
        say("The wireless network is on the air"),
        say("Guests cannot see the network at this access point."),
        say("See whether the radios of the access point are switched on, then choose retry."),
    ),
    Check(
        WIFI_KEY,
        say("The access point has the right passphrase"),
        say("Guests would be turned away although they type the right passphrase."),
        say("Choose retry: the passphrase is set once more."),
    ),
    Check(
        WIFI_GONE,
        say("The wireless network is off and removed from the access point"),
        say("Guests may still be able to use the network although the event has ended."),
        say("See whether the access point has power and network; it is tried again by itself."),
    ),
    Check(
        VLAN_GONE,
        say("What was added to the switch for the event is removed"),
        say("The event's VLAN still reaches this switch; nothing else is affected."),
        say("See whether the switch can be reached; it is tried again by itself."),
    ),
    Check(
        WIFI_UNTIL,
        say("The WiFi ends at the new time"),
        say("The WiFi would be switched off at another time than was approved."),
        say("Choose retry: the end is set once more."),
    ),
)
"""In the order in which they are made; each has to pass on every device that it concerns."""


@dataclass(frozen=True)
class Judgement:
    """One check on one target (``host`` or ``host:port``), and what showed it."""

    check: str
    target: str
    passed: bool
    evidence: Phrase


def judge(
    params: Mapping[str, Any], readings: Mapping[str, Reading | StepFailure]
) -> list[Judgement]:
    """What readings say about the step ``wifi.prove`` or ``wifi.prove_off`` with these params.

    ``readings`` hold the objects of the step's wishes, read with the passphrase; a device that is
    missing or could not be read fails its checks.
    """
    found = [
        judgement
        for host, wishes in params["wishes"].items()
        for wish in map(Wish.from_json, wishes)
        for judgement in _judged(wish, host, readings.get(host), params)
    ]
    order = {check.key: place for place, check in enumerate(CHECKS)}
    return sorted(found, key=lambda judgement: order[judgement.check])


def _judged(
    wish: Wish, host: str, reading: Reading | StepFailure | None, params: Mapping[str, Any]
) -> Iterator[Judgement]:
    intent = wish.intent
    if not isinstance(reading, Reading):
        evidence = reading.what if reading else say("it was not read")
        for check in _checks(wish):
            yield Judgement(check, _target(host, intent), False, evidence)
    elif not wish.present:
        yield _gone(intent, host, reading, params)
    elif isinstance(intent, Ssid):
        yield from _on_air(intent, host, reading)
    else:
        check = SWITCH_VLAN if isinstance(intent, Vlan) else TRUNK_VLAN
        seen = reading.objects.get(intent.key)
        there = seen is not None
        yield Judgement(check, _target(host, intent), there, _shown(seen))


def _checks(wish: Wish) -> tuple[str, ...]:
    intent = wish.intent
    if not wish.present:
        return (WIFI_GONE if isinstance(intent, Ssid) else VLAN_GONE,)
    if isinstance(intent, Ssid):
        keyed = () if intent.security == "open" else (WIFI_KEY,)
        return (AP_CONFIGURED, WIFI_ANNOUNCED, *keyed)
    return (SWITCH_VLAN if isinstance(intent, Vlan) else TRUNK_VLAN,)


def _on_air(wanted: Ssid, host: str, reading: Reading) -> Iterator[Judgement]:
    seen = reading.objects.get(wanted.key)
    same = isinstance(seen, Ssid) and _without_key(seen) == _without_key(wanted)
    yield Judgement(AP_CONFIGURED, host, same, _shown(seen))
    heard = wanted.ssid in reading.announced
    yield Judgement(
        WIFI_ANNOUNCED,
        host,
        heard,
        say("announced by the access point, not tried by a client")
        if heard
        else say("not announced by the access point"),
    )
    if wanted.security != "open":
        keyed = isinstance(seen, Ssid) and seen.keyed
        yield Judgement(
            WIFI_KEY,
            host,
            keyed,
            say("the passphrase on the access point was compared, it is not shown")
            if keyed
            else say("the access point has another passphrase, or none"),
        )


def _gone(intent: Intent, host: str, reading: Reading, params: Mapping[str, Any]) -> Judgement:
    seen = reading.objects.get(intent.key)
    target = _target(host, intent)
    if isinstance(intent, Ssid):
        heard = intent.ssid in reading.announced and host not in params["announced_by_others"]
        evidence = say("still announced by the access point") if heard else _shown(seen)
        return Judgement(WIFI_GONE, target, seen is None and not heard, evidence)
    if isinstance(seen, Vlan) and seen != intent:
        left = say("now named %(name)s, so it is not ours and was left", name=seen.name)
        return Judgement(VLAN_GONE, target, True, left)
    return Judgement(VLAN_GONE, target, seen is None, _shown(seen))


def _without_key(ssid: Ssid) -> tuple[object, ...]:
    return (ssid.mark, ssid.ssid, ssid.security, ssid.vlan, ssid.uplink, ssid.isolate)


def _target(host: str, intent: Intent) -> str:
    return f"{host}:{intent.port}" if isinstance(intent, TrunkMember) else host


def _shown(seen: Intent | None) -> Phrase:
    if seen is None:
        return say("not there")
    if isinstance(seen, Vlan):
        return f"VLAN {seen.id} {seen.name}"
    if isinstance(seen, Ssid):
        return say(
            '"%(ssid)s", %(security)s, VLAN %(vlan)s on %(port)s',
            ssid=seen.ssid,
            security=seen.security,
            vlan=seen.vlan,
            port=seen.uplink,
        )
    return f"VLAN {seen.vlan}"
