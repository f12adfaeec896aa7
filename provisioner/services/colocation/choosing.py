"""Where a server goes: units of a rack, power feeds, a switch port and an address; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from provisioner.catalogue import Rack
from provisioner.catalogue.network_fields import Port
from provisioner.errors import Conflict
from provisioner.facts.colocation import ColocationFacts
from provisioner.plans.claims import Ledger
from provisioner.plans.refusals import NO_CAPACITY, PLAN_CHANGED
from provisioner.services.colocation.intents import intents, why_not
from provisioner.services.colocation.wanted import ColocationInput
from provisioner.texts import Message, Phrase, say

Pinned = Mapping[str, Any]
"""Choices of an earlier plan."""


@dataclass(frozen=True)
class Spot:
    """A place for one server; ``units`` from the bottom, without a gap."""

    rack: str
    units: tuple[int, ...]
    feeds: tuple[str, ...]
    port: Port


def feed_scope(rack: str, feed: str) -> str:
    """The scope of claims on a feed's power."""
    return f"{rack}/{feed}"


def unit_key(unit: int) -> str:
    """The key of a claim on a rack unit."""
    return f"{unit:02}"


def promised_watts(ledger: Ledger, rack: str, feed: str) -> int:
    """What requests of ours may draw from a feed.

    Each counts whole on each of its feeds: one feed bears all when the other fails.
    """
    claims = ledger.of("rack_power", feed_scope(rack, feed)).values()
    return sum(int(claim.amounts["watts"]) for claim in claims)


def choose(
    wanted: ColocationInput, facts: ColocationFacts, ledger: Ledger, pinned: Pinned | None = None
) -> Spot:
    """The first rack with room for everything, in the order of the file.

    Raises Conflict: ``no-capacity`` with what each rack lacks, ``plan-changed`` when the pinned
    place is no longer free.
    """
    lacks: dict[str, Phrase] = {}
    for name, rack in wanted.racks.items():
        if pinned is not None and name != pinned["rack"]:
            continue
        units = _units(wanted, name, rack, ledger, pinned)
        feeds = _feeds(wanted, name, rack, ledger, pinned)
        port, taken = _port(wanted, rack, facts, ledger, pinned)
        if units and feeds and port:
            return Spot(name, units, feeds, port)
        lacks[name] = _lack(wanted, units, feeds, taken)
    if pinned is not None:
        raise Conflict(
            say(
                "The place in rack %(rack)s is no longer free as it was planned: %(why)s.",
                rack=pinned["rack"],
                why=lacks.get(str(pinned["rack"]), say("the rack is no longer in network.yml")),
            ),
            slug=PLAN_CHANGED,
        )
    told = [say("%(rack)s: %(why)s", rack=name, why=why) for name, why in lacks.items()]
    raise Conflict(
        say("No rack has room for this server. %(racks)s.", racks=joined(told)),
        slug=NO_CAPACITY,
        extra={"racks": {name: str(why) for name, why in lacks.items()}},
    )


def choose_address(
    wanted: ColocationInput, facts: ColocationFacts, ledger: Ledger, pinned: Pinned | None = None
) -> str:
    """The lowest address that nobody has; raises Conflict like ``choose``."""
    name = wanted.details.network
    claimed = ledger.of("address", name)
    addresses = [str(address) for address in sorted(wanted.network.addresses())]
    if pinned is not None:
        address = str(pinned["address"])
        if address in facts.answering:
            raise Conflict(
                say(
                    "Something answers at the address %(address)s now (%(how)s). It is not ours.",
                    address=address,
                    how=facts.answering[address],
                ),
                slug=PLAN_CHANGED,
            )
        if address in claimed or address not in addresses:
            raise Conflict(
                say("The address %(address)s can no longer be given away.", address=address),
                slug=PLAN_CHANGED,
            )
        return address
    free = next((a for a in addresses if a not in claimed and a not in facts.answering), None)
    if free is None:
        raise Conflict(
            say(
                "The network %(network)s has no free address: %(all)d may be given, %(taken)d are "
                "taken or rest. Widen assignable in network.yml.",
                network=name,
                all=len(addresses),
                taken=len(claimed),
            ),
            slug=NO_CAPACITY,
            extra={"network": name},
        )
    return free


def joined(messages: Collection[Phrase]) -> Phrase:
    """Several short texts as one."""
    first, *rest = messages or ("-",)
    return reduce(lambda one, other: say("%(one)s; %(other)s", one=one, other=other), rest, first)


def _units(
    wanted: ColocationInput, name: str, rack: Rack, ledger: Ledger, pinned: Pinned | None
) -> tuple[int, ...]:
    """The lowest run that is free; light servers leave the rack's lowest units to heavy ones."""
    height = wanted.details.units
    taken = {int(key) for key in ledger.of("rack_unit", name)}
    free = rack.free() - taken
    begins = [
        begin
        for begin in range(1, rack.units - height + 2)
        if free.issuperset(range(begin, begin + height))
    ]
    if pinned is not None:
        begins = [
            begin for begin in begins if list(range(begin, begin + height)) == pinned["units"]
        ]
    if not begins:
        return ()
    kept = 0 if wanted.heavy else rack.heavy_units
    begin = min(begins, key=lambda at: (at <= kept, at))
    return tuple(range(begin, begin + height))


def _feeds(
    wanted: ColocationInput, name: str, rack: Rack, ledger: Ledger, pinned: Pinned | None
) -> tuple[str, ...]:
    """The feeds with the most power left; empty where they do not suffice."""
    left = {
        key: feed.budget - promised_watts(ledger, name, key) for key, feed in rack.feeds.items()
    }
    enough = [key for key in left if left[key] >= wanted.details.watts]
    if pinned is not None:
        chosen = [key for key in pinned["feeds"] if key in enough]
    else:
        chosen = sorted(enough, key=lambda key: -left[key])[: wanted.details.power_feeds]
    return tuple(sorted(chosen)) if len(chosen) == wanted.details.power_feeds else ()


def _port(
    wanted: ColocationInput,
    rack: Rack,
    facts: ColocationFacts,
    ledger: Ledger,
    pinned: Pinned | None,
) -> tuple[Port | None, list[Phrase]]:
    """The first port that can be used, else why each cannot."""
    reasons: list[Phrase] = []
    for port in rack.ports():
        if pinned is not None and port != (pinned["switch"], pinned["port"]):
            continue
        why = _obstacle(wanted, port, facts, ledger)
        if why is None:
            return port, []
        reasons.append(why)
    return None, reasons


def _obstacle(
    wanted: ColocationInput, port: Port, facts: ColocationFacts, ledger: Ledger
) -> Message | None:
    claim = ledger.of("switch_port", port.device).get(port.port)
    if claim is not None:
        return say("%(port)s is kept for %(number)s", port=":".join(port), number=claim.owner)
    if port.device in wanted.astray:
        return wanted.astray[port.device]
    for switch in intents(wanted, port):
        if switch not in facts.readings:
            why = facts.silent.get(switch, say("it was not read"))
            return say("%(switch)s does not answer (%(why)s)", switch=switch, why=why)
    return why_not(wanted, facts.readings, port)


def _lack(
    wanted: ColocationInput,
    units: tuple[int, ...],
    feeds: tuple[str, ...],
    ports: Collection[Phrase],
) -> Phrase:
    details = wanted.details
    lacking: list[Phrase] = []
    if not units:
        lacking.append(say("no %(units)d free units in a row", units=details.units))
    if not feeds:
        lacking.append(
            say(
                "%(watts)d watts are not left on %(feeds)d of its power feeds",
                watts=details.watts,
                feeds=details.power_feeds,
            )
        )
    if ports:
        lacking.append(say("no free switch port (%(why)s)", why=joined(ports)))
    return joined(lacking)
