"""What people do with requests: file, complete, submit, return, reject, cancel, look."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from provisioner import events, outbox
from provisioner.catalogue import Inventory
from provisioner.catalogue.fields import one_line
from provisioner.database import Database, now
from provisioner.errors import FieldError, Forbidden, Invalid, NotFound
from provisioner.people.rules import Actor, may_file, may_see, sees_all
from provisioner.requests import meanwhile, search, store
from provisioner.requests.files import LetterFiles
from provisioner.requests.intake import DetailsParser, Intake
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

REQUEST_CLOSED = "request-closed"
"""Outbox topic: a request went back, or was rejected or cancelled; its holds are given back."""
OFFICE_ONLY = ("note:",)
"""Events that no applicant ever sees: how their tags begin."""
_LAST_ID = 2**63 - 1
_CURSOR = re.compile(r"[0-9]{1,18}")


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
        self.intake = Intake(inventory, files, parsers, secrets)

    def create(self, actor: Actor, new: NewRequest) -> RequestView:
        """A draft with its number. Raises Invalid, Forbidden."""
        # allocate: the first two of a year make the year's counter (and a department), both once
        with self._database.allocate() as session:
            return self._view(session, actor, self.intake.create(session, actor, new))

    def check(self, service: str, details: Mapping[str, Any]) -> None:
        """Raises Invalid with every gap that submitting these details would meet."""
        self.intake.parse(service, details, complete=True)

    def update(
        self, actor: Actor, number: str, patch: RequestPatch, *, seen: int | None = None
    ) -> RequestView:
        """Change what is given. Raises Invalid, Conflict, Forbidden.

        ``seen`` here and below: the newest event that the actor had before them; what another
        person did since refuses with Conflict(``changed-meanwhile``).
        """
        with self._database.write() as session:
            request = self._visible(session, actor, number, lock=True)
            meanwhile.refuse(
                session, actor, request, self._inventory.office,
                seen=seen, revision=patch.revision,
            )  # fmt: skip
            self._demand_editable(actor, request)
            self.intake.change(session, actor, request, patch)
            session.flush()
            return self._view(session, actor, request)

    def attach_letter(self, actor: Actor, number: str, file_name: str, data: bytes) -> LetterFile:
        """Keep the letter's file as it came. Raises Invalid (``/file``), Conflict, Forbidden."""
        with self._database.read() as session:
            self._demand_editable(actor, self._visible(session, actor, number))
        kept = self.intake.receive(file_name, data)
        with self._database.write() as session:
            request = self._visible(session, actor, number, lock=True)
            self._demand_editable(actor, request)
            self.intake.attach(session, actor, request, kept)
        return LetterFile(
            sha256=kept.sha256, media_type=kept.media_type, pages=kept.pages, bytes=kept.bytes
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

    def submit(self, actor: Actor, number: str, *, seen: int | None = None) -> RequestView:
        """Hand the request in: everything has to be complete, the letter too.

        Raises Invalid with every gap, Conflict, Forbidden.
        """
        with self._database.write() as session:
            request = self._visible(session, actor, number, lock=True)
            meanwhile.refuse(session, actor, request, self._inventory.office, seen=seen)
            self._demand_editable(actor, request)
            self.intake.hand_in(session, actor, request)
            session.flush()
            return self._view(session, actor, request)

    def send_back(
        self, actor: Actor, number: str, reason: str, *, seen: int | None = None
    ) -> RequestView:
        """Return it to the applicant for completion; the clock stands still meanwhile."""
        end = (State.NEEDS_INFO, "return", "request:returned")
        return self._end(actor, number, *end, reason, seen)

    def reject(
        self, actor: Actor, number: str, reason: str, *, seen: int | None = None
    ) -> RequestView:
        """Refuse it for good, with the reason that the applicant reads."""
        end = (State.REJECTED, "reject", "request:rejected")
        return self._end(actor, number, *end, reason, seen)

    def cancel(
        self, actor: Actor, number: str, reason: str, *, seen: int | None = None
    ) -> RequestView:
        """The department does not want it any more; nothing may be running."""
        end = (State.CANCELLED, "cancel", "request:cancelled")
        return self._end(actor, number, *end, reason, seen)

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
        overdue: bool = False,
        cursor: str | None = None,
        limit: int = 50,
    ) -> RequestPage:
        """Requests that the actor may see, newest first; ``q``: see ``search.find``."""
        limit = max(1, min(limit, 200))
        if cursor and not _CURSOR.fullmatch(cursor):
            raise Invalid([FieldError("?cursor", say("is not a valid cursor"))])
        if state and state not in list(RequestState):
            known = ", ".join(RequestState)
            why = say("is no state of requests; it has to be one of %(known)s", known=known)
            raise Invalid([FieldError("?state", why)])
        if any("\0" in (given or "") for given in (state, service, department, q)):
            return RequestPage(items=[], next=None)  # no record holds what no database takes
        if not sees_all(actor):
            department = actor.department or "-"
        with self._database.read() as session:
            rows = search.find(
                session, state=state, service=service, department=department, text=q,
                overdue_at=now() if overdue else None,
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
            hidden = () if sees_all(actor) else OFFICE_ONLY
            return [
                event_view(happened, language)
                for happened in seen
                if not happened.tag.startswith(hidden)
            ]

    # ------------------------------------------------------------------ inside

    def _end(
        self,
        actor: Actor,
        number: str,
        after: RequestState,
        action: str,
        tag: str,
        reason: str,
        seen: int | None,
    ) -> RequestView:
        reason = one_line("/reason", reason, minimum=3)
        with self._database.write() as session:
            request = self._visible(session, actor, number, lock=True)
            meanwhile.refuse(session, actor, request, self._inventory.office, seen=seen)
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
            session.flush()
            return self._view(session, actor, request)

    def _view(self, session: Session, actor: Actor, request: Request) -> RequestView:
        return request_views(session, actor, [request], self._inventory.office)[0]

    def _visible(
        self, session: Session, actor: Actor, number: str, *, lock: bool = False
    ) -> Request:
        request = store.by_number(session, number, lock=lock)
        if not may_see(actor, request.department_id):
            raise NotFound(store.no_such_request(number))
        return request

    @staticmethod
    def _demand_editable(actor: Actor, request: Request) -> None:
        if not may_file(actor, request.department_id):
            raise Forbidden(say("Your role does not allow this."))
        if request.state not in EDITABLE:
            raise wrong_state(request)

    def _letter_file(self, actor: Actor, number: str) -> Letter:
        with self._database.read() as session:
            letter = store.letter_of(session, self._visible(session, actor, number))
        if letter is None or letter.sha256 is None:
            raise NotFound(say("Request %(number)s has no letter yet.", number=number))
        return letter
