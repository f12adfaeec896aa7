"""What went wrong in a month: failures of runs, and causes that checks named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioner.checks.tables import CheckRow
from provisioner.events import Event, EventPayload
from provisioner.reports.monthly.views import CauseView, WorkFigures
from provisioner.texts import Message, from_json, render

MOST = 8
_SHOWN = 5
_PASSES_BY_ITSELF = "retriable"


class _Case(NamedTuple):
    """One failure: what is counted together, where it was, and its text."""

    key: str
    where: str
    text: Message


def work_figures(session: Session, begun: datetime, ended: datetime) -> WorkFigures:
    """Runs and their failures, and what checks found, between two moments."""
    tags = ("run:started", "run:succeeded", "run:failed", "run:stopped", "run:waiting-person")
    query = (
        select(Event.tag, func.count(), func.count(Event.record.distinct()))
        .where(Event.tag.in_(tags), Event.at >= begun, Event.at < ended)
        .group_by(Event.tag)
    )
    counted = {tag: (count, records) for tag, count, records in session.execute(query)}
    started, succeeded, failed, stopped = (counted.get(tag, (0, 0))[0] for tag in tags[:4])
    return WorkFigures(
        started=started,
        succeeded=succeeded,
        failed=failed,
        stopped=stopped,
        waited=counted.get(tags[4], (0, 0))[1],
        causes=_grouped(_failures(session, begun, ended)),
        faults=_grouped(_diagnoses(session, begun, ended)),
    )


def _failures(session: Session, begun: datetime, ended: datetime) -> Iterator[_Case]:
    query = (
        select(Event.record, EventPayload.payload)
        .join(EventPayload, EventPayload.event_id == Event.id)
        .where(Event.tag == "step:failed", Event.at >= begun, Event.at < ended)
        .order_by(Event.id.desc())
    )
    for record, payload in session.execute(query):
        error = payload.get("error") or {}
        if "what" in error and error.get("kind") != _PASSES_BY_ITSELF:
            text = from_json(error["what"])
            yield _Case(text.template, record, text)


def _diagnoses(session: Session, begun: datetime, ended: datetime) -> Iterator[_Case]:
    query = (
        select(CheckRow.diagnosis)
        .where(CheckRow.ended_at >= begun, CheckRow.ended_at < ended, CheckRow.colour == "red")
        .order_by(CheckRow.ended_at.desc())
    )
    for diagnosis in session.scalars(query):
        for cause in (diagnosis or {}).get("causes", ()):
            place = cause["place"]
            where = f"{place['name']} {place['part']}".strip()
            yield _Case(cause["key"], where, from_json(cause["text"]))


def _grouped(cases: Iterable[_Case]) -> list[CauseView]:
    """The newest text of each; the same place counts once."""
    texts: dict[str, Message] = {}
    places: dict[str, dict[str, None]] = {}
    for case in cases:
        texts.setdefault(case.key, case.text)
        places.setdefault(case.key, {})[case.where] = None
    order = sorted(places, key=lambda key: (-len(places[key]), key))
    return [
        CauseView(
            text=render(texts[key], "en"),
            text_id=render(texts[key], "id"),
            count=len(places[key]),
            where=list(places[key])[:_SHOWN],
        )
        for key in order[:MOST]
    ]
