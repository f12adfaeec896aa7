"""Texts for people: an English template with values, rendered in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

from provisioner import dates

LANGUAGES = ("id", "en")
DEFAULT_LANGUAGE = "id"
_LOCALE_DIR = Path(__file__).parent / "locale"


@dataclass(frozen=True)
class Message:
    """A text not yet in any language; values may be messages, days and moments themselves.

    A day or a moment is written in the reader's words; a moment in the zone that it carries.
    """

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return render(self, "en")

    def __hash__(self) -> int:
        return hash(self.template)

    def to_json(self) -> dict[str, Any]:
        return {"template": self.template, "values": {k: pack(v) for k, v in self.values.items()}}


Phrase = Message | str
"""A text that is either to be put in the reader's language or the same in all of them."""


def say(template: str, /, **values: Any) -> Message:
    """Make a message; ``template`` is the English text with ``%(name)s`` places.

    The string is collected for translation, so it has to be a literal.
    """
    return Message(template, values)


def from_json(data: Mapping[str, Any]) -> Message:
    """The message that ``Message.to_json`` wrote."""
    return Message(data["template"], {k: unpack(v) for k, v in data["values"].items()})


def render(message: Message | str, language: str = DEFAULT_LANGUAGE) -> str:
    """The text in ``language`` (``id`` or ``en``); an untranslated template appears in English."""
    if isinstance(message, str):
        return message
    template = translate(message.template, language)
    if not message.values:
        return template
    return template % {k: _written(v, language) for k, v in message.values.items()}


def _written(value: Any, language: str) -> Any:
    if isinstance(value, Message):
        return render(value, language)
    if isinstance(value, datetime):
        return dates.moment(value, language, value.tzinfo)
    return dates.plain_day(value, language, None) if isinstance(value, date) else value


def render_all(value: Any, language: str) -> Any:
    """JSON with every message in it (as ``Message.to_json`` wrote it) as its text."""
    if isinstance(value, Mapping):
        if value.keys() == {"template", "values"}:
            return render(from_json(value), language)
        return {key: render_all(inner, language) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [render_all(inner, language) for inner in value]
    return value


def translate(template: str, language: str) -> str:
    """The template in ``language``, unfilled."""
    return catalogue(language).get(template, template)


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """All translations of ``language``: the union of ``locale/{language}/*.po``."""
    found: dict[str, str] = {}
    for path in sorted((_LOCALE_DIR / language).glob("*.po")):
        with path.open("rb") as file:
            for entry in read_po(file, locale=language):
                if entry.id and entry.string:
                    found[str(entry.id)] = str(entry.string)
    return found


def pack(value: Any) -> Any:
    """A value that may be a message, a day or a moment, for JSON."""
    if isinstance(value, Message):
        return {"message": value.to_json()}
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    return {"day": value.isoformat()} if isinstance(value, date) else value


def unpack(value: Any) -> Any:
    """What ``pack`` was given."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return value
    [(kind, held)] = value.items()
    if kind == "message":
        return from_json(held)
    if kind == "moment":
        return datetime.fromisoformat(held)
    return date.fromisoformat(held) if kind == "day" else value
