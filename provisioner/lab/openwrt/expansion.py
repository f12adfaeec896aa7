"""Expands words: parameters, substitutions, arithmetic, field splitting, patterns, quotes off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from provisioner.lab.openwrt import patterns
from provisioner.lab.openwrt.arithmetic import ArithmeticError_, evaluate
from provisioner.lab.openwrt.filesystem import FileSystem
from provisioner.lab.openwrt.syntax import (
    Arithmetic,
    Literal,
    Parameter,
    Part,
    Sequence,
    Substitution,
    Word,
)


class ExpansionError(Exception):
    """The word has no value; the shell ends."""


class Scope(Protocol):
    """What a word is expanded in."""

    parameters: list[str]
    here: str
    flags: set[str]

    @property
    def files(self) -> FileSystem: ...

    def get(self, name: str) -> str | None:
        """A variable's or special parameter's value; None if unset."""
        ...

    def put(self, name: str, value: str) -> None: ...

    async def substitute(self, program: Sequence) -> str:
        """What a program writes to its standard output."""
        ...


@dataclass(frozen=True)
class _Piece:
    """Some characters of a word; ``split`` ones came out of an unquoted expansion."""

    text: str
    quoted: bool
    split: bool = False


_BREAK = _Piece("", False)
_NOTHING = _Piece("", True)
"""An empty ``"$@"``: no field, though it is quoted."""


async def fields(scope: Scope, word: Word) -> list[str]:
    """The words that one word becomes: none, one or several."""
    pieces = await _pieces(scope, word)
    found: list[str] = []
    for parts in _split(pieces, scope.get("IFS")):
        text = "".join(piece.text for piece in parts)
        magic = any(
            not piece.quoted and patterns.MAGIC & set(piece.text) for piece in parts
        )  # fmt: skip
        if magic and "f" not in scope.flags:
            named = patterns.paths(scope.files, scope.here, _pattern(parts))
            found += named or [text]
        else:
            found.append(text)
    return found


async def text(scope: Scope, word: Word) -> str:
    """A word where no splitting takes place: an assignment, a here-document, a ``case``."""
    pieces = await _pieces(scope, word)
    return "".join(" " if piece is _BREAK else piece.text for piece in pieces)


async def pattern(scope: Scope, word: Word) -> str:
    """A word as a shell pattern, its quoted characters standing for themselves."""
    return _pattern(await _pieces(scope, word))


def _pattern(pieces: list[_Piece]) -> str:
    return "".join(patterns.escaped(piece.text) if piece.quoted else piece.text for piece in pieces)


async def _pieces(scope: Scope, word: Word) -> list[_Piece]:
    found: list[_Piece] = []
    for place, part in enumerate(word):
        if isinstance(part, Literal):
            found.append(_Piece(_home(scope, part, place), part.quoted))
        else:
            found += await _expanded(scope, part)
    return found


def _home(scope: Scope, part: Literal, place: int) -> str:
    if place == 0 and not part.quoted and (part.text == "~" or part.text.startswith("~/")):
        return (scope.get("HOME") or "~") + part.text[1:]
    return part.text


async def _expanded(scope: Scope, part: Part) -> list[_Piece]:
    if isinstance(part, Substitution):
        value = await scope.substitute(part.program)
        return [_Piece(value, part.quoted, not part.quoted)]
    if isinstance(part, Arithmetic):
        inside = await text(scope, part.word)
        try:
            number = evaluate(inside, lambda name: scope.get(name) or "", scope.put)
        except ArithmeticError_ as error:
            raise ExpansionError(str(error)) from None
        return [_Piece(str(number), part.quoted, not part.quoted)]
    assert isinstance(part, Parameter)  # noqa: S101 - the only kind left
    return await _parameter(scope, part)


async def _parameter(scope: Scope, part: Parameter) -> list[_Piece]:
    value = _value(scope, part.name)
    operator = part.operator
    if operator == "len":
        return [_Piece(str(len(_required(scope, part, value))), part.quoted)]
    if operator in ("#", "##", "%", "%%"):
        value = _required(scope, part, value)
        cut = patterns.trimmed(value, await pattern(scope, part.word), operator)
        return [_Piece(cut, part.quoted, not part.quoted)]
    absent = value is None or (operator.startswith(":") and not value)
    kind = operator[-1:]
    if kind == "+":
        return [] if absent else await _alternative(scope, part)
    if kind and absent:
        if kind == "-":
            return await _alternative(scope, part)
        replacement = await text(scope, part.word)
        if kind == "?":
            raise ExpansionError(f"{part.name}: {replacement or 'parameter not set or null'}")
        scope.put(part.name, replacement)
        return [_Piece(replacement, part.quoted, not part.quoted)]
    if part.name in "@*":
        return _all(scope, part)
    value = _required(scope, part, value)
    return [_Piece(value, part.quoted, not part.quoted)]


async def _alternative(scope: Scope, part: Parameter) -> list[_Piece]:
    pieces = await _pieces(scope, part.word)
    if part.quoted:
        return [replace(piece, quoted=True) for piece in pieces]
    return [
        piece if piece.quoted or piece is _BREAK else replace(piece, split=True)
        for piece in pieces
    ]  # fmt: skip


def _value(scope: Scope, name: str) -> str | None:
    if name in "@*":
        return " ".join(scope.parameters) if scope.parameters else None
    return scope.get(name)


def _required(scope: Scope, part: Parameter, value: str | None) -> str:
    if value is None and "u" in scope.flags and part.name not in "@*":
        raise ExpansionError(f"{part.name}: parameter not set")
    return value or ""


def _all(scope: Scope, part: Parameter) -> list[_Piece]:
    if part.quoted and part.name == "*":
        separator = scope.get("IFS")
        joint = " " if separator is None else separator[:1]
        return [_Piece(joint.join(scope.parameters), True)]
    if not scope.parameters:
        return [_NOTHING] if part.quoted else []
    found: list[_Piece] = []
    for parameter in scope.parameters:
        found += [_BREAK, _Piece(parameter, part.quoted, not part.quoted)]
    return found[1:]


def _split(pieces: list[_Piece], separators: str | None) -> list[list[_Piece]]:
    """Cut pieces into fields at breaks and, in what was expanded unquoted, at IFS."""
    separators = " \t\n" if separators is None else separators
    found: list[list[_Piece]] = []
    current: list[_Piece] | None = None
    after_blank = False
    for piece in pieces:
        if piece is _BREAK:
            if current is not None:
                found.append(current)
            current, after_blank = None, False
        elif not piece.split:
            current = [*(current or ()), piece]
        else:
            for char in piece.text:
                if char not in separators:
                    current = [*(current or ()), replace(piece, text=char)]
                    after_blank = False
                    continue
                if current is not None:
                    found.append(current)
                    current, after_blank = None, char in " \t\n"
                elif char not in " \t\n":
                    if not after_blank:
                        found.append([])
                    after_blank = False
    if current is not None:
        found.append(current)
    empty_all = any(piece is _NOTHING for piece in pieces)
    return [field for field in found if not empty_all or any(piece.text for piece in field)]
