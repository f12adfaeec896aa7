"""What an event of the record carries, in words; what only technicians read stands apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime

from api import words
from api.pages.called import Names
from provisioner.auditing.views import Entry
from provisioner.complaints import words as of_complaints
from provisioner.people.model import Role
from provisioner.texts import Message, say

Value = Message | str | datetime | date
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^ ]*")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_LABELS: Mapping[str, Message] = {
    "username": say("Person"),
    "address": say("Address"),
    "department": say("Department"),
    "service": say("Service"),
    "channel": say("Channel"),
    "kind": say("Kind"),
    "roles": say("Roles"),
    "reason": say("Reason"),
    "comment": say("Remark"),
    "override_reason": say("Reason"),
    "officer": say("Officer"),
    "team": say("Team"),
    "who": say("Who"),
    "by": say("By"),
    "summary": say("Plan"),
    "due_at": say("Due"),
    "begin_at": say("Begins"),
    "holds_until": say("Held until"),
    "at": say("When"),
    "pages": say("Pages"),
    "days": say("Days"),
    "instance": say("What stands"),
    "target": say("Place"),
    "text": say("Text"),
    "note": say("Note"),
    "faults": say("Faults"),
    "findings": say("Findings"),
    "scopes": say("Allowed"),
    "attempt": say("Attempt"),
    "revision": say("Revision"),
}
"""What people read of an event; the rest is for technicians."""
_WORDS: Mapping[str, tuple[Mapping[str, Message], ...]] = {
    "service": (words.SERVICES,),
    "channel": (words.CHANNELS, words.CONTACT_CHANNELS, of_complaints.CHANNELS),
    "kind": (of_complaints.KINDS, words.KINDS, words.LETTERS),
}


def told(entry: Entry, names: Names) -> list[tuple[Message, Value]]:
    """Each with its label, in the order in which the event carries them."""
    return [
        (_LABELS[key], _value(key, value, names))
        for key, value in entry.more.items()
        if key in _LABELS and (key, value) != ("username", entry.actor)
    ]


def technical(entry: Entry) -> list[tuple[str, str]]:
    """The tag, the place in the record, and the values that have no words, as they are kept."""
    rest = [(key, value) for key, value in entry.more.items() if key not in _LABELS]
    click = [("correlation", entry.correlation)] if entry.correlation else []
    return [("tag", entry.tag), ("seq", str(entry.seq)), *click, *rest]


def plain(value: str | None, names: Names) -> Value | None:
    """A value before or after a change: a class of complaints, a moment, a department."""
    if value is None:
        return None
    if value in of_complaints.CLASSES:
        return of_complaints.CLASSES[value]
    return _written(names.departments.get(value, value))


def _value(key: str, value: str, names: Names) -> Value:
    if key == "roles":
        return _roles(value)
    for those in _WORDS.get(key, ()):
        if value in those:
            return those[value]
    looks: Mapping[str, Callable[[str], str]] = {
        "department": lambda id: names.departments.get(id, id),
        "username": lambda who: names.people.get(who, who),
        "officer": lambda who: names.people.get(who, who),
        "by": lambda who: names.people.get(who, who),
        "instance": names.instance,
        "target": names.target,
    }
    return looks[key](value) if key in looks else _written(value)


def _roles(value: str) -> Message:
    roles = [words.ROLES[Role(role)] for role in value.split(", ") if role in list(Role)]
    places = ", ".join(f"%(role{n})s" for n in range(len(roles)))
    return Message(places, {f"role{n}": role for n, role in enumerate(roles)})


def _written(value: str) -> Value:
    if _MOMENT.fullmatch(value):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if _DAY.fullmatch(value) else value
