"""Reads RouterOS's language: words, texts, brackets, and conditions become a tree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros.tree import (
    Code,
    Command,
    Inner,
    Joined,
    Many,
    Node,
    Operation,
    Property,
    Script,
    Text,
    Variable,
)
from provisioner.lab.devices.routeros.words import UnfinishedError, WrittenWrongError

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.commands import Grammar
    from provisioner.lab.devices.routeros.menus import Menu

_CLOSING = {"[": "]", "(": ")", "{": "}"}
_BARE = re.compile(r"[^\s;\[\]{}()\"$=]+")
_VALUE = re.compile(r"[^\s;\[\]{}()\"$]+")
_VARIABLE = re.compile(r"\$(?:\"([^\"]+)\"|([A-Za-z0-9_]+))")
_NAMED = re.compile(r"([A-Za-z.][\w.-]*)=(?!=)")
_OPERATORS = re.compile(r"->|&&|\|\||!=|<=|>=|<<|>>|(?:and|or|in)\b|[=<>~+*/%.,&|^-]")
_OPERAND = re.compile(r"\d+(?![\w.:/]|-(?!>))|[A-Za-z0-9_*.:](?:[\w.:*@/]|-(?!>))*")
_WHERE_VALUE = re.compile(r"[^\s;\[\]{}()\"$]+")
_LEVELS = (
    ("||", "or"),
    ("&&", "and", "in"),
    ("=", "!=", "<", ">", "<=", ">=", "~"),
    ("+", "-", ".", ",", "&", "|", "^"),
    ("*", "/", "%", "<<", ">>"),
    ("->",),
)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "_": " ", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_CODE = ("do", "else", "on-error", "while", "command")


class Reader:
    """Reads one source; ``path`` is the menu it is read in, and where it ends."""

    def __init__(self, source: str, grammar: Grammar, path: tuple[str, ...] = ()) -> None:
        self.source = source
        self.grammar = grammar
        self.path = path
        self.at = 0

    def read(self) -> Script:
        """The whole source. Raises WrittenWrongError, UnfinishedError."""
        return self._script("")

    # ------------------------------------------------- statements

    def _peek(self) -> str:
        return self.source[self.at : self.at + 1]

    def _blank(self, also: str = "") -> None:
        while self.at < len(self.source):
            char = self.source[self.at]
            if char == "\\" and re.match(r"\\\r?\n", self.source[self.at :]):
                self.at = self.source.index("\n", self.at) + 1
            elif char in " \t\r" or (also and char in also):
                self.at += 1
            else:
                return

    def _script(self, end: str) -> Script:
        start, before, found = self.at, self.path, []
        while True:
            self._blank("\n;")
            char = self._peek()
            if not char:
                if end:
                    raise UnfinishedError({"]": "[", ")": "(", "}": "{"}[end])
                break
            if char == end:
                break
            if char == "#":
                stop = self.source.find("\n", self.at)
                self.at = len(self.source) if stop < 0 else stop
                continue
            if char in "])}":
                raise WrittenWrongError("syntax error", self.at)
            found.append(self._command(end))
        if end:
            self.path = before
        return Script(self.source[start : self.at], found)

    def _command(self, end: str) -> Command:
        start = self.at
        if self._peek() == "{":
            command = Command(None, "do", start)
            command.named["do"] = self._block()
        elif self._peek() in ("$", "(", '"'):
            command = Command(None, "value", start, [self._value()])
        else:
            command = self.grammar.command(self)
            before = self.path
            if command.menu is not None:
                self.path = command.menu.path  # what stands in [ ] begins there
            self._arguments(command)
            self.path = before
        self._blank()
        if self._peek() not in ("", ";", "\n", end):
            raise WrittenWrongError("expected end of command", self.at)
        return command

    def word(self) -> str:
        """The next bare word, '' where there is none."""
        self._blank()
        found = _BARE.match(self.source, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found[0]

    def _arguments(self, command: Command) -> None:
        menu, verb = command.menu, command.verb
        while True:
            self._blank()
            char = self._peek()
            if char in ("", ";", "\n", "]", "}", ")"):
                return
            if menu is None and verb == "do" and char == "{":
                command.values.append(self._block())
                continue
            if menu is not None and verb == "find":
                self._where_word()
                command.where = self._condition(menu)
                return
            named = _NAMED.match(self.source, self.at)
            if named:
                name = self.grammar.argument(command, named[1], self.at)
                self.at = named.end()
                command.named[name] = self._argument(command, name)
                continue
            if menu is not None and self._where_word():
                command.where = self._condition(menu)
                return
            at = self.at
            word = re.match(r"!?[\w.-]+(?=[\s;\]})]|$)", self.source[at:])
            if word and self.grammar.bare(command, word[0], at):
                self.at += word.end()
                continue
            command.values.append(self._value())
            self.grammar.check(command, at)

    def _where_word(self) -> bool:
        found = re.compile(r"where\b").match(self.source, self.at)
        if found:
            self.at = found.end()
        return found is not None

    def _argument(self, command: Command, name: str) -> Node:
        if self._peek() == "{" and (command.menu is None or name in _CODE):
            return self._block() if name in _CODE else self._many()
        if self._peek() == "{":
            start = self.at
            self._skip()
            return Text(self.source[start + 1 : self.at - 1])
        return self._value()

    # ------------------------------------------------- values

    def _block(self) -> Code:
        self.at += 1
        script = self._script("}")
        self.at += 1
        return Code(script)

    def _many(self) -> Many:
        self.at += 1
        members: list[tuple[str, Node]] = []
        while True:
            self._blank("\n;,")
            if not self._peek():
                raise UnfinishedError("{")
            if self._peek() == "}":
                self.at += 1
                return Many(tuple(members))
            key = re.compile(r'"?([\w.-]+)"?=').match(self.source, self.at)
            if key:
                self.at = key.end()
            members.append((key[1] if key else "", self._value(",")))

    def _skip(self) -> None:
        """Over one bracket with all that is in it."""
        open_, depth = [self._peek()], self.at
        self.at += 1
        while open_:
            char = self._peek()
            if not char:
                self.at = depth
                raise UnfinishedError(open_[-1])
            if char == '"':
                self._quoted()
                continue
            if char in _CLOSING:
                open_.append(char)
            elif char == _CLOSING[open_[-1]]:
                open_.pop()
            self.at += 1

    def _value(self, stop: str = "") -> Node:
        """One value: a text, variable, bracket, or bare word with nothing between its parts."""
        parts: list[Node] = []
        while True:
            char = self._peek()
            if char in ('"', "$", "[", "(", "{"):
                parts.append(self._enclosed(char))
                continue
            found = _VALUE.match(self.source, self.at)
            text = found[0] if found else ""
            if stop and stop in text:
                text = text[: text.index(stop)]
            if not text:
                break
            self.at += len(text)
            parts.append(Text(text, bare=True))
        if not parts:
            return Text("", bare=True)
        if len(parts) == 3 and parts[1] == Text("->", bare=True):
            return Operation("->", parts[0], parts[2])
        return parts[0] if len(parts) == 1 else Joined(tuple(parts))

    def _enclosed(self, char: str) -> Node:
        if char == '"':
            return self._quoted()
        if char == "{":
            return self._many()
        if char == "$":
            found = _VARIABLE.match(self.source, self.at)
            if not found:
                raise WrittenWrongError("syntax error", self.at)
            self.at = found.end()
            return Variable(found[1] or found[2])
        self.at += 1
        if char == "[":
            script = self._script("]")
            self.at += 1
            return Inner(script)
        node = self._expression(0, None)
        self._blank("\n")
        if not self._peek():
            raise UnfinishedError("(")
        if self._peek() != ")":
            raise WrittenWrongError("syntax error", self.at)
        self.at += 1
        return node

    def _quoted(self) -> Node:
        self.at += 1
        parts: list[Node] = []
        text = ""
        while (char := self._peek()) != '"':
            if not char:
                raise UnfinishedError('"')
            if char == "\\":
                text += self._escape()
            elif char == "$" and re.match(r"\$[A-Za-z0-9_\"\[(]", self.source[self.at :]):
                parts.append(Text(text))
                text = ""
                if self.source[self.at + 1] in "[(":
                    self.at += 1
                    parts.append(self._enclosed(self._peek()))
                else:
                    parts.append(self._enclosed("$"))
            else:
                text += char
                self.at += 1
        self.at += 1
        parts.append(Text(text))
        return parts[0] if len(parts) == 1 else Joined(tuple(parts))

    def _escape(self) -> str:
        rest = self.source[self.at + 1 :]
        code = re.match(r"[0-9A-F]{2}", rest)
        if code:
            raw = b""
            while more := re.match(r"\\([0-9A-F]{2})", self.source[self.at :]):
                raw += bytes.fromhex(more[1])
                self.at += 3
            return raw.decode("utf-8", "surrogateescape")
        line = re.match(r"\r?\n[ \t]*", rest)
        if line:
            self.at += 1 + line.end()
            return ""
        if not rest:
            raise UnfinishedError('"')
        if rest[0] not in _ESCAPED and rest[0] not in '\\"$?':
            raise WrittenWrongError("syntax error", self.at)
        self.at += 2
        return _ESCAPED.get(rest[0], rest[0])

    # ------------------------------------------------- expressions and conditions

    def _condition(self, menu: Menu) -> Node | None:
        """What stands after `where`: conditions that all have to hold."""
        found: Node | None = None
        while True:
            self._blank()
            if self._peek() in ("", ";", "\n", "]", "}", ")"):
                return found
            each = self._expression(0, menu)
            found = each if found is None else Operation("and", found, each)

    def _operator(self) -> str:
        self._blank("\n")
        found = _OPERATORS.match(self.source, self.at)
        return found[0] if found else ""

    def _expression(self, level: int, menu: Menu | None) -> Node:
        if level == len(_LEVELS):
            return self._operand(menu)
        left = self._expression(level + 1, menu)
        while True:
            before = self.at
            sign = self._operator()
            if sign not in _LEVELS[level]:
                self.at = before
                return left
            self.at += len(sign)
            self._blank("\n")
            if menu is not None and level == 2:
                right = self._compared()
            else:
                right = self._expression(level + 1, menu)
            left = Operation({"or": "||", "and": "&&"}.get(sign, sign), left, right)

    def _compared(self) -> Node:
        """The value that a property is compared with: bare words may hold any sign."""
        if self._peek() in ('"', "$", "[", "("):
            return self._enclosed(self._peek())
        found = _WHERE_VALUE.match(self.source, self.at)
        if not found:
            return Text("", bare=True)
        self.at = found.end()
        return Text(found[0], bare=True)

    def _operand(self, menu: Menu | None) -> Node:
        self._blank("\n")
        char = self._peek()
        if not char:
            raise UnfinishedError("(")
        if char == "!":
            self.at += 1
            return Operation("!", None, self._operand(menu))
        if char == "-" and menu is None:
            self.at += 1
            return Operation("-", None, self._operand(menu))
        if char == "(" and menu is not None:
            self.at += 1
            node = self._expression(0, menu)
            self._blank("\n")
            if self._peek() != ")":
                raise (
                    UnfinishedError("(")
                    if not self._peek()
                    else WrittenWrongError("syntax error", self.at)
                )
            self.at += 1
            return node
        if char in '"$[({':
            return self._enclosed(char)
        pattern = re.compile(r"[.A-Za-z][\w.-]*") if menu is not None else _OPERAND
        found = pattern.match(self.source, self.at)
        if not found:
            raise WrittenWrongError("syntax error", self.at)
        at, self.at = self.at, found.end()
        if menu is not None:
            return Property(self.grammar.asked(menu, found[0], at))
        return Text(found[0], bare=True)
