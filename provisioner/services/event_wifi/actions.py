"""Plans actions on an event's WiFi that stands: a later end, or an early one; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from provisioner.catalogue import Inventory
from provisioner.errors import Conflict
from provisioner.facts.event_wifi import EventWifiFacts, InstanceFacts
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Claim, Plan
from provisioner.services.event_wifi.booking import Bookings, Window, parse_time, rfc3339, shown
from provisioner.services.event_wifi.details import EndDetails, ExtendDetails
from provisioner.services.event_wifi.ending import off_plan
from provisioner.services.event_wifi.path import refuse
from provisioner.services.event_wifi.planner import (
    NO_CAPACITY,
    SERVICE,
    check_name,
    check_pinned,
    check_room,
)
from provisioner.services.event_wifi.steps import CHANGE, extend_step
from provisioner.services.event_wifi.wanted import offer_of
from provisioner.texts import say


def plan_extension(
    number: str,
    department: str,
    details: ExtendDetails,
    facts: EventWifiFacts,
    ledger: Ledger,
    inventory: Inventory,
    pinned: Mapping[str, Any] | None = None,
) -> Plan:
    """Keep the WiFi on longer: nothing changes on a device, network and air are claimed longer.

    Raises Conflict like ``planner.plan``.
    """
    stands = _standing(details.instance, department, facts)
    on = Plan.from_json(stands.plan)
    network, place, ssid = (str(on.choices[key]) for key in ("network", "place", "ssid"))
    added = Window(stands.ends_at, details.ends_at)
    _check_length(added, parse_time(str(on.choices["starts_at"])), inventory)
    bookings = Bookings(ledger, {number, stands.number})
    zone = inventory.office.zone
    taken = bookings.network(network, added)
    if taken:
        raise Conflict(
            say(
                "The event network %(network)s is promised to request %(number)s in the added "
                "time. The WiFi cannot stay on that long.",
                network=network,
                number=taken[0].owner,
            ),
            slug=NO_CAPACITY,
            extra={"network": network, "requests": [claim.owner for claim in taken]},
        )
    check_name(ssid, place, inventory.network, bookings, added)
    check_room(on.choices["access_points"], offer_of(inventory), bookings, added, zone)
    before, after = shown(added.start, zone), shown(added.end, zone)
    choices = {
        "instance": stands.id,
        "place": place,
        "network": network,
        "ends_at": rfc3339(added.end),
    }
    check_pinned(pinned, choices)
    return Plan(
        service=SERVICE,
        choices=choices,
        objects={f"wifi {stands.number}": {"ends_at": rfc3339(added.start)}},
        summary=say(
            'Keeps the WiFi "%(ssid)s" on until %(after)s instead of %(before)s. Nothing changes '
            "on any device.",
            ssid=ssid,
            after=after,
            before=before,
        ),
        steps=(extend_step(stands.id, place, before, after, rfc3339(added.end)),),
        claims=tuple(_claims(number, stands, on, added)),
        risks=(),
        expected_seconds=1,
    )


def plan_end(
    department: str,
    details: EndDetails,
    facts: EventWifiFacts,
    ledger: Ledger,
    pinned: Mapping[str, Any] | None = None,
) -> Plan:
    """Switch the WiFi off now. Raises Conflict when it does not stand."""
    stands = _standing(details.instance, department, facts)
    off = off_plan(Plan.from_json(stands.plan), stands.number, ledger, at=facts.at)
    choices = {**off.choices, "instance": stands.id}
    check_pinned(pinned, choices)
    return replace(off, choices=choices)


def _standing(instance: str, department: str, facts: EventWifiFacts) -> InstanceFacts:
    stands = facts.instance
    if stands is None or stands.department != department:
        refuse(say("There is no WiFi %(instance)s of this department.", instance=instance))
    if stands.ended:
        refuse(say("This WiFi has ended already. Ask for a new one."))
    return stands


def _check_length(added: Window, start: datetime, inventory: Inventory) -> None:
    if added.end <= added.start:
        refuse(
            say(
                "The WiFi is on until %(end)s anyway. To end it earlier, use the action for that.",
                end=shown(added.start, inventory.office.zone),
            )
        )
    days = offer_of(inventory).max_days
    if added.end - start > timedelta(days=days):
        refuse(say("An event may last at most %(days)s days in all.", days=days))


def _claims(number: str, stands: InstanceFacts, on: Plan, added: Window) -> Iterator[Claim]:
    """For the added time alone; ``for`` names the request whose objects they are."""
    when = {**added.amounts(), "for": stands.number}
    event = {**when, "place": on.choices["place"], "ssid": on.choices["ssid"]}
    yield Claim("event_network", str(on.choices["network"]), number, event)
    expected = next(step.params["expected"] for step in on.steps if step.kind == CHANGE)
    for host, objects in expected.items():
        for key, state in objects.items():
            if state is None:
                amounts = {"object": key, **when}
                yield Claim("device_object", host, f"{key} {number}", amounts)
