"""The shapes in which a router tells how it is doing: columns, sizes, rates, moments; pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from provisioner.drivers.routeros.facts import fields

_SIZES = {"": 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "k": 1000, "M": 10**6, "G": 10**9}
_SIZE = re.compile(r"([\d.]+)\s*([KMG]i|[kMG]?)(?:B|bps)?")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_DATES = ("%Y-%m-%d", "%b/%d/%Y")
_UNREADABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]")


def readable(text: str) -> bool:
    """False for what no console prints, such as a line out of step or a broken device."""
    return len(_UNREADABLE.findall(text)) <= len(text) / 50


def size(text: str) -> float | None:
    """Bytes of ``40.2MiB``, bits of ``11.2kbps``; None for what is no size."""
    found = _SIZE.fullmatch(text.strip())
    return float(found[1]) * _SIZES[found[2]] if found else None


def number(text: str) -> float | None:
    """What ``41C``, ``2%``, ``5.2W``, ``-105dBm`` begin with; None where no number does."""
    found = _NUMBER.match(text)
    return float(found[0]) if found else None


def count(text: str) -> int | None:
    """A counter, also with blanks between thousands."""
    bare = text.replace(" ", "")
    return int(bare) if bare.isdecimal() else None


def blocks(text: str, key: str, known: Collection[str] = ()) -> dict[str, dict[str, str]]:
    """What a ``monitor`` or ``print stats`` tells of several interfaces, by ``key`` (``name``).

    Each has a block or a column; values stand below the beginning of the name, counters above
    its end. ``known``: names of interfaces, which tells apart those with blanks in them.
    """
    parts: list[list[str]] = []
    for line in text.split("\n"):
        if re.match(rf" *{key}: ", line):
            parts.append([])
        if parts:
            parts[-1].append(line)
    found: dict[str, dict[str, str]] = {}
    for lines in parts:
        told = fields("\n".join(lines))
        spans = _names(lines[0], lines[0].index(": ") + 2, known)
        if told[key] in known or len(spans) == 1:
            found[told[key]] = told
        else:
            found |= _columns(lines, spans)
    return found


def _names(line: str, at: int, known: Collection[str]) -> list[tuple[int, int]]:
    spans = []
    while at < len(line):
        if line[at] == " ":
            at += 1
            continue
        fitting = [n for n in known if line.startswith(n, at) and line[at + len(n) :][:1] in " "]
        word = max(fitting, key=len) if fitting else line[at:].split(" ", 1)[0]
        spans.append((at, at + len(word)))
        at += len(word)
    return spans


def _columns(lines: Sequence[str], spans: list[tuple[int, int]]) -> dict[str, dict[str, str]]:
    width = spans[-1][1]
    rows = [line for line in lines if re.match(r" *[A-Za-z][\w-]*:(?: |$)", line)]
    ends = [end for _, end in spans[:-1]]
    starts = [start for start, _ in spans[1:]]
    to_the_right = all(line[end : end + 1] in " " for line in rows for end in ends)
    cuts = ends if to_the_right else starts
    found: dict[str, dict[str, str]] = {lines[0][a:b]: {} for a, b in spans}
    for line in rows:
        field, _, _ = line.partition(":")
        begin = len(field) + 1
        edges = [begin, *cuts, max(width, len(line))]
        for name, low, high in zip(found, edges, edges[1:], strict=False):
            found[name][field.strip()] = line[low:high].strip()
    return found


def moment(day: str, time: str, zone: str) -> datetime | None:
    """A moment as ``/system clock`` tells it; None where it does not say all of it."""
    offset = re.fullmatch(r"([+-])(\d\d):(\d\d)", zone)
    for form in _DATES:
        try:
            local = datetime.strptime(f"{day.title()} {time}", f"{form} %H:%M:%S")  # noqa: DTZ007
        except ValueError:
            continue
        if offset is None:
            return None
        east = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return (local - east if offset[1] == "+" else local + east).replace(tzinfo=UTC)
    return None
