"""`export`: the whole configuration, or one menu's, as commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros.clock import date_text
from provisioner.lab.devices.routeros.factory import SERVICES
from provisioner.lab.devices.routeros.menus import Menu, Path, offered
from provisioner.lab.devices.routeros.words import quoted

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import RouterOsDevice
    from provisioner.lab.devices.routeros.store import Item

_LEFT_OUT = frozenset({"user", "user group", "file", "log", "user ssh-keys", "system clock"})


def export(device: RouterOsDevice, below: Path, words: Sequence[str], width: int = 10_000) -> str:
    """With its header, as `/export` with those words writes it into rows of that width."""
    hidden = "hide-sensitive" in words if device.major < 7 else "show-sensitive" not in words
    lines = _header(device)
    for path, menu in offered(device.major, device.packages).items():
        if path[: len(below)] != below or menu.store in _LEFT_OUT or "wifiwave2" in path:
            continue
        if path == ("interface",) or path == ("interface", "ethernet", "poe"):
            continue
        commands = list(_commands(device, menu, hidden=hidden, verbose="verbose" in words))
        if not commands:
            continue
        where = "/" + " ".join(path)
        if "terse" in words:
            lines += [f"{where} {' '.join(parts)}" for parts in commands]
        else:
            lines.append(where)
            lines += [_wrapped(parts, width) for parts in commands]
    return "\n".join(lines) + "\n"


def _header(device: RouterOsDevice) -> list[str]:
    now = device.now()
    day = date_text(now, modern=device.modern_dates)
    return [
        f"# {day} {now:%H:%M:%S} by RouterOS {device.version}",
        f"# software id = {device.software_id}",
        "#",
        f"# model = {device.model}",
        f"# serial number = {device.serial}",
    ]


def _wrapped(parts: Sequence[str], width: int) -> str:
    lines, line = [], ""
    for part in parts:
        if line and len(line) + len(part) + 3 > width:
            lines.append(line + " \\")
            line = "    " + part
        else:
            line = f"{line} {part}" if line else part
    return "\n".join([*lines, line])


def _commands(
    device: RouterOsDevice, menu: Menu, *, hidden: bool, verbose: bool
) -> Iterator[list[str]]:
    if menu.single:
        pairs = list(_pairs(device, menu, None, hidden=hidden, verbose=verbose))
        if pairs:
            yield ["set", *pairs]
        return
    for item in device.store.items(menu.store):
        if menu.type and item.values.get("type") != menu.type:
            continue
        pairs = list(_pairs(device, menu, item, hidden=hidden, verbose=verbose))
        physical = item.values.get("default-name")
        if physical:
            pairs = [pair for pair in pairs if pair != f"name={physical}"]
            if pairs:
                yield ["set", "[", "find", f"default-name={physical}", "]", *pairs]
        elif menu.store == "ip service":
            usual = f"port={SERVICES.get(item.name)}"
            pairs = [p for p in pairs if p != usual]
            if pairs:
                yield ["set", item.name, *pairs]
        elif menu.fixed or (menu.store.endswith("security-profiles") and item.name == "default"):
            pairs = [pair for pair in pairs if not pair.startswith("name=")]
            if pairs:
                yield ["set", quoted(item.name), *pairs]
        else:
            yield ["add", *pairs]


def _pairs(
    device: RouterOsDevice, menu: Menu, item: Item | None, *, hidden: bool, verbose: bool
) -> Iterator[str]:
    values = device.store.singles.get(menu.store, {}) if item is None else item.values
    fields = dict(menu.fields)
    if menu.path == ("interface", "ethernet"):
        poe = offered(device.major, device.packages).get((*menu.path, "poe"))
        fields |= {n: f for n, f in poe.fields.items() if n.startswith("po")} if poe else {}
    for name in sorted(fields):
        each = fields[name]
        text = values.get(name)
        if text is None and verbose and not each.fixed:
            text = device.default(menu, each)
        if text is None or name == "place-before" or (hidden and name in menu.secret):
            continue
        if (each.fixed and name != "creation-time") or name in _NEVER.get(menu.store, ()):
            continue
        if text == device.default(menu, each) and not verbose:
            continue
        yield f"{name}={quoted(text)}"


_NEVER = {
    "ip service": ("name",),
    "ip firewall address-list": ("creation-time",),
    "interface": ("default-name",),
}
