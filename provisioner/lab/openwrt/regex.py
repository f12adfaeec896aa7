"""POSIX regular expressions, basic and extended, as Python's."""

from __future__ import annotations

import re

from provisioner.lab.openwrt.calling import UsageError

_CLASSES = {
    "[:alpha:]": "A-Za-z", "[:digit:]": "0-9", "[:alnum:]": "A-Za-z0-9", "[:upper:]": "A-Z",
    "[:lower:]": "a-z", "[:space:]": r"\s", "[:blank:]": r" \t", "[:xdigit:]": "0-9A-Fa-f",
    "[:punct:]": r"!-/:-@\[-`{-~",
}  # fmt: skip
_SPECIAL = frozenset("(){}+?|")


def regular(pattern: str, extended: bool) -> str:
    """The same expression in Python's syntax; raises UsageError for one that is none."""
    out, place = "", 0
    while place < len(pattern):
        char = pattern[place]
        place += 1
        if char == "[":
            bracket, place = _bracket(pattern, place)
            out += bracket
        elif char == "\\" and place < len(pattern):
            follower = pattern[place]
            place += 1
            if follower in _SPECIAL:
                out += ("\\" if extended else "") + follower
            elif follower in "nt":
                out += "\\" + follower
            elif follower in "<>":
                out += r"\b"
            elif follower.isdigit() or follower in "wWsSbB":
                out += "\\" + follower
            else:
                out += re.escape(follower)
        elif char in _SPECIAL:
            out += char if extended else re.escape(char)
        elif char == "*" and not extended and out in ("", "^", "("):
            out += r"\*"
        elif char == "^" and not extended and out not in ("", "(") and not out.endswith("|"):
            out += r"\^"
        elif char == "$" and not extended and place < len(pattern):
            out += "$" if pattern[place : place + 2] in (r"\)", r"\|") else r"\$"
        else:
            out += char if char in ".*^$" else re.escape(char)
    try:
        re.compile(out)
    except re.error as error:
        raise UsageError(f"bad regex '{pattern}': {error.msg}") from None
    return re.sub(r"(?<!\\)\$$", r"\\Z", out)


def _bracket(pattern: str, place: int) -> tuple[str, int]:
    start = place
    negated = pattern[place : place + 1] == "^"
    place += negated
    inside = ""
    first = True
    while place < len(pattern) and (pattern[place] != "]" or first):
        first = False
        name = next((name for name in _CLASSES if pattern.startswith(name, place)), None)
        if name is not None:
            inside += _CLASSES[name]
            place += len(name)
            continue
        inside += "\\" + pattern[place] if pattern[place] in "\\[]^&~|" else pattern[place]
        place += 1
    if place >= len(pattern):
        raise UsageError(f"bad regex '[{pattern[start:]}': Unmatched [")
    return f"[{'^' if negated else ''}{inside}]", place + 1
