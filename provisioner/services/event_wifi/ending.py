"""Switching an event's WiFi off: only what is ours, and nothing that another event needs; pure."""

from __future__ import annotations

from datetime import datetime

from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.services.booking import Bookings, parse_time
from provisioner.services.event_wifi.steps import PROVE, off_steps
from provisioner.services.wishes import to_remove
from provisioner.texts import say

SERVICE = "event_wifi"


def off_plan(on: Plan, number: str, ledger: Ledger, *, at: datetime | None = None) -> Plan:
    """The plan that takes away what ``on`` added for request ``number``.

    An object that stood before stays, and so does one that another live claim needs ``at`` that
    moment (default: the end that was planned; give the present one when the end comes early or is
    made up for late). In its params ``expected`` is None throughout: what stands is ours. Nothing
    is claimed, and the state of no object is in its digest, because drift never blocks an end.
    """
    moment = at or parse_time(str(on.choices["ends_at"]))
    bookings = Bookings(ledger, {number})
    steps = {step.kind: step for step in on.steps}
    prove = steps[PROVE].params
    ssid = str(prove["ssid"])
    others = [host for host in prove["hosts"] if bookings.announcers(host, ssid, moment)]
    return Plan(
        service=SERVICE,
        choices={
            "place": on.choices["place"],
            "network": on.choices["network"],
            "ssid": ssid,
            "access_points": on.choices["access_points"],
            "ends": number,
        },
        objects={},
        summary=say(
            'Switches the WiFi "%(ssid)s" off on %(count)d access points and removes what was '
            "added for it. Nothing else changes.",
            ssid=ssid,
            count=len(prove["hosts"]),
        ),
        steps=off_steps(steps, to_remove(on, bookings, moment), number, others),
        claims=(),
        risks=(),
        expected_seconds=on.expected_seconds,
    )
