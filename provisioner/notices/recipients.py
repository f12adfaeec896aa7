"""For whom what happened to a record is, over which channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from provisioner.notices import store
from provisioner.notices.model import NoticePending
from provisioner.notices.rules import RULES, TOPICS, Audience, Channel, Subject, wanted
from provisioner.notices.wording import Happened
from provisioner.people.model import Person


@dataclass(frozen=True)
class Recipients:
    """Who is told of what."""

    people: Mapping[tuple[int, Channel], Sequence[Happened]]
    """By person and channel."""
    typed: Sequence[Happened]
    """For the address that the record's form names, which belongs to nobody with an account."""


def recipients(session: Session, pending: Sequence[NoticePending], subject: Subject) -> Recipients:
    """Those who want to hear of what is pending and can be reached."""
    reached = store.audiences(session, {RULES[row.tag][0] for row in pending}, subject)
    chosen, own = store.choices(session, reached), store.with_own(session, reached)
    people: dict[tuple[int, Channel], list[Happened]] = {}
    for id, (person, mine) in sorted(reached.items()):
        usable: set[Channel] = {"own"} if id in own else set()
        usable |= {"email"} if person.email else set()
        for row in pending:
            for channel in _channels(person, mine, row, chosen.get(id, {})):
                if channel in usable:
                    people.setdefault((id, channel), []).append((row.tag, row.at))
    known = {(person.email or "").lower() for person, _ in reached.values()}
    told = subject.address is not None and subject.address.lower() not in known
    typed = [
        (row.tag, row.at)
        for row in pending
        if told and Audience.APPLICANTS in TOPICS[RULES[row.tag][0]].on
    ]
    return Recipients(people, typed)


def _channels(
    person: Person, mine: set[Audience], row: NoticePending, chosen: Mapping[str, Sequence[str]]
) -> Sequence[Channel]:
    """Nobody is told of what they did themselves."""
    topic = RULES[row.tag][0]
    audiences = TOPICS[topic].audiences & mine
    if row.actor == person.username or not audiences:
        return ()
    return wanted(topic, audiences, chosen)
