"""An office whose people are told, with both ends of the outbox in the test's hand."""

from __future__ import annotations

import json
from datetime import timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from provisioner import events
from provisioner.database import Database, now
from provisioner.notices.choosing import NoticeChoices
from provisioner.notices.mail import Mailer
from provisioner.notices.rules import Subject
from provisioner.notices.service import HAPPENED, NOTICE, Notices
from provisioner.notices.wording import Letterhead
from provisioner.outbox import Outbox, OutboxRow
from provisioner.people.model import Department, Person, PersonRole, Role
from provisioner.people.rules import Actor
from provisioner.secrets import SecretStore, new_key
from provisioner.settings import MailSettings, Settings

NUMBER = "VPS-2026-0001"
PEOPLE = {
    "sari": ("applicant", "dinkes", "sari@dinkes.example", "id"),
    "tono": ("applicant", "dindik", "tono@dindik.example", "id"),
    "rina": ("technician", None, "rina@office.example", "en"),
    "dewi": ("technician", None, None, "id"),
    "heru": ("head", None, "heru@office.example", "id"),
    "wulan": ("complaints", None, "wulan@office.example", "id"),
}


class Desk:
    """People, the notices of an office, and both ends of the outbox."""

    def __init__(self, database: Database, tmp_path: Path, **mail: Any) -> None:
        self.database, self.subject = database, Subject("dinkes", "kepala@puskesmas.example")
        key = new_key()
        self.secrets = SecretStore(database, lambda: key)
        terms = {"host": "127.0.0.1", "security": "none", "sender": "layanan@office.example"}
        settings = Settings(base=tmp_path)
        self.mailer = Mailer(settings, MailSettings.model_validate({**terms, **mail}))
        self.notices = Notices(
            database, self.secrets, self.mailer, lambda _session, _record: self.subject,
            Letterhead("Dinkominfo", "https://layanan.example", ZoneInfo("Asia/Jakarta")),
            timedelta(),
        )  # fmt: skip
        self.choices = NoticeChoices(database, self.secrets, self.notices, ["tgram", "json"])
        events.listen(database, self.notices.heard)
        handlers = {HAPPENED: self.notices.work_out, NOTICE: self.notices.deliver}
        self.outbox = Outbox(database, handlers, only=handlers)
        self.actors: dict[str, Actor] = {}
        with database.write() as session:
            session.add_all([Department(id=id, name=id) for id in ("dinkes", "dindik")])
            session.flush()
            for name, (role, department, email, language) in PEOPLE.items():
                person = Person(
                    username=name, name=name, created_at=now(), department_id=department,
                    email=email, language=language, roles=[PersonRole(role=role)],
                )  # fmt: skip
                session.add(person)
                session.flush()
                roles = frozenset({Role(role)})
                self.actors[name] = Actor(person.id, name, name, roles, department, language)

    def happens(self, *tags: str, actor: str = "system", record: str = NUMBER) -> None:
        for tag in tags:
            with self.database.write() as session:
                events.append(session, record, tag, actor=actor, payload={"reason": "Rahasia Sari"})

    def deliver(self) -> None:
        while self.outbox.deliver_due():
            pass

    def due_again(self) -> None:
        with self.database.write() as session:
            session.execute(update(OutboxRow).values(next_at=now()))

    def rows(self, topic: str = NOTICE) -> list[OutboxRow]:
        with self.database.read() as session:
            return list(session.scalars(select(OutboxRow).where(OutboxRow.topic == topic)))


def text_of(message: Message) -> str:
    return f"{message['Subject']}\n{message.get_content()}"  # type: ignore[attr-defined]


class Receiver(BaseHTTPRequestHandler):
    """Takes what Apprise posts as JSON."""

    got: ClassVar[list[dict[str, Any]]]

    def do_POST(self) -> None:
        self.got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(500 if "broken" in self.path else 200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass
