"""The configuration of a device as uci writes it, and as lines for ``uci batch``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

Value = str | tuple[str, ...]
_DOUBLE = r'"(?:[^"\\\n]|\\.)*"'
_TOKEN = re.compile(
    rf"(?P<end>[\n;])|(?P<note>#[^\n]*)|(?P<word>(?:'[^']*'|{_DOUBLE}|\\.|[^\s'\\;])+)|[^\S\n]+|."
)
_QUOTED = re.compile(rf"'([^']*)'|({_DOUBLE})|\\(.)")


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

    def words(self, option: str) -> tuple[str, ...]:
        """A list's items, also where it is written as one value with spaces."""
        value = self.options.get(option, ())
        return tuple(value.split()) if isinstance(value, str) else value


def packages(text: str) -> frozenset[str]:
    """The files of which ``uci export``'s output tells."""
    return frozenset(line[1] for line in _lines(text) if len(line) == 2 and line[0] == "package")


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
            words.append(_QUOTED.sub(_meant, token["word"]))
        elif token.lastgroup == "end":
            yield words
            words = []
    yield words


def _meant(part: re.Match[str]) -> str:
    """People quote in files as a shell does; uci itself only by single quotes."""
    return part[1] or re.sub(r"\\(.)", r"\1", (part[2] or "")[1:-1]) or part[3] or ""


def quoted(text: str) -> str:
    """As uci reads it back exactly: nothing inside of single quotes means anything to it."""
    return "'" + text.replace("'", "'\\''") + "'"


def making(section: Section) -> list[str]:
    """Lines that make the section, at the end of its package; a second time they change nothing.

    Lists come last: they are emptied first, or a second time would add to them, and what is
    emptied moves to the end.
    """
    lines = [f"set {section.path}={quoted(section.kind)}"]
    for option, value in section.options.items():
        if isinstance(value, str):
            lines.append(f"set {section.path}.{option}={quoted(value)}")
    for option, value in section.options.items():
        if not isinstance(value, str):
            lines.append(f"set {section.path}.{option}=''")
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


# ---------------------------------------------------------------------- changes


@dataclass(frozen=True)
class Change:
    """A step from one state of the sections to the next, and its exact way back."""

    lines: tuple[str, ...]
    undo: tuple[str, ...]
    diff: tuple[str, ...]
    after: tuple[Section, ...]


def swapped(found: Sequence[Section], old: Sequence[Section], new: Sequence[Section]) -> Change:
    """``new`` at the end of their files instead of ``old``; both have names."""
    return Change(
        (*map(removing, old), *(line for section in new for line in making(section))),
        (*map(removing, new), *_back(found, old)),
        (
            *(line for section in old for line in shown(section, "-")),
            *(line for section in new for line in shown(section, "+")),
        ),
        (*(section for section in found if section not in old), *new),
    )


def _back(found: Sequence[Section], old: Sequence[Section]) -> list[str]:
    """Lines that make sections again where they were, their keys to be filled in."""
    lines: list[str] = []
    for section in old:
        places = [other for other in found if other.package == section.package]
        options = {k: "" if k == "key" else v for k, v in section.options.items()}
        lines += making(replace(section, options=options))
        if section is not places[-1]:
            lines.append(f"reorder {section.path}={places.index(section)}")
    return lines


def member(found: Sequence[Section], section: Section, item: str, present: bool) -> Change:
    """``item`` added at the end of a bridge-vlan's list of ports, or taken out of it.

    A section without a name is meant by its bridge and VLAN (``member``, see library.sh), as its
    place in the file may be another one tomorrow.
    """
    items = section.words("ports")
    rest = tuple(other for other in items if other != item)
    tail = items[items.index(item) + 1 :] if item in items else ()
    add, take = (_verb(section, verb) for verb in ("add", "del"))
    back = (item, *tail)
    ports = (*rest, item) if present else rest
    now = replace(section, options={**section.options, "ports": ports})
    header = f" config bridge-vlan # {section.text('device')} vlan {section.text('vlan')}"
    sign = "+" if present else "-"
    return Change(
        (take(item), add(item)) if present else (take(item),),
        (take(item),) if present else (*map(take, tail), *map(add, back)),
        (header, f"{sign}\tlist ports {quoted(item)}"),
        tuple(now if other is section else other for other in found),
    )


def _verb(section: Section, verb: str) -> Callable[[str], str]:
    if section.name:
        return lambda item: f"{verb}_list {section.path}.ports={quoted(item)}"
    place = f"{section.text('device')} {section.text('vlan')}"
    return lambda item: f"member {place} {verb}_list {item}"
