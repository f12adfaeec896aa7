"""Checks as callers see them (CONTRACTS section 3), in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class PlaceView(_View):
    """Where something is."""

    kind: str
    name: str
    part: str


class ResultView(_View):
    """One check at one place that was made. ``next`` is empty where there is nothing to do."""

    check: str
    title: str
    target: str
    place: PlaceView
    passed: bool
    evidence: str
    finding: str | None
    weight: str | None
    """``broken`` or ``weak``; null where it passed."""
    meaning: str
    next: str
    at: datetime


class SkippedView(_View):
    """One check that could not be made, and why."""

    check: str
    title: str
    target: str
    why: str


class ExplainedView(_View):
    """Something that was found and comes from a cause."""

    finding: str
    target: str
    text: str


class CauseView(_View):
    """One cause."""

    key: str
    target: str
    place: PlaceView
    cause: str
    next: str
    confidence: str
    explains: list[ExplainedView]


class ChangeView(_View):
    """Something that was changed on the way shortly before."""

    at: datetime
    device: str
    what: str
    request: str | None


class DiagnosisView(CauseView):
    """The first cause, the others in ``causes`` (the first one too), and what was ruled out."""

    causes: list[CauseView]
    ruled_out: list[str]
    changes: list[ChangeView]


class RemedyView(_View):
    """What may be asked for; it becomes a request."""

    key: str
    kind: str
    title: str
    target: str
    """The place of the cause that it mends."""
    details: Mapping[str, Any]
    request: str | None
    """That it became already."""


class TurnedView(_View):
    """A check at a place that is otherwise than it was."""

    check: str
    title: str
    target: str


class ComparisonView(_View):
    """Against the last green look at the same target, and against the one before this."""

    green: str | None
    green_at: datetime | None
    before: str | None
    turned_red: list[TurnedView]
    turned_green: list[TurnedView]


class TroubleView(_View):
    """Why it was broken off."""

    what: str
    meaning: str
    next: str


class StationView(_View):
    """A station of the way, from the users to the core."""

    kind: str
    name: str
    colour: str
    """``unknown``: nothing could be checked there (yet)."""
    first: bool
    """The first cause is here."""


class CheckSummary(_View):
    """One look at one target, without what it found in detail."""

    id: str
    target: str
    title: str
    purpose: str
    state: str
    colour: str | None
    cause: str | None
    """The first one, in one sentence."""
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    request: str | None
    instance: str | None


class CheckView(CheckSummary):
    """One look with all that it found; while it runs, with what it found so far."""

    checks: list[str]
    """Those that were asked for; empty: the standard set."""
    progress: list[str]
    """What it did so far."""
    results: list[ResultView]
    skipped: list[SkippedView]
    diagnosis: DiagnosisView | None
    ruled_out: list[str]
    """What was looked at and is in order, whether a cause was found or not."""
    remedies: list[RemedyView]
    comparison: ComparisonView | None
    trouble: TroubleView | None


class CatalogueView(_View):
    """One check of the catalogue."""

    key: str
    title: str
    proves: str
    meaning: str
    next: str
    limit: float
    """Seconds."""
    platforms: list[str]
    standard: bool
    """Made without being asked for by name."""


class RuleView(_View):
    """One rule: from a finding to a cause."""

    finding: str
    cause: str
    next: str
    explains: list[str]
    reach: str
    confidence: str
    along: list[str]
    remedies: list[str]
