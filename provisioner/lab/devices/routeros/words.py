"""The small words of RouterOS: its refusals, and how it writes and quotes values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Value = object
"""What a script computes with: str, int, bool, list, dict, or None for nothing."""
_PLAIN = re.compile(r"[\w.:/,@*+!~-]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "$": "\\$", "?": "\\?", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class WrittenWrongError(Exception):
    """The line cannot be understood, nothing of it has run; ``at`` is the place, from 0."""

    def __init__(self, text: str, at: int) -> None:
        super().__init__(text)
        self.at = at

    def told(self, source: str) -> str:
        """As RouterOS says it of that source."""
        before = source[: self.at]
        line, column = before.count("\n") + 1, self.at - before.rfind("\n")
        return f"{self} (line {line} column {column})"


class UnfinishedError(Exception):
    """A bracket or quote is still open; ``str()`` is what stands in the prompt for more."""


class RefusedError(Exception):
    """A command failed as it ran; ``str()`` is what RouterOS says."""


class LeftError(Exception):
    """The session says goodbye."""


def text_of(value: Value) -> str:
    """As :put writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return ";".join(f"{key}={text_of(each)}" for key, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ";".join(text_of(each) for each in value)
    return str(value)


def escaped(text: str) -> str:
    """What stands between the quotes in an export."""
    return "".join(
        _ESCAPES.get(c, c) if " " <= c < "\x7f" or c in _ESCAPES else _bytes(c) for c in text
    )


def _bytes(char: str) -> str:
    return "".join(f"\\{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))


def quoted(text: str) -> str:
    """Quoted where RouterOS would in an export."""
    return text if _PLAIN.fullmatch(text) else f'"{escaped(text)}"'


def is_true(value: Value) -> bool:
    return value is True or text_of(value) in ("true", "yes")


def number(value: Value) -> int | None:
    """The number that a value is; None for others."""
    text = text_of(value)
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else None


def items_of(value: Value) -> list[Value]:
    """The members of an array; anything else is an array of one, nothing is none."""
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, list):
        return value
    return [] if value is None or value == "" else [value]
