"""Tells people what happened: worked out from events, sent one by one, never twice in vain."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from sqlalchemy.orm import Session

from provisioner import events, outbox
from provisioner.database import Database, now
from provisioner.errors import Misconfigured, ProvisionerError
from provisioner.notices import store
from provisioner.notices.mail import Mailer, Refused
from provisioner.notices.model import NoticePending
from provisioner.notices.recipients import recipients
from provisioner.notices.rules import RULES, Channel, Subject
from provisioner.notices.store import OWN, owner_of
from provisioner.notices.wording import Happened, Letterhead, compose, trial
from provisioner.notifications import STALE, Undelivered, tell
from provisioner.people.model import Person
from provisioner.secrets import SecretStore
from provisioner.texts import DEFAULT_LANGUAGE, say

log = logging.getLogger(__name__)

HAPPENED: Final = "happened"
"""Topic of the outbox: something happened to a record of which somebody may want to hear."""
NOTICE: Final = "notice"
"""Topic of the outbox: one message to one person over one channel."""
SubjectOf = Callable[[Session, str], Subject | None]
"""To whom a record belongs; None where it is not known any more."""


class Notices:
    """From an event to a message: ``heard`` in the event's transaction, the rest afterwards."""

    def __init__(
        self,
        database: Database,
        secrets: SecretStore,
        mailer: Mailer | None,
        subject_of: SubjectOf,
        head: Letterhead,
        gather: timedelta,
    ) -> None:
        self._database, self._secrets, self._mailer = database, secrets, mailer
        self._subject_of, self._head, self._gather = subject_of, head, gather

    def heard(self, session: Session, happening: events.Happening) -> None:
        """Put it on its way when somebody may want to hear of it; within its transaction."""
        if happening.tag not in RULES:
            return
        session.add(
            NoticePending(
                record=happening.record,
                tag=happening.tag,
                actor=happening.actor,
                at=happening.at,
            )
        )
        outbox.put(session, HAPPENED, {"record": happening.record}, after=self._gather)

    def work_out(self, payload: Mapping[str, Any]) -> None:
        """A message of its own for everybody who wants one, of all that happened meanwhile."""
        record = str(payload["record"])
        with self._database.write() as session:
            pending = store.take_pending(session, record)
            subject = self._subject_of(session, record) if pending else None
            if subject is None:
                return
            told = recipients(session, pending, subject)
            for (person, channel), happened in told.people.items():
                self._put(session, record, happened, channel, person)
            if told.typed and self._mailer:
                self._put(session, record, told.typed, "email")

    def deliver(self, payload: Mapping[str, Any]) -> None:
        """Send one message. Raises what keeps it from being taken, to be offered again; what is
        refused for good or older than a day is given up."""
        channel: Channel = payload["channel"]
        person_id: int | None = payload.get("person")
        address, language = self._address(payload, channel)
        if address is None:
            return  # gone, closed or taken back since
        if now() - datetime.fromisoformat(payload["at"]) > STALE:
            log.warning("notices: %s was not taken for a day; given up", payload["id"])
            return
        try:
            self._send(payload, channel, address, language)
        except ProvisionerError as failure:
            if person_id is not None:
                with self._database.write() as session:
                    store.failed(session, person_id, channel, now(), failure.what)
            if not isinstance(failure, Refused):
                raise
            log.warning("notices: %s is given up: %s", payload["id"], failure.what)
        else:
            if person_id is not None:
                with self._database.write() as session:
                    store.went(session, person_id, channel, now())

    def put_trial(self, session: Session, person_id: int, channel: Channel) -> None:
        """Have a person sent a message that says nothing, within the caller's transaction."""
        self._put(session, "", [], channel, person_id)

    @property
    def has_mail(self) -> bool:
        """Whether the office sends e-mail at all."""
        return self._mailer is not None

    # ------------------------------------------------------------------ inside

    @staticmethod
    def _put(
        session: Session,
        record: str,
        happened: Sequence[Happened],
        channel: Channel,
        person: int | None = None,
    ) -> None:
        """No address in it: that is looked up when it is sent, and may have changed by then."""
        payload = {
            "id": uuid4().hex,
            "at": now().isoformat(),
            "record": record,
            "happened": [[tag, at.isoformat()] for tag, at in happened],
            "channel": channel,
            "person": person,
        }
        outbox.put(session, NOTICE, payload)

    def _address(self, payload: Mapping[str, Any], channel: Channel) -> tuple[str | None, str]:
        with self._database.read() as session:
            if payload["person"] is None:
                subject = self._subject_of(session, payload["record"])
                return subject.address if subject else None, DEFAULT_LANGUAGE
            person = session.get(Person, payload["person"])
            if person is None or not person.active:
                return None, DEFAULT_LANGUAGE
            if channel == "email":
                return person.email if self._mailer else None, person.language
            secret = self._secrets.find(session, OWN, owner_of(person.id))
        return self._secrets.get(secret) if secret else None, person.language

    def _send(
        self, payload: Mapping[str, Any], channel: Channel, address: str, language: str
    ) -> None:
        happened = [(tag, datetime.fromisoformat(at)) for tag, at in payload["happened"]]
        subject, body = (
            compose(
                self._head, payload["record"], happened, language,
                account=payload["person"] is not None,
            )
            if happened
            else trial(self._head, language)
        )  # fmt: skip
        if channel == "email":
            if self._mailer is None:
                raise Misconfigured(
                    "provisioner.toml", "notifications.mail", say("is missing; add it")
                )
            self._mailer.send(address, subject, body, payload["id"], language)
        elif not tell(address, f"{subject}\n{body}"):
            raise Undelivered(say("The channel did not take the text."))
