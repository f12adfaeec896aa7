"""Our lines as text: read back, judged all together, and filled with passphrases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from provisioner.drivers.routeros.configuration import Configuration
from provisioner.drivers.routeros.lines import (
    MARK,
    SECRETS,
    Act,
    Add,
    Line,
    Member,
    Remove,
    Set,
    Where,
)
from provisioner.drivers.routeros.syntax import properties, unquoted, words

_PLACE = re.compile(
    r"place-before=\[:pick \[(?P<path>.+?) find where (?P<where>.+)\] (?P<index>\d+)\]$"
)
_MEMBER = re.compile(
    r":foreach i in=\[(?P<path>/.+?) find where (?P<where>.+?)(?: and dynamic=no)?\] do="
    r"\{:local n \[:toarray \"\"\]; :foreach m in=\[:toarray \[/.+? get \$i (?P<prop>[a-z-]+)\]\] "
    r"do=\{:if \(\$m != (?P<member>\".*?\")\) do=\{:set n \(\$n,\$m\)\}\}; "
    r"(?P<add>:set n \(\$n,\".*?\"\); )?/.+? set \$i [a-z-]+=\$n\}"
)


def parsed(text: str) -> Line:
    """The line that was written so."""
    if member := _MEMBER.fullmatch(text):
        return Member(
            member["path"], Where.parsed(member["where"]), member["prop"],
            unquoted(member["member"]), member["add"] is not None,
        )  # fmt: skip
    found = words(text)
    if found[-2:] == ["provision", "[find]"]:
        return Act(" ".join(found[:-2]))
    path = []
    while found[0] not in ("add", "set", "remove"):
        path.append(found.pop(0))
    verb, rest, menu = found[0], found[1:], " ".join(path)
    if verb == "add":
        places = [place for word in rest if (place := _PLACE.fullmatch(word))]
        props = properties([word for word in rest if not word.startswith("place-before=")])
        return Add(menu, props, int(places[0]["index"]) if places else None)
    where = Where.parsed(rest[0].removeprefix("[find where ").removesuffix("]"))
    return Remove(menu, where) if verb == "remove" else Set(menu, where, properties(rest[1:]))


def remaining(lines: Iterable[str], now: Configuration) -> tuple[str, ...]:
    """Which of our lines have to be typed, one after the other; none where all of them together
    would leave the router as it is."""
    left: list[str] = []
    then = now
    for text in lines:
        line = parsed(text)
        before, then = then, line.after(then)
        if then is not before or (left and isinstance(line, Act)):
            left.append(text)
    return () if then.says_the_same(now) else tuple(left)


def secret_in(line: Line) -> tuple[str, str] | None:
    """The mark whose passphrase is to be filled in, and the property; None where none is."""
    if not isinstance(line, Add | Set):
        return None
    prop = next((name for name in SECRETS if line.props.get(name) == ""), None)
    names = [text for name, _, text in _where_of(line).conditions if name == "name"]
    return (names[0].removeprefix(MARK), prop) if prop and names else None


def with_keys(lines: Sequence[str], keys: Mapping[str, str]) -> tuple[list[str], str | None]:
    """The lines with every passphrase in its place, and a mark whose passphrase is not given."""
    filled: list[str] = []
    for text in lines:
        line = parsed(text)
        if (secret := secret_in(line)) and isinstance(line, Add | Set):
            mark, prop = secret
            if mark not in keys:
                return [], mark
            line = replace(line, props={**line.props, prop: keys[mark]})
        filled.append(str(line))
    return filled, None


def _where_of(line: Add | Set) -> Where:
    return line.handle if isinstance(line, Add) else line.where
