"""Field types and field faults that our data files and request forms have in common."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails

from provisioner.errors import FieldError, Invalid
from provisioner.texts import Message, say

KEY = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
"""What the keys of our data files (sizes, images, networks, sites …) look like."""
_PRIVATE_KEY = re.compile(r"PRIVATE\s+KEY|PuTTY-User-Key-File|Private-Lines:", re.IGNORECASE)
_SHELL = re.compile(r"\$[({]|`")


class FieldFault(ValueError):
    """A value that does not hold, with the text for its reader; for use in pydantic validators."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.template)
        self.message = message


_YEARS = range(2000, 2100)


def _of_our_time(moment: datetime) -> datetime:
    if moment.year not in _YEARS:
        raise FieldFault(
            say("check the year: from %(first)s to %(last)s", first=_YEARS[0], last=_YEARS[-1])
        )
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time)]
"""A time with its zone, of the years that clocks and calendars here reckon with."""


class DataModel(BaseModel):
    """Base of everything read from a data file: unknown keys are faults, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def explain(error: ErrorDetails) -> Message:
    """The text for one pydantic error; never contains the value that was given."""
    context: Mapping[str, Any] = error.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, FieldFault):
        return cause.message
    kind = error["type"]
    if kind == "missing":
        return say("is missing; add it")
    if kind == "extra_forbidden":
        return say("is not a known key; check its spelling or remove it")
    if kind in ("literal_error", "enum"):
        return say(
            "must be one of: %(choices)s",
            choices=str(context.get("expected", "")).replace(" or ", ", "),
        )
    return _type_fault(kind) or _bound_fault(kind, context) or say("%(why)s", why=error["msg"])


def _type_fault(kind: str) -> Message | None:
    if kind.startswith("string_") and kind.endswith(("type", "unicode", "sub_type")):
        return say("must be a text")
    if kind.startswith("int_") or kind == "float_type":
        return say("must be a whole number")
    if kind in ("list_type", "tuple_type", "set_type", "frozen_set_type"):
        return say("must be a list")
    if kind in ("dict_type", "model_type", "mapping_type", "model_attributes_type"):
        return say("must be a group of named values")
    if kind.startswith("date_"):
        return say("must be a date written as YYYY-MM-DD")
    if kind.startswith(("datetime_", "timezone_")):
        return say("must be a time with its zone, written as 2026-11-25T08:00:00+07:00")
    if kind.startswith("bool_"):
        return say("must be true or false")
    if kind == "string_pattern_mismatch":
        return say("is not written in the form that is needed here")
    return None


def _bound_fault(kind: str, context: Mapping[str, Any]) -> Message | None:
    bounds = {
        "greater_than_equal": ("ge", say("must be at least %(limit)s", limit=context.get("ge"))),
        "greater_than": ("gt", say("must be more than %(limit)s", limit=context.get("gt"))),
        "less_than_equal": ("le", say("must be at most %(limit)s", limit=context.get("le"))),
        "less_than": ("lt", say("must be less than %(limit)s", limit=context.get("lt"))),
        "too_short": (
            "min_length",
            say("needs at least %(limit)s entries", limit=context.get("min_length")),
        ),
        "too_long": (
            "max_length",
            say("may have at most %(limit)s entries", limit=context.get("max_length")),
        ),
        "string_too_short": (
            "min_length",
            say("needs at least %(limit)s characters", limit=context.get("min_length")),
        ),
        "string_too_long": (
            "max_length",
            say("may have at most %(limit)s characters", limit=context.get("max_length")),
        ),
    }
    found = bounds.get(kind)
    return found[1] if found else None


def refuse_private_key(text: str) -> None:
    """Raise FieldFault when the text holds (part of) a private key; nothing of it is repeated."""
    if _PRIVATE_KEY.search(text):
        raise FieldFault(
            say(
                "This is a private key. It was not stored. Never give it to anybody, also not to "
                "us: make a new pair of keys and enter only the public one (it ends in .pub)."
            )
        )


def plain_text(value: object, *, minimum: int, maximum: int) -> str:
    """One line of text for people, NFC, without surrounding white space; lengths in characters.

    Refused, never altered: line breaks and other control characters, invisible and
    direction-changing characters (a reader would see something else than what is stored), what a
    shell would run (``$(``, ``${``, a backtick), and private keys. Quotes and apostrophes are
    ordinary letters of Indonesian texts (Jum'at) and stay. Raises FieldFault.
    """
    if not isinstance(value, str):
        raise FieldFault(say("must be a text"))
    if len(value) > 20 * maximum:
        raise FieldFault(say("may have at most %(limit)s characters", limit=maximum))
    refuse_private_key(value)
    text = unicodedata.normalize("NFC", value).strip(" ")
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text):
        raise FieldFault(say("must be one line, without line breaks, tabs or control characters"))
    if any(unicodedata.category(character).startswith("C") for character in text):
        raise FieldFault(say("contains invisible characters; type it again instead of pasting"))
    if _SHELL.search(text):
        raise FieldFault(say("may not contain $(, ${ or a backtick"))
    if len(text) < minimum:
        raise FieldFault(say("needs at least %(limit)s characters", limit=minimum))
    if len(text) > maximum:
        raise FieldFault(say("may have at most %(limit)s characters", limit=maximum))
    return text


def one_line(pointer: str, text: str | None, *, minimum: int = 0, maximum: int = 1000) -> str:
    """What people write in a box of several lines, as one line of plain text; None is empty.

    Raises Invalid at ``pointer``.
    """
    try:
        return plain_text(" ".join((text or "").split()), minimum=minimum, maximum=maximum)
    except FieldFault as fault:
        raise Invalid([FieldError(pointer, fault.message)]) from None


@dataclass(frozen=True)
class AddressRange:
    """Addresses from ``first`` to ``last``, both included; iterates in order."""

    first: IPv4Address
    last: IPv4Address

    def __iter__(self) -> Iterator[IPv4Address]:
        return (IPv4Address(number) for number in range(int(self.first), int(self.last) + 1))

    def __len__(self) -> int:
        return int(self.last) - int(self.first) + 1

    def __contains__(self, address: object) -> bool:
        return isinstance(address, IPv4Address) and self.first <= address <= self.last

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    def overlaps(self, other: AddressRange) -> bool:
        """Whether some address is in both."""
        return self.first <= other.last and other.first <= self.last


def _address_range(value: object) -> AddressRange:
    if isinstance(value, AddressRange):
        return value
    first, _, last = value.partition("-") if isinstance(value, str) else ("", "", "")
    try:
        parsed = AddressRange(IPv4Address(first.strip()), IPv4Address((last or first).strip()))
    except ValueError:
        raise FieldFault(
            say("must be an address or a range such as 10.10.10.100-10.10.10.199")
        ) from None
    if parsed.first > parsed.last:
        raise FieldFault(say("the range ends before it begins; exchange its two addresses"))
    return parsed


AddressRangeField = Annotated[
    AddressRange,
    PlainValidator(_address_range),
    PlainSerializer(str, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\d+\.\d+\.\d+\.\d+(-\d+\.\d+\.\d+\.\d+)?$",
            "description": "an address, or a range first-last, both included",
        }
    ),
]
