"""What people do with letters: write, number, issue, sign, send, withdraw."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from provisioner.catalogue.fields import one_line
from provisioner.database import now
from provisioner.errors import Conflict, FieldError, Forbidden, Invalid
from provisioner.people.rules import Actor
from provisioner.printing.sheets import sheet_pdf
from provisioner.reports.letters import store
from provisioner.reports.letters.content import local_day
from provisioner.reports.letters.gathering import kinds_of
from provisioner.reports.letters.looking import LetterLooks, visible
from provisioner.reports.letters.model import OutLetter
from provisioner.reports.letters.present import record
from provisioner.reports.letters.rules import (
    ACTS,
    UNISSUED,
    LetterState,
    actions,
    may_draft,
    may_follow,
)
from provisioner.reports.letters.signing import SCAN, verify
from provisioner.reports.letters.views import LetterEdits, OutLetterView, Ways
from provisioner.requests import store as requests
from provisioner.requests.letters import examine
from provisioner.texts import Message, say


class OutLetterService(LetterLooks):
    """Letters that go out. Every change is one transaction; a PDF is made before it."""

    def begin(self, actor: Actor, number: str, kind: str) -> OutLetterView:
        """A draft. Raises NotFound, Forbidden, Conflict (``letter-exists``, ``no-letter``)."""
        if not may_draft(actor):
            raise Forbidden(say("Your role does not allow this."))
        with self._database.write() as session:
            request = requests.by_number(session, number, lock=True)
            if kind not in kinds_of(request):
                raise Conflict(say("A request in this state has no such letter."), slug="no-letter")
            standing = store.live(session, request.id, kind)
            if standing is not None:
                raise Conflict(
                    say("There is such a letter already."), slug="letter-exists",
                    extra={"letter": standing.id},
                )  # fmt: skip
            row = _new(actor, number, request.id, request.department_id, kind)
            session.add(row)
            session.flush()
            record(session, actor, row, "letter:drafted")
            return self._view(session, actor, row)

    def edit(
        self, actor: Actor, id: int, edits: LetterEdits, revision: int | None = None
    ) -> OutLetterView:
        """Choose signatory, recipient, subject, note and copies; all of them anew.

        ``revision``, here and below: of the letter as the actor saw it; any other refuses with
        Conflict(``changed-meanwhile``).
        """
        signatory = edits.signatory
        if signatory and signatory not in self._inventory.office.signatories:
            raise Invalid([FieldError("/signatory", say("is not among those who sign"))])
        with self._database.write() as session:
            row = _may(session, actor, id, "edit", revision)
            row.edits = edits.model_dump(mode="json", exclude_none=True)
            session.flush()
            return self._view(session, actor, row)

    def ready(self, actor: Actor, id: int) -> OutLetterView:
        """Nothing is left to write: it waits for its number."""
        with self._database.write() as session:
            row = _may(session, actor, id, "ready")
            return self._moved(session, actor, row, "ready", "letter:ready")

    def issue(
        self, actor: Actor, id: int, number: str, day: str, revision: int | None = None
    ) -> OutLetterView:
        """Freeze the letter under the number and date that SRIKANDI gave it.

        Raises Invalid at ``/number`` and ``/date`` (missing, before the request ended, in the
        future), Conflict.
        """
        with self._database.read() as session:
            row = _may(session, actor, id, "issue", revision)
            request = requests.by_number(session, row.request_number)
        number = one_line("/number", number, minimum=3, maximum=80)
        self._good_date("/date", day, local_day(request.closed_at or now(), self._inventory))
        html = self._written(actor, row, draft=False, number=number, day=day)
        pdf = sheet_pdf(html)
        digest = hashlib.sha256(pdf).hexdigest()
        self._files.keep(digest, pdf, html.encode())
        with self._database.write() as session:
            fresh = _may(session, actor, id, "issue", row.revision)
            requests.by_number(session, fresh.request_number, lock=True)  # its words change
            fresh.number, fresh.date = number, day
            fresh.issued_sha256, fresh.issued_at = digest, now()
            return self._moved(session, actor, fresh, "issue", "letter:issued", sha256=digest)

    def attach_signed(
        self, actor: Actor, id: int, filename: str, data: bytes, *, scan: bool = False
    ) -> OutLetterView:
        """Keep the signed PDF byte for byte, with the verdict on its signature.

        ``scan``: it was signed on paper, which a person has compared. Raises Invalid at ``/file``.
        """
        with self._database.read() as session:
            row = _may(session, actor, id, "signed")
        found = examine(data, filename)
        issued = self._files.original(row.issued_sha256 or "")
        if found.media_type != "application/pdf":
            raise Invalid([FieldError("/file", say("the signed letter has to be a PDF"))])
        if data.startswith(issued.rstrip()) and scan:
            raise Invalid([FieldError("/file", say("this is the letter itself, not a scan of the "
                                                   "signed paper"))])  # fmt: skip
        verdict = SCAN if scan else verify(issued, data, self._roots, row.code)
        self._files.keep(found.sha256, data, found.cleaned)
        with self._database.write() as session:
            fresh = _may(session, actor, id, "signed")
            fresh.signed_sha256, fresh.signed_pages = found.sha256, found.pages
            fresh.verdict, fresh.signed_at = verdict.model_dump(mode="json"), now()
            return self._moved(
                session, actor, fresh, "signed", "letter:signed",
                sha256=found.sha256, as_=verdict.kind,
            )  # fmt: skip

    def send(self, actor: Actor, id: int, how: Ways, on: str) -> OutLetterView:
        """Say how and when the letter went out."""
        with self._database.write() as session:
            row = _may(session, actor, id, "sent")
            self._good_date("/on", on, date.fromisoformat(row.date or ""))
            row.sent, row.sent_at = {"how": how, "on": on}, now()
            return self._moved(session, actor, row, "sent", "letter:sent", how=how)

    def void(self, actor: Actor, id: int, reason: str) -> OutLetterView:
        """Withdraw the letter; whoever verifies it is told so."""
        reason = one_line("/reason", reason, minimum=3)
        with self._database.write() as session:
            row = _may(session, actor, id, "void")
            row.reason = reason
            tag = "letter:dropped" if row.state in UNISSUED else "letter:void"
            return self._moved(session, actor, row, "void", tag, reason=reason)

    def replace(self, actor: Actor, id: int, reason: str) -> OutLetterView:
        """Withdraw the letter and begin a new one in its stead, which is returned."""
        reason = one_line("/reason", reason, minimum=3)
        with self._database.write() as session:
            old = _may(session, actor, id, "replace")
            old.reason = reason
            self._moved(session, actor, old, "replace", "letter:replaced", reason=reason)
            new = _new(actor, old.request_number, old.request_id, old.department_id, old.kind)
            new.edits, new.replaces_id = old.edits, old.id
            session.add(new)
            session.flush()
            record(session, actor, new, "letter:drafted")
            return self._view(session, actor, new)

    # ------------------------------------------------------------------ inside

    def _moved(
        self, session: Session, actor: Actor, row: OutLetter, act: str, tag: str, **payload: Any
    ) -> OutLetterView:
        after = ACTS[act].after
        if after is not None:
            row.state = after
        session.flush()
        record(session, actor, row, tag, **payload)
        return self._view(session, actor, row)

    def _good_date(self, pointer: str, written: str, first: date) -> None:
        try:
            day = date.fromisoformat(written)
        except ValueError:
            day = None
        if day is None or day.isoformat() != written:  # Python reads other ways of writing, too
            raise _at(pointer, say("must be a date written as YYYY-MM-DD"))
        if day > local_day(now(), self._inventory):
            raise _at(pointer, say("is in the future"))
        if day < first:
            raise _at(
                pointer,
                say("is before the day that it follows: the end of the request, or the letter's "
                    "own date"),
            )  # fmt: skip


def _at(pointer: str, message: Message) -> Invalid:
    return Invalid([FieldError(pointer, message)])


def _new(actor: Actor, number: str, request_id: int, department: str, kind: str) -> OutLetter:
    return OutLetter(
        request_id=request_id,
        request_number=number,
        department_id=department,
        kind=kind,
        state=LetterState.DRAFT,
        code=secrets.token_hex(16),
        edits={},
        created_by=actor.username,
        created_at=now(),
    )


def _may(
    session: Session, actor: Actor, id: int, act: str, revision: int | None = None
) -> OutLetter:
    """The letter, locked, if the actor may do that with it now."""
    row = visible(session, actor, id, lock=True)
    state = LetterState(row.state)
    after = ACTS[act].after
    if state not in UNISSUED if after is None else not may_follow(state, after):
        raise _changed(row)
    if act not in actions(actor, state):
        raise Forbidden(say("Your role does not allow this."))
    if revision is not None and revision != row.revision:
        raise Conflict(
            say("The letter has changed since you opened it. Nothing was stored; look at it as it "
                "is now, then repeat what you wanted."),
            slug="changed-meanwhile", extra={"revision": row.revision},
        )  # fmt: skip
    return row


def _changed(row: OutLetter) -> Conflict:
    return Conflict(
        say("The letter is in another state by now. Load it again to see what can be done."),
        slug="wrong-state",
        extra={"state": row.state},
    )
