"""The stream editor: s, p, d, q, n, =, a, i, c with addresses, -n, -e, -i, -E."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provisioner.lab.openwrt.calling import Call, UsageError, decoded, encoded
from provisioner.lab.openwrt.filesystem import FileError
from provisioner.lab.openwrt.regex import regular

_Address = int | str | re.Pattern[str]


@dataclass
class _Edit:
    """One command: where it applies and what it does."""

    addresses: list[_Address]
    negated: bool
    verb: str
    regex: re.Pattern[str] | None = None
    text: str = ""
    flags: str = ""
    inside: bool = False

    def applies(self, number: int, line: str, last: bool) -> bool:
        return self._selected(number, line, last) != self.negated

    def _selected(self, number: int, line: str, last: bool) -> bool:
        if not self.addresses:
            return True
        if len(self.addresses) == 1:
            return _hits(self.addresses[0], number, line, last)
        if self.inside:
            end = self.addresses[1]
            self.inside = not (
                number >= end if isinstance(end, int) else _hits(end, number, line, last)
            )
            return not (isinstance(end, int) and number > end)
        if _hits(self.addresses[0], number, line, last):
            end = self.addresses[1]
            self.inside = not (isinstance(end, int) and end <= number)
            return True
        return False


def _hits(address: _Address, number: int, line: str, last: bool) -> bool:
    if isinstance(address, int):
        return address == number
    if isinstance(address, str):
        return last
    return address.search(line) is not None


class _Script:
    """Parses the commands of one script."""

    def __init__(self, text: str, extended: bool) -> None:
        self._text = text
        self._place = 0
        self._extended = extended

    def _bad(self) -> UsageError:
        return UsageError(f"unsupported command {self._text[self._place :][:1]}")

    def _until(self, delimiter: str, keep: bool) -> str:
        """The text up to an unescaped delimiter; brackets of a pattern may hold it."""
        out = ""
        bracket = False
        while True:
            if self._place >= len(self._text):
                raise UsageError("unmatched '" + delimiter + "'")
            char = self._text[self._place]
            self._place += 1
            if char == "\\" and self._place < len(self._text):
                follower = self._text[self._place]
                self._place += 1
                out += follower if follower == delimiter and keep else char + follower
                continue
            if keep and char == "[" and not bracket:
                bracket = True
                if self._text[self._place : self._place + 1] in ("]", "^"):
                    char += self._text[self._place]
                    self._place += 1
            elif char == "]":
                bracket = False
            if char == delimiter and not bracket:
                return out
            out += char

    def _regex(self, delimiter: str, flags: str = "") -> re.Pattern[str]:
        return self._compiled(self._until(delimiter, keep=True), flags)

    def _compiled(self, text: str, flags: str) -> re.Pattern[str]:
        return re.compile(regular(text, self._extended), re.IGNORECASE if "I" in flags else 0)

    def _address(self) -> _Address | None:
        rest = self._text[self._place :]
        number = re.match(r"[0-9]+", rest)
        if number:
            self._place += len(number[0])
            return int(number[0])
        if rest.startswith("$"):
            self._place += 1
            return "$"
        if rest.startswith("/"):
            self._place += 1
            return self._regex("/")
        return None

    def edits(self) -> list[_Edit]:
        found: list[_Edit] = []
        while True:
            while self._text[self._place : self._place + 1] in (" ", "\t", "\n", ";"):
                self._place += 1
            if self._place >= len(self._text):
                return found
            found.append(self._edit())

    def _edit(self) -> _Edit:
        addresses: list[_Address] = []
        first = self._address()
        if first is not None:
            addresses.append(first)
            if self._text[self._place : self._place + 1] == ",":
                self._place += 1
                second = self._address()
                if second is None:
                    raise UsageError("no address after comma")
                addresses.append(second)
        match = re.compile(r"\s*(!?)\s*").match(self._text, self._place)
        negated = match is not None and match[1] == "!"
        self._place = match.end() if match else self._place
        verb = self._text[self._place : self._place + 1]
        edit = _Edit(addresses, negated, verb)
        if verb not in tuple("spdqn=aic"):
            raise self._bad()
        self._place += 1
        if verb == "s":
            self._substitution(edit)
        elif verb in "aic":
            end = self._text.find("\n", self._place)
            end = len(self._text) if end < 0 else end
            text = self._text[self._place : end].lstrip(" \t")
            edit.text = text.removeprefix("\\").lstrip(" \t")
            self._place = end
        return edit

    def _substitution(self, edit: _Edit) -> None:
        delimiter = self._text[self._place : self._place + 1]
        if delimiter in ("", "\n", "\\"):
            raise UsageError("bad format in substitution expression")
        self._place += 1
        pattern = self._until(delimiter, keep=True)
        edit.text = self._until(delimiter, keep=False)
        flags = re.compile(r"[gpIi0-9]*").match(self._text, self._place)
        edit.flags = flags[0].replace("i", "I") if flags else ""
        self._place += len(edit.flags)
        edit.regex = self._compiled(pattern, edit.flags)


def _replacement(template: str, match: re.Match[str]) -> str:
    out, place = "", 0
    while place < len(template):
        char = template[place]
        place += 1
        if char == "&":
            out += match[0]
        elif char == "\\" and place < len(template):
            follower = template[place]
            place += 1
            if follower.isdigit():
                out += match[int(follower)] or ""
            else:
                out += {"n": "\n", "t": "\t"}.get(follower, follower)
        else:
            out += char
    return out


def _substituted(edit: _Edit, line: str) -> tuple[str, bool]:
    """The line after one ``s`` command, and whether anything was replaced."""
    assert edit.regex is not None  # noqa: S101 - every s has one
    digits = re.search(r"[0-9]+", edit.flags)
    wanted = int(digits[0]) if digits else 1
    count = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        if count == wanted or (count > wanted and "g" in edit.flags):
            return _replacement(edit.text, match)
        return match[0]

    changed = edit.regex.sub(replace, line)
    return changed, count >= wanted


def _edited(text: str, edits: list[_Edit], quiet: bool) -> str:
    lines = text.splitlines(keepends=True)
    out: list[str] = []
    number = 0
    while number < len(lines):
        number += 1
        line = lines[number - 1].removesuffix("\n")
        after: list[str] = []
        show, stop = not quiet, False
        for edit in edits:
            if not edit.applies(number, line, number == len(lines)):
                continue
            if edit.verb == "s":
                line, done = _substituted(edit, line)
                out += [line + "\n"] if done and "p" in edit.flags else []
            elif edit.verb == "p":
                out.append(line + "\n")
            elif edit.verb == "=":
                out.append(f"{number}\n")
            elif edit.verb == "a":
                after.append(edit.text + "\n")
            elif edit.verb == "i":
                out.append(edit.text + "\n")
            elif edit.verb == "n" and number < len(lines):
                out += [line + "\n"] if not quiet else []
                number += 1
                line = lines[number - 1].removesuffix("\n")
            else:
                out += [edit.text + "\n"] if edit.verb == "c" else []
                stop = edit.verb == "q"
                show = show and edit.verb in "qn"
                break
        ending = "\n" if lines[number - 1].endswith("\n") or after else ""
        out += [line + ending] if show else []
        out += after
        if stop:
            break
    return "".join(out)


async def sed(call: Call) -> int:
    """Edit files or standard input line by line."""
    words = list(call.arguments)
    scripts: list[str] = []
    flags: set[str] = set()
    paths: list[str] = []
    while words:
        word = words.pop(0)
        if word.startswith("-") and len(word) > 1:
            if word == "-e":
                scripts.append(words.pop(0))
                continue
            if set(word[1:]) - set("nrEi"):
                raise UsageError(f"unrecognized option: {word}")
            flags |= set(word[1:])
        else:
            paths.append(word)
    if not scripts:
        if not paths:
            raise UsageError("usage: sed [-i] [-nrE] SCRIPT [FILE]...")
        scripts.append(paths.pop(0))
    status = 0
    for path in paths or ["-"]:
        edits = _Script("\n".join(scripts), bool(flags & {"r", "E"})).edits()
        try:
            text = decoded(await call.content(path))
        except FileError as error:
            call.error(f"{path}: {error}")
            status = 1
            continue
        edited = encoded(_edited(text, edits, "n" in flags))
        if "i" in flags:
            call.files.write(call.path(path), edited)
        else:
            call.out(edited)
    return status
