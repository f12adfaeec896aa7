"""Files of /etc/config: read, written and named as uci does."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

NAME = re.compile(r"[A-Za-z0-9_]+")
TYPE = re.compile(r"[!-~]+")
_SPACE = " \t"

Value = str | list[str]


class ParseError(Exception):
    """The text is no uci configuration; says where."""


@dataclass
class Section:
    kind: str
    name: str
    anonymous: bool
    options: dict[str, Value] = field(default_factory=dict)


@dataclass
class Package:
    """One configuration: its sections in order."""

    name: str
    sections: list[Section] = field(default_factory=list)

    def find(self, name: str) -> Section | None:
        """A section by its name or as ``@type[index]``; raises ParseError for a bad name."""
        if not name.startswith("@"):
            return next((section for section in self.sections if section.name == name), None)
        match = re.fullmatch(r"@([^\[\]]+)\[(-?\d+)\]", name)
        if match is None:
            raise ParseError("Parse error")
        same = [section for section in self.sections if section.kind == match[1]]
        index = int(match[2])
        return same[index] if -len(same) <= index < len(same) else None

    def label(self, section: Section) -> str:
        """How ``uci show`` names a section."""
        if not section.anonymous:
            return section.name
        same = [other for other in self.sections if other.kind == section.kind]
        return f"@{section.kind}[{same.index(section)}]"

    def generated(self, kind: str, seed: int) -> str:
        """A name for a new anonymous section: ``cfg``, its number, four digits of its type."""
        count = len(self.sections) + 1 + seed
        while True:
            digest = hashlib.sha256(f"{count}{kind}".encode()).hexdigest()[:4]
            name = f"cfg{count:02x}{digest}"
            if self.find(name) is None:
                return name
            count += 1


def loads(name: str, text: str) -> Package:
    """Parse one file of /etc/config; raises ParseError with line and byte."""
    package = Package(name)
    section: Section | None = None
    for number, words in split(text):
        if not words:
            continue
        keyword, *rest = words
        if keyword == "package" and len(rest) == 1:
            continue
        if keyword == "config" and len(rest) in (1, 2):
            anonymous = len(rest) == 1
            label = package.generated(rest[0], 0) if anonymous else rest[1]
            if not NAME.fullmatch(label) or not TYPE.fullmatch(rest[0]):
                raise ParseError(f"Parse error (invalid character in name field) at line {number}")
            section = package.find(label)
            if section is None:
                section = Section(rest[0], label, anonymous)
                package.sections.append(section)
        elif keyword in ("option", "list") and len(rest) == 2 and section is not None:
            if not NAME.fullmatch(rest[0]):
                raise ParseError(f"Parse error (invalid character in name field) at line {number}")
            if keyword == "option":
                section.options[rest[0]] = rest[1]
            else:
                add_to_list(section, rest[0], rest[1])
        elif keyword in ("option", "list") and section is None:
            raise ParseError(
                f"Parse error (option/list command found before the first section)"
                f" at line {number}, byte 0"
            )
        else:
            raise ParseError(f"Parse error (invalid command) at line {number}, byte 0")
    return package


def add_to_list(section: Section, option: str, value: str) -> None:
    """Append to a list; a single value becomes the first of one."""
    old = section.options.get(option, [])
    section.options[option] = [*([old] if isinstance(old, str) else old), value]


def dumps(package: Package, with_name: bool = False) -> str:
    """The file as uci writes it."""
    out = f"package {package.name}\n" if with_name else ""
    for section in package.sections:
        out += f"\nconfig {_word(section.kind)}"
        if not section.anonymous:
            out += f" {quoted(section.name)}"
        out += "\n"
        for option, value in section.options.items():
            if isinstance(value, str):
                out += f"\toption {option} {quoted(value)}\n"
            else:
                out += "".join(f"\tlist {option} {quoted(item)}\n" for item in value)
    return out + "\n"


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _word(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else quoted(text)


def split(text: str) -> list[tuple[int, list[str]]]:
    """The words of each logical line: quotes join, ``#`` starts a comment, ``;`` ends a line."""
    found: list[tuple[int, list[str]]] = []
    words: list[str] = []
    place, number, start = 0, 1, 1
    while place < len(text):
        char = text[place]
        if char in "\n;":
            found.append((start, words))
            number += char == "\n"
            words, start = [], number
            place += 1
        elif char in _SPACE or char == "\r":
            place += 1
        elif char == "#":
            while place < len(text) and text[place] != "\n":
                place += 1
        else:
            word, end = _one(text, place, number)
            number += text.count("\n", place, end)
            words.append(word)
            place = end
    found.append((start, words))
    return found


def _one(text: str, place: int, number: int) -> tuple[str, int]:
    out, quote = "", ""
    while place < len(text):
        char = text[place]
        if quote:
            if char == quote:
                quote = ""
            elif char == "\\" and quote == '"' and place + 1 < len(text):
                place += 1
                out += text[place]
            else:
                out += char
        elif char in "'\"":
            quote = char
        elif char == "\\" and place + 1 < len(text):
            place += 1
            out += "" if text[place] == "\n" else text[place]
        elif char in " \t\r\n;#":
            break
        else:
            out += char
        place += 1
    if quote:
        raise ParseError(f"Parse error (unterminated {quote}) at line {number}, byte {place}")
    return out, place
