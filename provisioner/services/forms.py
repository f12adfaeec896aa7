"""Checking the details of a request against its form, every fault at once at its pointer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from provisioner.catalogue.fields import explain
from provisioner.errors import FieldError, Invalid
from provisioner.texts import Message, say

Fault = tuple[tuple[str | int, ...], Message]
"""Where in the details, and what does not hold there."""
Together = Callable[[Mapping[str, Any]], Iterable[Fault]]
_Form = TypeVar("_Form", bound=BaseModel)


def answers(data: object) -> dict[str, Any]:
    """What was answered; empty answers count as not given. Raises Invalid for what is no form."""
    if not isinstance(data, Mapping):
        raise Invalid([FieldError("/details", say("must be a group of named values"))])
    return {str(key): value for key, value in data.items() if not _empty(value)}


def checked(
    form: type[_Form],
    draft: type[BaseModel],
    given: Mapping[str, Any],
    together: Together,
) -> _Form:
    """The form filled in with what was given.

    ``draft`` is the form with nothing required; ``together`` finds what does not fit in answers
    that hold each by itself (None where not given). Raises Invalid with every fault at once, each
    at its JSON pointer below ``/details``; no message repeats what was entered.
    """
    faults: list[Fault] = []
    filled: _Form | None = None
    sound: Mapping[str, Any]
    try:
        filled = form.model_validate(given)
        sound = {name: getattr(filled, name) for name in form.model_fields}
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        faults += ((fault["loc"], _explain(fault)) for fault in errors)
        sound = _sound_part(draft, given, errors)
    faults += together(sound)
    if filled is None or faults:
        raise Invalid([FieldError(_pointer(path), message) for path, message in faults])
    return filled


def _empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip(" ")) or value == []


def _sound_part(
    draft: type[BaseModel], given: Mapping[str, Any], errors: list[ErrorDetails]
) -> Mapping[str, Any]:
    """The answers that hold by themselves, so that people see all faults at once."""
    faulty = {fault["loc"][0] for fault in errors if fault["loc"]}
    known = {k: v for k, v in given.items() if k in draft.model_fields and k not in faulty}
    filled = draft.model_validate(known)
    return {name: getattr(filled, name) for name in draft.model_fields}


def _explain(fault: ErrorDetails) -> Message:
    if fault["type"] == "missing":
        return say("please fill this in")
    if fault["type"] == "extra_forbidden":
        return say("is not asked for here; remove it")
    return explain(fault)


def _pointer(path: tuple[str | int, ...]) -> str:
    parts = (str(part)[:64].replace("~", "~0").replace("/", "~1") for part in path)
    return "/".join(("/details", *parts))
