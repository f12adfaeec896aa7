"""Which words RouterOS knows where: menus, verbs, and their arguments."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros.menus import Menu, Path, children, offered
from provisioner.lab.devices.routeros.tree import Command
from provisioner.lab.devices.routeros.words import WrittenWrongError

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.reading import Reader

_SEGMENT = re.compile(r"\.\.|[\w.-]+")
_PRINTING = [
    "detail",
    "terse",
    "as-value",
    "count-only",
    "without-paging",
    "brief",
    "value-list",
    "follow",
    "append",
    "all",
    "stats",
    "stats-detail",
    "dynamic",
]
_EXPORTING = ["terse", "compact", "verbose", "hide-sensitive", "show-sensitive"]
GLOBALS: dict[str, tuple[int, tuple[str, ...]]] = {
    "put": (1, ("message",)),
    "if": (1, ("condition", "do", "else")),
    "local": (2, ("name", "value")),
    "global": (2, ("name", "value")),
    "set": (2, ("name", "value")),
    "foreach": (1, ("counter", "in", "do")),
    "for": (1, ("counter", "from", "to", "step", "do")),
    "while": (1, ("condition", "do")),
    "do": (1, ("command", "do", "on-error", "while")),
    "error": (1, ("message",)),
    "delay": (1, ("delay-time",)),
    "len": (1, ("value",)),
    "pick": (3, ("value", "begin", "end")),
    "find": (3, ("in", "key", "from")),
    "toarray": (1, ("value",)),
    "tostr": (1, ("value",)),
    "tonum": (1, ("value",)),
    "toip": (1, ("value",)),
    "tobool": (1, ("value",)),
    "totime": (1, ("value",)),
    "typeof": (1, ("value",)),
    "resolve": (1, ("domain-name", "server")),
    "log": (2, ("message",)),
    "return": (1, ("value",)),
    "parse": (1, ("command",)),
    "nothing": (0, ()),
    "beep": (0, ("frequency", "length")),
    "ping": (1, ("address", "count", "interval", "size", "src-address", "interface")),
    "quit": (0, ()),
    "export": (0, ("file",)),
    "undo": (0, ()),
    "redo": (0, ()),
}
"""Commands that are known everywhere: how many values they take, and their arguments' names."""
_AT_ROOT = ("ping", "quit", "export", "undo", "redo")
_VALUES = {
    "add": 0,
    "set": 1,
    "remove": 1,
    "enable": 1,
    "disable": 1,
    "comment": 2,
    "move": 2,
    "get": 2,
    "edit": 2,
    "unset": 2,
    "print": 0,
    "export": 0,
    "reset-counters": 1,
}
_NAMED = {
    "print": ("file", "proplist", "from", "interval", "where"),
    "get": ("number", "value-name"),
    "move": ("numbers", "destination"),
    "comment": ("numbers", "comment"),
    "export": ("file",),
    "unset": ("numbers", "value-name"),
    "monitor": ("numbers", "duration", "interval", "once"),
    "save": ("name", "dont-encrypt", "encryption", "password"),
    "load": ("name", "password"),
    "import": ("public-key-file", "user", "file-name"),
    "ping": ("address", "count"),
    "monitor-traffic": ("numbers", "interface", "once"),
    "power-cycle": ("numbers", "duration"),
}


def _chosen(word: str, known: Iterable[str]) -> str | None:
    """That word, or the only one that begins so."""
    found = list(known)
    if word in found:
        return word
    hits = [each for each in found if each.startswith(word)]
    return hits[0] if len(hits) == 1 else None


@dataclass(frozen=True)
class Grammar:
    """What a device of that version with those packages understands."""

    version: int
    packages: frozenset[str]

    def menu(self, path: Path) -> Menu:
        return offered(self.version, self.packages)[path]

    # ------------------------------------------------- finding menu and verb

    def command(self, reader: Reader) -> Command:
        """Reads menu words and a verb. Raises WrittenWrongError."""
        source, start = reader.source, reader.at
        if source[start : start + 1] == ":":
            reader.at += 1
            return self._everywhere(reader, start)
        path = reader.path
        if source[start : start + 1] == "/":
            reader.at += 1
            path = ()
        first = True
        while True:
            reader._blank()
            at = reader.at
            found = _SEGMENT.match(source, at)
            if not found:
                break
            word = found[0]
            reader.at = found.end()
            if word == "..":
                path = path[:-1]
            else:
                menu = self.menu(path)
                step = self._step(path, menu, word)
                if step is None:
                    return self._unknown(reader, path, first=first, at=at)
                if step[0] == "verb":
                    return Command(menu, step[1], at)
                path = (*path, step[1])
            first = False
            if source[reader.at : reader.at + 1] == "/":
                if self.version < 7:
                    raise WrittenWrongError("expected end of command", reader.at)
                reader.at += 1
        if reader.at == start:
            raise WrittenWrongError("expected command name", start)
        reader.path = path
        return Command(self.menu(path), "", start)

    def _step(self, path: Path, menu: Menu, word: str) -> tuple[str, str] | None:
        below, verbs = children(self.version, self.packages, path), menu.all_verbs()
        if not path:
            verbs = ()
        if word in below:
            return "menu", word
        if word in verbs:
            return "verb", word
        found = _chosen(word, [*below, *verbs])
        if found is None:
            return None
        return ("menu" if found in below else "verb"), found

    def _unknown(self, reader: Reader, path: Path, *, first: bool, at: int) -> Command:
        word = reader.source[at : reader.at]
        if first and word in GLOBALS and (path == reader.path or word in _AT_ROOT):
            reader.at = at
            return self._everywhere(reader, at)
        raise WrittenWrongError(f"bad command name {word}", at)

    def _everywhere(self, reader: Reader, at: int) -> Command:
        begin = reader.at
        word = reader.word()
        name = _chosen(word, GLOBALS) if word else None
        if name is None:
            raise WrittenWrongError(f"bad command name {word}", begin)
        return Command(None, name, at)

    # ------------------------------------------------- arguments

    def argument(self, command: Command, word: str, at: int) -> str:
        """The full name of an argument. Raises WrittenWrongError."""
        if command.menu is None:
            known: Iterable[str] = GLOBALS[command.verb][1]
        else:
            known = self._arguments(command.menu, command.verb)
        found = _chosen(word, known)
        if found is None:
            raise WrittenWrongError("expected end of command", at)
        return found

    def _arguments(self, menu: Menu, verb: str) -> list[str]:
        named = list(_NAMED.get(verb, ("numbers", "once", "duration", "message", "user")))
        if verb in ("add", "set"):
            named = [name for name, each in menu.fields.items() if not each.fixed]
            if verb == "add":
                named.append("copy-from")
            else:
                named = ["numbers", *(n for n in named if n != "place-before")]
        return named

    def bare(self, command: Command, word: str, at: int) -> bool:
        """Whether the word is one of the command's own; it is noted there then."""
        menu, verb = command.menu, command.verb
        if menu is None:
            known = _EXPORTING if verb == "export" else []
        elif verb == "print":
            known = _PRINTING
        elif verb == "export":
            known = _EXPORTING
        elif verb == "set" and word.startswith("!"):
            known = [f"!{name}" for name in menu.fields]
        elif verb in menu.verbs:
            known = ["once", "without-paging"]
        else:
            known = []
        found = _chosen(word, known)
        if found is None:
            return False
        command.words.append(found)
        return True

    def check(self, command: Command, at: int) -> None:
        """Whether one more value may stand there. Raises WrittenWrongError."""
        if command.menu is None:
            room = GLOBALS[command.verb][0] if command.verb != "value" else 1
        else:
            room = _VALUES.get(command.verb, 1)
            if command.menu.single and command.verb in ("set", "get"):
                room -= 1
            if command.verb == "":
                room = 0
        if len(command.values) > room:
            raise WrittenWrongError("expected end of command", at)

    def asked(self, menu: Menu, word: str, at: int) -> str:
        """The property that a condition names. Raises WrittenWrongError."""
        flags = [menu.flag(letter) for group in menu.flags for letter in group]
        known = [*menu.fields, *flags, ".id", "numbers"]
        found = _chosen(word, dict.fromkeys(known))
        if found is None:
            raise WrittenWrongError("expected end of command", at)
        return found
