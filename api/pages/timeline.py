"""The one stream of a request: what people did and what the program did, each on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.words import REASONS
from provisioner.people.rules import Actor, sees_all
from provisioner.requests.views import EventView
from provisioner.texts import Message, say

STREAMS = {
    "": say("All"),
    "people": say("People"),
    "machine": say("The program"),
}
"""The choices of the filter, by the value of ``stream`` in the address."""
_PROGRAM = "system"
_SMALL = ("step:", "device:", "run:queued", "request:in-progress")
_TOLD = ("step:failed", "step:completed")
_OF_THE_OFFICE = ("step:", "device:", "run:", "plan:", "instance:", "note:")
_NOT_FOR_DEPARTMENTS = frozenset(
    {
        "request:planned", "request:first_approval", "request:attention", "request:escalated",
        "request:due-soon", "request:overdue", "request:escalated-late",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One line of the stream; ``quotes`` are what people wrote, each with what it answers."""

    event: EventView
    machine: bool
    by: str
    quotes: tuple[tuple[Message | None, Any], ...]

    @property
    def small(self) -> bool:
        """Single steps that went well are looked up, not told."""
        return self.event.tag not in _TOLD and self.event.tag.startswith(_SMALL)


@dataclass(frozen=True)
class Stream:
    """The entries of the chosen kind, newest first; ``rest`` counts the small ones besides."""

    chosen: str
    entries: tuple[Entry, ...]
    every: tuple[Entry, ...]


def stream_of(actor: Actor, events: Sequence[EventView], chosen: str) -> Stream:
    """The stream as the reader may see it; departments read what people did, and the results."""
    chosen = chosen if chosen in STREAMS else ""
    all_of_them = [
        _entry(actor, event)
        for event in reversed(events)
        if sees_all(actor) or _for_departments(event)
    ]
    if chosen == "people":
        entries = tuple(entry for entry in all_of_them if not entry.machine)
        return Stream(chosen, entries, entries)
    if chosen == "machine":
        entries = tuple(entry for entry in all_of_them if entry.machine)
        return Stream(chosen, entries, entries)
    told = tuple(entry for entry in all_of_them if not entry.small)
    return Stream(chosen, told, tuple(all_of_them))


def _for_departments(event: EventView) -> bool:
    return event.tag not in _NOT_FOR_DEPARTMENTS and not event.tag.startswith(_OF_THE_OFFICE)


def _entry(actor: Actor, event: EventView) -> Entry:
    data = event.data or {}
    by = event.actor if event.actor != _PROGRAM else str(data.get("by") or "")
    return Entry(event, machine=not by, by=by, quotes=tuple(_quotes(actor, data)))


def _quotes(actor: Actor, data: dict[str, Any]) -> list[tuple[Message | None, Any]]:
    found: list[tuple[Message | None, Any]] = []
    if reason := data.get("reason"):
        found.append((None, REASONS.get(reason, reason)))
    if sees_all(actor):
        if comment := data.get("comment"):
            found.append((None, comment))
        if why := data.get("override_reason"):
            found.append((say("Approved all the same, because:"), why))
    return found
