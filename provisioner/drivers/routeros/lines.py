"""The lines that we type: what each would change, how it is taken back, and how it is shown.

A line names what it means by ``find where``, never by a number: numbers belong to one session.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from provisioner.drivers.routeros.configuration import (
    BRIDGE_PORT,
    BRIDGE_VLAN,
    FILTER,
    NAT,
    QUEUE,
    Configuration,
    Item,
    bare,
    written,
)
from provisioner.drivers.routeros.syntax import quoted, unquoted, value, words

MARK = "PROV-"
SECRETS = ("wpa2-pre-shared-key", "passphrase")
"""Properties that an export leaves out and a preview leaves empty."""
SECURITY: Mapping[str, str] = {
    "/interface wireless security-profiles": "wpa2-pre-shared-key",
    "/interface wifi security": "passphrase",
    "/interface wifiwave2 security": "passphrase",
    "/caps-man security": "passphrase",
}
"""Where they are."""
ORDERED = (FILTER, NAT, QUEUE)
"""Menus in which the first thing that fits decides."""
_HANDLES: Mapping[str, tuple[str, ...]] = {
    BRIDGE_VLAN: ("bridge", "vlan-ids"),
    BRIDGE_PORT: ("interface",),
}
_CONDITION = re.compile(r'([a-z0-9-]+)(=|~)(".*"|[^"\s]+)')


@dataclass(frozen=True)
class Where:
    """Conditions that all have to hold: property, ``=`` or ``~``, value."""

    conditions: tuple[tuple[str, str, str], ...]

    @classmethod
    def parsed(cls, text: str) -> Where:
        found = [_CONDITION.fullmatch(part) for part in words(text) if part != "and"]
        return cls(tuple((part[1], part[2], unquoted(part[3])) for part in found if part))

    @classmethod
    def of(cls, **props: str) -> Where:
        """Equal to each of the values; ``vlan_ids`` is ``vlan-ids``."""
        return cls(tuple((name.replace("_", "-"), "=", text) for name, text in props.items()))

    def __str__(self) -> str:
        return " and ".join(
            f"{name}{sign}{quoted(text)}" if sign == "~" or name != "vlan-ids"
            else f"{name}={value(text)}"
            for name, sign, text in self.conditions
        )  # fmt: skip

    def fits(self, item: Item) -> bool:
        return all(
            item.get(name) == text if sign == "=" else bool(re.search(text, item.get(name)))
            for name, sign, text in self.conditions
        )


@dataclass(frozen=True)
class Line:
    """One change; the kinds of it are below."""

    path: str

    def after(self, now: Configuration) -> Configuration:
        """What the router would be; the very same where nothing changes."""
        raise NotImplementedError

    def undone(self, now: Configuration) -> list[Line]:
        """What puts a router back that was ``now`` before the line."""
        raise NotImplementedError

    def shown(self, now: Configuration) -> list[str]:
        """The difference that it makes."""
        raise NotImplementedError

    def typed(self) -> str:
        """As it is sent: harmless where it is carried out twice."""
        return str(self)


@dataclass(frozen=True)
class Add(Line):
    """A new item. ``before``: the place among the other items of its chain that are not of the
    same group; None puts it last."""

    props: dict[str, str]
    before: int | None = None

    @property
    def handle(self) -> Where:
        """What tells it from all others of its menu."""
        names = _HANDLES.get(self.path) or (("name",) if "name" in self.props else ("comment",))
        return Where(tuple((name, "=", self.props.get(name, "")) for name in names))

    def __str__(self) -> str:
        return written(Item(self.path, self.props)) + self._place()

    def _place(self) -> str:
        if self.before is None:
            return ""
        conditions = ["dynamic=no"]
        conditions += [f"chain={self.props['chain']}"] if "chain" in self.props else []
        group = _group(self.props)
        conditions += [f'!(comment~"^{group} ")'] if group else []
        where = " and ".join(conditions)
        return f" place-before=[:pick [{self.path} find where {where}] {self.before}]"

    def typed(self) -> str:
        return f":if ([:len [{self.path} find where {self.handle}]] = 0) do={{ {self} }}"

    def after(self, now: Configuration) -> Configuration:
        if any(self.handle.fits(item) for item in now.at(self.path)):
            return now
        new, items = Item(self.path, self.props), list(now.items)
        others = neighbours(now, new)
        last = self.before is None or self.before >= len(others)
        items.insert(len(items) if last else _index(items, others[self.before or 0]), new)
        return now.with_items(items)

    def undone(self, now: Configuration) -> list[Line]:
        conditions = self.handle.conditions
        if self.path in _HANDLES and (comment := self.props.get("comment")):
            conditions = (*conditions, ("comment", "=", comment))
        return [Remove(self.path, Where(conditions))]

    def shown(self, now: Configuration) -> list[str]:
        return [f"+{written(Item(self.path, self.props))}"]


@dataclass(frozen=True)
class Remove(Line):
    """All that fits goes."""

    where: Where

    def __str__(self) -> str:
        return f"{self.path} remove [find where {self.where}]"

    def after(self, now: Configuration) -> Configuration:
        gone = self._gone(now)
        return now.with_items([i for i in now.items if not _is_in(i, gone)]) if gone else now

    def undone(self, now: Configuration) -> list[Line]:
        return [
            Add(self.path, _kept(item) | _secret_of(item), _place_of(now, item))
            for item in self._gone(now)
        ]

    def shown(self, now: Configuration) -> list[str]:
        return [f"-{written(item)}" for item in self._gone(now)]

    def _gone(self, now: Configuration) -> list[Item]:
        return [item for item in now.at(self.path) if self.where.fits(item)]


@dataclass(frozen=True)
class Set(Line):
    """Properties of what fits get other values."""

    where: Where
    props: dict[str, str]

    def __str__(self) -> str:
        values = " ".join(f"{name}={value(text)}" for name, text in self.props.items())
        return f"{self.path} set [find where {self.where}] {values}"

    def after(self, now: Configuration) -> Configuration:
        changed = [item for item in self._found(now) if self._differs(item)]
        if not changed:
            return now
        items = [
            Item(i.path, {**i.props, **self.props}) if _is_in(i, changed) else i for i in now.items
        ]
        new = [item for item in changed if not _is_in(item, now.items)]
        return now.with_items([*items, *(Item(i.path, {**i.props, **self.props}) for i in new)])

    def undone(self, now: Configuration) -> list[Line]:
        item = next((item for item in self._found(now) if self._differs(item)), None)
        if item is None:
            return []
        old = {
            name: "" if name in SECRETS else item.get(name)
            for name in reversed(self.props)
            if self._one(item, name)
        }
        return [Set(self.path, self.where, old)]

    def shown(self, now: Configuration) -> list[str]:
        lines: list[str] = []
        for item in self._found(now):
            changed = [name for name in self.props if self._one(item, name)]
            old = [f"-  {name}={_told(name, item.get(name))}" for name in changed]
            new = [f"+  {name}={_told(name, self.props[name])}" for name in changed]
            lines += [f" {self.path} [find where {self.where}]", *old, *new] if changed else []
        return lines

    def _differs(self, item: Item) -> bool:
        return any(self._one(item, name) for name in self.props)

    def _one(self, item: Item, name: str) -> bool:
        return item.get(name) != self.props[name]

    def _found(self, now: Configuration) -> list[Item]:
        there = [item for item in now.at(self.path) if self.where.fits(item)]
        meant = {name: text for name, _, text in self.where.conditions}
        return there or list(filter(None, [bare(self.path, meant)]))


@dataclass(frozen=True)
class Member(Line):
    """One member of a list, never the list: the others are strangers'."""

    where: Where
    prop: str
    member: str
    present: bool

    def __str__(self) -> str:
        name = quoted(self.member)
        put = f":set n ($n,{name}); " if self.present else ""
        static = " and dynamic=no" if self.path == BRIDGE_VLAN else ""
        return (
            f":foreach i in=[{self.path} find where {self.where}{static}] do="
            f'{{:local n [:toarray ""]; :foreach m in=[:toarray [{self.path} get $i {self.prop}]] '
            f"do={{:if ($m != {name}) do={{:set n ($n,$m)}}}}; {put}"
            f"{self.path} set $i {self.prop}=$n}}"
        )

    def after(self, now: Configuration) -> Configuration:
        found = self._found(now)
        if not found:
            return now
        items = [self._changed(item) if _is_in(item, found) else item for item in now.items]
        return now.with_items(items)

    def undone(self, now: Configuration) -> list[Line]:
        other = Member(self.path, self.where, self.prop, self.member, not self.present)
        return [other] if self._found(now) else []

    def shown(self, now: Configuration) -> list[str]:
        sign = "+" if self.present else "-"
        change = f"{sign}  {self.prop}={value(self.member)}"
        return [f" {self.path} [find where {self.where}]", change] if self._found(now) else []

    def _found(self, now: Configuration) -> list[Item]:
        there = [item for item in now.at(self.path) if self.where.fits(item)]
        return [i for i in there if (self.member in i.listed(self.prop)) is not self.present]

    def _changed(self, item: Item) -> Item:
        kept = [name for name in item.listed(self.prop) if name != self.member]
        new = ",".join([*kept, self.member] if self.present else kept)
        return Item(item.path, {**item.props, self.prop: new})


@dataclass(frozen=True)
class Act(Line):
    """Has a controller give its access points what it holds for them; nothing of its own."""

    def __str__(self) -> str:
        return f"{self.path} provision [find]"

    def after(self, now: Configuration) -> Configuration:
        return now

    def undone(self, now: Configuration) -> list[Line]:
        return []

    def shown(self, now: Configuration) -> list[str]:
        return []


def mark_of(item: Item) -> str:
    """The mark that an item bears in its name or comment; '' for a stranger's."""
    for text in (item.props.get("name", ""), item.props.get("comment", "")):
        if text.startswith(MARK):
            return text.split()[0]
    return ""


def _group(props: Mapping[str, str]) -> str:
    """``PROV-NET-2026-0001 scope``: what stands together there; '' for a stranger's."""
    comment = props.get("comment", "")
    return " ".join(comment.split()[:2]) if comment.startswith(MARK) else ""


def _told(name: str, text: str) -> str:
    return "***" if name in SECRETS else value(text)


# ---------------------------------------------------------------------- places


def neighbours(now: Configuration, item: Item) -> list[Item]:
    """Items of its chain that are not of the same group, in their order."""
    group = _group(item.props)
    return [
        other
        for other in now.at(item.path)
        if other.get("chain") == item.get("chain") and not (group and _group(other.props) == group)
    ]


def _place_of(now: Configuration, item: Item) -> int | None:
    """How many neighbours stand before it; None where order says nothing or all do."""
    if item.path not in ORDERED:
        return None
    others = neighbours(now, item)
    mine = _index(now.items, item)
    before = sum(_index(now.items, other) < mine for other in others)
    return before if before < len(others) else None


def _kept(item: Item) -> dict[str, str]:
    return {name: text for name, text in item.props.items() if text}


def _secret_of(item: Item) -> dict[str, str]:
    """An empty place for the passphrase of what is to be made again."""
    secret = SECURITY.get(item.path)
    return {secret: ""} if secret and item.get("authentication-types") else {}


def _index(items: Sequence[Item], item: Item) -> int:
    """By identity: two may be equal."""
    return next(index for index, other in enumerate(items) if other is item)


def _is_in(item: Item, items: Iterable[Item]) -> bool:
    return any(item is other for other in items)
