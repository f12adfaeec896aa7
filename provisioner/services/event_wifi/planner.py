"""Plans an event's WiFi: a pure function of request, facts, ledger and earlier choices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any

from provisioner.catalogue import EventNetwork, EventWifiOffer, Network
from provisioner.drivers.network import Host
from provisioner.errors import Conflict
from provisioner.facts.event_wifi import EventWifiFacts
from provisioner.plans.claims import HeldClaim, Ledger
from provisioner.plans.model import Claim, Plan
from provisioner.services.event_wifi.booking import (
    Bookings,
    Window,
    rfc3339,
    shown,
    window_of,
)
from provisioner.services.event_wifi.path import refuse
from provisioner.services.event_wifi.risks import risks
from provisioner.services.event_wifi.steps import on_steps
from provisioner.services.event_wifi.wanted import WifiInput
from provisioner.services.event_wifi.wishes import DeviceWishes, as_text, device_wishes, intents
from provisioner.texts import Message, say

SERVICE = "event_wifi"
NO_CAPACITY, PLAN_CHANGED = "no-capacity", "plan-changed"


def plan(
    wanted: WifiInput,
    campus: Network,
    hosts: Mapping[str, Host],
    facts: EventWifiFacts,
    ledger: Ledger,
    pinned: Mapping[str, Any] | None = None,
) -> Plan:
    """Make the plan; with ``pinned`` (an earlier plan's ``choices``) every choice is kept.

    ``ledger`` holds the live claims of others. The same world gives the same digest. Raises
    Conflict: ``not-plannable`` or ``no-capacity`` with what and where; ``plan-changed`` when a
    pinned choice no longer holds.
    """
    bookings = Bookings(ledger, {wanted.number})
    window = wanted.window
    if window.end <= facts.at:
        refuse(say("The event is over. Return the request or reject it."))
    name = _network(campus, bookings, wanted, pinned)
    check_name(wanted.details.ssid, wanted.details.place, campus, bookings, window)
    _check_air(wanted, facts, bookings)
    check_room(wanted.access_points, wanted.offer, bookings, window, wanted.zone)
    network = campus.event_networks[name]
    unsure = {
        host
        for host in wanted.access_points
        if facts.air_vlan != network.vlan or bookings.on_air(host, name, facts.at)
    }
    devices = device_wishes(
        intents(wanted, (network.vlan,)), facts.readings, hosts, bookings, facts.at, unsure
    )
    choices = {
        "place": wanted.details.place,
        "network": name,
        "starts_at": rfc3339(window.start),
        "ends_at": rfc3339(window.end),
        "ssid": wanted.details.ssid,
        "access_points": wanted.access_points,
        "path": {path.access_point: path.ports() for path in wanted.paths},
    }
    check_pinned(pinned, choices)
    seconds = round(facts.lead.total_seconds()) or wanted.offer.default_lead_seconds
    return Plan(
        service=SERVICE,
        choices=choices,
        objects=_objects(name, network, devices),
        summary=_summary(wanted, name, network),
        steps=on_steps(wanted, devices),
        claims=_claims(wanted, name, devices),
        risks=risks(wanted, devices, facts, hosts, bookings, seconds),
        expected_seconds=seconds,
    )


def _network(
    campus: Network,
    bookings: Bookings,
    wanted: WifiInput,
    pinned: Mapping[str, Any] | None,
) -> str:
    if pinned is not None:
        name = str(pinned["network"])
        if name not in campus.event_networks:
            raise Conflict(
                say("The event network %(network)s is no longer in network.yml.", network=name),
                slug=PLAN_CHANGED,
            )
        taken = bookings.network(name, wanted.window)
        if taken:
            raise Conflict(
                say(
                    "The event network %(network)s is now kept for request %(number)s.",
                    network=name,
                    number=taken[-1].owner,
                ),
                slug=PLAN_CHANGED,
            )
        return name
    if not campus.event_networks:
        refuse(
            say("There is no event network. Enter one in network.yml under event_networks."),
        )
    found = {name: bookings.network(name, wanted.window) for name in campus.event_networks}
    for name, taken in found.items():
        if not taken:
            return name
    raise _all_taken(found, wanted)


def _all_taken(found: Mapping[str, list[HeldClaim]], wanted: WifiInput) -> Conflict:
    taken = "; ".join(
        f"{name}: {claims[-1].owner} ({shown(window_of(claims[-1].amounts).end, wanted.zone)})"
        for name, claims in found.items()
    )
    return Conflict(
        say(
            "No event network is free at that time. Who has them, and until when: %(taken)s. "
            "Choose another time, or prepare a further network.",
            taken=taken,
        ),
        slug=NO_CAPACITY,
        extra={
            "networks": {
                name: [
                    {"request": c.owner, "until": rfc3339(window_of(c.amounts).end)} for c in claims
                ]
                for name, claims in found.items()
            }
        },
    )


def check_name(ssid: str, place: str, campus: Network, bookings: Bookings, window: Window) -> None:
    """Raise Conflict when another event announces the same name there at that time."""
    here = set(campus.places[place].access_points) if place in campus.places else set()
    for claim in bookings.events(window):
        other = campus.places.get(str(claim.amounts.get("place")))
        shares = claim.amounts.get("place") == place or (
            other is not None and here & set(other.access_points)
        )
        if shares and claim.amounts.get("ssid") == ssid:
            refuse(
                say(
                    'Request %(number)s announces a WiFi named "%(ssid)s" at the same place and '
                    "time. Ask the department for another name.",
                    number=claim.owner,
                    ssid=ssid,
                ),
                pointer="/details/ssid",
                request=claim.owner,
            )


def _check_air(wanted: WifiInput, facts: EventWifiFacts, bookings: Bookings) -> None:
    """A name that is on the air and neither ours nor another request's is a stranger's."""
    ssid = wanted.details.ssid
    for host in wanted.access_points:
        reading = facts.readings[host]
        own = reading.objects[f"ssid {wanted.number}"] is not None
        if ssid in reading.announced and not own and not bookings.announcers(host, ssid):
            refuse(
                say(
                    'The access point %(device)s already announces a WiFi named "%(ssid)s" that '
                    "is not ours. Ask the department for another name.",
                    device=host,
                    ssid=ssid,
                ),
                pointer="/details/ssid",
                device=host,
            )


def check_room(
    access_points: Iterable[str],
    offer: EventWifiOffer,
    bookings: Bookings,
    window: Window,
    zone: tzinfo,
) -> None:
    """Raise Conflict when an access point has as many events at that time as it may have."""
    limit = offer.ssids_per_access_point
    for host in access_points:
        others = bookings.most_at_once(host, window)
        if len(others) >= limit:
            raise Conflict(
                say(
                    "The access point %(device)s has %(count)d events at that time already, and "
                    "%(limit)d is the most: %(requests)s. Choose another time or place.",
                    device=host,
                    count=len(others),
                    limit=limit,
                    requests=", ".join(
                        f"{c.owner} ({shown(window_of(c.amounts).end, zone)})" for c in others
                    ),
                ),
                slug=NO_CAPACITY,
                extra={"device": host, "requests": [claim.owner for claim in others]},
            )


def check_pinned(pinned: Mapping[str, Any] | None, choices: Mapping[str, Any]) -> None:
    """Raise Conflict(``plan-changed``) when the configuration now leads to other choices."""
    if pinned is None or dict(pinned) == choices:
        return
    different = sorted(k for k in {*pinned, *choices} if pinned.get(k) != choices.get(k))
    raise Conflict(
        say(
            "The configuration now leads to other choices than the plan made: %(what)s.",
            what=", ".join(different),
        ),
        slug=PLAN_CHANGED,
        extra={"before": dict(pinned), "after": dict(choices)},
    )


def _objects(
    name: str, network: EventNetwork, devices: Mapping[str, DeviceWishes]
) -> dict[str, Any]:
    found = {
        f"{host} {key}": as_text(there)
        for host, device in devices.items()
        for key, there in device.expected.items()
    }
    return {f"network {name}": {"vlan": network.vlan, "cidr": str(network.cidr)}, **found}


def _claims(wanted: WifiInput, name: str, devices: Mapping[str, DeviceWishes]) -> tuple[Claim, ...]:
    when = wanted.window.amounts()
    event = {**when, "place": wanted.details.place, "ssid": wanted.details.ssid}
    return (
        Claim("event_network", name, wanted.number, event),
        *(
            Claim("device_object", host, f"{i.key} {wanted.number}", {"object": i.key, **when})
            for host, device in devices.items()
            for i in device.added
        ),
    )


def _summary(wanted: WifiInput, name: str, network: EventNetwork) -> Message:
    window, zone = wanted.window, wanted.zone
    return say(
        'Switches on the WiFi "%(ssid)s" at %(place)s from %(start)s until %(end)s: '
        "%(aps)d access points, %(switches)d switches, event network %(network)s (VLAN %(vlan)d). "
        "Nothing else changes.",
        ssid=wanted.details.ssid,
        place=wanted.place_title,
        start=shown(window.start, zone),
        end=shown(window.end, zone),
        aps=len(wanted.access_points),
        switches=len(wanted.switches),
        network=name,
        vlan=network.vlan,
    )
