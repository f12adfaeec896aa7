"""Plans a place in the data centre: a pure function of request, facts, ledger, earlier choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.drivers.network import Host, Vlan
from provisioner.facts.colocation import ColocationFacts
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Claim, Plan
from provisioner.plans.refusals import check_pinned
from provisioner.services.booking import Bookings, rfc3339
from provisioner.services.colocation.choosing import (
    Spot,
    choose,
    choose_address,
    feed_scope,
    promised_watts,
    unit_key,
)
from provisioner.services.colocation.ending import SERVICE
from provisioner.services.colocation.intents import Intents, intents
from provisioner.services.colocation.risks import risks
from provisioner.services.colocation.steps import on_steps, units_text
from provisioner.services.colocation.wanted import ColocationInput
from provisioner.services.device_objects import as_text
from provisioner.services.marking import is_ours
from provisioner.services.wishes import DeviceWishes, device_wishes
from provisioner.texts import Message, say

_SECONDS = 60
"""What the machine does; the racking takes as long as people take."""


def plan(
    wanted: ColocationInput,
    hosts: Mapping[str, Host],
    facts: ColocationFacts,
    ledger: Ledger,
    pinned: Mapping[str, Any] | None = None,
) -> Plan:
    """Make the plan; with ``pinned`` (an earlier plan's ``choices``) every choice is kept.

    ``ledger`` holds the live claims of others. The same world gives the same digest. Raises
    Conflict: ``not-plannable`` or ``no-capacity`` with what and where; ``plan-changed`` when a
    pinned choice no longer holds.
    """
    spot = choose(wanted, facts, ledger, pinned)
    address = choose_address(wanted, facts, ledger, pinned)
    bookings = Bookings(ledger, {wanted.number})
    devices = _devices(intents(wanted, spot.port), facts, hosts, bookings)
    choices = _choices(wanted, spot, address)
    check_pinned(pinned, choices)
    return Plan(
        service=SERVICE,
        choices=choices,
        objects=_objects(wanted, devices),
        summary=_summary(wanted, spot, address),
        steps=on_steps(wanted, spot, address, devices),
        claims=(
            *_claims(wanted, spot, address),
            *_object_claims(wanted.number, devices, bookings, facts),
        ),
        risks=risks(wanted, spot, devices, facts, hosts, ledger),
        expected_seconds=_SECONDS,
        picture=_picture(wanted, spot, ledger),
    )


def _devices(
    needed: Intents, facts: ColocationFacts, hosts: Mapping[str, Host], bookings: Bookings
) -> dict[str, DeviceWishes]:
    """What is to be added on each switch.

    A VLAN under a name of somebody else says nothing about who put it on a trunk. There what stands
    is wished as it stands, although another server of ours may have brought it.
    """
    unmarked = Bookings(Ledger(), ())
    found: dict[str, DeviceWishes] = {}
    for host, wanted in needed.items():
        vlan = next(intent for intent in wanted if isinstance(intent, Vlan))
        there = facts.readings[host].objects[vlan.key]
        books = bookings if there is None or is_ours(there) else unmarked
        found |= device_wishes({host: wanted}, facts.readings, hosts, books, facts.at)
    return found


def _choices(wanted: ColocationInput, spot: Spot, address: str) -> dict[str, Any]:
    way = wanted.ways[spot.port.device]
    ends_at = wanted.ends_at
    return {
        "server": wanted.details.server_name,
        "rack": spot.rack,
        "units": list(spot.units),
        "feeds": list(spot.feeds),
        "switch": spot.port.device,
        "port": spot.port.port,
        "network": wanted.details.network,
        "address": address,
        "path": way.passed(),
        "ends_at": rfc3339(ends_at) if ends_at else None,
    }


def _objects(wanted: ColocationInput, devices: Mapping[str, DeviceWishes]) -> dict[str, Any]:
    network = wanted.network
    found = {
        f"{host} {key}": as_text(there)
        for host, device in devices.items()
        for key, there in device.expected.items()
    }
    name = f"network {wanted.details.network}"
    return {name: {"vlan": network.vlan, "cidr": str(network.cidr)}, **found}


def _claims(wanted: ColocationInput, spot: Spot, address: str) -> Iterator[Claim]:
    number, server = wanted.number, {"server": wanted.details.server_name}
    for unit in spot.units:
        yield Claim("rack_unit", spot.rack, unit_key(unit), server)
    for feed in spot.feeds:
        watts = {"watts": wanted.details.watts}
        yield Claim("rack_power", feed_scope(spot.rack, feed), number, watts)
    yield Claim("switch_port", spot.port.device, spot.port.port, server)
    rest = {"quarantine_hours": wanted.network.quarantine_hours}
    yield Claim("address", wanted.details.network, address, rest)


def _object_claims(
    number: str,
    devices: Mapping[str, DeviceWishes],
    bookings: Bookings,
    facts: ColocationFacts,
) -> Iterator[Claim]:
    """What we add, and what other servers of ours brought: it stays while one needs it."""
    for host, device in devices.items():
        keys = {wish.intent.key for wish in device.wishes} & bookings.begun(host, facts.at)
        keys |= {intent.key for intent in device.added}
        for key in sorted(keys):
            yield Claim("device_object", host, f"{key} {number}", {"object": key})


def _summary(wanted: ColocationInput, spot: Spot, address: str) -> Message:
    return say(
        "Gives the server %(name)s units %(units)s of rack %(rack)s, power feeds %(feeds)s, "
        "switch port %(port)s and the address %(address)s (VLAN %(vlan)d). A technician puts it "
        "in; then it is proven. Nothing else changes.",
        name=wanted.details.server_name,
        units=units_text(spot.units),
        rack=wanted.racks[spot.rack].title,
        feeds=", ".join(spot.feeds),
        port=":".join(spot.port),
        address=address,
        vlan=wanted.network.vlan,
    )


def _picture(wanted: ColocationInput, spot: Spot, ledger: Ledger) -> dict[str, Any]:
    """The rack as it is and as it would be: who has which unit, and the power of each feed."""
    rack = wanted.racks[spot.rack]
    units = {
        str(unit): occupied.what or "-" for occupied in rack.occupied for unit in occupied.each()
    }
    for key, claim in ledger.of("rack_unit", spot.rack).items():
        units[str(int(key))] = str(claim.amounts.get("server", claim.owner))
    feeds = {
        key: {
            "budget": feed.budget + feed.used_watts,
            "now": feed.used_watts + promised_watts(ledger, spot.rack, key),
            "after": feed.used_watts
            + promised_watts(ledger, spot.rack, key)
            + (wanted.details.watts if key in spot.feeds else 0),
        }
        for key, feed in rack.feeds.items()
    }
    return {
        "rack": {
            "key": spot.rack,
            "title": rack.title,
            "height": rack.units,
            "units": units,
            "chosen": list(spot.units),
            "feeds": feeds,
        }
    }
