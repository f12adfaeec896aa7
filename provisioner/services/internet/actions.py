"""Plans actions on a site that is connected: other values, a later end, the end now; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Network
from typing import Any

from provisioner.catalogue import Inventory
from provisioner.catalogue.network_fields import Port
from provisioner.drivers.network import Host, Wish
from provisioner.facts.internet import InternetFacts, SiteRecord
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.refusals import check_pinned, refuse
from provisioner.plans.segments import Lot
from provisioner.services.booking import Bookings, rfc3339
from provisioner.services.extending import Wording, extension, later_end
from provisioner.services.internet.details import ChangeDetails, EndDetails, ExtendDetails
from provisioner.services.internet.ending import SERVICE, off_plan
from provisioner.services.internet.planner import check_air, choices_of, objects_of
from provisioner.services.internet.risks import risks
from provisioner.services.internet.steps import (
    change_step,
    hand_over_step,
    prove_step,
)
from provisioner.services.internet.wanted import InternetInput, internet_input, offer_of
from provisioner.services.wishes import device_changes, object_claims
from provisioner.texts import say

_SECONDS = 60
_CHANGED = ("rate_limit_mbps", "ssid", "security", "isolate_clients", "poe")
"""Answers of the first request that a change may replace."""


def plan_change(
    number: str,
    department: str,
    details: ChangeDetails,
    inventory: Inventory,
    hosts: Mapping[str, Host],
    facts: InternetFacts,
    ledger: Ledger,
    pinned: Mapping[str, Any] | None = None,
) -> Plan:
    """Give the site other values: only what differs becomes a wish; the mark stays.

    Raises Conflict like ``planner.plan``, and when nothing would change.
    """
    stands = standing_site(details.instance, department, facts)
    on = Plan.from_json(stands.plan)
    wanted = changed_input(stands, details, inventory, hosts)
    port, lot = port_of(on), lot_of(on)
    bookings = Bookings(ledger, {number, stands.number})
    check_air(wanted, facts, bookings)
    keys = _keys(number, stands, details, wanted)
    devices = device_changes(
        wanted.intents(port, lot), on, facts.readings, hosts, facts.at,
        rekeyed=keys["key_of"] != keys["key_before"],
    )  # fmt: skip
    if not devices:
        refuse(say("Nothing would change: the site has these values already."))
    choices = {
        **choices_of(wanted, port, lot),
        "ends_at": rfc3339(stands.ends_at) if stands.ends_at else None,
        "instance": stands.id,
        "action": "change",
    }
    check_pinned(pinned, choices)
    needed = {h: [Wish(i).to_json() for i in its] for h, its in wanted.intents(port, lot).items()}
    sheet = hand_over_step(wanted, port, lot)
    return Plan(
        service=SERVICE,
        choices=choices,
        objects=objects_of(lot, devices),
        summary=say(
            "Gives %(site)s other values on %(count)d devices. The connection itself stays.",
            site=stands.name,
            count=len(devices),
        ),
        steps=(
            change_step(wanted, port, devices, keys),
            prove_step(wanted, port, lot, needed),
            replace(sheet, params={**sheet.params, "ends_at": choices["ends_at"]}),
        ),
        claims=tuple(object_claims(number, devices, {"for": stands.number})),
        risks=risks(wanted, lot, devices, facts, hosts, connecting=False),
        expected_seconds=_SECONDS,
        picture={"path": choices["path"]},
    )


def changed_input(
    stands: SiteRecord,
    details: ChangeDetails,
    inventory: Inventory,
    hosts: Mapping[str, Host],
) -> InternetInput:
    """The request that connected the site, with the new answers. Raises Conflict."""
    whole = after_change(stands.details, details.model_dump())
    if whole.get("ssid") is None and any(whole.get(k) for k in ("security", "isolate_clients")):
        refuse(say("The site has no WiFi. Give it a name to get one."), pointer="/details/ssid")
    if whole.get("ssid") is not None and whole.get("security") is None:
        refuse(say("Choose how the new WiFi is secured."), pointer="/details/security")
    wanted = internet_input(
        stands.number, stands.department, whole, inventory=inventory, hosts=hosts
    )
    port = port_of(Plan.from_json(stands.plan))
    if port.device not in wanted.ways:
        refuse(
            wanted.astray.get(port.device)
            or say(
                "%(port)s, the port of the site, is no longer under sites.%(key)s.ports of "
                "network.yml. Enter it there again.",
                port=":".join(port),
                key=wanted.details.site,
            ),
            device=port.device,
        )
    return wanted


def after_change(details: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that count after a change: those of the first request, and over them the new."""
    return {**details, **{k: change[k] for k in _CHANGED if change.get(k) is not None}}


def port_of(on: Plan) -> Port:
    """The port that the site has."""
    return Port(str(on.choices["switch"]), str(on.choices["port"]))


def lot_of(on: Plan) -> Lot:
    """The VLAN and network that the site has."""
    chosen = on.choices
    return Lot(str(chosen["segment"]), int(chosen["vlan"]), IPv4Network(str(chosen["cidr"])))


def plan_extension(
    department: str,
    details: ExtendDetails,
    facts: InternetFacts,
    inventory: Inventory,
    pinned: Mapping[str, Any] | None = None,
) -> Plan:
    """Keep the site connected longer; it has everything reserved already. Raises Conflict."""
    stands = standing_site(details.instance, department, facts)
    offer = offer_of(inventory)
    later = later_end(
        stands.ends_at,
        details.until,
        inventory.office.zone,
        endless=say("This connection has no end; there is nothing to extend."),
        early=lambda end: say(
            "The site stays connected until %(end)s anyway. To end it earlier, use the action "
            "for that.",
            end=end,
        ),
    )
    if offer.max_days is not None and later.after > facts.at + timedelta(days=offer.max_days + 1):
        refuse(
            say("it may last at most %(days)s days", days=offer.max_days),
            pointer="/details/until",
        )
    before, after = later.told
    wording = Wording(
        title=say("Keep the site connected until %(after)s", after=after),
        changed=say("end of the connection"),
        summary=say(
            "Keeps %(name)s connected until %(after)s instead of %(before)s. Nothing changes on "
            "any device.",
            name=stands.name,
            after=after,
            before=before,
        ),
    )
    choices = {"instance": stands.id, "action": "extend"}
    thing = f"site {stands.number}"
    return extension(SERVICE, thing, stands.name, later, wording, choices, pinned)


def plan_end(
    department: str,
    details: EndDetails,
    facts: InternetFacts,
    ledger: Ledger,
    pinned: Mapping[str, Any] | None = None,
) -> Plan:
    """Disconnect the site now. Raises Conflict when it is not connected."""
    stands = standing_site(details.instance, department, facts)
    off = off_plan(Plan.from_json(stands.plan), stands.number, ledger, at=facts.at)
    choices = {**off.choices, "instance": stands.id, "action": "end"}
    check_pinned(pinned, choices)
    return replace(off, choices=choices)


def standing_site(instance: str, department: str, facts: InternetFacts) -> SiteRecord:
    """The site that an action is about. Raises Conflict where it is not connected any more."""
    stands = facts.instance
    if stands is None or stands.department != department:
        refuse(
            say("There is no connected site %(instance)s of this department.", instance=instance)
        )
    if stands.ended:
        refuse(say("This site has been disconnected already, or its end has begun."))
    return stands


def _keys(
    number: str, stands: SiteRecord, details: ChangeDetails, wanted: InternetInput
) -> dict[str, str]:
    """Whose passphrase is to be set, and whose is set now: a new one is kept with this request."""
    opened = stands.details.get("security") in (None, "open")
    locked = wanted.details.security not in (None, "open")
    fresh = locked and (details.passphrase_given or opened)
    return {"key_of": number if fresh else stands.keyed_by, "key_before": stands.keyed_by}
