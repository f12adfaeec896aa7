"""The kinds of answers that requests for a wireless network give, and why one does not hold."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from provisioner.catalogue.fields import FieldFault, plain_text
from provisioner.services.passphrases import is_passphrase
from provisioner.texts import say

MAX_USERS = 100_000
MAX_MBPS = 10_000
SSID_BYTES = 32
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_NUMBER = re.compile(r"[0-9]{1,9}")
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_TRUTH = {"true": True, "false": False}


def _line(value: object) -> str:
    return plain_text(value, minimum=3, maximum=120)


def _choice(value: object) -> str:
    return plain_text(value, minimum=1, maximum=63)


def _reason(value: object) -> str:
    return plain_text(value, minimum=3, maximum=500)


def _ssid(value: object) -> str:
    """Kept as it is, never altered: guests have to find exactly this name."""
    if not isinstance(value, str):
        raise FieldFault(say("must be a text"))
    if value != value.strip():
        raise FieldFault(say("may not begin or end with a space"))
    if any(unicodedata.category(letter)[0] == "C" or letter in "\u2028\u2029" for letter in value):
        raise FieldFault(say("may not contain control characters or invisible characters"))
    if not 1 <= len(value.encode()) <= SSID_BYTES:
        raise FieldFault(
            say(
                "may be at most %(limit)s bytes long; letters with accents and symbols take more "
                "than one",
                limit=SSID_BYTES,
            )
        )
    return value


def _passphrase(value: object) -> SecretStr:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str) or not is_passphrase(text):
        raise FieldFault(
            say("needs 8 to 63 characters: letters without accents, digits, signs and spaces")
        )
    return SecretStr(text)


def _moment(value: object) -> datetime:
    if isinstance(value, str) and _TIME.fullmatch(value.strip(" ")):
        with suppress(ValueError):
            value = datetime.fromisoformat(value.strip(" ").upper())
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise FieldFault(say("must be a time with its zone, written as 2026-11-25T08:00:00+07:00"))
    try:
        return value.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        raise FieldFault(say("this time does not exist in our calendar")) from None


def _whole(limit: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        number = 0
        if isinstance(value, int) and not isinstance(value, bool):
            number = value
        elif isinstance(value, str) and _NUMBER.fullmatch(value.strip(" ")):
            number = int(value)
        if not 1 <= number <= limit:
            raise FieldFault(say("must be a whole number from 1 to %(limit)s", limit=limit))
        return number

    return parse


def _truth(value: object) -> object:
    return _TRUTH.get(value.strip(" "), value) if isinstance(value, str) else value


def _instance(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value.strip(" ")):
        raise FieldFault(say("is not the identifier of an instance"))
    return value.strip(" ")


Line = Annotated[str, BeforeValidator(_line)]
Choice = Annotated[str, BeforeValidator(_choice)]
SsidName = Annotated[str, BeforeValidator(_ssid)]
Passphrase = Annotated[SecretStr, BeforeValidator(_passphrase)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Users = Annotated[int, BeforeValidator(_whole(MAX_USERS))]
Mbps = Annotated[int, BeforeValidator(_whole(MAX_MBPS))]
Truth = Annotated[bool, Field(strict=True), BeforeValidator(_truth)]
InstanceId = Annotated[str, BeforeValidator(_instance)]
Reason = Annotated[str, BeforeValidator(_reason)]


class Form(BaseModel):
    """Answers that do not change, without any that is not asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class WithPassphrase(Form):
    """The passphrase leaves no dump; ``passphrase_given`` says that there is one.

    What keeps requests puts the passphrase into the secret store and has the last word on
    ``passphrase_given``, which comes back with details that were kept.
    """

    passphrase: Passphrase | None = Field(None, exclude=True)
    """None: the run makes one, except for an open network."""
    passphrase_given: Truth = False

    @model_validator(mode="before")
    @classmethod
    def _tell(cls, data: object) -> object:
        if isinstance(data, Mapping) and data.get("passphrase"):
            return {**data, "passphrase_given": True}
        return data

    @property
    def without_secrets(self) -> bool:
        """An open network has no passphrase, and forgets one that was given before."""
        return getattr(self, "security", None) == "open"
