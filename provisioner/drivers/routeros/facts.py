"""What a router says of itself besides its export: version, model, radios, ports; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provisioner.drivers.routeros.syntax import named_whole, unquoted

_ROW = re.compile(
    r"^ *(?P<number>\d+)? *(?P<flags>[A-Za-z*](?:[A-Za-z* ]*[A-Za-z*])?)? +(?=[a-z0-9.-]+=|;;;)"
)
_PROPERTY = re.compile(r'(?:^| )(?P<name>\.?[a-z][a-z0-9.-]*)=(?P<value>"(?:[^"\\]|\\.)*"|)')
_FIELD = re.compile(r"^ *(?P<name>[A-Za-z][A-Za-z0-9-]*): ?(?P<value>.*)$")
_WIFI_PACKAGES = (
    ("wifi-qcom", "/interface wifi"), ("wifi-qcom-ac", "/interface wifi"),
    ("wifi-mediatek", "/interface wifi"), ("wifiwave2", "/interface wifiwave2"),
    ("wireless", "/interface wireless"),
)  # fmt: skip
_CAPSMAN = re.compile(
    r"^(/interface wifi(?:wave2)?) capsman set .*enabled=yes"
    r"|^(/caps-man) manager set .*enabled=yes",
    re.MULTILINE,
)
_HISTORY = re.compile(r"\bby=(\"[^\"]*\"|\S+)")


@dataclass(frozen=True)
class Row:
    """One row of a ``print terse``: its flags, and what it says."""

    flags: frozenset[str]
    props: Mapping[str, str]

    def get(self, name: str) -> str:
        return self.props.get(name, "")


def rows(text: str) -> list[Row]:
    """All rows of a ``print terse`` or ``print detail``.

    Values may hold spaces without quotes: a value ends where the next ``name=`` begins. A row
    of ``detail`` may go over several lines; its comment stands behind ``;;;``.
    """
    found: list[list[str]] = []
    lines, ended = text.split("\n"), True
    numbered = any(map(_begins, lines))
    for line in lines:
        if not line.strip() or line.startswith("Flags:"):
            ended = ended or not numbered  # rows of a log have nothing else between them
            continue
        if _begins(line) or ended:
            found.append([line])
            ended = False
        else:
            found[-1].append(line.strip())
    return [_row(" ".join(lines)) for lines in found]


def fields(text: str) -> dict[str, str]:
    """What stands in rows of ``name: value``."""
    found = (_FIELD.match(line) for line in text.split("\n"))
    return {field["name"]: unquoted(field["value"].strip()) for field in found if field}


def blocks(text: str) -> list[dict[str, str]]:
    """What a ``monitor once`` tells of several ports: one block each, or one column each."""
    parts: list[list[str]] = []
    for line in text.split("\n"):
        if re.match(r" *name: ", line):
            parts.append([])
        if parts:
            parts[-1].append(line)
    found = [fields("\n".join(lines)) for lines in parts]
    return [column for block in found for column in _columns(block, parts)]


def wifi_menu(packages: str, major: int, interfaces: Sequence[Row], export: str) -> str:
    """The menu of its wireless networks; '' where it has none.

    A controller without radios of its own is told by its manager being switched on.
    """
    there = {row.get("name") for row in rows(packages) if "X" not in row.flags}
    kinds = {row.get("type") for row in interfaces}
    if newer := _CAPSMAN.search(export):
        return newer[1] or newer[2]
    for package, menu in _WIFI_PACKAGES:
        if package in there and kinds & {"wlan", "wifi", "wifiwave2"}:
            return menu
    if "wlan" in kinds:
        return "/interface wireless"
    return "/interface wifi" if "wifi" in kinds and major >= 7 else ""


def radios(printed: str) -> list[tuple[str, str]]:
    """Names and bands of the radios that are switched on: those that are not on another one."""
    found = []
    for row in rows(printed):
        master = row.get("master-interface")
        if "X" in row.flags or (master and master != "none"):
            continue
        band = " ".join(v for k, v in row.props.items() if "band" in k)
        slow, fast = "2ghz" in band or "2.4" in band, "5ghz" in band
        found.append((row.get("name"), "both" if slow == fast else "2.4" if slow else "5"))
    return [(name, band) for name, band in found if name]


def active(printed: str) -> frozenset[str]:
    """Wireless interfaces that are neither off nor idle."""
    return frozenset(row.get("name") for row in rows(printed) if not row.flags & {"X", "I"})


def safe_mode_of(history: str) -> str | None:
    """Who has changes there that go when the session breaks; None: nobody."""
    for line in history.split("\n"):
        row = _ROW.match(line)
        if row and "F" in (row["flags"] or ""):
            by = _HISTORY.search(line)
            return unquoted(by[1]) if by else ""
    return None


def _begins(line: str) -> bool:
    row = _ROW.match(line)
    return row is not None and (row["number"] is not None or row["flags"] is not None)


def _row(text: str) -> Row:
    head = _ROW.match(text)
    flags = frozenset((head["flags"] or "").replace(" ", "")) if head else frozenset()
    body = text[head.end() :] if head else text
    pairs: list[tuple[str, str]] = []
    comment, marked, rest = "", body.startswith(";;;"), body
    if marked:
        begin = re.search(r" (?=[a-z][a-z0-9-]*=)", body)
        comment = body[3 : begin.start() if begin else None].strip()
        rest = body[begin.start() + 1 :] if begin else ""
    found = list(_PROPERTY.finditer(rest))
    at = 0
    for index, each in enumerate(found):
        if each.start() < at:
            continue
        after = next((f.start() for f in found[index + 1 :] if f.start() >= each.end()), len(rest))
        told = each["value"] or rest[each.end() : after].strip()
        pairs.append((each["name"], unquoted(told)))
        at = each.end()
    props = named_whole(pairs)
    return Row(flags, {"comment": comment, **props} if marked else props)


def _columns(block: dict[str, str], parts: Sequence[object]) -> list[dict[str, str]]:
    names = block["name"].split()
    if len(parts) > 1 or len(names) < 2:
        return [block]
    split = {field: text.split() for field, text in block.items()}
    same = {field: values for field, values in split.items() if len(values) == len(names)}
    return [{field: values[i] for field, values in same.items()} for i in range(len(names))]
