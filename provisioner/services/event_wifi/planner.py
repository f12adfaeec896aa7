"""Plans an event's WiFi: a pure function of request, facts, ledger and earlier choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.catalogue import Network
from provisioner.drivers.network import Host
from provisioner.facts.event_wifi import EventWifiFacts
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.refusals import check_pinned
from provisioner.services.air import (
    check_crowd,
    check_room,
    check_unheard,
    check_unique,
    refuse_name,
)
from provisioner.services.booking import Bookings, Window, rfc3339, shown
from provisioner.services.device_objects import as_text
from provisioner.services.event_wifi.nets import EventNet, Pinned, choose, claims, needed
from provisioner.services.event_wifi.path import refuse
from provisioner.services.event_wifi.risks import risks
from provisioner.services.event_wifi.steps import on_steps
from provisioner.services.event_wifi.wanted import WifiInput
from provisioner.services.wishes import DeviceWishes, device_wishes, object_claims
from provisioner.texts import Message, say

SERVICE = "event_wifi"


def plan(
    wanted: WifiInput,
    campus: Network,
    hosts: Mapping[str, Host],
    facts: EventWifiFacts,
    ledger: Ledger,
    pinned: Pinned | None = None,
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
    net = choose(wanted, facts, bookings, pinned)
    check_name(wanted.details.ssid, wanted.details.place, campus, bookings, window)
    check_unheard(
        wanted.number, wanted.details.ssid, facts.readings, wanted.access_points, bookings
    )
    offer, here = wanted.offer, wanted.access_points
    check_room(here, offer.ssids_per_access_point, bookings, window, wanted.zone)
    check_crowd(wanted.details.expected_users, len(here), offer.users_per_access_point)
    devices = device_wishes(
        needed(wanted, net), facts.readings, hosts, bookings, facts.at,
        _unsure(wanted, net, facts, bookings),
    )  # fmt: skip
    choices = {
        "place": wanted.details.place,
        **net.choices(),
        "starts_at": rfc3339(window.start),
        "ends_at": rfc3339(window.end),
        "ssid": wanted.details.ssid,
        "access_points": wanted.access_points,
        "path": {path.start.device: path.passed() for path in wanted.paths},
    }
    check_pinned(pinned, choices)
    seconds = round(facts.lead.total_seconds()) or wanted.offer.default_lead_seconds
    return Plan(
        service=SERVICE,
        choices=choices,
        objects=objects_of(net, devices),
        summary=_summary(wanted, net),
        steps=on_steps(wanted, devices),
        claims=(
            *claims(wanted, net),
            *object_claims(wanted.number, devices, window.amounts()),
        ),
        risks=risks(wanted, devices, facts, hosts, bookings, seconds),
        expected_seconds=seconds,
    )


def _unsure(
    wanted: WifiInput, net: EventNet, facts: EventWifiFacts, bookings: Bookings
) -> set[str]:
    """Devices whose answer was about another VLAN, or about what an event of now has there."""
    found = {
        host
        for host in wanted.access_points
        if facts.air_vlan != net.vlan or bookings.on_air(host, net.name, facts.at)
    }
    return found | ({wanted.router} if len(facts.lots) > 1 else set())


def check_name(ssid: str, place: str, campus: Network, bookings: Bookings, window: Window) -> None:
    """Raise Conflict when another event announces the same name there at that time."""
    here = set(campus.places[place].access_points) if place in campus.places else set()
    for claim in bookings.events(window):
        other = campus.places.get(str(claim.amounts.get("place")))
        shares = claim.amounts.get("place") == place or (
            other is not None and here & set(other.access_points)
        )
        if shares and claim.amounts.get("ssid") == ssid:
            refuse_name(claim.owner, ssid)
    check_unique(ssid, sorted(here), bookings, window)


def objects_of(net: EventNet, devices: Mapping[str, DeviceWishes]) -> dict[str, Any]:
    """The state of what is touched, for the digest."""
    found = {
        f"{host} {key}": as_text(there)
        for host, device in devices.items()
        for key, there in device.expected.items()
    }
    return {f"network {net.name}": {"vlan": net.vlan, "cidr": str(net.cidr)}, **found}


def _summary(wanted: WifiInput, net: EventNet) -> Message:
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
        network=net.name,
        vlan=net.vlan,
    )
