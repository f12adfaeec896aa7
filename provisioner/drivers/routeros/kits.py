"""Things that are made of several items, all of which bear one mark: told, made and removed whole.

A kit is what has to stand; what stands of it doubled, changed or half made is set right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from provisioner.drivers.routeros.configuration import (
    BRIDGE,
    BRIDGE_PORT,
    BRIDGE_VLAN,
    FILTER,
    NAT,
    QUEUE,
    Configuration,
    Item,
)
from provisioner.drivers.routeros.lines import (
    MARK,
    ORDERED,
    SECRETS,
    Add,
    Line,
    Member,
    Remove,
    Set,
    Where,
    neighbours,
)
from provisioner.drivers.routeros.switching import entries

_WHOLE = (FILTER, NAT, QUEUE, "/ip dhcp-server network", BRIDGE_PORT)
"""Menus where any property that we did not set makes it another thing."""
_LISTS = ("tagged",)
"""Properties to which others may have added."""

_Key = tuple[str, Where]
"""The menu of an item, and what tells it from all others there."""
_OMITTED = {"disabled": "no"}
"""What an export need not say."""


@dataclass(frozen=True)
class Kit:
    """``items`` in the order in which they are made; ``members`` stand in lists of others.

    ``kind`` is told in every comment; items without a comment bear the mark as their name.
    """

    mark: str
    kind: str
    items: tuple[Item, ...]
    members: tuple[Member, ...] = ()
    menus: tuple[str, ...] = ()
    """All menus in which something of the kind may be left, in the order of making."""

    @property
    def tag(self) -> str:
        return MARK + self.mark

    def standing(self, now: Configuration) -> list[Item]:
        """What bears the mark there, whole or not."""
        return [item for menu in self.menus for item in now.at(menu) if self._is_part(item)]

    def is_whole(self, now: Configuration) -> bool:
        there = self.standing(now)
        if len(there) != len(self.items) or self._is_mixed(now):
            return False
        each_once = all(sum(_same(item, other) for other in there) == 1 for item in self.items)
        return each_once and all(line.after(now) is now for line in self.members)

    def amiss(self, now: Configuration) -> str:
        """The menus in which something of it is missing, otherwise, or too much; where a property
        is otherwise, that too."""
        there = self.standing(now)
        odd = [
            _amiss(item, [other for other in there if _key(other) == _key(item)])
            for item in self.items
            if sum(_same(item, other) for other in there) != 1
        ]
        kept = {_key(item) for item in self.items}
        odd += [item.path for item in there if _key(item) not in kept]
        odd += [FILTER] if self._is_mixed(now) else []
        odd += [line.path for line in self.members if line.after(now) is not now]
        return ", ".join(path.removeprefix("/") for path in dict.fromkeys(odd))

    def making(self, now: Configuration) -> list[Line]:
        """What of it differs, is doubled or does not belong there goes or is set right; what is
        missing is made. Clients of what stays notice nothing."""
        there: dict[_Key, list[Item]] = {}
        for each in self.standing(now):
            there.setdefault(_key(each), []).append(each)
        wanted = {_key(each): each for each in self.items}
        mixed = self._is_mixed(now)
        stays = {
            key: found[0]
            for key, found in there.items()
            if key in wanted and len(found) == 1 and _can_be_set(wanted[key], found[0])
            and not (mixed and key[0] == FILTER)
        }  # fmt: skip
        lines: list[Line] = [
            Remove(menu, where)
            for path in reversed(self.menus)
            for menu, where in reversed(list(there))
            if menu == path and (menu, where) not in stays
        ]
        for key, each in wanted.items():
            if key not in stays:
                lines.append(Add(each.path, each.props, _place(now, each)))
            elif changed := _changed(each, stays[key]):
                lines.append(Set(each.path, key[1], changed))
        return [*lines, *self.members]

    def _is_mixed(self, now: Configuration) -> bool:
        """Whether its rules are others, in another order, or behind those of strangers."""
        there = [item for item in self.standing(now) if item.path == FILTER]
        wanted = [item for item in self.items if item.path == FILTER]
        chains = {item.get("chain") for item in wanted}
        return any(_comes_late(now, item) for item in there) or any(
            [_key(i) for i in there if i.get("chain") == chain]
            != [_key(i) for i in wanted if i.get("chain") == chain]
            for chain in chains
        )

    def removing(self, now: Configuration, members: bool = True) -> Iterator[Line]:
        """All that bears the mark, the last made first."""
        if members:
            for line in reversed(self.members):
                yield Member(line.path, line.where, line.prop, line.member, not line.present)
        there = self.standing(now)
        for menu in reversed(self.menus):
            parts = [item for item in there if item.path == menu]
            for where in dict.fromkeys(self._where(item) for item in reversed(parts)):
                yield Remove(menu, where)

    def _is_part(self, item: Item) -> bool:
        if (comment := item.get("comment")).startswith(f"{MARK}"):
            return f"{comment} ".startswith(f"{self.tag} {self.kind} ")
        return item.name == self.tag or item.name.startswith(f"{self.tag}-{self.kind}-")

    def _where(self, item: Item) -> Where:
        if item.get("comment"):
            return Where((("comment", "~", f"^{self.tag} {self.kind} "),))
        return Where.of(name=item.name)


def item(path: str, props: Mapping[str, str]) -> Item:
    """An item of a kit; properties without a value are left out, secrets are not."""
    return Item(path, {k: v for k, v in props.items() if v or k in SECRETS})


def _key(item: Item) -> _Key:
    return item.path, Add(item.path, item.props).handle


def _same(wanted: Item, found: Item) -> bool:
    there = wanted.path == found.path and not _changed(wanted, found)
    return there and _can_be_set(wanted, found)


def _amiss(wanted: Item, found: Sequence[Item]) -> str:
    """What is wrong with the one that should be there."""
    if len(found) != 1:
        return wanted.path
    own = found[0].props.keys() - wanted.props.keys() if not _can_be_set(wanted, found[0]) else ()
    names = sorted({*_changed(wanted, found[0]), *own} - {*SECRETS})
    return " ".join((wanted.path, *(f"{name}={found[0].get(name)}" for name in names)))


def _changed(wanted: Item, found: Item) -> dict[str, str]:
    """The properties that have to be set to make it right."""
    changed = {}
    for name, text in {"disabled": "no", **wanted.props}.items():
        there = found.get(name) or _OMITTED.get(name, "")
        if name in _LISTS:
            if not set(wanted.listed(name)) <= set(found.listed(name)):
                changed[name] = ",".join(dict.fromkeys(found.listed(name) + wanted.listed(name)))
        elif there != text:
            changed[name] = text
    secret = next((name for name in SECRETS if name in wanted.props), None)
    if secret and "authentication-types" in changed:
        changed[secret] = ""
    return changed


def _can_be_set(wanted: Item, found: Item) -> bool:
    """Whether it has no property by which it would still be another thing."""
    extra = found.props.keys() - wanted.props.keys() - {"disabled", *SECRETS}
    return wanted.path not in _WHOLE or not any(found.get(n) not in ("", "no") for n in extra)


def _comes_late(now: Configuration, found: Item) -> bool:
    """Whether a stranger's rule that decides about the same packets stands before it."""
    if found.path != FILTER:
        return False
    before = takewhile(lambda other: other is not found, now.at(FILTER))
    return any(_decides(other, found) for other in before)


def _decides(other: Item, found: Item) -> bool:
    if other.get("chain") != found.get("chain") or other.get("disabled") == "yes":
        return False
    if other.get("comment").startswith(MARK) or other.get("action") in ("log", "passthrough"):
        return False
    if "new" not in found.get("connection-state"):
        return other.get("action") == "fasttrack-connection"
    return "new" in (other.listed("connection-state") or ("new",))


def _place(now: Configuration, new: Item) -> int | None:
    """First among the strangers, where order decides and there are any; translation comes last."""
    first = new.path in ORDERED and new.path != NAT
    return 0 if first and neighbours(now, new) else None


def only(items: Sequence[Item], path: str) -> Item | None:
    """The first of that menu."""
    return next((each for each in items if each.path == path), None)


def carried(
    now: Configuration, bridge: str, vlan: int, kind: str, through: Sequence[str]
) -> tuple[tuple[Member, ...], list[Item]]:
    """What lets a VLAN through these ports of a bridge: members of the entry that is there, or an
    entry of its own; nothing where the bridge filters none."""
    found = now.named(BRIDGE, bridge)
    if found is None or found.get("vlan-filtering") != "yes":
        return (), []
    there = [entry for entry in entries(now, vlan) if entry.get("bridge") == bridge]
    if any(not entry.get("comment").startswith(f"{kind} ") for entry in there):
        where = Where.of(bridge=bridge, vlan_ids=str(vlan))
        return tuple(Member(BRIDGE_VLAN, where, "tagged", port, True) for port in through), []
    props = {"bridge": bridge, "comment": f"{kind} vlan", "tagged": ",".join(through),
             "vlan-ids": str(vlan)}  # fmt: skip
    return (), [item(BRIDGE_VLAN, props)]
