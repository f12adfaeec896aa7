"""What a person chooses to be told, and over which channels; and how those channels do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from provisioner import events
from provisioner.database import Database, now
from provisioner.errors import Conflict, FieldError, Invalid
from provisioner.notices import store
from provisioner.notices.model import NoticeChannel, NoticeChoice
from provisioner.notices.rules import CHANNELS, TOPICS, Channel, offered
from provisioner.notices.service import Notices
from provisioner.notices.store import OWN, owner_of
from provisioner.notifications import knows
from provisioner.people.model import Person
from provisioner.people.rules import Actor
from provisioner.secrets import SecretStore
from provisioner.texts import from_json, render, say

BETWEEN_TRIALS = timedelta(minutes=1)
_LONGEST = 500


class ChannelView(BaseModel):
    """One way to reach the person."""

    model_config = ConfigDict(frozen=True)

    channel: Channel
    there: bool
    """Whether messages can be sent there."""
    address: str | None
    """The e-mail address; of an own address its kind only, since the rest is a secret."""
    delivered_at: datetime | None = None
    failing_since: datetime | None = None
    error: str | None = None


class TopicView(BaseModel):
    """One thing to be told of."""

    model_config = ConfigDict(frozen=True)

    topic: str
    title: str
    channels: Sequence[Channel]


class NoticeView(BaseModel):
    """What somebody is told, and how."""

    model_config = ConfigDict(frozen=True)

    channels: Sequence[ChannelView]
    topics: Sequence[TopicView]


class NoticeChoices:
    """Everybody's own; nobody chooses for others."""

    def __init__(
        self, database: Database, secrets: SecretStore, notices: Notices, kinds: Sequence[str]
    ) -> None:
        """``kinds``: of Apprise addresses that people may give."""
        self._database, self._secrets, self._notices = database, secrets, notices
        self.kinds = tuple(kinds)

    def get(self, actor: Actor) -> NoticeView:
        """What the actor is told."""
        with self._database.read() as session:
            return self._view(session, actor)

    def choose(self, actor: Actor, topics: Mapping[str, Sequence[str]]) -> NoticeView:
        """Be told of each of these topics over these channels (none: not at all); others stay.

        Raises Invalid (``/topics/…``).
        """
        known = offered(actor.roles)
        faults = [
            FieldError(f"/topics/{topic}", say("is no topic of yours, or no channel"))
            for topic, channels in topics.items()
            if topic not in known or not set(channels) <= set(CHANNELS)
        ]
        if faults:
            raise Invalid(faults)
        with self._database.write() as session:
            row = session.get(NoticeChoice, actor.id) or NoticeChoice(person_id=actor.id, topics={})
            row.topics = row.topics | {topic: sorted(set(c)) for topic, c in topics.items()}
            row.updated_at = now()
            session.add(row)
            session.flush()
            return self._view(session, actor)

    def set_own(self, actor: Actor, url: str) -> NoticeView:
        """Keep an Apprise address of the actor's own, encrypted; an empty one forgets it.

        Raises Invalid (``/own``).
        """
        url = url.strip()
        if url and (len(url) > _LONGEST or not url.isprintable() or _kind(url) not in self.kinds):
            kinds = ", ".join(f"{kind}://" for kind in self.kinds)
            raise Invalid(
                [FieldError("/own", say("must begin with one of: %(kinds)s", kinds=kinds))]
            )
        if url and not knows(url):
            raise Invalid([FieldError("/own", say("is not a complete address of this kind"))])
        with self._database.write() as session:
            owner = owner_of(actor.id)
            if url:
                self._secrets.replace(session, OWN, owner, url)
            else:
                self._secrets.forget_kind(session, OWN, owner)
            row = store.channel(session, actor.id, "own")
            row.delivered_at = row.failing_since = row.error = None
            tag = "person:channel-set" if url else "person:channel-removed"
            events.append(
                session, "system", tag, actor=actor.username, payload={"username": actor.username}
            )
            return self._view(session, actor)

    def try_out(self, actor: Actor, channel: Channel) -> None:
        """Have a message sent there that says nothing. Raises Conflict."""
        with self._database.write() as session:
            view = next(v for v in self._view(session, actor).channels if v.channel == channel)
            if not view.there:
                raise Conflict(say("There is no address to send it to."), slug="no-address")
            row = store.channel(session, actor.id, channel)
            if row.tried_at and now() - row.tried_at < BETWEEN_TRIALS:
                raise Conflict(say("One is on its way; wait a minute."), slug="too-many-tries")
            row.tried_at = now()
            self._notices.put_trial(session, actor.id, channel)

    def _view(self, session: Session, actor: Actor) -> NoticeView:
        person = session.get_one(Person, actor.id)
        secret = self._secrets.find(session, OWN, owner_of(actor.id))
        kept = self._secrets.values(session, [secret])[0][1] if secret else None
        chosen = store.choices(session, [actor.id]).get(actor.id, {})
        has_mail = self._notices.has_mail
        return NoticeView(
            channels=[
                self._channel(session, actor, "email", person.email, has_mail),
                self._channel(session, actor, "own", f"{_kind(kept)}://" if kept else None, True),
            ],
            topics=[
                TopicView(
                    topic=key,
                    title=render(TOPICS[key].title, actor.language),
                    channels=[
                        channel
                        for channel in CHANNELS
                        if channel in chosen.get(key, CHANNELS if on else ())
                    ],
                )
                for key, on in offered(actor.roles).items()
            ],
        )

    @staticmethod
    def _channel(
        session: Session, actor: Actor, channel: Channel, address: str | None, works: bool
    ) -> ChannelView:
        row = session.get(NoticeChannel, (actor.id, channel))
        return ChannelView(
            channel=channel,
            there=bool(address) and works,
            address=address,
            delivered_at=row.delivered_at if row else None,
            failing_since=row.failing_since if row else None,
            error=render(from_json(row.error), actor.language) if row and row.error else None,
        )


def _kind(url: str) -> str:
    return url.partition("://")[0].lower()
