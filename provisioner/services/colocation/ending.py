"""Taking a server out: its port freed, the rest only where no other server needs it; pure."""

from __future__ import annotations

from datetime import datetime

from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.services.booking import Bookings
from provisioner.services.colocation.steps import off_steps, units_text
from provisioner.services.wishes import to_remove
from provisioner.texts import say

SERVICE = "colocation"


def off_plan(on: Plan, number: str, ledger: Ledger, *, at: datetime) -> Plan:
    """The plan that takes away what ``on`` added for request ``number``.

    An object that stood before stays, and so does one that another live claim needs ``at`` that
    moment. Nothing is claimed, and the state of no object is in its digest: drift never blocks an
    end.
    """
    steps = {step.key: step for step in on.steps}
    gone = to_remove(on, Bookings(ledger, {number}), at)
    chosen = on.choices
    return Plan(
        service=SERVICE,
        choices={
            key: chosen[key]
            for key in ("server", "rack", "units", "feeds", "switch", "port", "network", "address")
        }
        | {"ends": number},
        objects={},
        summary=say(
            "Takes the server %(name)s out of rack %(rack)s, units %(units)s, and frees its "
            "switch port, its power and the address %(address)s. Nothing else changes.",
            name=chosen["server"],
            rack=chosen["rack"],
            units=units_text(chosen["units"]),
            address=chosen["address"],
        ),
        steps=off_steps(steps, gone, chosen),
        claims=(),
        risks=(),
        expected_seconds=on.expected_seconds,
    )
