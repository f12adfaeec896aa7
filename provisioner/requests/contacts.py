"""Contacts with the applicant and notes of the office, on the request's own timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal, get_args

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner import events
from provisioner.catalogue.fields import plain_text
from provisioner.database import Database, now
from provisioner.errors import FieldError, Forbidden, Invalid, NotFound
from provisioner.events import Event, EventPayload, Happening
from provisioner.people.policy import Permission
from provisioner.people.rules import Actor, allows, may_see, sees_all
from provisioner.requests import store
from provisioner.requests.model import Request
from provisioner.requests.present import event_view
from provisioner.requests.views import EventView
from provisioner.texts import Message, say

ContactChannel = Literal["phone", "whatsapp", "visit", "email"]
CONTACT_CHANNELS: tuple[ContactChannel, ...] = get_args(ContactChannel)
LOGGED, ADDED, UNPINNED = "contact:logged", "note:added", "note:unpinned"


class NewContact(BaseModel):
    """How the office and the applicant spoke, and what came of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    channel: ContactChannel
    with_whom: Annotated[str, BeforeValidator(partial(plain_text, minimum=2, maximum=120))] = Field(
        alias="with"
    )
    summary: Annotated[str, BeforeValidator(partial(plain_text, minimum=3, maximum=1000))]
    at: AwareDatetime | None = Field(None, description="when it was; now if left out")


class NewNote(BaseModel):
    """A note that only the office reads; ``pinned`` ones stand on top of the request's page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[str, BeforeValidator(partial(plain_text, minimum=3, maximum=1000))]
    pinned: bool = False


@dataclass(frozen=True)
class Pinned:
    """A note that stands on top; ``id`` is its event's."""

    id: int
    text: str
    by: str
    at: datetime


_BY: dict[str, Message] = {
    "phone": say("Telephone call with %(who)s: %(summary)s"),
    "whatsapp": say("WhatsApp with %(who)s: %(summary)s"),
    "visit": say("Visit, spoken with %(who)s: %(summary)s"),
    "email": say("E-mail with %(who)s: %(summary)s"),
}


class Contacts:
    """What was spoken and noted; each is one event that is never changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def log(self, actor: Actor, number: str, new: NewContact) -> EventView:
        """A contact, which the department sees too. Raises Invalid, Forbidden, NotFound."""
        at = new.at or now()
        if at > now():
            raise Invalid([FieldError("/at", say("is in the future; when was it?"))])
        text = Message(_BY[new.channel].template, {"who": new.with_whom, "summary": new.summary})
        payload: dict[str, Any] = {
            "channel": new.channel, "with": new.with_whom, "summary": new.summary,
            "at": at.isoformat(), "text": text.to_json(),
        }  # fmt: skip
        return self._append(actor, number, LOGGED, payload)

    def note(self, actor: Actor, number: str, new: NewNote) -> EventView:
        """A note of the office. Raises Forbidden, NotFound."""
        text = say("Note: %(text)s", text=new.text)
        payload = {"pinned": new.pinned, "note": new.text, "text": text.to_json()}
        return self._append(actor, number, ADDED, payload)

    def unpin(self, actor: Actor, number: str, id: int) -> EventView:
        """The note stays on the timeline, and no longer on top. Raises NotFound, Forbidden."""
        if all(one.id != id for one in self.pinned(actor, number)):
            raise NotFound(say("There is no such pinned note."))
        return self._append(actor, number, UNPINNED, {"note": id})

    def pinned(self, actor: Actor, number: str) -> Sequence[Pinned]:
        """The pinned notes, newest first; none for an applicant. Raises NotFound."""
        with self._database.read() as session:
            self._visible(session, actor, number)
            if not sees_all(actor):
                return []
            notes = (
                select(Event, EventPayload.payload)
                .join(EventPayload, EventPayload.event_id == Event.id)
                .where(Event.record == number, Event.tag.in_((ADDED, UNPINNED)))
                .order_by(Event.seq.desc())
            )
            seen = [(event, payload) for event, payload in session.execute(notes)]
        gone = {payload["note"] for event, payload in seen if event.tag == UNPINNED}
        return [
            Pinned(event.seq, str(payload["note"]), event.actor, event.at)
            for event, payload in seen
            if event.tag == ADDED and payload["pinned"] and event.seq not in gone
        ]

    def _append(self, actor: Actor, number: str, tag: str, payload: dict[str, Any]) -> EventView:
        with self._database.write() as session:
            self._visible(session, actor, number)
            if not allows(actor, Permission.CONTACT):
                raise Forbidden(say("Your role does not allow this."))
            seq = events.append(session, number, tag, actor=actor.username, payload=payload)
        happened = Happening(number, seq, tag, actor.username, now(), events.CLICK.get(), payload)
        return event_view(happened, actor.language)

    @staticmethod
    def _visible(session: Session, actor: Actor, number: str) -> Request:
        request = store.by_number(session, number)
        if not may_see(actor, request.department_id):
            raise NotFound(store.no_such_request(number))
        return request
