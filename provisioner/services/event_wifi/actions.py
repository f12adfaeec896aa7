"""Plans actions on an event's WiFi that stands: a later end, or an early one; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from provisioner.catalogue import Inventory
from provisioner.drivers.network import Host, Wish
from provisioner.facts.event_wifi import EventWifiFacts, InstanceFacts
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Claim, Plan
from provisioner.plans.refusals import check_pinned
from provisioner.services.air import check_room
from provisioner.services.booking import Bookings, Window, parse_time, rfc3339, shown
from provisioner.services.event_wifi.details import ChangeDetails, EndDetails, ExtendDetails
from provisioner.services.event_wifi.ending import off_plan
from provisioner.services.event_wifi.nets import check_longer, needed, net_of
from provisioner.services.event_wifi.path import refuse
from provisioner.services.event_wifi.planner import SERVICE, check_name, objects_of
from provisioner.services.event_wifi.risks import of_the_change
from provisioner.services.event_wifi.steps import change_step, extend_step, prove_step
from provisioner.services.event_wifi.wanted import WifiInput, offer_of, wifi_input
from provisioner.services.wishes import device_changes, object_claims
from provisioner.texts import say

_CHANGED = ("rate_limit_mbps", "isolate_clients")
"""Answers of the first request that a change may replace."""


def plan_change(
    number: str,
    department: str,
    details: ChangeDetails,
    inventory: Inventory,
    hosts: Mapping[str, Host],
    facts: EventWifiFacts,
    pinned: Mapping[str, Any] | None = None,
) -> Plan:
    """Give the WiFi other values: only what differs becomes a wish; mark, name and end stay.

    Raises Conflict like ``planner.plan``, and when nothing would change.
    """
    stands = standing_wifi(details.instance, department, facts)
    on = Plan.from_json(stands.plan)
    wanted = changed_input(stands, details, inventory, hosts)
    net = net_of(on.choices, inventory.network)
    before = stands.keyed_by or stands.number
    given = details.passphrase_given and wanted.details.security != "open"
    keys = {"key_of": number if given else before, "key_before": before}
    whole = needed(wanted, net)
    devices = device_changes(whole, on, facts.readings, hosts, facts.at, rekeyed=given)
    if not devices:
        refuse(say("Nothing would change: the WiFi has these values already."))
    choices = {
        "instance": stands.id,
        "action": "change",
        "place": wanted.details.place,
        **net.choices(),
        "ssid": wanted.details.ssid,
        "access_points": wanted.access_points,
        "path": {path.start.device: path.passed() for path in wanted.paths},
        "ends_at": rfc3339(stands.ends_at),
    }
    check_pinned(pinned, choices)
    when = {**Window(facts.at, stands.ends_at).amounts(), "for": stands.number}
    return Plan(
        service=SERVICE,
        choices=choices,
        objects=objects_of(net, devices),
        summary=say(
            'Gives the WiFi "%(ssid)s" other values on %(count)d devices. It stays on meanwhile.',
            ssid=wanted.details.ssid,
            count=len(devices),
        ),
        steps=(
            change_step(wanted, devices, keys),
            prove_step(wanted, {h: [Wish(i).to_json() for i in its] for h, its in whole.items()}),
        ),
        claims=tuple(object_claims(number, devices, when)),
        risks=of_the_change(wanted, devices, facts, hosts),
        expected_seconds=wanted.offer.default_lead_seconds,
    )


def changed_input(
    stands: InstanceFacts,
    details: ChangeDetails,
    inventory: Inventory,
    hosts: Mapping[str, Host],
) -> WifiInput:
    """The request that switched the WiFi on, with the new answers. Raises Conflict."""
    whole = after_change(stands.details, details.model_dump())
    wanted = wifi_input(stands.number, whole, inventory=inventory, hosts=hosts)
    if details.rate_limit_mbps is not None and wanted.unrouted is not None:
        refuse(
            say("The speed cannot be set: %(why)s", why=wanted.unrouted),
            pointer="/details/rate_limit_mbps",
        )
    return wanted


def after_change(details: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that count after a change: those of the first request, and over them the new."""
    return {**details, **{k: change[k] for k in _CHANGED if change.get(k) is not None}}


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
    stands = standing_wifi(details.instance, department, facts)
    on = Plan.from_json(stands.plan)
    place, ssid = str(on.choices["place"]), str(on.choices["ssid"])
    net = net_of(on.choices, inventory.network)
    added = Window(stands.ends_at, details.ends_at)
    _check_length(added, parse_time(str(on.choices["starts_at"])), inventory)
    bookings = Bookings(ledger, {number, stands.number})
    zone, offer = inventory.office.zone, offer_of(inventory)
    check_longer(net, facts, inventory.network, bookings, added)
    check_name(ssid, place, inventory.network, bookings, added)
    here = on.choices["access_points"]
    check_room(here, offer.ssids_per_access_point, bookings, added, zone)
    before, after = shown(added.start, zone), shown(added.end, zone)
    choices = {
        "instance": stands.id,
        "place": place,
        "network": net.name,
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
    stands = standing_wifi(details.instance, department, facts)
    off = off_plan(Plan.from_json(stands.plan), stands.number, ledger, at=facts.at)
    choices = {**off.choices, "instance": stands.id}
    check_pinned(pinned, choices)
    return replace(off, choices=choices)


def standing_wifi(instance: str, department: str, facts: EventWifiFacts) -> InstanceFacts:
    """The WiFi that an action is about. Raises Conflict where it does not stand any more."""
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
    for claim in on.claims:
        if claim.kind == "device_object":
            about = {k: v for k, v in claim.amounts.items() if k in ("object", "ssid")}
            key = f"{about['object']} {number}"
            yield Claim("device_object", claim.scope, key, {**about, **when})
        elif claim.kind in ("vlan", "scope"):
            rest = {"quarantine_hours": claim.amounts["quarantine_hours"]}
            key = f"{claim.key.partition(' ')[0]} {number}"
            yield Claim(claim.kind, claim.scope, key, {**rest, **when})
