"""Plans actions on a server that stands in a rack: a later end, or the end now; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from provisioner.catalogue import Inventory
from provisioner.facts.colocation import ColocationFacts, ServerRecord
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.refusals import check_pinned, refuse
from provisioner.services.colocation.details import EndDetails, ExtendDetails
from provisioner.services.colocation.ending import SERVICE, off_plan
from provisioner.services.colocation.wanted import offer_of
from provisioner.services.extending import Wording, extension, later_end
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
    later = later_end(
        stands.ends_at,
        details.until,
        inventory.office.zone,
        endless=say("This server has no end; there is nothing to extend."),
        early=lambda end: say(
            "The server stays until %(end)s anyway. To end it earlier, use the action for that.",
            end=end,
        ),
    )
    before, after = later.told
    wording = Wording(
        title=say("Keep the server until %(after)s", after=after),
        changed=say("end of the place in the data centre"),
        summary=say(
            "Keeps the server %(name)s until %(after)s instead of %(before)s. Nothing changes on "
            "any device.",
            name=stands.name,
            after=after,
            before=before,
        ),
    )
    choices = {"instance": stands.id}
    thing = f"server {stands.number}"
    return extension(SERVICE, thing, stands.name, later, wording, choices, pinned)


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
