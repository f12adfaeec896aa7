"""Letters as callers see them, and what they send about them."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812
from datetime import datetime
from functools import partial
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from provisioner.catalogue.fields import plain_text
from provisioner.reports.letters.signing import Verdict

Line = Annotated[str, BeforeValidator(partial(plain_text, minimum=2, maximum=160))]
Ways = Literal["srikandi", "email", "hand"]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class LetterEdits(BaseModel):
    """What the office chose for one letter; what is left out is as office.yml and record say."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    signatory: str | None = Field(None, max_length=64)
    """A key of office.yml's signatories."""
    recipient: Line | None = None
    subject: Line | None = None
    note: Annotated[str, BeforeValidator(partial(plain_text, minimum=2, maximum=600))] | None = None
    copies: tuple[Line, ...] | None = Field(None, max_length=12)


class LetterPatch(LetterEdits):
    """Another choice, for the letter as it was looked at."""

    revision: int | None = None
    """Of the letter as it was read; any other refuses. None: nothing is refused."""


class IssuedView(_View):
    """The letter as it was frozen."""

    sha256: str
    at: datetime


class SignedView(_View):
    """The signed file as it came back."""

    sha256: str
    pages: int
    at: datetime
    verdict: Verdict
    sentences: list[str]
    """The verdict in the reader's language."""
    certain: bool
    """Every signature is traced to an authority that this office trusts."""


class SentView(_View):
    """How and when it went out."""

    how: Ways
    on: Date
    at: datetime


class OutLetterView(_View):
    """One letter."""

    id: int
    request: str
    department: str
    department_name: str
    service: str
    kind: str
    state: str
    number: str | None
    date: str | None
    code: str
    edits: LetterEdits
    issued: IssuedView | None
    signed: SignedView | None
    sent: SentView | None
    reason: str | None
    replaces: int | None
    replaced_by: int | None
    created_by: str
    created_at: datetime
    revision: int
    actions: list[str]


class PublicView(_View):
    """What anybody may know of a letter whose code they have; nothing about a person."""

    state: str
    kind: str
    number: str
    date: str
    issued_sha256: str
    signed_sha256: str | None
    signed_as: Literal["electronic", "scan"] | None
