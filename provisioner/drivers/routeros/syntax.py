"""How RouterOS writes values, words and durations; and how they are read back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_PLAIN = re.compile(r"[A-Za-z0-9_.:/,@+!*-]+")
_SAFE = frozenset(
    b" !#%&'()*+,-./0123456789:;<=>@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"
)
_ESCAPE = re.compile(rb"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)
_NAMED = {
    b"n": b"\n", b"r": b"\r", b"t": b"\t", b"_": b" ", b"a": b"\a", b"b": b"\b", b"f": b"\f",
    b"v": b"\v",
}  # fmt: skip
_UNITS = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def quoted(text: str) -> str:
    """``text`` in quotes; every byte that means something to the console as ``\\XX``.

    The question mark would open the help of RouterOS 6, even within quotes.
    """
    written = "".join(
        chr(byte) if byte in _SAFE else f"\\{byte:02X}" for byte in text.encode("utf-8")
    )
    return f'"{written}"'


def value(text: str) -> str:
    """``text`` as a value: bare where that is unmistakable, else in quotes."""
    return text if _PLAIN.fullmatch(text) else quoted(text)


def unquoted(word: str) -> str:
    """What a value stands for; a word without quotes stands for itself."""
    if len(word) < 2 or word[0] != '"' or word[-1] != '"':
        return word
    raw = word[1:-1].encode("utf-8")
    return _ESCAPE.sub(_unescaped, raw).decode("utf-8", "replace")


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes([int(code, 16)]) if len(code) == 2 else _NAMED.get(code, code)


def words(text: str) -> list[str]:
    """The words of a line; quotes and all kinds of brackets keep what is in them together."""
    return list(_words(text))


def _words(text: str) -> Iterator[str]:
    word, depth, in_quotes, escaped = "", 0, False, False
    for char in text:
        if in_quotes:
            word += char
            in_quotes = escaped or char != '"'
            escaped = char == "\\" and not escaped
            continue
        if char.isspace() and not depth:
            if word:
                yield word
            word = ""
            continue
        in_quotes = char == '"'
        depth += (char in "[({") - (char in "])}")
        depth = max(depth, 0)
        word += char
    if word:
        yield word


def properties(found: list[str]) -> dict[str, str]:
    """Those of the words that are ``name=value``, values as they are meant."""
    pairs = (word.partition("=") for word in found if "=" in word)
    return named_whole((name, unquoted(text)) for name, _, text in pairs)


def named_whole(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Properties by whole names: behind ``channel.band`` comes ``.width`` of the channel."""
    told: dict[str, str] = {}
    group = ""
    for name, text in pairs:
        if not name.startswith("."):
            group = name.rpartition(".")[0]
        told[f"{group}{name}" if name.startswith(".") else name] = text
    return told


def joined_lines(text: str) -> list[str]:
    """The lines of an export; those that were broken with a backslash are whole again."""
    lines: list[str] = []
    open_ = False
    for row in text.replace("\r", "").split("\n"):
        if open_:
            lines[-1] += row.lstrip()
        else:
            lines.append(row)
        tail = len(lines[-1]) - len(lines[-1].rstrip("\\"))
        open_ = tail % 2 == 1
        if open_:
            lines[-1] = lines[-1][:-1]
    return lines


def duration(seconds: int) -> str:
    """As RouterOS writes it: 28800 is ``8h``, 5400 is ``1h30m``."""
    parts = ""
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        parts += f"{count}{unit}" if count else ""
    return parts or "0s"


def seconds(text: str) -> int | None:
    """The reverse of ``duration``; also ``08:00:00`` and ``1d 02:00:00``. None: no duration."""
    found = re.fullmatch(
        r"(?:(\d+)w)?(?:(\d+)d)?\s*(?:(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?|(\d+):(\d+):(\d+))", text
    )
    if not text or not found:
        return None
    groups = [int(group or 0) for group in found.groups()]
    sizes = (604_800, 86_400, 3_600, 60, 1, 3_600, 60, 1)
    return sum(count * size for count, size in zip(groups, sizes, strict=True))
