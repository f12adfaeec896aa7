"""Shell patterns: what ``*``, ``?`` and ``[ ]`` match, in strings and among files."""

from __future__ import annotations

import re
from functools import lru_cache

from provisioner.lab.openwrt.filesystem import FileSystem, normal

_CLASSES = {
    "alpha": "A-Za-z", "digit": "0-9", "alnum": "A-Za-z0-9", "upper": "A-Z", "lower": "a-z",
    "space": r"\s", "blank": r" \t", "xdigit": "0-9A-Fa-f", "punct": r"!-/:-@\[-`{-~",
}  # fmt: skip
MAGIC = frozenset("*?[")


def escaped(text: str) -> str:
    """A pattern that matches just this text."""
    return re.sub(r"([\\*?\[\]])", r"\\\1", text)


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str]:
    """A shell pattern as a regular expression; a backslash takes away what is special."""
    out: list[str] = []
    place = 0
    while place < len(pattern):
        char = pattern[place]
        place += 1
        if char == "\\" and place < len(pattern):
            out.append(re.escape(pattern[place]))
            place += 1
        elif char == "*":
            out.append(".*")
        elif char == "?":
            out.append(".")
        elif char == "[":
            found = _bracket(pattern, place)
            if found is None:
                out.append(r"\[")
            else:
                out.append(found[0])
                place = found[1]
        else:
            out.append(re.escape(char))
    return re.compile("".join(out), re.DOTALL)


def _bracket(pattern: str, place: int) -> tuple[str, int] | None:
    negated = pattern[place : place + 1] in ("!", "^")
    place += negated
    inside, first = "", True
    while place < len(pattern):
        char = pattern[place]
        if char == "]" and not first:
            return f"[{'^' if negated else ''}{inside}]", place + 1
        first = False
        named = re.match(r"\[:(\w+):\]", pattern[place:])
        if named and named[1] in _CLASSES:
            inside += _CLASSES[named[1]]
            place += len(named[0])
            continue
        if char == "\\" and place + 1 < len(pattern):
            place += 1
            char = "\\" + pattern[place]
        elif char in "\\[]^&~|":
            char = "\\" + char
        inside += char
        place += 1
    return None


def matches(pattern: str, text: str) -> bool:
    return compiled(pattern).fullmatch(text) is not None


def trimmed(text: str, pattern: str, operator: str) -> str:
    """What ``${x#p}``, ``##``, ``%`` and ``%%`` leave of a text."""
    regex = compiled(pattern)
    lengths = range(len(text) + 1)
    for length in lengths if len(operator) == 1 else reversed(lengths):
        if operator[0] == "#":
            if regex.fullmatch(text[:length]):
                return text[length:]
        elif regex.fullmatch(text[len(text) - length :]):
            return text[: len(text) - length]
    return text


def paths(files: FileSystem, here: str, pattern: str) -> list[str]:
    """The files a pattern names, sorted; empty if there are none."""
    found = ["/" if pattern.startswith("/") else ""]
    for part in [part for part in pattern.split("/") if part]:
        longer: list[str] = []
        for prefix in found:
            base = f"{prefix}/" if prefix and not prefix.endswith("/") else prefix
            if not MAGIC & set(part):
                name = re.sub(r"\\(.)", r"\1", part)
                if files.find(normal(base + name, here), follow=False) is not None:
                    longer.append(base + name)
                continue
            folder = normal(base or ".", here)
            names = files.names(folder) if files.is_directory(folder) else []
            longer += [
                base + name
                for name in names
                if matches(part, name) and (not name.startswith(".") or part.startswith("."))
            ]
        found = longer
    return found
