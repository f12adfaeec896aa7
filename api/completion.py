"""What was done by hand, as JSON or as a form with photos."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends
from starlette.datastructures import UploadFile
from starlette.requests import Request

from provisioner.errors import FieldError, Invalid
from provisioner.runs.manual import Photo
from provisioner.texts import say

CHECKLIST, ANSWERS = "checklist/", "answers/"
_YES = frozenset({"true", "on", "1"})


@dataclass(frozen=True)
class Completion:
    """The ticked points, the answers, a note and the pictures of one manual step."""

    checklist: Mapping[str, bool] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    photos: tuple[Photo, ...] = ()


async def completion(request: Request) -> Completion:
    """What the request's body says; raises Invalid where it is of another shape.

    JSON: ``{checklist: {key: true}, answers: {key: text}, note}``. A form has the same under
    ``checklist/KEY`` and ``answers/KEY`` (or ``checklist`` and ``answers`` as JSON) and any number
    of files ``photos``.
    """
    if not request.headers.get("content-type", "").startswith(
        ("multipart/", "application/x-www-form-urlencoded")
    ):
        body = await request.body()
        said = _object("", body) if body.strip() else {}
        return Completion(
            _ticks(said.get("checklist", {})),
            _texts(said.get("answers", {})),
            _text("/note", said.get("note", "")),
        )
    form = await request.form()
    checklist: dict[str, Any] = {}
    answers: dict[str, Any] = {}
    photos = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            data = await value.read()
            if name == "photos" and (data or value.filename):
                photos.append(Photo(value.filename or "", data))
        elif name.startswith(CHECKLIST):
            checklist[name.removeprefix(CHECKLIST)] = value in _YES
        elif name.startswith(ANSWERS):
            answers[name.removeprefix(ANSWERS)] = value
        elif name == "checklist":
            checklist |= _object("/checklist", value)
        elif name == "answers":
            answers |= _object("/answers", value)
    note = form.get("note")
    return Completion(
        _ticks(checklist), _texts(answers), note if isinstance(note, str) else "", tuple(photos)
    )


Completed = Annotated[Completion, Depends(completion)]


def _object(pointer: str, text: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Invalid([FieldError(pointer, say("is not proper JSON"))]) from error
    if not isinstance(found, dict):
        raise Invalid([FieldError(pointer, say("must be an object of names and values"))])
    return found


def _ticks(found: Any) -> dict[str, bool]:
    if not isinstance(found, Mapping):
        raise Invalid([FieldError("/checklist", say("must be an object of names and values"))])
    return {str(key): value is True for key, value in found.items()}


def _texts(found: Any) -> dict[str, str]:
    if not isinstance(found, Mapping):
        raise Invalid([FieldError("/answers", say("must be an object of names and values"))])
    return {str(key): _text(f"/answers/{key}", value) for key, value in found.items()}


def _text(pointer: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Invalid([FieldError(pointer, say("must be a text"))])
    return value
