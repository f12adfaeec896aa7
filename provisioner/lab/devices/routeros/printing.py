"""How `print` shows things: tables, details, one item a row, and single settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros import ailing
from provisioner.lab.devices.routeros.words import Value, escaped, text_of

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import RouterOsDevice
    from provisioner.lab.devices.routeros.menus import Menu
    from provisioner.lab.devices.routeros.store import Item

_QUOTED = frozenset({"text", "ssid", "key"})
_NAMES = frozenset({"name", "default-name", "identity"})


def as_value(device: RouterOsDevice, menu: Menu, item: Item | None) -> dict[str, Value]:
    """One item as an array; without an item the menu's single settings."""
    found: dict[str, Value] = {} if item is None else {".id": item.key}
    for name in menu.fields:
        if device.shown(menu, item, name) is not None:
            found[name] = device.asked(menu, item, name)
    return found


def single(device: RouterOsDevice, menu: Menu) -> str:
    """`  name: value` in rows, the names to the right."""
    rows = [
        (name, text) for name in menu.fields if (text := device.shown(menu, None, name)) is not None
    ]
    width = max((len(name) for name, _ in rows), default=0) + 2
    return "".join(f"{name:>{width}}: {text}\n" for name, text in rows)


def listing(
    device: RouterOsDevice, menu: Menu, items: Sequence[Item], words: Sequence[str], width: int
) -> str:
    """What `print` with those words writes of those items."""
    if "terse" in words:
        return "".join(_terse(device, menu, n, item) for n, item in enumerate(items))
    if "detail" in words or not menu.columns:
        body = "".join(_detail(device, menu, n, item, width) for n, item in enumerate(items))
        return _legend(device, menu, items) + body
    return _legend(device, menu, items) + _table(device, menu, items)


def counted(device: RouterOsDevice, menu: Menu, items: Sequence[Item]) -> str:
    """What `print stats-detail` writes."""
    text = ""
    for at, item in enumerate(items):
        head = _head(device, menu, at, item)
        pairs = (f"{k}={_thousands(v)}" for k, v in ailing.counters(device, item).items())
        text += f'{head}name="{escaped(item.name)}" {" ".join(pairs)} \n\n'
    return text


def framed(device: RouterOsDevice, items: Sequence[Item]) -> str:
    """What `print stats` of Ethernets writes: one column each, numbers to the right."""
    told = [ailing.frames(device, item) for item in items]
    rows = {"name": [item.name for item in items]}
    rows |= {key: [_thousands(each[key]) for each in told] for key in (told[0] if told else ())}
    sizes = [max(map(len, each)) for each in zip(*rows.values(), strict=True)]
    return "".join(
        f"{name:>26}: {' '.join(f'{c:>{s}}' for c, s in zip(cells, sizes, strict=True))}\n"
        for name, cells in rows.items()
    )


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _legend(device: RouterOsDevice, menu: Menu, items: Sequence[Item]) -> str:
    if not any(menu.flags):
        return ""
    modern = device.major >= 7
    groups = [", ".join(f"{c} - {menu.flag(c)}" for c in group) for group in menu.flags if group]
    if modern and menu.columns:
        shown = [c for group in menu.flags for c in group]
        there = [c for c in shown if any(menu.flag(c) in device.states(menu, i) for i in items)]
        return (
            f"Flags: {', '.join(f'{c} - {menu.flag(c).upper()}' for c in there)}\n" if there else ""
        )
    return f"Flags: {('; ' if modern else ', ').join(groups)} \n"


def flags(device: RouterOsDevice, menu: Menu, item: Item) -> str:
    """The letters of an item, each group in its place."""
    states, text = device.states(menu, item), ""
    for group in menu.flags:
        text += next((c for c in group if menu.flag(c) in states), " ")
    return text


def _head(device: RouterOsDevice, menu: Menu, at: int, item: Item) -> str:
    marks = flags(device, menu, item)
    if menu.unnumbered:
        return " "
    return f"{at:>2} {marks} " if marks else f"{at:>2} "


def _pairs(device: RouterOsDevice, menu: Menu, item: Item, *, terse: bool) -> Iterator[str]:
    for name, each in menu.fields.items():
        text = device.shown(menu, item, name)
        if text is None or name in ("comment", "disabled", "place-before"):
            continue
        named = name in _NAMES or (name == "type" and menu.store == "interface")
        if each.kind in _QUOTED or (named and not terse) or not text:
            text = f'"{escaped(text)}"'
        yield f"{name}={text}"


def _terse(device: RouterOsDevice, menu: Menu, at: int, item: Item) -> str:
    comment = item.values.get("comment")
    pairs = list(_pairs(device, menu, item, terse=True))
    if comment:
        pairs.insert(0, f"comment={comment}")
    return _head(device, menu, at, item) + " ".join(pairs) + "\n"


def _detail(device: RouterOsDevice, menu: Menu, at: int, item: Item, width: int) -> str:
    head = _head(device, menu, at, item)
    indent = " " * len(head)
    comment = item.values.get("comment")
    lines = [f"{head};;; {comment}"] if comment else []
    line = indent if comment else head
    begun = False
    for pair in _pairs(device, menu, item, terse=False):
        if begun and len(line) + len(pair) + 1 > width:
            lines.append(line)
            line, begun = indent, False
        line += f" {pair}" if begun else pair
        begun = True
    return "\n".join([*lines, line + " "]) + "\n\n"


def _table(device: RouterOsDevice, menu: Menu, items: Sequence[Item]) -> str:
    columns = [c for c in menu.columns if c in menu.fields]
    rows = [[device.shown(menu, item, c) or "" for c in columns] for item in items]
    if device.major >= 7:
        kept = [n for n, _ in enumerate(columns) if any(row[n] for row in rows)]
        columns = [columns[n] for n in kept]
        rows = [[row[n] for n in kept] for row in rows]
        if not columns:
            return ""
    sizes = [max([len(c), *(len(row[n]) for row in rows)]) for n, c in enumerate(columns)]
    blank = " " * len(menu.flags)
    before = f"Columns: {', '.join(c.upper() for c in columns)}\n" if device.major >= 7 else ""
    text = before + _row(f" # {blank} " if blank else " # ", [c.upper() for c in columns], sizes)
    for at, (item, row) in enumerate(zip(items, rows, strict=True)):
        head, comment = _head(device, menu, at, item), item.values.get("comment")
        if comment and device.major >= 7:
            text += f";;; {comment}\n"
        elif comment:
            text += f"{head};;; {comment}\n"
            head = " " * len(head)
        text += _row(head, row, sizes)
    return text


def _row(head: str, cells: Sequence[str], sizes: Sequence[int]) -> str:
    cells = [f"{text_of(cell):<{size}}" for cell, size in zip(cells, sizes, strict=True)]
    return f"{head}{' '.join(cells)}\n"
