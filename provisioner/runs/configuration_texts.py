"""What of a device's configuration is kept: no secret, no line that changes by itself; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

MASK = "<masked>"
_SHOWN = 20
"""So many places of one device are told at most."""
_LONGEST = 1000

_SECRET = re.compile(
    r"(?P<word>\b(?:pre-shared-key|passphrase|password|secret|private-key|wpa-psk|shared-secret"
    r"|(?<=option )(?:key|sae_password|auth_secret)|\.(?:key|sae_password|auth_secret)(?==))"
    r"(?:=| )(?:(?:ascii|hex|encrypted|\d{1,2}) )?)"
    r"(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'=]+)",
    re.IGNORECASE,
)
"""A last guard: what the driver of the device should have masked already."""
_OURS_TO_SHOW = re.compile(r"^\s*(?:description|name|remark|!|#)", re.IGNORECASE)
_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_VOLATILE = re.compile(
    r"^(?:Building configuration|Current configuration|! Last configuration change"
    r"|! NVRAM config last updated|! No configuration change since|ntp clock-period"
    r"|# (?:\w{3}/\d\d/\d{4}|\d{4}-\d\d-\d\d) \d\d:\d\d:\d\d by RouterOS)"
)


def kept(text: str, secrets: Iterable[str] = ()) -> str:
    """The text as it is kept: without the given secrets and without what looks like one, without
    the lines that change by themselves, one line end at the end."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    text = _KEY_BLOCK.sub(MASK, text)
    lines = (line.rstrip() for line in text.splitlines() if not _VOLATILE.match(line))
    return "\n".join(map(_line, lines)).strip("\n") + "\n"


def _line(line: str) -> str:
    return line if _OURS_TO_SHOW.match(line) else _SECRET.sub(_masked, line)


def _masked(found: re.Match[str]) -> str:
    masked = found["value"].strip("\"'") in ("", MASK) or set(found["value"]) <= set("*\"'")
    return found[0] if masked else found["word"] + MASK


@dataclass(frozen=True)
class Place:
    """One place where two configurations differ: the heading of its section, and its lines."""

    object: str
    before: str
    now: str


def places(before: str, now: str) -> list[Place]:
    """Where two configurations differ, the first twenty of them."""
    old, new = before.splitlines(), now.splitlines()
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    found: list[Place] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal" and len(found) < _SHOWN:
            heading = _heading(new, c) if d > c else _heading(old, a)
            found.append(Place(heading, _told(old[a:b]), _told(new[c:d])))
    return found


def _told(lines: list[str]) -> str:
    return "\n".join(lines)[:_LONGEST]


def _heading(lines: list[str], at: int) -> str:
    """The section that a line belongs to, as IOS, RouterOS and UCI write them."""
    return next(_above(lines, at), "-").strip()


def _above(lines: list[str], at: int) -> Iterator[str]:
    first = lines[at]
    if first.startswith(("/", "config ")):
        yield first
    for line in reversed(lines[:at]):
        outer = not line.startswith((" ", "\t"))
        if outer and (first.startswith((" ", "\t")) or line.startswith(("/", "config "))):
            yield line
    yield first
