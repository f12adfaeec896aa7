"""Which port, VLAN and network a site gets: the first that is free; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.catalogue.network_fields import Port
from provisioner.drivers.network import AccessPort
from provisioner.errors import Conflict
from provisioner.facts.internet import InternetFacts
from provisioner.plans import segments
from provisioner.plans.claims import Ledger
from provisioner.plans.refusals import NO_CAPACITY, PLAN_CHANGED
from provisioner.plans.segments import Lot
from provisioner.services.booking import Bookings
from provisioner.services.colocation.choosing import joined
from provisioner.services.internet.wanted import InternetInput
from provisioner.services.marking import MARK
from provisioner.services.scopes import rest_of
from provisioner.texts import Message, Phrase, say

Pinned = Mapping[str, Any]
"""Choices of an earlier plan."""


def choose_port(
    wanted: InternetInput, facts: InternetFacts, ledger: Ledger, pinned: Pinned | None = None
) -> Port:
    """The first port of the site that is free, in the order of the file.

    Raises Conflict: ``no-capacity`` with what is in the way of each port, ``plan-changed`` when the
    pinned one can no longer be used.
    """
    reasons: list[Phrase] = []
    for port in wanted.site.free_ports():
        if pinned is not None and port != (pinned["switch"], pinned["port"]):
            continue
        why = _obstacle(wanted, port, facts, ledger)
        if why is None:
            return port
        reasons.append(why)
    told = joined(reasons) if reasons else say("it is no longer in network.yml")
    if pinned is not None:
        raise Conflict(
            say("The port that was planned can no longer be used: %(why)s.", why=told),
            slug=PLAN_CHANGED,
        )
    raise Conflict(
        say(
            "The site %(site)s has no free port: %(why)s. Enter a further one under sites.%(key)s."
            "ports of network.yml.",
            site=wanted.site.title,
            key=wanted.details.site,
            why=told,
        ),
        slug=NO_CAPACITY,
        extra={"site": wanted.details.site},
    )


def choose_lot(
    wanted: InternetInput,
    switch: str,
    facts: InternetFacts,
    bookings: Bookings,
    pinned: Pinned | None = None,
) -> Lot:
    """The lowest VLAN with its network that nobody has; raises Conflict like ``choose_port``."""
    stock = wanted.stock(switch)
    taken = bookings.stock(stock.name, facts.at, None, rest_of(stock.segment))
    asked = [lot for lot in stock.lots() if lot.vlan in facts.asked]
    seen = stock.seen(asked, facts.readings)
    if pinned is not None:
        return segments.keep(stock.name, stock.segment, taken, seen, int(pinned["vlan"]))
    return segments.choose(stock.name, stock.segment, taken, facts.asked, seen)


def _obstacle(
    wanted: InternetInput, port: Port, facts: InternetFacts, ledger: Ledger
) -> Message | None:
    text = ":".join(port)
    claim = ledger.of("switch_port", port.device).get(port.port)
    if claim is not None and claim.quarantine:
        return say("%(port)s rests after %(number)s", port=text, number=claim.owner)
    if claim is not None:
        return say("%(port)s is kept for %(number)s", port=text, number=claim.owner)
    if port.device in wanted.astray:
        return wanted.astray[port.device]
    way = wanted.ways[port.device]
    for device in (*way.devices, way.router.device):
        if device not in facts.readings:
            why = facts.silent.get(device, say("it was not read"))
            return say("%(switch)s does not answer (%(why)s)", switch=device, why=why)
    reading = facts.readings[port.device]
    key = AccessPort(port.port, 1, "").key
    there = reading.objects.get(key)
    own = f"{MARK}{wanted.number} "
    if isinstance(there, AccessPort) and not there.description.startswith(own):
        return say(
            "%(port)s is in use (VLAN %(vlan)s, %(text)s)",
            port=text,
            vlan=there.vlan,
            text=there.description or say("no description"),
        )
    if key in reading.problems and there is None:
        return say("%(switch)s: %(why)s", switch=text, why=reading.problems[key])
    return None
