"""The menus of RouterOS: which properties each has, and how its items are listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from provisioner.lab.devices.routeros import menus_network, menus_system, menus_wireless

Path = tuple[str, ...]
FLAGS = {
    "X": "disabled",
    "D": "dynamic",
    "R": "running",
    "I": "invalid",
    "S": "slave",
    "A": "active",
}
"""What a flag's letter means where the menu says nothing else."""


@dataclass(frozen=True, slots=True)
class Field:
    """A property. ``default`` None: it is not there unless given; ``fixed``: nobody sets it."""

    name: str
    kind: str
    default: str | None = None
    required: bool = False
    fixed: bool = False
    negated: bool = False
    """Whether `!` may stand before the value."""


@dataclass(frozen=True)
class Menu:
    """A place with items, or with one set of properties (``single``)."""

    path: Path
    fields: Mapping[str, Field]
    store: str = ""
    """Where its items are kept: several menus may show the same."""
    type: str = ""
    """Of the store's items, only those of this type."""
    single: bool = False
    fixed: bool = False
    """Items are neither added nor removed by hand."""
    ordered: bool = False
    flags: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    unnumbered: bool = False
    newer: tuple[tuple[str, ...], Mapping[str, str]] | None = None
    """Flags and their names from version 7 on, where they differ."""
    unique: tuple[tuple[tuple[str, ...], str], ...] = ()
    """Properties that together stand once only, and what is said else."""
    verbs: tuple[str, ...] = ()
    needs: str = ""
    """The package, or version, that brings it."""
    secret: tuple[str, ...] = ()

    def flag(self, letter: str) -> str:
        return self.names.get(letter) or FLAGS[letter]

    def all_verbs(self) -> tuple[str, ...]:
        common: tuple[str, ...] = ("print", "get", "export", "find")
        if self.single:
            common = ("print", "get", "export", "set") if self.fields else ()
        elif self.fixed:
            common += ("set", "enable", "disable", "comment", "reset-counters")
        else:
            common += ("add", "set", "remove", "enable", "disable", "comment", "edit", "unset")
            common += ("move", "reset-counters") if self.ordered else ("reset-counters",)
        return common + self.verbs


def _field(text: str) -> Field:
    name, _, rest = text.partition(":")
    rest, equals, default = rest.partition("=")
    kind = rest.strip("!^#") or "text"
    return Field(
        name,
        kind,
        default.strip('"') if equals else None,
        required="!" in rest,
        fixed="#" in rest,
        negated="^" in rest,
    )


def _groups(text: str) -> tuple[str, ...]:
    return tuple(text.split("|")) if text else ()


def _names(text: str) -> dict[str, str]:
    return dict(each.split("=", 1) for each in text.split(",") if each)


def _menu(head: str, lines: list[str]) -> Menu:
    path = tuple(head.strip("/").split())
    fields: dict[str, Field] = {}
    options: dict[str, str] = {}
    for line in lines:
        if line.startswith("%"):
            key, _, value = line[1:].partition(" ")
            options[key] = value.strip()
            continue
        fields.update((each.name, each) for each in map(_field, line.split()))
    if "single" not in options and fields:
        fields.setdefault("comment", Field("comment", "comment"))
        if "X" in options.get("flags", ""):
            fields.setdefault("disabled", Field("disabled", "bool", "no"))
    named = options.get("unique", "")
    unique = []
    for each in filter(None, named.split(";")):
        keys, _, said = each.strip().partition(" ")
        unique.append((tuple(keys.split("+")), said))
    return Menu(
        path,
        fields,
        store=options.get("store", " ".join(path)),
        type=options.get("type", ""),
        single="single" in options,
        fixed="fixed" in options,
        ordered="ordered" in options,
        flags=_groups(options.get("flags", "")),
        names=_names(options.get("names", "")),
        unnumbered="unnumbered" in options,
        newer=(_groups(options["flags7"]), _names(options.get("names7", "")))
        if "flags7" in options
        else None,
        columns=tuple(options.get("columns", "").split()),
        unique=tuple(unique),
        verbs=tuple(options.get("verbs", "").split()),
        needs=options.get("needs", ""),
        secret=tuple(options.get("secret", "").split()),
    )


def _read(text: str) -> Iterator[Menu]:
    head, lines = "", list[str]()
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("/"):
            if head:
                yield _menu(head, lines)
            head, lines = line, []
        else:
            lines.append(line)
    yield _menu(head, lines)


@cache
def menus() -> Mapping[Path, Menu]:
    """All menus of all versions, in the order of an export."""
    text = "\n".join((menus_network.TEXT, menus_wireless.TEXT, menus_system.TEXT))
    return {menu.path: menu for menu in _read(text)}


@cache
def offered(version: int, packages: frozenset[str]) -> Mapping[Path, Menu]:
    """Those that a device of that version with those packages has."""

    def has(menu: Menu) -> bool:
        if menu.needs in ("v6", "v7"):
            return menu.needs == f"v{version}"
        return not menu.needs or menu.needs in packages

    def fitting(menu: Menu) -> Menu:
        if menu.newer is None or version < 7:
            return menu
        return replace(menu, flags=menu.newer[0], names=menu.newer[1])

    found = {path: fitting(menu) for path, menu in menus().items() if has(menu)}
    if "wifiwave2" in packages:
        wave = {p: m for p, m in menus().items() if p[:2] == ("interface", "wifi")}
        for path, menu in wave.items():
            other = ("interface", "wifiwave2", *path[2:])
            found[other] = replace(menu, path=other)
    for path in list(found):
        for length in range(len(path)):
            found.setdefault(path[:length], Menu(path[:length], {}, single=True))
    return found


@cache
def children(version: int, packages: frozenset[str], path: Path) -> tuple[str, ...]:
    """The menus right below one."""
    length = len(path)
    known = offered(version, packages)
    return tuple(dict.fromkeys(p[length] for p in known if len(p) > length and p[:length] == path))
