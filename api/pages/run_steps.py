"""Where a run's time went, and what would be taken back if it were undone now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from provisioner.bootstrap import Product
from provisioner.database import now
from provisioner.people.rules import Actor
from provisioner.runs import store as runs
from provisioner.runs.views import RunView
from provisioner.texts import render

WIDTH = 600
"""Of the whole time, in the drawing's units."""
_NARROWEST = 4.0
_BEGUN = frozenset({"changed", "failed", "running"})
"""What was found right already is no work of this run: nothing is taken back there."""


@dataclass(frozen=True)
class Bar:
    """One step on the run's own time; seconds since its beginning, lengths of ``WIDTH``."""

    title: str
    state: str
    after: float
    took: float
    x: float
    width: float


@dataclass(frozen=True)
class TakenBack:
    """A step that was begun; ``undo`` says what undoing it does, None: nothing has to be done."""

    title: str
    undo: str | None


def bars(run: RunView) -> list[Bar]:
    """Each step that was begun, in order; a run that has not begun has none."""
    begun = [step for step in run.steps if step.started_at is not None]
    if not begun or run.started_at is None:
        return []
    first = min(run.started_at, *(step.started_at for step in begun if step.started_at))
    ends = [run.ended_at or now(), *(step.ended_at for step in begun if step.ended_at)]
    whole = max((max(ends) - first).total_seconds(), 1.0)
    return [
        _bar(step.title, step.state, first, step.started_at, step.ended_at or max(ends), whole)
        for step in begun
        if step.started_at
    ]


def _bar(
    title: str, state: str, first: datetime, begun: datetime, ended: datetime, whole: float
) -> Bar:
    after = (begun - first).total_seconds()
    took = max(0.0, (ended - begun).total_seconds())
    width = max(took / whole * WIDTH, _NARROWEST)
    x = min(after / whole * WIDTH, WIDTH - width)
    return Bar(title, state, after, took, round(x, 1), round(width, 1))


def taken_back(product: Product, actor: Actor, run: RunView) -> list[TakenBack]:
    """What undoing would do now, in the order in which it is done: the last step first."""
    with product.database.read() as session:
        plan = runs.plan_of(session, runs.get(session, run.id))
    undo = {step.key: step.undo for step in plan.steps}
    begun = [step for step in reversed(run.steps) if step.state in _BEGUN]
    return [
        TakenBack(step.title, render(text, actor.language) if (text := undo[step.key]) else None)
        for step in begun
    ]
