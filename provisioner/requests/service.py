"""What people do with requests: file, complete, submit, return, reject, cancel, look."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, SecretStr
from sqlalchemy.orm import Session

from provisioner import events, outbox
from provisioner.catalogue import Inventory
from provisioner.catalogue.fields import one_line
from provisioner.database import Database, now
from provisioner.errors import FieldError, Forbidden, Invalid, NotFound
from provisioner.people.model import Department
from provisioner.people.rules import DEPARTMENT, Actor, may_file, may_operate, may_see, sees_all
from provisioner.requests import store
from provisioner.requests.completeness import complete_details, secret_fields
from provisioner.requests.files import LetterFiles
from provisioner.requests.letters import display_name, examine
from provisioner.requests.model import Letter, Request
from provisioner.requests.present import allowed_actions, event_view, request_views
from provisioner.requests.rules import EDITABLE, RequestState, may_follow
from provisioner.requests.rules import S as State
from provisioner.requests.states import change_state, wrong_state
from provisioner.requests.views import (
    EventView,
    LetterFile,
    NewRequest,
    RequestPage,
    RequestPatch,
    RequestView,
)
from provisioner.secrets import SecretStore
from provisioner.texts import say
from provisioner.worktime import due_at

REQUEST_SUBMITTED = "request-submitted"
"""Outbox topic: a request was handed in."""
REQUEST_CLOSED = "request-closed"
"""Outbox topic: a request went back, or was rejected or cancelled; its holds are given back."""

_OF_THE_OFFICE = frozenset({("troubleshooting", "remedy")})
"""Services with actions on devices that carry others as well."""
_LAST_ID = 2**63 - 1
_CURSOR = re.compile(r"[0-9]{1,18}")

DetailsParser = Callable[[Mapping[str, Any], bool], BaseModel]
"""Checks a service's details (complete or not); raises Invalid below ``/details``."""


class RequestService:
    """Requests of all services. Every method is one transaction."""

    def __init__(
        self,
        database: Database,
        inventory: Inventory,
        files: LetterFiles,
        parsers: Mapping[str, DetailsParser],
        secrets: SecretStore,
    ) -> None:
        self._database = database
        self._inventory = inventory
        self._files = files
        self._parsers = parsers
        self._secrets = secrets

    def create(self, actor: Actor, new: NewRequest) -> RequestView:
        """A draft with its number. Raises Invalid, Forbidden."""
        if not may_file(actor, new.department):
            raise Forbidden(say("You may file requests for your own department only."))
        self._office_only(actor, new.service, new.details)
        if not DEPARTMENT.fullmatch(new.department):
            raise Invalid([FieldError("/department", say("is no department's short name"))])
        parsed = self._parse(new.service, new.details, complete=False)
        # allocate: the first two of a year make the year's counter (and a department), both once
        with self._database.allocate() as session:
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
                payload={"service": new.service, "department": new.department},
            )  # fmt: skip
            return self._view(session, actor, request)

    @staticmethod
    def _office_only(actor: Actor, service: str, details: Mapping[str, Any]) -> None:
        """Raises Forbidden for what a department does not ask for in its own name."""
        if (service, details.get("action")) in _OF_THE_OFFICE and not may_operate(actor):
            raise Forbidden(say("This is asked for by the office's technicians only."))

    def check(self, service: str, details: Mapping[str, Any]) -> None:
        """Raises Invalid with every gap that submitting these details would meet."""
        self._parse(service, details, complete=True)

    def update(self, actor: Actor, number: str, patch: RequestPatch) -> RequestView:
        """Change what is given. Raises Invalid, Conflict, Forbidden."""
        with self._database.write() as session:
            request = self._editable(session, actor, number)
            changed: list[str] = []
            if patch.details is not None:
                self._office_only(actor, request.service, patch.details)
                parsed = self._parse(request.service, patch.details, complete=False)
                self._keep_details(session, request, parsed)
                changed.append("details")
            if patch.applicant is not None:
                request.applicant = patch.applicant.model_dump(mode="json")
                changed.append("applicant")
            if patch.letter is not None:
                store.write_letter(session, request, patch.letter.model_dump(mode="json"))
                changed.append("letter")
            events.append(
                session, number, "request:updated", actor=actor.username,
                payload={"fields": changed},
            )  # fmt: skip
            return self._view(session, actor, request)

    def attach_letter(self, actor: Actor, number: str, file_name: str, data: bytes) -> LetterFile:
        """Keep the letter's file as it came. Raises Invalid (``/file``), Conflict, Forbidden."""
        with self._database.read() as session:
            self._editable(session, actor, number)
        found = examine(data, file_name)
        self._files.keep(found.sha256, data, found.cleaned)
        with self._database.write() as session:
            request = self._editable(session, actor, number)
            letter = store.letter_or_new(session, request)
            letter.file_name = display_name(file_name)
            letter.sha256, letter.media_type = found.sha256, found.media_type
            letter.cleaned_media_type = found.cleaned_media_type
            letter.pages, letter.bytes = found.pages, found.bytes
            letter.uploaded_at, letter.uploaded_by = now(), actor.id
            events.append(
                session, number, "request:letter-attached", actor=actor.username,
                payload={"sha256": found.sha256, "pages": found.pages, "bytes": found.bytes},
            )  # fmt: skip
        return LetterFile(
            sha256=found.sha256, media_type=found.media_type, pages=found.pages, bytes=found.bytes
        )

    def letter_copy(self, actor: Actor, number: str) -> tuple[bytes, str]:
        """The cleaned copy and its media type. Raises NotFound."""
        letter = self._letter_file(actor, number)
        return self._files.cleaned(letter.sha256 or ""), letter.cleaned_media_type or ""

    def letter_original(self, actor: Actor, number: str) -> tuple[bytes, str, str]:
        """The bytes as received, their media type and a safe file name. Raises NotFound."""
        letter = self._letter_file(actor, number)
        return (
            self._files.original(letter.sha256 or ""),
            letter.media_type or "",
            letter.file_name or "letter",
        )

    def submit(self, actor: Actor, number: str) -> RequestView:
        """Hand the request in: everything has to be complete, the letter too.

        Raises Invalid with every gap, Conflict, Forbidden.
        """
        with self._database.write() as session:
            request = self._editable(session, actor, number)
            parsed = complete_details(
                request, store.letter_of(session, request), self._inventory,
                lambda: self._parse(request.service, request.details, complete=True),
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
            return self._view(session, actor, request)

    def send_back(self, actor: Actor, number: str, reason: str) -> RequestView:
        """Return it to the applicant for completion; the clock stands still meanwhile."""
        return self._end(actor, number, "return", State.NEEDS_INFO, "request:returned", reason)

    def reject(self, actor: Actor, number: str, reason: str) -> RequestView:
        """Refuse it for good, with the reason that the applicant reads."""
        return self._end(actor, number, "reject", State.REJECTED, "request:rejected", reason)

    def cancel(self, actor: Actor, number: str, reason: str) -> RequestView:
        """The department does not want it any more; nothing may be running."""
        return self._end(actor, number, "cancel", State.CANCELLED, "request:cancelled", reason)

    def get(self, actor: Actor, number: str) -> RequestView:
        """One request. Raises NotFound, also for what the actor may not see."""
        with self._database.read() as session:
            return self._view(session, actor, self._visible(session, actor, number))

    def list(
        self,
        actor: Actor,
        *,
        state: str | None = None,
        service: str | None = None,
        department: str | None = None,
        q: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> RequestPage:
        """Requests that the actor may see, newest first."""
        limit = max(1, min(limit, 200))
        if cursor is not None and not _CURSOR.fullmatch(cursor):
            raise Invalid([FieldError("/cursor", say("is not a valid cursor"))])
        if any("\0" in (given or "") for given in (state, service, department, q)):
            return RequestPage(items=[], next=None)  # no record holds what no database takes
        if not sees_all(actor):
            department = actor.department or "-"
        with self._database.read() as session:
            rows = store.search(
                session, state=state, service=service, department=department, text=q,
                before_id=int(cursor) if cursor else None, limit=limit + 1,
            )  # fmt: skip
            shown = rows[:limit]
            items = request_views(session, actor, shown, self._inventory.office)
        return RequestPage(items=items, next=str(shown[-1].id) if len(rows) > limit else None)

    def events(
        self, actor: Actor, number: str, after: int = 0, language: str = "id"
    ) -> Sequence[EventView]:
        """The timeline after sequence number ``after``, oldest first."""
        with self._database.read() as session:
            self._visible(session, actor, number)
            seen = events.read(session, number, min(after, _LAST_ID))
            return [event_view(happened, language) for happened in seen]

    # ------------------------------------------------------------------ inside

    def _end(
        self, actor: Actor, number: str, action: str, after: RequestState, tag: str, reason: str
    ) -> RequestView:
        reason = one_line("/reason", reason, minimum=3)
        with self._database.write() as session:
            request = self._visible(session, actor, number, lock=True)
            if request.busy or not may_follow(RequestState(request.state), after):
                raise wrong_state(request)
            if action not in allowed_actions(actor, request):
                raise Forbidden(say("Your role does not allow this."))
            request.reason = reason
            if after is State.NEEDS_INFO:
                store.open_pause(request)
            change_state(
                session, request, after, tag=tag, actor=actor.username, payload={"reason": reason}
            )
            outbox.put(session, REQUEST_CLOSED, {"request_id": request.id})
            return self._view(session, actor, request)

    def _view(self, session: Session, actor: Actor, request: Request) -> RequestView:
        return request_views(session, actor, [request], self._inventory.office)[0]

    def _parse(self, service: str, details: Mapping[str, Any], complete: bool) -> BaseModel:
        parser = self._parsers.get(service)
        if parser is None or self._inventory.catalogue.offer(service) is None:
            raise Invalid([FieldError("/service", say("this service is not offered here"))])
        return parser(details, complete)

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
        offer = self._inventory.catalogue.offer(request.service)
        if offer is None or request.submitted_at is None:
            raise Invalid([FieldError("/service", say("this service is not offered here"))])
        return due_at(
            request.submitted_at, offer.sla_working_days, self._inventory.office,
            store.pauses_of(request),
        )  # fmt: skip

    def _visible(
        self, session: Session, actor: Actor, number: str, *, lock: bool = False
    ) -> Request:
        request = store.by_number(session, number, lock=lock)
        if not may_see(actor, request.department_id):
            raise NotFound(store.no_such_request(number))
        return request

    def _editable(self, session: Session, actor: Actor, number: str) -> Request:
        request = self._visible(session, actor, number)
        if not may_file(actor, request.department_id):
            raise Forbidden(say("Your role does not allow this."))
        if request.state not in EDITABLE:
            raise wrong_state(request)
        return request

    def _letter_file(self, actor: Actor, number: str) -> Letter:
        with self._database.read() as session:
            letter = store.letter_of(session, self._visible(session, actor, number))
        if letter is None or letter.sha256 is None:
            raise NotFound(say("Request %(number)s has no letter yet.", number=number))
        return letter
