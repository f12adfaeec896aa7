"""Plans as callers see them: the JSON of CONTRACTS, with texts in the reader's language."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from provisioner.plans.model import Change, Plan
from provisioner.plans.record import PlanRecord
from provisioner.texts import render, render_all


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class ChangeView(_View):
    """One object before and after."""

    object: str
    before: str | None
    after: str | None


class StepView(_View):
    """One thing to do."""

    key: str
    title: str
    target: str
    driver: str
    changes: tuple[ChangeView, ...]
    undo: str | None


class RiskView(_View):
    """What may go wrong."""

    level: str
    text: str


class PlanView(_View):
    """One plan, as shown and as approved; ``holds_until`` is when its holds run out."""

    id: str
    request: str
    digest: str
    made_at: datetime
    holds_until: datetime
    summary: str
    expected_seconds: int
    steps: tuple[StepView, ...]
    risks: tuple[RiskView, ...]
    picture: dict[str, Any]


def plan_view(record: PlanRecord, number: str, language: str) -> PlanView:
    """The plan of request ``number`` in a language."""
    plan = Plan.from_json(record.body)
    return PlanView(
        id=record.id,
        request=number,
        digest=record.digest,
        made_at=record.made_at,
        holds_until=record.holds_until,
        summary=render(plan.summary, language),
        expected_seconds=plan.expected_seconds,
        steps=tuple(
            StepView(
                key=step.key,
                title=render(step.title, language),
                target=step.target,
                driver=step.driver,
                changes=tuple(_change_view(change, language) for change in step.changes),
                undo=render(step.undo, language) if step.undo else None,
            )
            for step in plan.steps
        ),
        risks=tuple(RiskView(level=r.level, text=render(r.text, language)) for r in plan.risks),
        picture=render_all(plan.picture, language),
    )


def _change_view(change: Change, language: str) -> ChangeView:
    said = {
        name: None if value is None else render(value, language)
        for name, value in vars(change).items()
    }
    return ChangeView.model_validate(said)
