"""Work done by hand: what people ticked off and photographed, after which the run goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from provisioner.catalogue.fields import plain_text
from provisioner.database import Database, now
from provisioner.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from provisioner.people.rules import Actor, may_operate, may_see
from provisioner.requests.files import LetterFiles
from provisioner.requests.letters import ExaminedLetter, examine
from provisioner.runs import journal, store
from provisioner.runs.model import Run
from provisioner.runs.rules import RunState
from provisioner.runs.service import RunService
from provisioner.runs.steps.manual import COMPLETED, TAKEN_BACK, TASK
from provisioner.runs.views import RunView
from provisioner.texts import Message, say

MOST_PHOTOS = 8


@dataclass(frozen=True)
class Photo:
    """One picture as it was taken."""

    file_name: str
    data: bytes


class ManualSteps:
    """Completes the manual step that a run waits for."""

    def __init__(self, database: Database, runs: RunService, files: LetterFiles) -> None:
        self._database, self._runs, self._files = database, runs, files

    def complete(
        self,
        actor: Actor,
        run_id: str,
        key: str,
        *,
        checklist: Mapping[str, bool],
        answers: Mapping[str, str],
        note: str = "",
        photos: Sequence[Photo] = (),
    ) -> RunView:
        """Write down what was done, who said so and the pictures; the run goes on.

        Raises NotFound, Forbidden, Conflict (``wrong-state``: nobody waits for this step), Invalid
        with every point that is not ticked, an answer or a photo that is missing.
        """
        with self._database.read() as session:
            params = self._asked(session, actor, run_id, key)
        gaps = [*_open_points(params, checklist), *_open_answers(params, answers)]
        if params.get("photo") and not photos:
            gaps.append(FieldError("/photos", say("attach at least one photo")))
        if len(photos) > MOST_PHOTOS:
            gaps.append(FieldError("/photos", say("at most %(limit)s photos", limit=MOST_PHOTOS)))
        if gaps:
            raise Invalid(gaps)
        found = [(_picture(photo), photo.data) for photo in photos]
        for seen, original in found:
            self._files.keep(seen.sha256, original, seen.cleaned)
        done = {
            "by": actor.username,
            "name": actor.name,
            "at": now().isoformat(),
            "checklist": {str(point["key"]): True for point in params["checklist"]},
            "answers": {str(k["key"]): answers[k["key"]] for k in params.get("answers", ())},
            "note": plain_text(note, minimum=0, maximum=500) if note.strip() else "",
            "photos": [seen.sha256 for seen, _ in found],
        }
        with self._database.write() as session:
            self._asked(session, actor, run_id, key)
            step = store.step(session, run_id, key)
            run = store.get(session, run_id)
            report = COMPLETED if run.phase == "apply" else TAKEN_BACK
            step.memory = {**step.memory, report: done}
            flag_modified(step, "memory")
            journal.note(session, run, "step:completed", step, {"by": actor.username})
        return self._runs.retry(actor, run_id)

    def photo(self, actor: Actor, run_id: str, sha256: str) -> tuple[bytes, str]:
        """The cleaned copy of a picture of that run, and its media type. Raises NotFound."""
        with self._database.read() as session:
            run = _visible(session, actor, run_id)
            steps = store.steps(session, run.id)
            kept = (step.memory.get(key, {}) for step in steps for key in (COMPLETED, TAKEN_BACK))
            if not any(sha256 in done.get("photos", ()) for done in kept):
                raise NotFound(say("There is no such photo."))
        data = self._files.cleaned(sha256)
        return data, "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"

    @staticmethod
    def _asked(session: Session, actor: Actor, run_id: str, key: str) -> Mapping[str, Any]:
        """What the manual step asks that the run waits for; while undoing, what undoing it asks."""
        run = _visible(session, actor, run_id)
        if not may_operate(actor):
            raise Forbidden(say("Your role does not allow this."))
        step = next((s for s in store.plan_of(session, run).steps if s.key == key), None)
        if step is None or step.kind != TASK:
            raise NotFound(say("The run has no manual step %(key)s.", key=key[:40]))
        undoing = run.phase == "undo"
        find = store.next_to_undo if undoing else store.next_to_apply
        at_hand = find(session, run.id)
        if run.state != RunState.WAITING_PERSON or at_hand is None or at_hand.key != key:
            raise Conflict(
                say("Nobody waits for this step now. Load the page again."),
                slug="wrong-state",
                extra={"state": run.state},
            )
        return {**step.params["undo"], "photo": False} if undoing else step.params


def _picture(photo: Photo) -> ExaminedLetter:
    """The picture, cleaned of what it says beside the image. Raises Invalid for anything else."""
    try:
        found = examine(photo.data, photo.file_name)
    except Invalid as error:
        raise Invalid([FieldError("/photos", fault.message) for fault in error.errors]) from error
    if not found.media_type.startswith("image/"):
        raise Invalid([FieldError("/photos", say("must be pictures, JPEG or PNG"))])
    return found


def _visible(session: Session, actor: Actor, run_id: str) -> Run:
    run = store.get(session, run_id)
    if not may_see(actor, store.department_of(session, run)):
        raise NotFound(say("There is no run %(id)s.", id=run_id[:40]))
    return run


def _open_points(params: Mapping[str, Any], checklist: Mapping[str, bool]) -> list[FieldError]:
    not_done: Message = say("is not ticked; do it first")
    return [
        FieldError(f"/checklist/{point['key']}", not_done)
        for point in params["checklist"]
        if checklist.get(point["key"]) is not True
    ]


def _open_answers(params: Mapping[str, Any], answers: Mapping[str, str]) -> list[FieldError]:
    asked = params.get("answers", ())
    return [
        FieldError(f"/answers/{one['key']}", say("please fill this in"))
        for one in asked
        if not 1 <= len(str(answers.get(one["key"], "")).strip()) <= 200
    ]
