"""Taking a request in: made, changed, given its letter, handed in; each within one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, SecretStr
from sqlalchemy.orm import Session

from provisioner import events, outbox
from provisioner.catalogue import Inventory
from provisioner.database import now
from provisioner.errors import FieldError, Forbidden, Invalid
from provisioner.people.model import Department
from provisioner.people.rules import DEPARTMENT, Actor, may_file, may_operate
from provisioner.requests import store
from provisioner.requests.completeness import complete_details, secret_fields
from provisioner.requests.deadlines import due_of
from provisioner.requests.files import LetterFiles
from provisioner.requests.letters import display_name, examine
from provisioner.requests.model import Request
from provisioner.requests.rules import S as State
from provisioner.requests.states import change_state
from provisioner.requests.views import LetterIn, NewRequest, RequestPatch
from provisioner.secrets import SecretStore
from provisioner.texts import say

REQUEST_SUBMITTED = "request-submitted"
"""Outbox topic: a request was handed in."""
_OF_THE_OFFICE = frozenset({("troubleshooting", "remedy")})
"""Services with actions on devices that carry others as well."""

DetailsParser = Callable[[Mapping[str, Any], bool], BaseModel]
"""Checks a service's details (complete or not); raises Invalid below ``/details``."""


@dataclass(frozen=True)
class KeptLetter:
    """A letter's file that was examined and lies on disk, by its SHA-256."""

    file_name: str
    sha256: str
    media_type: str
    cleaned_media_type: str
    pages: int
    bytes: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Intake:
    """Requests of all services on their way in; the caller's session is a write transaction."""

    def __init__(
        self,
        inventory: Inventory,
        files: LetterFiles,
        parsers: Mapping[str, DetailsParser],
        secrets: SecretStore,
    ) -> None:
        self._inventory = inventory
        self._files = files
        self._parsers = parsers
        self._secrets = secrets

    def create(self, session: Session, actor: Actor, new: NewRequest) -> Request:
        """A draft with its number, within ``database.allocate()``. Raises Invalid, Forbidden."""
        if not may_file(actor, new.department):
            raise Forbidden(say("You may file requests for your own department only."))
        self.office_only(actor, new.service, new.details)
        if not DEPARTMENT.fullmatch(new.department):
            raise Invalid([FieldError("/department", say("is no department's short name"))])
        parsed = self.parse(new.service, new.details, complete=False)
        self._may_say_receipt(actor, new.channel, new.received_at)
        if faults := self.receipt_faults(new.received_at, new.letter):
            raise Invalid(faults)
        if session.get(Department, new.department) is None:
            # a letter on paper may come from a department that nobody has signed in for yet
            session.add(Department(id=new.department, name=new.department))
            session.flush()
        moment = now()
        year = moment.astimezone(self._inventory.office.zone).year
        request = Request(
            number=store.next_number(session, new.service, year),
            service=new.service,
            department_id=new.department,
            applicant=new.applicant.model_dump(mode="json"),
            details={},
            channel=new.channel,
            received_at=new.received_at,
            created_by=actor.id,
            created_at=moment,
            pauses=[],
        )
        session.add(request)
        session.flush()
        self._keep_details(session, request, parsed)
        if new.letter:
            store.write_letter(session, request, new.letter.model_dump(mode="json"))
        events.append(
            session, request.number, "request:created", actor=actor.username,
            payload={
                "service": new.service, "department": new.department, "channel": new.channel,
            },
        )  # fmt: skip
        return request

    def change(self, session: Session, actor: Actor, request: Request, patch: RequestPatch) -> None:
        """Keep what the patch gives. Raises Invalid, Forbidden."""
        given = patch.model_fields_set - {"revision"}
        self._may_say_receipt(actor, patch.channel, patch.received_at)
        if patch.received_at or patch.letter:
            received = patch.received_at if "received_at" in given else request.received_at
            if faults := self.receipt_faults(received, patch.letter or _said(session, request)):
                raise Invalid(faults)
        if patch.details is not None:
            self.office_only(actor, request.service, patch.details)
            parsed = self.parse(request.service, patch.details, complete=False)
            self._keep_details(session, request, parsed)
        if patch.applicant is not None:
            request.applicant = patch.applicant.model_dump(mode="json")
        if patch.letter is not None:
            store.write_letter(session, request, patch.letter.model_dump(mode="json"))
        if patch.channel is not None:
            request.channel = patch.channel
        if "received_at" in given and may_operate(actor):
            request.received_at = patch.received_at
        changed = [name for name in _PARTS if getattr(patch, name) is not None]
        events.append(
            session, request.number, "request:updated", actor=actor.username,
            payload={"fields": changed},
        )  # fmt: skip

    def receive(self, file_name: str, data: bytes) -> KeptLetter:
        """Examine a letter and put it on disk. Raises Invalid (``/file``), Retriable (disk)."""
        found = examine(data, file_name)
        self._files.keep(found.sha256, data, found.cleaned)
        return KeptLetter(
            display_name(file_name), found.sha256, found.media_type, found.cleaned_media_type,
            found.pages, found.bytes,
        )  # fmt: skip

    def attach(self, session: Session, actor: Actor, request: Request, kept: KeptLetter) -> None:
        """The file is the request's letter from now on."""
        letter = store.letter_or_new(session, request)
        for name, value in kept.to_json().items():
            setattr(letter, name, value)
        letter.uploaded_at, letter.uploaded_by = now(), actor.id
        events.append(
            session, request.number, "request:letter-attached", actor=actor.username,
            payload={"sha256": kept.sha256, "pages": kept.pages, "bytes": kept.bytes},
        )  # fmt: skip

    def hand_in(self, session: Session, actor: Actor, request: Request) -> None:
        """Everything has to be complete, the letter too. Raises Invalid with every gap."""
        parsed = complete_details(
            request, store.letter_of(session, request), self._inventory,
            lambda: self.parse(request.service, request.details, complete=True),
        )  # fmt: skip
        moment = now()
        self._keep_details(session, request, parsed)
        if request.submitted_at is None:
            request.submitted_at = moment
        store.close_pause(request, moment)
        request.due_at = self._due_at(request)
        change_state(
            session, request, State.SUBMITTED, tag="request:submitted", actor=actor.username,
            payload={"due_at": request.due_at.isoformat()},
        )  # fmt: skip
        outbox.put(session, REQUEST_SUBMITTED, {"number": request.number})

    def parse(self, service: str, details: Mapping[str, Any], complete: bool) -> BaseModel:
        """The checked details. Raises Invalid; ``complete``: with every gap too."""
        parser = self._parsers.get(service)
        if parser is None or self._inventory.catalogue.offer(service) is None:
            raise Invalid([FieldError("/service", say("this service is not offered here"))])
        return parser(details, complete)

    @staticmethod
    def office_only(actor: Actor, service: str, details: Mapping[str, Any]) -> None:
        """Raises Forbidden for what a department does not ask for in its own name."""
        if (service, details.get("action")) in _OF_THE_OFFICE and not may_operate(actor):
            raise Forbidden(say("This is asked for by the office's technicians only."))

    def receipt_faults(
        self, received_at: datetime | None, letter: LetterIn | None
    ) -> list[FieldError]:
        """What is wrong with the moment of receipt: in the future, or before the letter's date."""
        if received_at is None:
            return []
        if received_at > now():
            return [FieldError("/received_at", say("is in the future; when was it received?"))]
        day: date = received_at.astimezone(self._inventory.office.zone).date()
        if letter is not None and day < letter.date:
            return [FieldError("/received_at", say("is before the date of the letter"))]
        return []

    # ------------------------------------------------------------------ inside

    @staticmethod
    def _may_say_receipt(actor: Actor, channel: str | None, received_at: datetime | None) -> None:
        """What an applicant sends is received when it is sent: the clock is not theirs to set."""
        if (channel not in (None, "web") or received_at) and not may_operate(actor):
            raise Forbidden(say("How and when a letter was received is entered by technicians."))

    def _keep_details(self, session: Session, request: Request, parsed: BaseModel) -> None:
        """The details as plain data; what is secret goes to the secrets and leaves ``…_given``."""
        details = parsed.model_dump(mode="json", exclude_unset=True)
        for name in secret_fields(parsed):
            given: SecretStr | None = getattr(parsed, name)
            kind = f"{request.service}.{name}"
            if getattr(parsed, "without_secrets", False):
                self._secrets.forget_kind(session, kind, request.number)
            elif given is not None:
                self._secrets.replace(session, kind, request.number, given.get_secret_value())
            kept = self._secrets.find(session, kind, request.number) is not None
            details[f"{name}_given"] = kept
        request.details = details

    def _due_at(self, request: Request) -> datetime:
        due = due_of(request, self._inventory)
        if due is None:
            raise Invalid([FieldError("/service", say("this service is not offered here"))])
        return due


_PARTS = ("details", "applicant", "letter", "channel", "received_at")


def _said(session: Session, request: Request) -> LetterIn | None:
    """What the record says of the letter, as the form would."""
    letter = store.letter_of(session, request)
    if letter is None or letter.kind is None:
        return None
    said = {name: getattr(letter, name) for name in ("kind", "number", "date", "signatory")}
    return LetterIn.model_validate(said)
