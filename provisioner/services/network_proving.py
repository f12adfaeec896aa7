"""Which checks prove that a network stands on its devices, or is gone, as the devices answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.drivers.network import (
    AccessPort,
    Intent,
    RateLimit,
    Reading,
    Scope,
    Ssid,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.errors import StepFailure
from provisioner.services.device_objects import as_text
from provisioner.services.proving import Check
from provisioner.texts import Phrase, say

SWITCH_VLAN, TRUNK_VLAN, ACCESS_PORT = "switch.vlan", "trunk.vlan", "access.port"
ROUTER_SCOPE, ROUTER_RATE = "router.scope", "router.rate"
AP_CONFIGURED, WIFI_ANNOUNCED, WIFI_KEY = "ap.configured", "wifi.announced", "wifi.key"
PROBE_WIFI = "probe.wifi"
WIFI_GONE, VLAN_GONE, PORT_GONE, ROUTER_GONE = (
    "wifi.gone", "vlan.gone", "access.port_gone", "router.gone",
)  # fmt: skip

CHECKS: tuple[Check, ...] = (
    Check(
        SWITCH_VLAN,
        say("Every switch on the way knows the VLAN"),
        say("Traffic ends at this switch."),
        say("Look at the VLANs of the switch (show vlan brief), then choose retry."),
    ),
    Check(
        TRUNK_VLAN,
        say("Every port on the way carries the VLAN"),
        say("Traffic does not pass this port."),
        say("Look at the allowed VLANs of the port (show interfaces trunk), then choose retry."),
    ),
    Check(
        ACCESS_PORT,
        say("The port is set up for the site"),
        say("What is plugged in there would reach another network, or none."),
        say("Look at the settings of the port, then choose retry."),
    ),
    Check(
        ROUTER_SCOPE,
        say("The router serves the network: gateway, addresses and walls"),
        say("Clients would get no address, no Internet, or reach what they must not reach."),
        say("Look at the addresses, DHCP and firewall of the router, then choose retry."),
    ),
    Check(
        ROUTER_RATE,
        say("The router holds the network to its speed"),
        say("The network could take more than was approved, or less."),
        say("Look at the queues of the router, then choose retry."),
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
        PROBE_WIFI,
        say("The probe at the place uses the WiFi as a guest would"),
        say("The devices are set up, but a guest would not get through."),
        say("Read what the probe met and look there: radio, passphrase, addresses, router."),
    ),
    Check(
        WIFI_GONE,
        say("The wireless network is off and removed from the access point"),
        say("Guests may still be able to use the network although its time is over."),
        say("See whether the access point has power and network; it is tried again by itself."),
    ),
    Check(
        PORT_GONE,
        say("The port is free again"),
        say("What is plugged in there may still reach the network."),
        say("See whether the switch can be reached; it is tried again by itself."),
    ),
    Check(
        VLAN_GONE,
        say("What was added to the switch is removed"),
        say("The VLAN still reaches this switch; nothing else is affected."),
        say("See whether the switch can be reached; it is tried again by itself."),
    ),
    Check(
        ROUTER_GONE,
        say("What was added to the router is removed"),
        say("The router still serves the network; nothing else is affected."),
        say("See whether the router can be reached; it is tried again by itself."),
    ),
)
"""In the order in which they are made; each has to pass on every device that it concerns."""
_ORDER = {check.key: place for place, check in enumerate(CHECKS)}
_PRESENT: Mapping[type[Intent], str] = {
    Vlan: SWITCH_VLAN,
    TrunkMember: TRUNK_VLAN,
    AccessPort: ACCESS_PORT,
    Scope: ROUTER_SCOPE,
    RateLimit: ROUTER_RATE,
}
_GONE: Mapping[type[Intent], str] = {
    Ssid: WIFI_GONE,
    AccessPort: PORT_GONE,
    Scope: ROUTER_GONE,
    RateLimit: ROUTER_GONE,
}


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
    """What readings say about a step that proves, with these params (``wishes`` by host).

    ``readings`` hold the objects of the step's wishes, read with the passphrase; a device that is
    missing or could not be read fails its checks. ``announced_by_others``: access points where
    somebody else of ours announces the same name.
    """
    found = [
        judgement
        for host, wishes in params["wishes"].items()
        for wish in map(Wish.from_json, wishes)
        for judgement in _judged(wish, host, readings.get(host), params)
    ]
    return sorted(found, key=lambda judgement: _ORDER[judgement.check])


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
        seen = reading.objects.get(intent.key)
        named = isinstance(intent, Vlan | TrunkMember)
        passed = seen is not None if named else seen == intent
        yield Judgement(_PRESENT[type(intent)], _target(host, intent), passed, _shown(seen))


def _checks(wish: Wish) -> tuple[str, ...]:
    intent = wish.intent
    if not wish.present:
        return (_GONE.get(type(intent), VLAN_GONE),)
    if isinstance(intent, Ssid):
        keyed = () if intent.security == "open" else (WIFI_KEY,)
        return (AP_CONFIGURED, WIFI_ANNOUNCED, *keyed)
    return (_PRESENT[type(intent)],)


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
    target, check = _target(host, intent), _GONE.get(type(intent), VLAN_GONE)
    if isinstance(intent, Ssid):
        others = params.get("announced_by_others", ())
        heard = intent.ssid in reading.announced and host not in others
        evidence = say("still announced by the access point") if heard else _shown(seen)
        return Judgement(check, target, seen is None and not heard, evidence)
    if isinstance(seen, Vlan) and seen != intent:
        left = say("now named %(name)s, so it is not ours and was left", name=seen.name)
        return Judgement(check, target, True, left)
    match intent, seen:
        case AccessPort(description=ours), AccessPort(description=name) if name != ours:
            left = say("now named %(name)s, so it is not ours and was left", name=name)
            return Judgement(check, target, True, left)
    return Judgement(check, target, seen is None, _shown(seen))


def _without_key(ssid: Ssid) -> tuple[object, ...]:
    return (ssid.mark, ssid.ssid, ssid.security, ssid.vlan, ssid.uplink, ssid.isolate)


def _target(host: str, intent: Intent) -> str:
    return f"{host}:{intent.port}" if isinstance(intent, TrunkMember | AccessPort) else host


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
    return as_text(seen) or "-"
