"""Disconnecting a site: only what is ours, and nothing that another request needs; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.services.booking import Bookings
from provisioner.services.internet.steps import PROVE, off_steps
from provisioner.services.wishes import to_remove
from provisioner.texts import say

SERVICE = "internet"
_KEPT = ("site", "switch", "port", "segment", "vlan", "cidr", "router", "ssid", "access_points")


def off_plan(on: Plan, number: str, ledger: Ledger, *, at: datetime) -> Plan:
    """The plan that takes away what ``on`` added for request ``number``.

    ``on`` is the plan as it stands after every change. An object that stood before stays, and so
    does one that another live claim needs ``at`` that moment. Nothing is claimed, and the state of
    no object is in its digest: drift never blocks an end.
    """
    bookings = Bookings(ledger, {number})
    steps = {step.key: step for step in on.steps}
    chosen, prove = on.choices, steps[PROVE].params
    ssid = prove["ssid"]
    others = [h for h in prove["hosts"] if ssid and bookings.announcers(h, ssid, at)]
    change, gone = off_steps(steps, to_remove(on, bookings, at), number)
    told = {**gone.params, "announced_by_others": others}
    return Plan(
        service=SERVICE,
        choices={**{key: chosen[key] for key in _KEPT}, "ends": number},
        objects={},
        summary=say(
            "Disconnects %(site)s: frees port %(port)s, VLAN %(vlan)d and the network %(cidr)s. "
            "Nothing else changes.",
            site=chosen["site"],
            port=f"{chosen['switch']}:{chosen['port']}",
            vlan=chosen["vlan"],
            cidr=chosen["cidr"],
        ),
        steps=(change, replace(gone, params=told)),
        claims=(),
        risks=(),
        expected_seconds=on.expected_seconds,
    )
