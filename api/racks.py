"""Racks as they stand: who has which unit, the power of each feed, and a server's own place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.bootstrap import Product
from provisioner.catalogue import Rack
from provisioner.database import now
from provisioner.instances.model import Instance
from provisioner.instances.records import making_plan
from provisioner.people.rules import Actor, sees_all
from provisioner.plans import store as plans
from provisioner.plans.claims import Ledger
from provisioner.requests.model import Request
from provisioner.runs import store as runs
from provisioner.runs.steps.manual import COMPLETED
from provisioner.services.colocation.choosing import feed_scope
from provisioner.services.colocation.steps import HAND_OVER, RACK
from provisioner.texts import Message, Phrase, say

UNIT = 17
"""Height of one unit in the drawing."""
SOMEBODY = say("taken")


@dataclass(frozen=True)
class Slot:
    """Units next to each other with the same thing in them; ``what`` is None where it is free."""

    top: int
    bottom: int
    what: Phrase | None
    mine: bool
    y: int

    @property
    def height(self) -> int:
        return (self.top - self.bottom + 1) * UNIT


@dataclass(frozen=True)
class Power:
    """One feed, in watts."""

    feed: str
    taken: int
    after: int
    budget: int


@dataclass(frozen=True)
class RackDrawing:
    """A rack from top to bottom."""

    key: str
    title: str
    height: int
    slots: tuple[Slot, ...]
    power: tuple[Power, ...]

    @property
    def size(self) -> int:
        """Of the drawing, in its units."""
        return self.height * UNIT

    @property
    def free(self) -> int:
        """Units where nothing stands."""
        return sum(s.top - s.bottom + 1 for s in self.slots if s.what is None)


@dataclass(frozen=True)
class Place:
    """Where a department's server stands, as label and hand-over sheet say it."""

    server: str
    rack: str
    rack_title: str
    units: tuple[int, ...]
    feeds: tuple[str, ...]
    port: str
    address: str
    gateway: str
    dns: tuple[str, ...]
    model: str
    serial: str | None
    mac: str | None

    @property
    def units_text(self) -> str:
        first, last = min(self.units), max(self.units)
        return str(first) if first == last else f"{first}-{last}"


def of_picture(picture: Mapping[str, Any]) -> RackDrawing | None:
    """The rack of a plan with its chosen units; None for another service's plan."""
    said = picture.get("rack")
    if not said:
        return None
    units: dict[int, Phrase] = {int(unit): what for unit, what in said["units"].items()}
    chosen = frozenset(map(int, said["chosen"]))
    units |= dict.fromkeys(chosen, say("this server"))
    return RackDrawing(
        said["key"],
        said["title"],
        said["height"],
        tuple(_slots(said["height"], units, chosen)),
        tuple(
            Power(feed, one["now"], one["after"], one["budget"])
            for feed, one in said["feeds"].items()
        ),
    )


def all_racks(product: Product) -> list[RackDrawing]:
    """Every rack of network.yml with what is kept in it, for the office."""
    ledger = _ledger(product)
    found = product.inventory.network.racks
    return [_drawing(key, rack, ledger, frozenset(), True) for key, rack in found.items()]


def rack_around(product: Product, actor: Actor, place: Place) -> RackDrawing | None:
    """The rack of a server; other departments' servers are named to the office only."""
    rack = product.inventory.network.racks.get(place.rack)
    if rack is None:
        return None
    mine = frozenset(place.units)
    return _drawing(place.rack, rack, _ledger(product), mine, sees_all(actor))


def place_of(product: Product, id: str) -> Place | None:
    """The place of a colocated server as it was handed over; None for another instance."""
    with product.database.read() as session:
        instance = session.get_one(Instance, id)
        plan = making_plan(session, instance)
        said = next((s.params for s in plan.steps if s.key == HAND_OVER), None)
        if said is None:
            return None
        run = instance.made_by_run or session.get_one(Request, instance.request_id).run_id or ""
        racked = next((s.memory for s in runs.steps(session, run) if s.key == RACK), {})
    rack = product.inventory.network.racks.get(said["rack"])
    told = racked.get(COMPLETED, {}).get("answers", {})
    return Place(
        server=said["server"],
        rack=said["rack"],
        rack_title=rack.title if rack else said["rack"],
        units=tuple(said["units"]),
        feeds=tuple(said["feeds"]),
        port=f"{said['switch']}:{said['port']}",
        address=said["address"],
        gateway=said["gateway"],
        dns=tuple(said["dns"]),
        model=said["model"],
        serial=said["serial"] or told.get("serial"),
        mac=said["mac"],
    )


def _ledger(product: Product) -> Ledger:
    with product.database.read() as session:
        return plans.ledger(session, 0, now())


def _drawing(
    key: str, rack: Rack, ledger: Ledger, mine: frozenset[int], named: bool
) -> RackDrawing:
    units: dict[int, Phrase] = {
        unit: (occupied.what if named else None) or SOMEBODY
        for occupied in rack.occupied
        for unit in occupied.each()
    }
    for text, claim in ledger.of("rack_unit", key).items():
        shown = named or int(text) in mine
        units[int(text)] = str(claim.amounts.get("server", claim.owner)) if shown else SOMEBODY
    drawn: dict[str, int] = {
        feed: sum(
            int(claim.amounts.get("watts", 0))
            for claim in ledger.claims
            if claim.kind == "rack_power" and claim.scope == feed_scope(key, feed)
        )
        for feed in rack.feeds
    }
    return RackDrawing(
        key,
        rack.title,
        rack.units,
        tuple(_slots(rack.units, units, mine)),
        tuple(
            Power(
                feed,
                one.used_watts + drawn[feed],
                one.used_watts + drawn[feed],
                one.budget + one.used_watts,
            )
            for feed, one in rack.feeds.items()
        ),
    )


def _slots(height: int, units: Mapping[int, Phrase], mine: Collection[int]) -> Iterator[Slot]:
    top = height
    while top >= 1:
        what, is_mine = units.get(top), top in mine
        bottom = top
        while bottom > 1 and units.get(bottom - 1) == what and (bottom - 1 in mine) == is_mine:
            bottom -= 1
        yield Slot(top, bottom, what, is_mine, (height - top) * UNIT)
        top = bottom - 1


def label_of(slot: Slot) -> Message:
    """What a screen reader says of a slot."""
    return say(
        "units %(units)s: %(what)s",
        units=f"{slot.bottom}-{slot.top}" if slot.bottom != slot.top else slot.top,
        what=slot.what or say("free"),
    )
