"""What callers send about complaints and what they get back."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from functools import partial
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from provisioner.catalogue.fields import FieldFault, Moment, plain_text, refuse_private_key
from provisioner.complaints.rules import Channel, Class, Kind, Outcome, Privacy
from provisioner.requests.views import EventView
from provisioner.texts import say

LONGEST = 4000
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

__all__ = ["EventView"]


def _prose(value: object) -> str:
    """Several lines in people's own words: NFC, without control and invisible characters."""
    if not isinstance(value, str):
        raise FieldFault(say("must be a text"))
    refuse_private_key(value)
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\t", " "))
    seen = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in _DROPPED)
    seen = "\n".join(line.rstrip() for line in seen.split("\n")).strip()
    if len(seen) < 5:
        raise FieldFault(say("please tell it in a few words"))
    if len(seen) > LONGEST:
        raise FieldFault(say("may have at most %(limit)s characters", limit=LONGEST))
    return seen


def _empty(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _line(maximum: int, minimum: int = 2) -> BeforeValidator:
    return BeforeValidator(partial(plain_text, minimum=minimum, maximum=maximum))


Prose = Annotated[str, BeforeValidator(_prose)]
Line = Annotated[str, _line(120)]
Summary = Annotated[str, _line(160, 5)]
Because = Annotated[str, _line(1000, 3)]
Short = Annotated[str, _line(80, 1)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class Told(_In):
    """What the public form sends; name, contact and account count only where not anonymous."""

    kind: Kind
    text: Prose
    privacy: Privacy = Privacy.OPEN
    name: Annotated[Line | None, BeforeValidator(_empty)] = None
    contact: Annotated[Line | None, BeforeValidator(_empty)] = None
    request: Annotated[Short | None, BeforeValidator(_empty)] = None


class NewComplaint(Told):
    """What the office enters."""

    channel: Channel
    reference: Annotated[Short | None, BeforeValidator(_empty)] = None
    received_at: Moment | None = None
    department: Annotated[Short | None, BeforeValidator(_empty)] = None
    summary: Annotated[Summary | None, BeforeValidator(_empty)] = None


class Classify(_In):
    """The class, and a reason where it had another one."""

    classification: Class
    summary: Annotated[Summary | None, BeforeValidator(_empty)] = None
    reason: Annotated[Because | None, BeforeValidator(_empty)] = None
    revision: int | None = None


class Assign(_In):
    """Who answers for it, by user name, and who helps."""

    officer: Short
    team: list[Line] = Field(default_factory=list, max_length=20)
    revision: int | None = None


class Answer(_In):
    """What was answered, where and when."""

    text: Prose
    channel: Channel
    day: date | None = None
    """Today if left out."""


class Close(_In):
    """How it ended."""

    outcome: Outcome


class Reopen(_In):
    """Why it is not settled."""

    reason: Because


class LinkTo(_In):
    """A request's number, or a check's id."""

    kind: Literal["request", "check"] = "request"
    target: Short


class FileView(_Out):
    """A file that came with it."""

    id: int
    name: str
    media_type: str
    bytes: int


class AnswerView(_Out):
    """An answer."""

    text: str
    channel: Channel
    day: date
    by: str | None
    at: datetime
    files: list[FileView]


class LinkView(_Out):
    """What it has to do with."""

    kind: str
    target: str


class ReporterView(_Out):
    """Who reported, as the reader may know it. ``shown``: open, hidden, anonymous or erased."""

    shown: Literal["open", "hidden", "anonymous", "erased"]
    name: str | None = None
    contact: str | None = None
    department: str | None = None
    department_name: str | None = None


class ComplaintView(_Out):
    """One complaint, suggestion or appreciation."""

    number: str
    kind: Kind
    channel: Channel
    reference: str | None
    text: str
    summary: str
    privacy: Privacy
    reporter: ReporterView
    said_request: str | None
    received_at: datetime
    entered_at: datetime
    recorded_by: str | None
    state: str
    classification: Class | None
    due_at: datetime
    working_days_left: int | None
    """None once it is answered."""
    due: Literal["calm", "soon", "late"]
    officer: str | None
    officer_name: str | None
    team: list[str]
    answered_at: datetime | None
    closed_at: datetime | None
    outcome: Outcome | None
    erased_at: datetime | None
    answers: list[AnswerView]
    files: list[FileView]
    links: list[LinkView]
    revision: int
    actions: list[str]


class Receipt(_Out):
    """What the reporter of the public form gets; ``key`` is shown once."""

    number: str
    kind: Kind
    key: str
    received_at: datetime
    classified_by: datetime | None
    answers_by: dict[str, datetime]
    """By class, or ``other``."""


class Outlook(_Out):
    """What the holder of the key sees: no personal data, no names of the office's people."""

    number: str
    kind: Kind
    state: str
    received_at: datetime
    due_at: datetime | None
    """None before it is classified, and after it is answered."""
    answers: list[AnswerView]
