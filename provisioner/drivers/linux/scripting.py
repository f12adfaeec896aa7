"""The scripts that a Linux host is sent, and their answers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

_OURS = "provisioner.drivers.linux"
_GIVEN = re.compile(r"""(?:[a-z_]+=(?:[\w@%+=:,./-]+|'[^']*'(?:"'"'[^']*')*)\n)*""", re.ASCII)
"""Values as ``shlex.quote`` writes them: nothing in them is carried out."""


@cache
def _script(name: str, package: str = _OURS) -> str:
    return (files(package) / "scripts" / f"{name}.sh").read_text()


def alone(package: str, name: str, values: Mapping[str, str]) -> str:
    """A script of a package that needs no library: its values in front, then itself."""
    given = "".join(f"{word}={shlex.quote(value)}\n" for word, value in values.items())
    return given + _script(name, package)


def only_reads(text: str, known: Collection[tuple[str, str]]) -> bool:
    """Whether a text is one of those scripts (package, name), with nothing but values in front."""
    return any(
        text.endswith(body) and _GIVEN.fullmatch(text, 0, len(text) - len(body)) is not None
        for body in (_script(name, package) for package, name in known)
    )


def script(phase: str, values: Mapping[str, str], functions: str = "") -> str:
    """What is sent for a phase: its values, the library, functions made for it, the phase."""
    given = {**values, "library": _script("library")}
    return "\n".join(
        [
            *(f"{name}={shlex.quote(value)}" for name, value in given.items()),
            'eval "$library"',
            functions,
            _script(phase),
        ]
    )


@dataclass
class Answer:
    """One script's answer: values by word, and blocks of text by name."""

    values: dict[str, list[str]] = field(default_factory=dict)
    blocks: dict[str, str] = field(default_factory=dict)
    whole: bool = False
    """Whether it came to its end."""

    @classmethod
    def parsed(cls, text: str) -> Answer:
        """Lines of a block begin with a space, so none can be mistaken."""
        found, block = cls(), ""
        for line in text.split("\n"):
            if line == "prov-end":
                found.whole = True
            elif line.startswith("prov-"):
                word, _, value = line.removeprefix("prov-").partition(" ")
                found.values.setdefault(word, []).append(value)
                if word == "block":
                    block = value
                    found.blocks.setdefault(block, "")
            elif line.startswith(" ") and block:
                found.blocks[block] += line[1:] + "\n"
        return found

    def one(self, word: str) -> str:
        """The last value of a word, '' where it was not said."""
        return self.values.get(word, [""])[-1]

    def all(self, word: str) -> frozenset[str]:
        return frozenset(self.values.get(word, ()))
