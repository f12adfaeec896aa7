"""Complaints and their events as a reader may see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from provisioner.catalogue import Office
from provisioner.complaints import store
from provisioner.complaints.deadlines import stands
from provisioner.complaints.model import (
    Complaint,
    ComplaintAnswer,
    ComplaintFile,
    ComplaintLink,
)
from provisioner.complaints.rules import (
    UNANSWERED,
    Kind,
    Privacy,
    State,
    actions,
    erasable,
    knows_reporter,
)
from provisioner.complaints.views import (
    AnswerView,
    ComplaintView,
    FileView,
    LinkView,
    Outlook,
    ReporterView,
)
from provisioner.complaints.words import EVENTS
from provisioner.events import Happening
from provisioner.people.rules import Actor, sees_all
from provisioner.requests.views import EventView
from provisioner.texts import Message, from_json, render, render_all
from provisioner.worktime import working_days_between

_SHORTENED = 110


def complaint_views(
    session: Session, actor: Actor, rows: Sequence[Complaint], office: Office, moment: datetime
) -> list[ComplaintView]:
    """The rows as the actor may see them, in the same order, in six queries."""
    given = store.answers(session, rows)
    files, links = store.files(session, rows), store.links(session, rows)
    named = [id for row in rows for id in (row.officer_id, row.recorded_by)]
    people = store.people(session, [*named, *(answer.by for answer in given)])
    departments = store.departments(session, (row.department_id for row in rows))
    return [
        _view(
            actor, row, office, moment, people, departments,
            [one for one in given if one.complaint_id == row.id],
            [one for one in files if one.complaint_id == row.id],
            [one for one in links if one.complaint_id == row.id],
        )
        for row in rows
    ]  # fmt: skip


def outlook(session: Session, row: Complaint) -> Outlook:
    """What the holder of the key sees."""
    given, files = store.answers(session, [row]), store.files(session, [row])
    waits = row.state in UNANSWERED and (row.kind != Kind.COMPLAINT or row.classification)
    return Outlook(
        number=row.number,
        kind=Kind(row.kind),
        state=row.state,
        received_at=row.received_at,
        due_at=row.due_at if waits else None,
        answers=[_answer(one, files, None) for one in given],
    )


def event_view(actor: Actor, happening: Happening, language: str) -> EventView:
    """The event in the reader's language; only the office gets its data."""
    payload = happening.payload
    if payload and "text" in payload:
        text = from_json(payload["text"])
    else:
        text = EVENTS.get(happening.tag) or Message(happening.tag)
    return EventView(
        id=happening.seq,
        tag=happening.tag,
        actor=happening.actor,
        at=happening.at,
        text=render(text, language),
        correlation=happening.correlation,
        data=render_all(payload, language) if payload and sees_all(actor) else None,
    )


def days_left(due: datetime, moment: datetime, office: Office) -> int:
    """Working days from today to the due day; negative when late."""
    days: list[date] = [one.astimezone(office.zone).date() for one in (moment, due)]
    return working_days_between(days[0], days[1], office)


def summary_of(row: Complaint) -> str:
    """The office's words, else the beginning of the reporter's."""
    if row.summary:
        return row.summary
    text = " ".join(row.text.split())
    return text if len(text) <= _SHORTENED else text[: _SHORTENED - 1].rsplit(" ", 1)[0] + "…"


def _view(
    actor: Actor,
    row: Complaint,
    office: Office,
    moment: datetime,
    people: dict[int, tuple[str, str]],
    departments: dict[str, str],
    given: list[ComplaintAnswer],
    files: list[ComplaintFile],
    links: list[ComplaintLink],
) -> ComplaintView:
    waits = row.state in UNANSWERED
    officer = people.get(row.officer_id or 0)
    recorder = people.get(row.recorded_by or 0)
    before = moment - timedelta(days=office.complaints.retention_days)
    over = erasable(State(row.state), row.closed_at, before)
    kind, state, erased = Kind(row.kind), State(row.state), row.erased_at is not None
    return ComplaintView(
        number=row.number,
        kind=kind,
        channel=row.channel,
        reference=row.reference,
        text=row.text,
        summary=summary_of(row),
        privacy=row.privacy,
        reporter=_reporter(actor, row, departments),
        said_request=row.said_request,
        received_at=row.received_at,
        entered_at=row.entered_at,
        recorded_by=recorder[0] if recorder else None,
        state=row.state,
        classification=row.classification,
        due_at=row.due_at,
        working_days_left=days_left(row.due_at, moment, office) if waits else None,
        due=_urgency(row, office, moment) if waits else "calm",
        officer=officer[0] if officer else None,
        officer_name=officer[1] if officer else None,
        team=row.team,
        answered_at=row.answered_at,
        closed_at=row.closed_at,
        outcome=row.outcome,
        erased_at=row.erased_at,
        answers=[_answer(one, files, people.get(one.by, ("", ""))[1]) for one in given],
        files=[_file(one) for one in files if one.answer_id is None],
        links=[LinkView(kind=one.kind, target=one.target) for one in links],
        revision=row.revision,
        actions=actions(actor, kind, state, erased=erased, over=over),
    )


def _urgency(row: Complaint, office: Office, moment: datetime) -> Literal["calm", "soon", "late"]:
    if moment > row.due_at:
        return "late"
    used = stands(row, moment, office).used
    return "soon" if used >= office.escalation.warn_at else "calm"


def _reporter(actor: Actor, row: Complaint, departments: dict[str, str]) -> ReporterView:
    privacy = Privacy(row.privacy)
    if row.erased_at:
        return ReporterView(shown="erased")
    if privacy is Privacy.ANONYMOUS:
        return ReporterView(shown="anonymous")
    if not (knows_reporter(actor, privacy) or row.handed_in_by == actor.id):
        return ReporterView(shown="hidden")
    said = row.reporter or {}
    return ReporterView(
        shown="open",
        name=said.get("name"),
        contact=said.get("contact"),
        department=row.department_id,
        department_name=departments.get(row.department_id or ""),
    )


def _answer(one: ComplaintAnswer, files: Sequence[ComplaintFile], by: str | None) -> AnswerView:
    return AnswerView(
        text=one.text,
        channel=one.channel,
        day=one.day,
        by=by,
        at=one.at,
        files=[_file(file) for file in files if file.answer_id == one.id],
    )


def _file(one: ComplaintFile) -> FileView:
    return FileView(id=one.id, name=one.name, media_type=one.media_type, bytes=one.bytes)
