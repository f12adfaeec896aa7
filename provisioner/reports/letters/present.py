"""Rows of letters as the actor sees them, and their entries in the timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from provisioner import events
from provisioner.people.rules import Actor
from provisioner.reports.letters import store
from provisioner.reports.letters.model import OutLetter
from provisioner.reports.letters.rules import LetterState, actions
from provisioner.reports.letters.signing import Verdict, sentences
from provisioner.reports.letters.views import (
    IssuedView,
    LetterEdits,
    OutLetterView,
    SentView,
    SignedView,
)
from provisioner.requests.store import service_of
from provisioner.texts import Message, render, say

KINDS: Mapping[str, Message] = {
    "confirmation": say("Letter of confirmation"),
    "rejection": say("Letter of rejection"),
    "handover": say("Minutes of hand-over"),
    "answer": say("Letter of answer"),
}
_HAPPENED: Mapping[str, Message] = {
    "letter:drafted": say("Letter begun: %(kind)s"),
    "letter:ready": say("Letter waits for its number: %(kind)s"),
    "letter:issued": say("Letter issued: %(kind)s"),
    "letter:signed": say("Signed letter received: %(kind)s"),
    "letter:sent": say("Letter sent: %(kind)s"),
    "letter:dropped": say("Letter's draft dropped: %(kind)s"),
    "letter:void": say("Letter withdrawn: %(kind)s"),
    "letter:replaced": say("Letter replaced by a new one: %(kind)s"),
}


def letter_views(session: Session, actor: Actor, rows: Sequence[OutLetter]) -> list[OutLetterView]:
    """The rows in the same order."""
    names = store.department_names(session, {row.department_id for row in rows})
    successors = store.replacements(session, [row.id for row in rows])
    return [_view(actor, row, names[row.department_id], successors.get(row.id)) for row in rows]


def record(session: Session, actor: Actor, letter: OutLetter, tag: str, **payload: Any) -> None:
    """One entry in the request's timeline, within the caller's transaction."""
    text = Message(_HAPPENED[tag].template, {"kind": KINDS[letter.kind]})
    events.append(
        session, letter.request_number, tag, actor=actor.username,
        payload={"letter": letter.id, "kind": letter.kind, "text": text.to_json(), **payload},
    )  # fmt: skip


def _view(actor: Actor, row: OutLetter, name: str, successor: int | None) -> OutLetterView:
    return OutLetterView(
        id=row.id,
        request=row.request_number,
        department=row.department_id,
        department_name=name,
        service=service_of(row.request_number),
        kind=row.kind,
        state=row.state,
        number=row.number,
        date=row.date,
        code=row.code,
        edits=LetterEdits.model_validate(row.edits),
        issued=_issued(row),
        signed=_signed(actor, row),
        sent=_sent(row),
        reason=row.reason,
        replaces=row.replaces_id,
        replaced_by=successor,
        created_by=row.created_by,
        created_at=row.created_at,
        revision=row.revision,
        actions=actions(actor, LetterState(row.state)),
    )


def _issued(row: OutLetter) -> IssuedView | None:
    if row.issued_sha256 is None or row.issued_at is None:
        return None
    return IssuedView(sha256=row.issued_sha256, at=row.issued_at)


def _signed(actor: Actor, row: OutLetter) -> SignedView | None:
    if row.signed_sha256 is None or row.signed_at is None:
        return None
    verdict = Verdict.model_validate(row.verdict)
    return SignedView(
        sha256=row.signed_sha256,
        pages=row.signed_pages or 0,
        at=row.signed_at,
        verdict=verdict,
        sentences=[render(text, actor.language) for _, text in sentences(verdict)],
        certain=bool(verdict.signatures) and all(s.trusted for s in verdict.signatures),
    )


def _sent(row: OutLetter) -> SentView | None:
    if row.sent is None or row.sent_at is None:
        return None
    return SentView.model_validate({**row.sent, "at": row.sent_at})
