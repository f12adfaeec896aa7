"""Who is told of what: events, the topics that people choose from, and who hears by default; pure.

A text says what happened and nothing of anybody: who wants to know more follows the link.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

from provisioner.people.model import Role
from provisioner.texts import Message, say

Channel = Literal["email", "own"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)


class Audience(StrEnum):
    """Those to whom a topic is of use."""

    APPLICANTS = "applicants"
    """Of the record's department, and the address that its form names."""
    TECHNICIANS = "technicians"
    APPROVERS = "approvers"
    HEAD = "head"
    COMPLAINTS = "complaints"
    NAMED = "named"
    """Whoever holds the record, such as a complaint's officer."""


A = Audience
ROLE_OF: Mapping[Audience, Role] = {
    A.APPLICANTS: Role.APPLICANT,
    A.TECHNICIANS: Role.TECHNICIAN,
    A.APPROVERS: Role.APPROVER,
    A.HEAD: Role.HEAD,
    A.COMPLAINTS: Role.COMPLAINTS,
}


@dataclass(frozen=True)
class Topic:
    """What people choose to hear of; ``on``: who hears without choosing, ``off``: who may."""

    title: Message
    on: frozenset[Audience]
    off: frozenset[Audience] = frozenset()

    @property
    def audiences(self) -> frozenset[Audience]:
        return self.on | self.off


def _topic(title: Message, *on: Audience, off: Iterable[Audience] = ()) -> Topic:
    return Topic(title, frozenset(on), frozenset(off))


TOPICS: Mapping[str, Topic] = {
    "submitted": _topic(say("A request was handed in"), A.TECHNICIANS, off=[A.HEAD]),
    "returned": _topic(say("A request has to be completed"), A.APPLICANTS),
    "approved": _topic(say("A request was approved or its time was fixed"), off=[A.APPLICANTS]),
    "done": _topic(say("A request was fulfilled"), A.APPLICANTS, off=[A.TECHNICIANS, A.HEAD]),
    "refused": _topic(say("A request was rejected"), A.APPLICANTS, off=[A.HEAD]),
    "cancelled": _topic(say("A request was cancelled"), A.TECHNICIANS),
    "letter": _topic(say("A letter is ready"), A.APPLICANTS),
    "withdrawn": _topic(
        say("A letter is no longer valid"), A.APPLICANTS, off=[A.HEAD, A.TECHNICIANS]
    ),
    "signature": _topic(
        say("A letter waits for its number, its signature or its sending"),
        off=[A.HEAD, A.TECHNICIANS],
    ),
    "second": _topic(say("A second approval is waited for"), A.APPROVERS),
    "attention": _topic(say("A person has to act"), A.TECHNICIANS),
    "due": _topic(say("A request is due soon or late"), A.TECHNICIANS, off=[A.HEAD]),
    "escalated": _topic(say("A request is still late"), A.HEAD, off=[A.TECHNICIANS]),
    "moved": _topic(say("A due date was moved"), A.APPLICANTS, off=[A.TECHNICIANS]),
    "ends": _topic(say("A service ends soon"), A.APPLICANTS, off=[A.TECHNICIANS]),
    "complaint": _topic(say("A complaint or suggestion came in"), A.COMPLAINTS, off=[A.HEAD]),
    "assigned": _topic(say("A complaint was given to me"), A.NAMED),
    "complaint-due": _topic(say("A complaint is due soon"), A.COMPLAINTS, A.NAMED),
    "complaint-late": _topic(say("A complaint is late"), A.COMPLAINTS, A.NAMED, A.HEAD),
    "report": _topic(say("A monthly report was issued"), A.HEAD),
    "meeting": _topic(say("A monthly meeting was recorded"), off=[A.HEAD, A.TECHNICIANS]),
}
"""In the order in which they are shown."""

RULES: Mapping[str, tuple[str, Message]] = {
    "request:submitted": ("submitted", say("The request was handed in")),
    "request:returned": ("returned", say("Please complete the request; its time stands still")),
    "request:approved": ("approved", say("The request was approved")),
    "request:scheduled": ("approved", say("The work begins by itself at its time")),
    "request:done": ("done", say("The request is fulfilled")),
    "request:rejected": ("refused", say("The request was rejected; the reason is on its page")),
    "request:cancelled": ("cancelled", say("The request was cancelled")),
    "letter:ready": ("signature", say("A letter waits for its number")),
    "letter:issued": ("signature", say("A letter waits for its signature")),
    "letter:signed": ("signature", say("A signed letter waits to be sent")),
    "letter:sent": ("letter", say("The letter is ready")),
    "letter:void": ("withdrawn", say("A letter is no longer valid")),
    "letter:replaced": ("withdrawn", say("A letter is no longer valid; a new one follows")),
    "request:first_approval": ("second", say("A second approval is waited for")),
    "request:attention": ("attention", say("A person has to act")),
    "run:waiting-person": ("attention", say("The work waits for a person")),
    "request:escalated": ("attention", say("Nobody has answered in time")),
    "request:due-soon": ("due", say("Most of its time is used up")),
    "request:overdue": ("due", say("It is late")),
    "request:escalated-late": ("escalated", say("It is still late")),
    "request:due-moved": ("moved", say("Its due date was moved")),
    "instance:expiring": ("ends", say("The service ends soon")),
    "complaint:received": ("complaint", say("A complaint or suggestion came in")),
    "complaint:assigned": ("assigned", say("The complaint was given to an officer")),
    "complaint:due-soon": ("complaint-due", say("The complaint has to be answered soon")),
    "complaint:overdue": ("complaint-late", say("The complaint is late")),
    "report:issued": ("report", say("The monthly report was issued")),
    "report:meeting": ("meeting", say("The monthly meeting was recorded")),
}
"""Event to its topic and what is said of it; nobody is told of other events."""


@dataclass(frozen=True)
class Subject:
    """To whom a record belongs."""

    department: str | None = None
    address: str | None = None
    """The e-mail address that its form names."""
    named: Sequence[str] = ()
    """User names of those who hold it."""


def offered(roles: Iterable[Role]) -> dict[str, bool]:
    """The topics that are of use to somebody with these roles, and whether they hear by default.

    What is for a named person is for everybody of the office.
    """
    own = frozenset(roles)
    mine = {audience for audience, role in ROLE_OF.items() if role in own}
    if own - {Role.APPLICANT}:
        mine.add(A.NAMED)
    return {
        key: bool(topic.on & mine)
        for key, topic in TOPICS.items()
        if topic.audiences & mine and (topic.audiences & mine != {A.NAMED} or key == "assigned")
    }


def wanted(
    topic: str, audiences: frozenset[Audience], chosen: Mapping[str, Sequence[str]]
) -> Sequence[Channel]:
    """The channels on which a person wants to hear of a topic, being of these audiences."""
    if topic in chosen:
        return [channel for channel in CHANNELS if channel in chosen[topic]]
    return CHANNELS if TOPICS[topic].on & audiences else ()


def path_of(record: str) -> str:
    """Where the record is shown to those who have an account."""
    prefix, _, rest = record.partition("-")
    if prefix == "ADU":
        return f"/complaints/{record}"
    return f"/reports/{rest}" if prefix == "REP" else f"/requests/{record}"
