"""The configuration of an access point as uci writes it, and as lines for ``uci batch``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

Value = str | tuple[str, ...]
_TOKEN = re.compile(
    r"(?P<end>[\n;])|(?P<note>#[^\n]*)|(?P<word>(?:'[^']*'|\\.|[^\s'\\;])+)|[^\S\n]+|."
)
_QUOTED = re.compile(r"'([^']*)'|\\(.)")


@dataclass(frozen=True)
class Section:
    """One section; ``name`` is empty where it has none of its own."""

    package: str
    kind: str
    name: str
    options: dict[str, Value] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"{self.package}.{self.name}"

    def text(self, option: str) -> str:
        """An option's value; '' where it has none."""
        value = self.options.get(option, "")
        return value if isinstance(value, str) else " ".join(value)


def parsed(text: str) -> list[Section]:
    """The sections of ``uci export``'s output, of all packages in it, in order."""
    found: list[Section] = []
    package = ""
    for words in _lines(text):
        match words:
            case ["package", name]:
                package = name
            case ["config", kind, *name]:
                found.append(Section(package, kind, name[0] if name else ""))
            case ["option", option, value] if found:
                found[-1].options[option] = value
            case ["list", option, value] if found:
                old = found[-1].options.get(option, ())
                found[-1].options[option] = (*([old] if isinstance(old, str) else old), value)
            case _:
                continue
    return found


def _lines(text: str) -> Iterator[list[str]]:
    words: list[str] = []
    for token in _TOKEN.finditer(text):
        if token.lastgroup == "word":
            words.append(_QUOTED.sub(lambda m: m[2] or m[1] or "", token["word"]))
        elif token.lastgroup == "end":
            yield words
            words = []
    yield words


def quoted(text: str) -> str:
    """As uci reads it back exactly: nothing inside of single quotes means anything to it."""
    return "'" + text.replace("'", "'\\''") + "'"


def making(section: Section) -> list[str]:
    """Lines that make the section, at the end of its package."""
    lines = [f"set {section.path}={quoted(section.kind)}"]
    for option, value in section.options.items():
        if isinstance(value, str):
            lines.append(f"set {section.path}.{option}={quoted(value)}")
        else:
            lines.append(f"set {section.path}.{option}=''")  # or a second time would add to it
            lines += (f"add_list {section.path}.{option}={quoted(item)}" for item in value)
    return lines


def removing(section: Section) -> str:
    return f"delete {section.path}"


def shown(section: Section, sign: str) -> list[str]:
    """The section as a file has it, each line behind ``sign``; for people."""
    lines = [f"config {section.kind} {quoted(section.name)}"]
    for option, value in section.options.items():
        word = "option" if isinstance(value, str) else "list"
        for item in (value,) if isinstance(value, str) else value:
            text = "***" if option == "key" else item
            lines.append(f"\t{word} {option} {quoted(text)}")
    return [sign + line for line in lines]
