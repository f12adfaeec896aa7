"""Plans actions on a server that stands in a rack: a later end, or the end now; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from provisioner.catalogue import Inventory
from provisioner.facts.colocation import ColocationFacts, ServerRecord
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.services.booking import rfc3339, shown
from provisioner.services.colocation.details import EndDetails, ExtendDetails
from provisioner.services.colocation.ending import SERVICE, off_plan
from provisioner.services.colocation.steps import extend_step
from provisioner.services.colocation.wanted import offer_of
from provisioner.services.event_wifi.planner import check_pinned
from provisioner.services.paths import refuse
from provisioner.texts import say


def plan_extension(
    department: str,
    details: ExtendDetails,
    facts: ColocationFacts,
    inventory: Inventory,
    pinned: Mapping[str, Any] | None = None,
) -> Plan:
    """Keep the server longer; it has everything reserved already. Raises Conflict."""
    stands = _standing(details.instance, department, facts)
    offer_of(inventory)
    if stands.ends_at is None:
        refuse(say("This server has no end; there is nothing to extend."))
    zone = inventory.office.zone
    ends_at = datetime.combine(details.until, time(), zone) + timedelta(days=1)
    if ends_at <= stands.ends_at:
        refuse(
            say(
                "The server stays until %(end)s anyway. To end it earlier, use the action for "
                "that.",
                end=shown(stands.ends_at, zone),
            ),
            pointer="/details/until",
        )
    before, after = rfc3339(stands.ends_at), rfc3339(ends_at)
    told = (shown(stands.ends_at, zone), shown(ends_at, zone))
    choices = {"instance": stands.id, "ends_at": after}
    check_pinned(pinned, choices)
    return Plan(
        service=SERVICE,
        choices=choices,
        objects={f"server {stands.number}": {"ends_at": before}},
        summary=say(
            "Keeps the server %(name)s until %(after)s instead of %(before)s. Nothing changes on "
            "any device.",
            name=stands.name,
            after=told[1],
            before=told[0],
        ),
        steps=(extend_step(stands.id, stands.name, before, after, told),),
        claims=(),
        risks=(),
        expected_seconds=1,
    )


def plan_end(
    department: str,
    details: EndDetails,
    facts: ColocationFacts,
    ledger: Ledger,
    pinned: Mapping[str, Any] | None = None,
) -> Plan:
    """Disconnect the server now and have it taken out. Raises Conflict when it does not stand."""
    stands = _standing(details.instance, department, facts)
    if details.confirm != stands.name:
        refuse(
            say(
                "The name typed to confirm is not that of the server (%(name)s). Return the "
                "request.",
                name=stands.name,
            ),
            pointer="/details/confirm",
        )
    off = off_plan(Plan.from_json(stands.plan), stands.number, ledger, at=facts.at)
    choices = {**off.choices, "instance": stands.id}
    check_pinned(pinned, choices)
    return replace(off, choices=choices)


def _standing(instance: str, department: str, facts: ColocationFacts) -> ServerRecord:
    stands = facts.instance
    if stands is None or stands.department != department:
        refuse(say("There is no server %(instance)s of this department.", instance=instance))
    if stands.ended:
        refuse(say("This server has been taken out already, or its end has begun."))
    return stands
