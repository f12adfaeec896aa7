"""What callers send about requests and what they get back (CONTRACTS section 3)."""

from __future__ import annotations

import re
from datetime import date as Date  # noqa: N812
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from provisioner.catalogue.fields import FieldFault, Moment, plain_text
from provisioner.texts import Message, say

Name = Annotated[str, BeforeValidator(partial(plain_text, minimum=2, maximum=120))]
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LetterNumber = Annotated[str, BeforeValidator(partial(plain_text, minimum=1, maximum=80))]


def _written_date(value: object) -> object:
    """A number would count as the seconds since 1970."""
    if isinstance(value, Date) or (isinstance(value, str) and _DATE.fullmatch(value.strip())):
        return value
    raise FieldFault(say("must be a date written as YYYY-MM-DD"))


_PHONE = (
    re.compile(r"\+?[0-9][0-9 ().-]{4,24}"),
    say("is not a telephone number; write it like 0281 891234 or +62 812 3456 7890"),
)
_EMAIL = (
    re.compile(r"[^@\s\"'<>\\]{1,64}@(?=.{1,180}$)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"),
    say("is not an e-mail address; write it like nama@purbalinggakab.go.id"),
)
_NIP = (re.compile(r"[0-9 ]{8,24}"), say("is not an NIP; it has 18 digits"))


def _written_as(form: re.Pattern[str], fault: Message, value: object) -> str:
    if not isinstance(value, str) or not form.fullmatch(value.strip()):
        raise FieldFault(fault)
    return value.strip()


class _In(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True
    )


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class ApplicantIn(_In):
    """Who asks, and how Dinkominfo reaches them."""

    name: Name
    position: Name
    phone: Annotated[str, BeforeValidator(partial(_written_as, *_PHONE))]
    email: Annotated[str, BeforeValidator(partial(_written_as, *_EMAIL))]
    employee_id: Annotated[str, BeforeValidator(partial(_written_as, *_NIP))] | None = None


class SignatoryIn(_In):
    """Who signed the letter."""

    name: Name
    position: Name


class LetterIn(_In):
    """What stands on the letter."""

    kind: Literal["signed", "srikandi"]
    number: LetterNumber
    date: Annotated[Date, BeforeValidator(_written_date)]
    signatory: SignatoryIn


Channel = Literal["web", "paper", "srikandi", "phone", "visit"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
"""How a request came to the office; ``web``: the applicant entered it."""


class NewRequest(_In):
    """A request to be made; details may still be incomplete while it is a draft."""

    service: str
    department: str
    applicant: ApplicantIn
    letter: LetterIn | None = None
    details: dict[str, Any] = Field(default_factory=dict)
    channel: Channel = "web"
    received_at: Moment | None = Field(
        None, description="when the letter was received; entered by technicians only"
    )


class RequestPatch(_In):
    """What may change while a request is a draft or needs information."""

    applicant: ApplicantIn | None = None
    letter: LetterIn | None = None
    details: dict[str, Any] | None = None
    channel: Channel | None = None
    received_at: Moment | None = None
    revision: int | None = Field(None, description="of the request as it was read; 409 if not")


class LetterFile(_Out):
    """The letter's file as it was received."""

    sha256: str
    media_type: str
    pages: int
    bytes: int


class LetterView(_Out):
    """The letter: what the form says of it, and its file once it is there."""

    kind: str | None
    number: str | None
    date: str | None
    signatory: dict[str, Any] | None
    file: LetterFile | None
    file_name: str | None


class RequestView(_Out):
    """One request."""

    number: str
    service: str
    department: str
    department_name: str
    applicant: dict[str, Any]
    letter: LetterView | None
    details: dict[str, Any]
    state: str
    reason: str | None
    due_at: datetime | None
    working_days_left: int | None
    run: str | None
    instance: str | None
    busy: bool
    created_at: datetime
    submitted_at: datetime | None
    closed_at: datetime | None
    channel: Channel
    received_at: datetime | None
    created_by: str
    actions: list[str]
    revision: int
    used: float | None
    """Share of the working time that is used up; None where no clock runs."""
    stopped: bool
    """The clock stands still: something waits for the applicant."""


class RequestPage(_Out):
    """Some requests, newest first; ``next`` is the cursor of those that follow."""

    items: list[RequestView]
    next: str | None


class EventView(_Out):
    """One thing that happened, in the reader's language."""

    id: int
    tag: str
    actor: str
    at: datetime
    text: str
    correlation: str | None
    data: dict[str, Any] | None
