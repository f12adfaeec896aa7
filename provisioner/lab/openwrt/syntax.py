"""The shell's syntax tree: words made of parts, commands made of words."""

from __future__ import annotations

from dataclasses import dataclass, field


class ShellSyntaxError(Exception):
    """The text is no shell program; says what was unexpected, and in which line."""

    def __init__(self, text: str, line: int, at_end: bool = False) -> None:
        super().__init__(text)
        self.line = line
        self.at_end = at_end


# ---------------------------------------------------------------------- words


@dataclass(frozen=True)
class Literal:
    """Characters as they stand; quoted ones are neither split nor patterns."""

    text: str
    quoted: bool = False


@dataclass(frozen=True)
class Parameter:
    """``$name`` and ``${name<operator>word}``; the operator ``len`` is ``${#name}``."""

    name: str
    operator: str
    word: Word
    quoted: bool


@dataclass(frozen=True)
class Substitution:
    """``$(program)``."""

    program: Sequence
    quoted: bool


@dataclass(frozen=True)
class Arithmetic:
    """``$((expression))``, its inside still to be expanded."""

    word: Word
    quoted: bool


Part = Literal | Parameter | Substitution | Arithmetic
Word = tuple[Part, ...]


# ---------------------------------------------------------------------- commands


@dataclass
class Redirection:
    """``[fd]operator target``; of a here-document the target is its text."""

    fd: int
    operator: str
    target: Word


@dataclass
class Simple:
    """Assignments, words, redirections; ``source`` is the text as written."""

    line: int
    source: str = ""
    assignments: list[tuple[str, Word]] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    redirections: list[Redirection] = field(default_factory=list)


@dataclass
class Redirected:
    body: Command
    redirections: list[Redirection]


@dataclass
class Pipeline:
    commands: list[Command]
    negated: bool


@dataclass
class AndOr:
    first: Command
    rest: list[tuple[str, Command]]


@dataclass
class Background:
    body: Command


@dataclass
class Sequence:
    commands: list[Command] = field(default_factory=list)


@dataclass
class Subshell:
    body: Sequence


@dataclass
class If:
    branches: list[tuple[Sequence, Sequence]]
    otherwise: Sequence | None


@dataclass
class Loop:
    condition: Sequence
    until: bool
    body: Sequence


@dataclass
class For:
    name: str
    words: list[Word] | None
    body: Sequence


@dataclass
class Case:
    subject: Word
    arms: list[tuple[list[Word], Sequence]]


@dataclass
class Function:
    name: str
    body: Command


Command = (
    Simple
    | Redirected
    | Pipeline
    | AndOr
    | Background
    | Sequence
    | Subshell
    | If
    | Loop
    | For
    | Case
    | Function
)
