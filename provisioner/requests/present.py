"""Requests and their events as callers see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from provisioner.catalogue import Office
from provisioner.database import now
from provisioner.events import Happening
from provisioner.people.rules import Actor
from provisioner.requests import store
from provisioner.requests.model import Letter, Request
from provisioner.requests.rules import OPEN, RequestState, actions
from provisioner.requests.states import say_state
from provisioner.requests.views import EventView, LetterFile, LetterView, RequestView
from provisioner.texts import Message, from_json, render, render_all, say
from provisioner.worktime import share_used, working_days_between


def request_views(
    session: Session, actor: Actor, rows: Sequence[Request], office: Office
) -> list[RequestView]:
    """The rows as the actor sees them, in the same order."""
    letters, names = store.letters(session, rows), store.names(session, rows)
    return [
        _view(actor, row, letters.get(row.id), names[row.created_by, row.department_id], office)
        for row in rows
    ]


def allowed_actions(actor: Actor, request: Request) -> list[str]:
    """What the actor may do with the request now."""
    return actions(
        actor,
        RequestState(request.state),
        department=request.department_id,
        own=request.created_by == actor.id,
        busy=request.busy,
    )


def event_view(happening: Happening, language: str) -> EventView:
    """The event with its sentence in the reader's language."""
    return EventView(
        id=happening.seq,
        tag=happening.tag,
        actor=happening.actor,
        at=happening.at,
        text=render(sentence(happening), language),
        correlation=happening.correlation,
        data=render_all(happening.payload, language) if happening.payload is not None else None,
    )


def _view(
    actor: Actor, row: Request, letter: Letter | None, names: tuple[str, str], office: Office
) -> RequestView:
    left = used = None
    if row.due_at and row.clock_began_at and row.state in OPEN:
        moment, pauses = now(), store.pauses_of(row)
        today, due = (one.astimezone(office.zone).date() for one in (moment, row.due_at))
        left = working_days_between(today, due, office)
        used = share_used(moment, row.clock_began_at, row.due_at, office, pauses)
    return RequestView(
        number=row.number,
        service=row.service,
        department=row.department_id,
        department_name=names[1],
        applicant=row.applicant,
        letter=_letter_view(letter) if letter else None,
        details=row.details,
        state=row.state,
        reason=row.reason,
        due_at=row.due_at,
        working_days_left=left,
        run=row.run_id,
        instance=row.instance_id,
        busy=row.busy,
        created_at=row.created_at,
        submitted_at=row.submitted_at,
        closed_at=row.closed_at,
        channel=row.channel,
        received_at=row.received_at,
        created_by=names[0],
        actions=allowed_actions(actor, row),
        revision=row.revision,
        used=used,
        stopped=row.state == RequestState.NEEDS_INFO,
    )


def _letter_view(letter: Letter) -> LetterView:
    file = None
    if letter.sha256:
        file = LetterFile(
            sha256=letter.sha256,
            media_type=letter.media_type or "",
            pages=letter.pages or 0,
            bytes=letter.bytes or 0,
        )
    return LetterView(
        kind=letter.kind,
        number=letter.number,
        date=letter.date,
        signatory=letter.signatory,
        file=file,
        file_name=letter.file_name,
    )


def sentence(happening: Happening) -> Message:
    """What the event says; a payload's ``text`` (a message) goes before the tag's own sentence."""
    tag, payload = happening.tag, happening.payload or {}
    if isinstance(payload.get("text"), Mapping):
        return from_json(payload["text"])
    if tag in _SENTENCES:
        return _SENTENCES[tag]
    if payload.get("after") in list(RequestState):
        return say("State: %(state)s", state=say_state(payload["after"]))
    return Message(tag)


_SENTENCES = {
    "request:created": say("Request entered"),
    "request:updated": say("Request changed"),
    "request:letter-attached": say("Letter uploaded"),
    "request:submitted": say("Request submitted"),
    "request:returned": say("Returned to the applicant for completion"),
    "request:rejected": say("Request rejected"),
    "request:cancelled": say("Request cancelled"),
    "request:planned": say("Plan made"),
    "request:first_approval": say("Approved by the first of two people"),
    "request:approved": say("Plan approved"),
    "request:attention": say("A person has to act"),
    "request:done": say("Request fulfilled"),
    "plan:changed": say("The plan has changed; nothing was carried out"),
    "run:queued": say("Waiting for its turn"),
    "run:started": say("Work has begun"),
    "run:waiting-retry": say("Will be tried again by itself"),
    "run:waiting-person": say("Waiting for a person"),
    "run:retried": say("Tried again by a person"),
    "run:stop-asked": say("A person asked to stop"),
    "run:stopping": say("Stopping"),
    "run:resumed": say("Taken up again by the program"),
    "run:undoing": say("Everything done so far is being undone"),
    "run:succeeded": say("Work finished"),
    "run:failed": say("Work failed; everything was undone"),
    "run:stopped": say("Work was stopped; everything was undone"),
    "step:started": say("Step begun"),
    "step:progress": say("Step under way"),
    "step:changed": say("Step done"),
    "step:unchanged": say("Already as it should be"),
    "step:failed": say("Step failed"),
    "step:undone": say("Step undone"),
    "request:scheduled": say("It begins by itself at its time"),
    "request:escalated": say("Nobody has answered in time"),
    "run:scheduled": say("Work is scheduled"),
    "instance:created": say("What was made is on record"),
    "instance:prolonged": say("Its end was moved"),
    "instance:attention": say("What has ended still stands in part"),
    "instance:suspended": say("It is switched off and has its days of grace"),
    "instance:expiring": say("It ends soon"),
    "instance:drift": say("The cluster shows something else than the record"),
    "step:completed": say("Work by hand was reported as done"),
    "instance:ended": say("It has ended and is removed"),
    "handover:opened": say("The one-time link was opened"),
    "contact:logged": say("Contact with the applicant"),
    "note:added": say("Note of the office"),
    "note:unpinned": say("A note was unpinned"),
}
