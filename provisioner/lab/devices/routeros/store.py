"""What a RouterOS device keeps: items by number, references by name, and its history."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros.kinds import referred
from provisioner.lab.devices.routeros.menus import menus

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.menus import Menu


@dataclass(slots=True, eq=False)
class Item:
    """One item; ``values`` has what was given, defaults apart."""

    number: int
    values: dict[str, str]
    dynamic: bool = False
    states: frozenset[str] = frozenset()
    """Flags that the device sees by itself, by name: `running`, `bound`."""

    @property
    def key(self) -> str:
        return f"*{self.number:X}"

    @property
    def name(self) -> str:
        return self.values.get("name", "")


@dataclass
class Store:
    """All items and single settings; it outlives power cuts."""

    tables: dict[str, list[Item]] = field(default_factory=dict)
    singles: dict[str, dict[str, str]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def items(self, store: str) -> list[Item]:
        return self.tables.setdefault(store, [])

    def single(self, menu: Menu) -> dict[str, str]:
        return self.singles.setdefault(menu.store, {})

    def add(self, store: str, values: dict[str, str], before: int | None = None) -> Item:
        number = self.numbers[store] = self.numbers.get(store, 0) + 1
        item = Item(number, values)
        table = self.items(store)
        table.insert(len(table) if before is None else before, item)
        return item

    def remove(self, store: str, item: Item) -> None:
        """References to it show its number from now on."""
        self.items(store).remove(item)
        if item.name:
            self._refer(store, item.name, item.key)

    def renamed(self, store: str, old: str, new: str) -> None:
        self._refer(store, old, new)

    def _refer(self, store: str, old: str, new: str) -> None:
        for table, name in _pointing(store):
            for item in self.tables.get(table, ()):
                text = item.values.get(name)
                if text and old in text:
                    parts = [new if part == old else part for part in text.split(",")]
                    item.values[name] = ",".join(parts)

    def named(self, store: str, name: str, type_: str = "") -> bool:
        return any(
            item.name == name and (not type_ or item.values.get("type") == type_)
            for item in self.tables.get(store, ())
        )

    def get(self, store: str, name: str) -> Item | None:
        return next((i for i in self.tables.get(store, ()) if i.name == name), None)

    def name_of(self, store: str, key: str) -> str:
        return next((i.name for i in self.items(store) if i.key == key), "")

    def copy(self) -> Store:
        return copy.deepcopy(self)


@cache
def _pointing(store: str) -> frozenset[tuple[str, str]]:
    """Where items of that store are named: tables and properties."""
    return frozenset(
        (menu.store, each.name)
        for menu in menus().values()
        for each in menu.fields.values()
        if referred(each.kind) == store
    )
