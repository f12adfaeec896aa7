"""Plans a connected site: a pure function of request, facts, ledger and earlier choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.catalogue.network_fields import Port
from provisioner.drivers.network import Host
from provisioner.facts.internet import InternetFacts
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Claim, Plan
from provisioner.plans.refusals import check_pinned
from provisioner.plans.segments import Lot
from provisioner.services.air import (
    ALWAYS,
    check_crowd,
    check_room,
    check_unheard,
    check_unique,
)
from provisioner.services.booking import Bookings, rfc3339
from provisioner.services.device_objects import as_text
from provisioner.services.internet.choosing import Pinned, choose_lot, choose_port
from provisioner.services.internet.ending import SERVICE
from provisioner.services.internet.risks import risks
from provisioner.services.internet.steps import on_steps
from provisioner.services.internet.wanted import InternetInput
from provisioner.services.wishes import DeviceWishes, device_wishes, object_claims
from provisioner.texts import Message, say

_SECONDS = 60
"""What the machine does; work on site takes as long as people take."""


def plan(
    wanted: InternetInput,
    hosts: Mapping[str, Host],
    facts: InternetFacts,
    ledger: Ledger,
    pinned: Pinned | None = None,
) -> Plan:
    """Make the plan; with ``pinned`` (an earlier plan's ``choices``) every choice is kept.

    ``ledger`` holds the live claims of others. The same world gives the same digest. Raises
    Conflict: ``not-plannable`` or ``no-capacity`` with what and where; ``plan-changed`` when a
    pinned choice no longer holds.
    """
    bookings = Bookings(ledger, {wanted.number})
    port = choose_port(wanted, facts, ledger, pinned)
    lot = choose_lot(wanted, port.device, facts, bookings, pinned)
    check_air(wanted, facts, bookings)
    devices = device_wishes(
        wanted.intents(port, lot), facts.readings, hosts, bookings, facts.at,
        unsure(wanted, lot, facts),
    )  # fmt: skip
    choices = choices_of(wanted, port, lot)
    check_pinned(pinned, choices)
    return Plan(
        service=SERVICE,
        choices=choices,
        objects=objects_of(lot, devices),
        summary=_summary(wanted, port, lot),
        steps=on_steps(wanted, port, lot, devices),
        claims=(*_claims(wanted, port, lot), *object_claims(wanted.number, devices, {})),
        risks=risks(wanted, lot, devices, facts, hosts),
        expected_seconds=_SECONDS,
        picture={"path": choices["path"]},
    )


def check_air(wanted: InternetInput, facts: InternetFacts, bookings: Bookings) -> None:
    """Raise Conflict where the WiFi that is asked for cannot be on the air of the site."""
    ssid = wanted.details.ssid
    if ssid is None:
        return
    here = wanted.access_points
    check_unheard(wanted.number, ssid, facts.readings, here, bookings)
    check_unique(ssid, here, bookings, ALWAYS)
    check_room(here, wanted.radio.names, bookings, ALWAYS, wanted.zone)
    check_crowd(wanted.details.expected_users, len(here), wanted.radio.users)


def unsure(wanted: InternetInput, lot: Lot, facts: InternetFacts) -> set[str]:
    """Devices whose answer was about another VLAN of several that they were asked about.

    Access points are asked about the first one only.
    """
    if len(facts.asked) <= 1:
        return set()
    air = wanted.access_points if facts.asked[0] != lot.vlan else ()
    return {*air, *(way.router.device for way in wanted.ways.values())}


def choices_of(wanted: InternetInput, port: Port, lot: Lot) -> dict[str, Any]:
    """The decisions, and what they rest on."""
    details, ends_at = wanted.details, wanted.ends_at
    ways = {port.device: wanted.ways[port.device], **{w.start.device: w for w in wanted.air}}
    return {
        "site": details.site,
        "switch": port.device,
        "port": port.port,
        "segment": lot.segment,
        "vlan": lot.vlan,
        "cidr": str(lot.cidr),
        "router": wanted.ways[port.device].router.device,
        "path": {start: way.passed() for start, way in ways.items()},
        "rate_limit_mbps": wanted.mbps,
        "ssid": details.ssid,
        "access_points": wanted.access_points,
        "ends_at": rfc3339(ends_at) if ends_at else None,
    }


def objects_of(lot: Lot, devices: Mapping[str, DeviceWishes]) -> dict[str, Any]:
    """The state of what is touched, for the digest."""
    found = {
        f"{host} {key}": as_text(there)
        for host, device in devices.items()
        for key, there in device.expected.items()
    }
    return {f"network {lot.name}": {"vlan": lot.vlan, "cidr": str(lot.cidr)}, **found}


def _claims(wanted: InternetInput, port: Port, lot: Lot) -> Iterator[Claim]:
    yield from wanted.stock(port.device).claims(lot, {}, shared=False)
    rest = {"quarantine_hours": wanted.segment.quarantine_hours, "site": wanted.details.site}
    yield Claim("switch_port", port.device, port.port, rest)


def _summary(wanted: InternetInput, port: Port, lot: Lot) -> Message:
    told = {
        "site": wanted.site.title,
        "port": ":".join(port),
        "vlan": lot.vlan,
        "cidr": str(lot.cidr),
        "mbps": wanted.mbps,
    }
    if wanted.details.ssid is None:
        return say(
            "Connects %(site)s at port %(port)s: VLAN %(vlan)d, network %(cidr)s, %(mbps)d Mbit/s. "
            "Nothing else changes.",
            **told,
        )
    return say(
        "Connects %(site)s at port %(port)s: VLAN %(vlan)d, network %(cidr)s, %(mbps)d Mbit/s, "
        'with the WiFi "%(ssid)s" on %(aps)d access points. Nothing else changes.',
        ssid=wanted.details.ssid,
        aps=len(wanted.access_points),
        **told,
    )
