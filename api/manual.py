"""Steps that people do: what there is to tick and to answer, and what was reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from provisioner.bootstrap import Product
from provisioner.people.rules import Actor, may_operate
from provisioner.runs import store as runs
from provisioner.runs.rules import RunState
from provisioner.runs.steps.manual import COMPLETED, TAKEN_BACK, TASK
from provisioner.runs.views import RunView
from provisioner.texts import Phrase, render, unpack


@dataclass(frozen=True)
class Point:
    """A line of the checklist, or a question."""

    key: str
    text: Phrase


@dataclass(frozen=True)
class Report:
    """What somebody reported as done."""

    by: str
    at: datetime
    points: tuple[Point, ...]
    answers: tuple[tuple[Point, str], ...]
    note: str
    photos: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """One manual step; ``waiting``: the run waits for it, ``open``: the reader may report it."""

    key: str
    title: str
    text: Phrase
    team: str | None
    points: tuple[Point, ...]
    questions: tuple[Point, ...]
    photo: bool
    waiting: bool
    open: bool
    done: Report | None

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the form's fields, in order."""
        points = (f"checklist/{point.key}" for point in self.points)
        questions = (f"answers/{question.key}" for question in self.questions)
        return (*points, *questions, "photos", "note")


class PointView(BaseModel):
    """A point of the checklist, or a question, by its key."""

    key: str
    text: str


class ReportView(BaseModel):
    """What was reported as done; ``photos`` are found at ``/runs/{id}/photos/{sha256}``."""

    by: str
    at: datetime
    answers: dict[str, str]
    note: str
    photos: list[str]


class TaskView(BaseModel):
    """One manual step as callers see it; ``photo``: at least one is needed."""

    key: str
    title: str
    text: str
    team: str | None
    checklist: list[PointView]
    answers: list[PointView]
    photo: bool
    waiting: bool
    done: ReportView | None


def task_views(product: Product, actor: Actor, run: RunView) -> list[TaskView]:
    """The manual steps of a run in the reader's language."""
    found = tasks(product, actor, run).values()
    return [_task_view(task, actor.language) for task in found]


def _task_view(task: Task, language: str) -> TaskView:
    done = task.done
    return TaskView(
        key=task.key,
        title=task.title,
        text=render(task.text, language),
        team=task.team,
        checklist=[PointView(key=p.key, text=render(p.text, language)) for p in task.points],
        answers=[PointView(key=q.key, text=render(q.text, language)) for q in task.questions],
        photo=task.photo,
        waiting=task.waiting,
        done=ReportView(
            by=done.by,
            at=done.at,
            answers={question.key: answer for question, answer in done.answers},
            note=done.note,
            photos=list(done.photos),
        )
        if done
        else None,
    )


def tasks(product: Product, actor: Actor, run: RunView) -> Mapping[str, Task]:
    """The manual steps of a run by their keys."""
    with product.database.read() as session:
        row = runs.get(session, run.id)
        plan = runs.plan_of(session, row)
        memories = {step.key: step.memory for step in runs.steps(session, run.id)}
        undoing = run.phase == "undo"
        found = (runs.next_to_undo if undoing else runs.next_to_apply)(session, run.id)
        at_hand = found.key if found else None
    kinds = {step.key: step for step in plan.steps if step.kind == TASK}
    waits = run.state == RunState.WAITING_PERSON
    return {
        step.key: _task(
            step.key,
            step.title,
            kinds[step.key].params,
            memories[step.key],
            undoing and step.key == at_hand,
            waits and step.key == at_hand,
            may_operate(actor),
        )
        for step in run.steps
        if step.key in kinds
    }


def _task(
    key: str,
    title: str,
    params: Mapping[str, Any],
    memory: Mapping[str, Any],
    undoing: bool,
    waiting: bool,
    may: bool,
) -> Task:
    asked = (params.get("undo") or {}) if undoing else params
    kept = memory.get(TAKEN_BACK if undoing else COMPLETED)
    points = tuple(_points(asked.get("checklist", ())))
    questions = tuple(_points(asked.get("answers") or ()))
    return Task(
        key=key,
        title=title,
        text=unpack(asked.get("text", "")),
        team=params.get("team"),
        points=points,
        questions=questions,
        photo=bool(asked.get("photo")),
        waiting=waiting and kept is None,
        open=waiting and kept is None and may,
        done=_report(kept, points, questions) if kept else None,
    )


def _points(said: Any) -> Iterator[Point]:
    for point in said:
        yield Point(str(point["key"]), unpack(point["text"]))


def _report(
    kept: Mapping[str, Any], points: tuple[Point, ...], questions: tuple[Point, ...]
) -> Report:
    answers = kept.get("answers") or {}
    return Report(
        by=kept.get("name") or kept["by"],
        at=datetime.fromisoformat(kept["at"]),
        points=tuple(point for point in points if kept["checklist"].get(point.key)),
        answers=tuple((q, answers[q.key]) for q in questions if q.key in answers),
        note=kept.get("note") or "",
        photos=tuple(kept.get("photos") or ()),
    )
