"""How IOS understands a line: abbreviations, parameters, and where it points when it does not."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = {
    "GigabitEthernet": "Gi",
    "TenGigabitEthernet": "Te",
    "FastEthernet": "Fa",
    "Port-channel": "Po",
    "Vlan": "Vl",
}
"""Kinds of interface, long and short."""
_INTERFACE = re.compile(r"([A-Za-z-]+)\s*(\d+(?:/\d+)*(?:\.\d+)?)(?=[\s,]|$)")
_SPAN = re.compile(r"\s*-\s*(\d+)(?=[\s,]|$)")


class RefusedLineError(Exception):
    """The line is not carried out; ``str()`` is what the device says instead."""


class UnknownWordError(RefusedLineError):
    """The line makes no sense from ``at`` on."""

    def __init__(self, at: int) -> None:
        super().__init__(f"at {at}")
        self.at = at


def interface_name(kind: str, number: str) -> str | None:
    """The full name; None when the kind is unknown or could be several."""
    found = [k for k in KINDS if k.lower().startswith(kind.lower())]
    return f"{found[0]}{number}" if len(found) == 1 else None


def short(name: str) -> str:
    """As tables show it: Gi1/0/5."""
    for long, brief in KINDS.items():
        if name.startswith(long):
            return brief + name[len(long) :]
    return name


def _word(text: str, at: int) -> tuple[Any, int] | None:
    found = re.compile(r"\S+").match(text, at)
    return (found[0], found.end()) if found else None


def _line(text: str, at: int) -> tuple[Any, int] | None:
    rest = text[at:].rstrip()
    return (rest, len(text)) if rest else None


def _number(low: int, high: int) -> Parser:
    def parse(text: str, at: int) -> tuple[Any, int] | None:
        found = re.compile(r"\d+(?=\s|$)").match(text, at)
        return (int(found[0]), found.end()) if found and low <= int(found[0]) <= high else None

    return parse


def _interface(text: str, at: int) -> tuple[Any, int] | None:
    found = _INTERFACE.match(text, at)
    name = interface_name(found[1], found[2]) if found else None
    return (name, found.end()) if found and name else None


def _interfaces(text: str, at: int) -> tuple[Any, int] | None:
    """gi1/0/1 - 4 , gi1/0/7"""
    names: list[str] = []
    while (one := _interface(text, at)) is not None:
        name, at = one
        names.append(name)
        if span := _SPAN.match(text, at):
            stem, _, first = name.rpartition("/")
            names += [f"{stem}/{n}" for n in range(int(first) + 1, int(span[1]) + 1)]
            at = span.end()
        comma = re.compile(r"\s*,\s*").match(text, at)
        if comma is None:
            return names, at
        at = comma.end()
    return None


Parser = Callable[[str, int], tuple[Any, int] | None]
Act = Callable[..., str | Awaitable[str]]
"""Called with the session and the parameters; gives what the device answers."""
_PARAMETERS: dict[str, Parser] = {
    "<word>": _word,
    "<line>": _line,
    "<interface>": _interface,
    "<interfaces>": _interfaces,
    "<minutes>": _number(1, 120),
    "<vlan>": _number(1, 4094),
    "<length>": _number(0, 512),
    "<number>": _number(0, 4_294_967_295),
}


@dataclass
class Node:
    """One place in a command: which words may follow, and what it does when the line ends."""

    words: dict[str, Node] = field(default_factory=dict)
    parameters: dict[str, Node] = field(default_factory=dict)
    act: Act | None = None

    def add(self, pattern: str, act: Act) -> None:
        node = self
        for part in pattern.split():
            branch = node.parameters if part.startswith("<") else node.words
            node = branch.setdefault(part, Node())
        node.act = act

    def following(self, word: str) -> list[str]:
        """The words that may be meant."""
        wanted = word.lower()
        return [wanted] if wanted in self.words else [w for w in self.words if w.startswith(wanted)]


def grammar(commands: Mapping[str, Act]) -> Node:
    """Patterns such as ``show vlan brief`` or ``vlan <word>``, each with what it does."""
    root = Node()
    for pattern, act in commands.items():
        root.add(pattern, act)
    return root


def understand(root: Node, text: str) -> tuple[Act, list[Any]]:
    """What the line does, and its parameters.

    Raises UnknownWordError with the column, RefusedLineError for an ambiguous or incomplete line.
    """
    node, at = root, 0
    values: list[Any] = []
    while True:
        at += len(text[at:]) - len(text[at:].lstrip())
        if at >= len(text):
            if node.act is None:
                raise RefusedLineError("% Incomplete command.\n")
            return node.act, values
        word = re.compile(r"\S+").match(text, at)[0]  # type: ignore[index]  # not blank here
        found = node.following(word)
        if len(found) == 1:
            node, at = node.words[found[0]], at + len(word)
            continue
        if len(found) > 1:
            raise RefusedLineError(f'% Ambiguous command:  "{text}"\n')
        node, at, value = _parameter(node, text, at, word)
        values.append(value)


def _parameter(node: Node, text: str, at: int, word: str) -> tuple[Node, int, Any]:
    for name, following in node.parameters.items():
        parsed = _PARAMETERS[name](text, at)
        if parsed is not None:
            return following, parsed[1], parsed[0]
    raise UnknownWordError(at + max((_alike(w, word.lower()) for w in node.words), default=0))


def _alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
