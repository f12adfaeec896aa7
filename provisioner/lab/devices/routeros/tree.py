"""What a RouterOS line becomes once it is understood."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.menus import Menu


@dataclass(frozen=True, slots=True)
class Text:
    """A literal; ``bare`` was written without quotes."""

    text: str
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """A quoted text with values put in."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    name: str


@dataclass(frozen=True, slots=True)
class Property:
    """A property of the item that a condition is asked about."""

    name: str


@dataclass(frozen=True, slots=True)
class Inner:
    """[ ... ]: what the commands in it give."""

    script: Script


@dataclass(frozen=True, slots=True)
class Code:
    """{ ... } where commands are expected."""

    script: Script


@dataclass(frozen=True, slots=True)
class Many:
    """{ ... } where values are expected; a member may have a key."""

    members: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operator; ``left`` is None for those that stand before their value."""

    sign: str
    left: Node | None
    right: Node


Node = Text | Joined | Variable | Property | Inner | Code | Many | Operation


@dataclass(slots=True)
class Command:
    """A verb in a menu (``menu``), or one that is known everywhere (None)."""

    menu: Menu | None
    verb: str
    at: int
    values: list[Node] = field(default_factory=list)
    named: dict[str, Node] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    """Bare words that no value was expected for: print's `detail`, set's `!comment`."""
    where: Node | None = None


@dataclass(slots=True)
class Script:
    source: str
    commands: list[Command]
