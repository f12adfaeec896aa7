"""Small pictures of figures as SVG: for a page, a phone and paper; a pattern with every colour.

Each is 340 units wide, has a title that says all of it, and its labels beside what they mean.
Colours stand as attributes and as classes, so that a page may give them its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH = 340
_TEXT = 12
_FONT = 'font-family="Liberation Sans, Arial, sans-serif"'
_INK, _MUTED, _FREE, _LINE = "#16211e", "#55625d", "#e6ebe8", "#8a9690"
GOOD, BAD = "#12615c", "#7c1022"
TONES: Mapping[str, tuple[str, str]] = {
    "one": ("#12615c", ""),
    "two": ("#5b8fd0", "stripes"),
    "three": ("#16211e", "dots"),
    "four": ("#c98a1b", "cross"),
    "five": ("#c9d2ce", ""),
}
"""Class to its colour and pattern."""


@dataclass(frozen=True)
class Bullet:
    """One bar from 0 to 100 with its target; ``value`` None: there is nothing to measure."""

    label: str
    value: float | None
    target: float
    text: str


@dataclass(frozen=True)
class Strip:
    """A row of dots, one for each ``True`` (late) or ``False``."""

    label: str
    late: Sequence[bool]
    text: str


@dataclass(frozen=True)
class Part:
    """A piece of a stacked bar; ``tone`` is a key of ``TONES``."""

    tone: str
    value: float
    text: str


@dataclass(frozen=True)
class Stack:
    """A bar made of parts, in one scale with the others."""

    label: str
    parts: Sequence[Part]
    text: str


@dataclass(frozen=True)
class Room:
    """What is used and promised of ``total``, and the line that is not crossed."""

    label: str
    used: float
    promised: float
    limit: float
    total: float
    text: str


def bullets(key: str, title: str, rows: Sequence[Bullet]) -> Markup:
    """A bar for each, the missing part hatched, the target a strong line."""
    drawn, y = [], 0
    for row in rows:
        drawn.append(_heading(y, row.label, row.text))
        drawn.append(_rect(0, y + 20, WIDTH, 14, "free", _FREE))
        if row.value is not None:
            reached, wanted = (_of(WIDTH - 2, share, 100) for share in (row.value, row.target))
            drawn.append(_rect(0, y + 20, reached, 14, "good", GOOD))
            drawn.append(_rect(reached, y + 20, wanted - reached, 14, "gap", f"url(#{key}-gap)"))
            drawn.append(_rect(wanted - 1, y + 16, 3, 22, "ink", _INK))
        y += 52
    return _svg(key, title, y - 8, drawn, _hatch(f"{key}-gap", BAD, "gap-line"))


def strips(key: str, title: str, rows: Sequence[Strip]) -> Markup:
    """A dot for each request in the order of time: kept open rings, late ones dark squares.

    Beyond 560 one dot stands for several; the label has to say the number.
    """
    drawn, y = [], 0
    for row in rows:
        drawn.append(_heading(y, row.label, row.text))
        each = -(-len(row.late) // 560) or 1
        marks = [any(row.late[n : n + each]) for n in range(0, len(row.late), each)]
        for n, late in enumerate(marks):
            x, line = n % 28 * 12 + 6, n // 28
            top = y + 20 + line * 12
            drawn.append(
                _rect(x - 5, top + 1, 10, 10, "late", BAD) if late
                else f'<circle class="kept" cx="{x}" cy="{top + 6}" r="4" fill="none" '
                f'stroke="{GOOD}" stroke-width="2"/>'
            )  # fmt: skip
        y += 20 + max(1, -(-len(marks) // 28)) * 12 + 14
    return _svg(key, title, y - 6, drawn)


def stacks(
    key: str, title: str, rows: Sequence[Stack], legend: Sequence[tuple[str, str]]
) -> Markup:
    """Bars in one scale, parts side by side; ``legend``: (tone, what it means), below."""
    drawn, y = [], 0
    longest = max((sum(part.value for part in row.parts) for row in rows), default=0) or 1
    for row in rows:
        drawn.append(_heading(y, row.label, row.text))
        x = 0.0
        for part in row.parts:
            width = _of(WIDTH, part.value, longest)
            drawn.append(_part(key, part.tone, x, y + 20, width, 16))
            if len(part.text) * 7 + 6 < width:
                drawn.append(_boxed(x + width / 2, y + 32, part.text))
            x += width
        y += 52
    for tone, meaning in legend:
        drawn.append(_part(key, tone, 0, y, 16, 12))
        drawn.append(_text(24, y + 10, meaning))
        y += 18
    return _svg(key, title, y, drawn, *(_pattern(key, tone) for tone in TONES))


def rooms(key: str, title: str, rows: Sequence[Room]) -> Markup:
    """Used, promised (hatched) and free of each, and the line that planning does not cross."""
    drawn, y = [], 0
    for row in rows:
        whole = max(row.total, row.limit, row.used + row.promised) or 1
        used, promised, limit = (
            _of(WIDTH - 2, part, whole) for part in (row.used, row.promised, row.limit)
        )
        drawn += [
            _heading(y, row.label, row.text),
            _rect(0, y + 20, WIDTH, 14, "free", _FREE),
            _rect(0, y + 20, used, 14, "good", GOOD),
            _rect(used, y + 20, promised, 14, "promised", f"url(#{key}-promised)"),
            _rect(limit - 1, y + 16, 3, 22, "ink", _INK),
        ]
        y += 52
    return _svg(key, title, y - 8, drawn, _hatch(f"{key}-promised", GOOD, "promised-line"))


def _svg(key: str, title: str, height: float, drawn: Iterable[str], *patterns: str) -> Markup:
    return Markup(  # noqa: S704  made of numbers, our own names and escaped texts
        f'<svg class="chart" viewBox="0 0 {WIDTH} {max(height, 20):g}" role="img" '
        f'aria-labelledby="{key}-title" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{key}-title">{escape(title)}</title><defs>{"".join(patterns)}</defs>'
        f"{''.join(drawn)}</svg>"
    )


def _heading(y: float, label: str, text: str) -> str:
    """What a row is on the left, its figure on the right."""
    return (
        f'<text class="ink" x="0" y="{y + 13:g}" font-size="{_TEXT}" {_FONT} font-weight="bold" '
        f'fill="{_INK}">{escape(label)}</text>'
        f'<text class="ink" x="{WIDTH}" y="{y + 13:g}" font-size="{_TEXT}" {_FONT} '
        f'text-anchor="end" fill="{_INK}">{escape(text)}</text>'
    )


def _text(x: float, y: float, text: str) -> str:
    return (
        f'<text class="muted" x="{x:g}" y="{y:g}" font-size="{_TEXT}" {_FONT} fill="{_MUTED}">'
        f"{escape(text)}</text>"
    )


def _boxed(x: float, y: float, text: str) -> str:
    """A figure within a part, readable on every pattern."""
    half = len(text) * 3.5 + 3
    return (
        f'<rect class="label-back" x="{x - half:.1f}" y="{y - 10:g}" width="{2 * half:g}" '
        f'height="12" rx="2" fill="#fff"/><text class="label" x="{x:.1f}" y="{y - 0.5:g}" '
        f'font-size="11" {_FONT} text-anchor="middle" fill="#16211e">{escape(text)}</text>'
    )


def _part(key: str, tone: str, x: float, y: float, width: float, height: float) -> str:
    colour, pattern = TONES[tone]
    drawn = _rect(x, y, width, height, f"tone-{tone}", colour)
    if pattern:
        drawn += _rect(x, y, width, height, "over", f"url(#{key}-{pattern})")
    return drawn


def _rect(x: float, y: float, width: float, height: float, name: str, fill: str) -> str:
    if width <= 0:
        return ""
    return (
        f'<rect class="{name}" x="{x:.1f}" y="{y:g}" width="{width:.1f}" height="{height:g}" '
        f'fill="{fill}"/>'
    )


def _hatch(id: str, colour: str, name: str) -> str:
    return (
        f'<pattern id="{id}" width="6" height="6" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect class="free" width="6" height="6" fill="{_FREE}"/>'
        f'<rect class="{name}" width="2.4" height="6" fill="{colour}"/></pattern>'
    )


def _pattern(key: str, tone: str) -> str:
    """White marks on the tone's colour."""
    marks = {
        "stripes": '<rect width="1.6" height="6" fill="#fff"/>',
        "dots": '<circle cx="3" cy="3" r="1.1" fill="#fff"/>',
        "cross": '<path d="M0 3H6M3 0V6" stroke="#fff" stroke-width="1"/>',
    }
    name = TONES[tone][1]
    if not name:
        return ""
    return (
        f'<pattern id="{key}-{name}" width="6" height="6" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)">{marks[name]}</pattern>'
    )


def _of(width: float, share: float, whole: float) -> float:
    return min(width, max(0.0, width * share / whole))
