"""What the header leads to: a few places at hand, the others under “More”."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provisioner.people.model import Role
from provisioner.people.rules import Actor
from provisioner.texts import Message, say

_ALL = frozenset(Role)
_OFFICE = _ALL - {Role.APPLICANT}
_LEADING = frozenset({Role.HEAD, Role.AUDITOR, Role.ADMINISTRATOR})


@dataclass(frozen=True)
class Place:
    """One entry; ``covers`` are further addresses below which it is the current one."""

    path: str
    title: Message
    roles: frozenset[Role] = _OFFICE
    covers: tuple[str, ...] = ()

    def is_at(self, here: str) -> bool:
        """Whether the page of that address belongs to this place."""
        if here == "/requests/new":
            return here in self.covers
        if self.path == "/":
            return here == "/" or here.startswith(self.covers)
        return here.startswith((self.path, *self.covers))


_HOME_OFFICE = Place("/", say("Queue"), covers=("/requests/", "/runs/"))
_HOME_DEPARTMENT = Place("/", say("Requests"), covers=("/requests/", "/runs/"))
_AT_HAND = (
    Place("/instances", say("What stands"), _ALL, ("/overview",)),
    Place("/checks", say("Checks")),
    Place("/topology", say("Network"), covers=("/devices", "/segments", "/racks")),
    Place("/complaints", say("Complaints"), _ALL),
    Place("/reports", say("Reports")),
)
_MORE = (
    Place("/findings", say("Findings"), covers=("/orphans",)),
    Place("/capacity", say("Capacity")),
    Place("/letters", say("Letters")),
    Place("/supervision", say("Supervision")),
    Place("/calendar", say("Calendar")),
    Place("/catalogue", say("Catalogue")),
    Place("/audit", say("Audit trail"), _LEADING),
    Place("/people", say("People"), frozenset({Role.ADMINISTRATOR})),
)
_ASKING = frozenset({Role.APPLICANT, Role.TECHNICIAN})
ASK = Place("/services", say("New request"), _ASKING, ("/ask", "/requests/new"))


def at_hand(actor: Actor) -> Sequence[Place]:
    """The entries that always stand in the header."""
    home = _HOME_OFFICE if actor.roles - {Role.APPLICANT} else _HOME_DEPARTMENT
    return [home, *(place for place in (*_AT_HAND, ASK) if actor.has(*place.roles))]


def more(actor: Actor) -> Sequence[Place]:
    """The entries that a menu holds."""
    return [place for place in _MORE if actor.has(*place.roles)]
