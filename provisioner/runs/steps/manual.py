"""A step that a person does: the run waits until it is reported as done, with list and photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from provisioner.errors import ActionNeeded
from provisioner.runs.steps.base import Context, Done, Proof, Wait
from provisioner.texts import say, unpack

TASK = "manual.task"
COMPLETED, TAKEN_BACK = "completed", "taken_back"
"""Keys of the step's memory: the report that it is done, and while undoing, that it is undone."""


class ManualTask:
    """Waits for ``memory["completed"]``: ``{by, name, at, checklist: {key: true}, note, photos,
    answers}``.

    Params: ``{who, team, text, checklist: [{key, text}], photo, answers: [{key, text, kind}],
    check?, undo?}``; texts may be packed messages. ``undo`` is None where nothing has to be taken
    back, else ``{text, checklist}``, reported in the same form as ``memory["taken_back"]``. No
    device is held while the run waits.
    """

    def apply(self, context: Context) -> Done | Wait:
        if COMPLETED not in context.memory:
            raise _waits(context, context.params["text"])
        return Done(True)

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        """What was reported, item by item."""
        return _evidence(context, context.memory[COMPLETED])

    def undo(self, context: Context) -> Done | Wait:
        undo = context.params.get("undo")
        if undo is None:
            return Done(False)
        if COMPLETED not in context.memory:
            context.warn(
                say(
                    "Nobody had reported “%(title)s” as done. See whether a part of it was done "
                    "all the same.",
                    title=context.step.title,
                )
            )
            return Done(False)
        if TAKEN_BACK not in context.memory:
            raise _waits(context, undo["text"])
        return Done(True)


def _waits(context: Context, text: Any) -> ActionNeeded:
    team = context.params.get("team")
    return ActionNeeded(
        say("%(what)s", what=unpack(text)),
        meaning=say("The work goes on as soon as this is reported as done (%(team)s).", team=team)
        if team
        else say("The work goes on as soon as this is reported as done."),
        next=say("Do what the list says, tick it off, take a picture and report it as done."),
        who=str(context.params["who"]),
    )


def _evidence(context: Context, report: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    photos = list(report.get("photos", ()))
    ticked = [p for p in context.params["checklist"] if report["checklist"].get(p["key"]) is True]
    person = str(report.get("name") or report["by"])
    told = {"by": person, "at": report["at"], **report.get("answers", {})}
    told |= {key: report[key] for key in ("note", "photos") if report.get(key)}
    points = [{"done": point["text"]} for point in ticked]
    if context.params.get("check") is None:
        return (*points, told)
    shown = say(
        "confirmed by %(by)s, %(items)d points ticked off, %(photos)d photos",
        by=person,
        items=len(ticked),
        photos=len(photos),
    )
    at = datetime.fromisoformat(report["at"])
    proof = Proof(str(context.params["check"]), context.step.target, True, shown, at)
    return (proof.to_json(), *points, told)
