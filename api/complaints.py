"""The forms of complaints: what was typed into what, beside which field it is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile

from api.pages.form import Fault, Form, anchor, in_zone
from api.words import Tag
from provisioner.catalogue.fields import explain
from provisioner.complaints.files import Attachment
from provisioner.complaints.words import STATES
from provisioner.errors import FieldError, Invalid
from provisioner.requests.letters import read_upload
from provisioner.texts import Message, say

_Model = TypeVar("_Model", bound=BaseModel)

TAGS = {
    "received": Tag(STATES["received"], "dot", "info"),
    "classified": Tag(STATES["classified"], "ring", "info"),
    "assigned": Tag(STATES["assigned"], "tick-ring", "info"),
    "in_progress": Tag(STATES["in_progress"], "half", "info"),
    "answered": Tag(STATES["answered"], "tick", "good"),
    "closed": Tag(STATES["closed"], "tick", "quiet"),
}
LABELS: Mapping[str, Message] = {
    "kind": say("What is it?"),
    "text": say("What happened, or what do you suggest?"),
    "privacy": say("Who may know who you are?"),
    "name": say("Name"),
    "contact": say("Telephone or e-mail"),
    "request": say("Number of the request, if it is about one"),
    "file": say("Photo or document"),
    "channel": say("Channel"),
    "reference": say("Number of the channel (SP4N-LAPOR)"),
    "received_at": say("Received"),
    "department": say("Department"),
    "summary": say("Matter, in a few words"),
    "classification": say("Class"),
    "reason": say("Reason"),
    "officer": say("Officer"),
    "team": say("Team"),
    "day": say("Day of the answer"),
    "outcome": say("How did it end?"),
    "target": say("Number of the request, or id of the check"),
}
_MISSING = say("please fill this in")


def texts(sent: FormData) -> dict[str, str]:
    """The texts of a form."""
    return {name: value for name, value in sent.items() if isinstance(value, str)}


def attachment(sent: FormData) -> Attachment | None:
    """The file of a form, if one was chosen. Raises Invalid (``/file``) where it is too large."""
    file = sent.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return None
    return Attachment(file.filename, read_upload(file.file, file.size))


def checked(model: type[_Model], values: Mapping[str, Any]) -> _Model:
    """The model of what was typed; fields that it does not know are left out. Raises Invalid."""
    known = {
        name: values[name] for name in model.model_fields if values.get(name) not in (None, "")
    }
    try:
        return model.model_validate(known)
    except ValidationError as error:
        raise Invalid(
            [
                FieldError(
                    "".join(f"/{part}" for part in fault["loc"]),
                    _MISSING if fault["type"] == "missing" else explain(fault),
                )
                for fault in error.errors(include_url=False, include_input=False)
            ]
        ) from None


def form_of(values: Mapping[str, str], error: Invalid | None = None) -> Form:
    """What was typed, with what is wrong with it."""
    return Form(dict(values), tuple(map(_fault, error.errors)) if error else ())


def moment(text: str, zone: tzinfo) -> str | None:
    """A date and time of a form's field; a date alone is noon; None where it is empty."""
    typed = text.strip()
    if not typed:
        return None
    return in_zone(f"{typed}T12:00" if len(typed) == len("2026-01-01") else typed, zone)


def local(at: datetime, zone: tzinfo) -> str:
    """A moment as a form's field has it."""
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def _fault(error: FieldError) -> Fault:
    name = error.pointer.strip("/").partition("/")[0]
    return Fault(anchor(name) if name else "main", LABELS.get(name), error.message)
