"""What has to stand on each device for an event, and what stands there already; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioner.drivers.network import Host, Intent, Reading, Ssid, TrunkMember, Vlan, Wish
from provisioner.services.event_wifi.booking import Bookings
from provisioner.services.event_wifi.marking import is_ours, vlan_name
from provisioner.services.event_wifi.path import refuse
from provisioner.services.event_wifi.wanted import WifiInput
from provisioner.texts import Message, say

Intents = Mapping[str, tuple[Intent, ...]]
"""By host, in the order of work."""
_TIMER_LINES = {"cisco_ios": "archive / path flash:prov-archive"}
"""The configuration that lets a platform's timer be armed."""


@dataclass(frozen=True)
class DeviceWishes:
    """One device's wishes, and each object as it stood (None: ours to add and to remove later)."""

    wishes: tuple[Wish, ...]
    expected: Mapping[str, Intent | None]

    @property
    def added(self) -> tuple[Intent, ...]:
        """What is ours to add."""
        return tuple(w.intent for w in self.wishes if self.expected[w.intent.key] is None)


def intents(wanted: WifiInput, vlans: Collection[int]) -> Intents:
    """What the event needs on each device, for any of these VLANs.

    The access points, then every switch with both ports on the way; the router is not touched.
    """
    details = wanted.details
    found: dict[str, dict[str, Intent]] = {}
    for vlan in vlans:
        for path in wanted.paths:
            ssid = Ssid(
                mark=wanted.number, ssid=details.ssid, security=details.security, vlan=vlan,
                uplink=path.uplink, isolate=details.isolate_clients,
            )  # fmt: skip
            _add(found, path.access_point, (ssid,))
            for hop in path.hops:
                vlan_there = Vlan(vlan, vlan_name(wanted.number))
                ports = (TrunkMember(hop.down, vlan), TrunkMember(hop.up, vlan))
                _add(found, hop.switch, (vlan_there, *ports))
    order = [*wanted.access_points, *wanted.switches]
    return {host: tuple(found[host].values()) for host in order if host in found}


def _add(found: dict[str, dict[str, Intent]], host: str, needed: Iterable[Intent]) -> None:
    for intent in needed:
        found.setdefault(host, {}).setdefault(intent.key, intent)


def device_wishes(
    needed: Intents,
    readings: Mapping[str, Reading],
    hosts: Mapping[str, Host],
    bookings: Bookings,
    at: datetime,
    unsure: Collection[str] = (),
) -> dict[str, DeviceWishes]:
    """Compare what is needed with what stands.

    What stands and is not ours is wished as it is; what other requests of ours put there, or bears
    our mark, counts as absent. The problems of ``unsure`` devices say nothing about the time of the
    event; they are looked at again before its start.

    Raises Conflict(``not-plannable``) where something cannot be put, or no timer can be armed
    although one is required.
    """
    found = {}
    for host, wanted in needed.items():
        reading = readings[host]
        marked = {key for key, found in reading.objects.items() if is_ours(found)}
        ours = bookings.begun(host, at) | marked
        expected = {i.key: None if i.key in ours else reading.objects[i.key] for i in wanted}
        for intent in wanted:
            told = host not in unsure and intent.key in reading.problems
            if told and reading.objects[intent.key] is None:
                _refuse_problem(host, intent, reading.problems[intent.key])
        wishes = tuple(Wish(expected[intent.key] or intent) for intent in wanted)
        found[host] = DeviceWishes(wishes, expected)
        if found[host].added and reading.no_timer and hosts[host].dead_man == "required":
            _refuse_timer(hosts[host], reading.no_timer)
    return found


def _refuse_problem(host: str, intent: Intent, problem: Message) -> None:
    if isinstance(intent, TrunkMember):
        refuse(
            say(
                "%(device)s, port %(port)s: %(problem)s. Correct the port there (it has to be a "
                "trunk) or the cable under links of network.yml, then plan again.",
                device=host,
                port=intent.port,
                problem=problem,
            ),
            device=host,
            port=intent.port,
        )
    refuse(
        say(
            "%(device)s cannot take this change: %(problem)s. Correct it there, then plan again.",
            device=host,
            problem=problem,
        ),
        device=host,
    )


def _refuse_timer(host: Host, why: Message) -> None:
    lines = _TIMER_LINES.get(host.platform)
    remedy = (
        say("Enter on it: %(lines)s", lines=lines)
        if lines
        else say("Ask the administrator to set it up.")
    )
    refuse(
        say(
            "%(device)s cannot take a change back by itself if it fails midway, and that is "
            "required there: %(why)s. %(remedy)s",
            device=host.name,
            why=why,
            remedy=remedy,
        ),
        device=host.name,
    )


def to_params(devices: Mapping[str, DeviceWishes]) -> dict[str, Any]:
    """``wishes`` and ``expected`` as a step's params carry them."""
    return {
        "wishes": {h: [w.to_json() for w in d.wishes] for h, d in devices.items()},
        "expected": {
            host: {key: _state(found) for key, found in device.expected.items()}
            for host, device in devices.items()
        },
    }


def _state(found: Intent | None) -> dict[str, Any] | None:
    """An object as it stands: ``{kind, intent}``, or None."""
    if found is None:
        return None
    written = Wish(found).to_json()
    return {"kind": written["kind"], "intent": written["intent"]}


def as_text(found: Intent | None) -> str | None:
    """An object as it stands, for the digest and for people who read a difference."""
    if isinstance(found, Ssid):
        isolated = ", isolated" if found.isolate else ""
        return f'"{found.ssid}", {found.security}, VLAN {found.vlan}, {found.uplink}{isolated}'
    if isinstance(found, Vlan):
        return found.name
    return None if found is None else f"VLAN {found.vlan}"
