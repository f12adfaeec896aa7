"""Runs as callers see them (CONTRACTS section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from provisioner.plans.diff import Difference
from provisioner.plans.model import Plan
from provisioner.runs.journal import say_role
from provisioner.runs.model import Run, StepRecord
from provisioner.texts import Message, from_json, render, unpack


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class ErrorView(_View):
    """What happened, what it means, what to do next, and the lines that show it."""

    kind: str
    what: str
    meaning: str
    next: str
    log: list[str]


class WaitingView(_View):
    """Who has to act, and on what."""

    who: str
    """A role."""
    who_title: str
    person: str | None
    """Who of that role is asked first."""
    what: str


class StepRunView(_View):
    """One step as it stands."""

    key: str
    title: str
    target: str
    state: str
    started_at: datetime | None
    ended_at: datetime | None
    changed: bool | None
    diff: list[str]
    evidence: list[dict[str, Any]]
    error: ErrorView | None
    progress: str | None


class RunView(_View):
    """One run with its steps."""

    id: str
    request: str
    attempt: int
    purpose: str
    state: str
    phase: str
    reason: str | None
    waiting_for: WaitingView | None
    retry_at: datetime | None
    created_at: datetime
    begin_at: datetime | None
    """When it begins by itself; None where it begins at once."""
    started_at: datetime | None
    ended_at: datetime | None
    expected_seconds: int
    stop_asked: bool
    difference: dict[str, Any] | None
    steps: list[StepRunView]
    actions: list[str]


def run_view(
    run: Run,
    plan: Plan,
    rows: list[StepRecord],
    *,
    person: str | None,
    actions: list[str],
    language: str,
) -> RunView:
    """The run in the reader's language; ``person`` is whom it waits for, if it does."""
    targets = {step.key: step.target for step in plan.steps}
    waiting = None
    if run.waiting_who and run.waiting_for:
        waiting = WaitingView(
            who=run.waiting_who,
            person=person,
            who_title=render(say_role(run.waiting_who), language),
            what=render(from_json(run.waiting_for["next"]), language),
        )
    return RunView(
        id=run.id,
        request=run.number,
        attempt=run.attempt,
        purpose=run.purpose,
        state=run.state,
        phase=run.phase,
        reason=run.reason,
        waiting_for=waiting,
        retry_at=run.retry_at,
        created_at=run.created_at,
        begin_at=run.begin_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        expected_seconds=plan.expected_seconds,
        stop_asked=run.stop_asked_by is not None,
        difference=Difference.from_json(run.difference).view(language) if run.difference else None,
        steps=[_step_view(row, targets[row.key], language) for row in rows],
        actions=actions,
    )


def error_view(error: Mapping[str, Any], language: str) -> ErrorView:
    """A failure as stored, in the reader's language."""
    return ErrorView(
        kind=error["kind"],
        what=render(from_json(error["what"]), language),
        meaning=render(from_json(error["meaning"]), language),
        next=render(from_json(error["next"]), language),
        log=error["log"],
    )


def evidence_view(evidence: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Evidence as stored, its texts in the reader's language."""
    return {
        key: render(said, language) if isinstance(said := unpack(value), Message) else value
        for key, value in evidence.items()
    }


def _step_view(row: StepRecord, target: str, language: str) -> StepRunView:
    return StepRunView(
        key=row.key,
        title=render(from_json(row.title), language),
        target=target,
        state=row.state,
        started_at=row.started_at,
        ended_at=row.ended_at,
        changed=row.changed,
        diff=row.diff or [],
        evidence=[evidence_view(one, language) for one in row.evidence or []],
        error=error_view(row.error, language) if row.error else None,
        progress=render(from_json(row.progress), language) if row.progress else None,
    )
