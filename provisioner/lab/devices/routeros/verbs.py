"""What can be done in a menu: add, set, remove, find, get, print and the like."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros import customs, exporting, printing, special
from provisioner.lab.devices.routeros.kinds import checked
from provisioner.lab.devices.routeros.menus import Menu
from provisioner.lab.devices.routeros.store import Item
from provisioner.lab.devices.routeros.system import health_table
from provisioner.lab.devices.routeros.tree import Command
from provisioner.lab.devices.routeros.words import RefusedError, Value, items_of, number, text_of

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.running import Run

Act = Callable[["Run", Menu, Command], Awaitable[Value]]


async def obey(run: Run, menu: Menu, command: Command) -> Value:
    """Carry out one command of a menu. Raises RefusedError."""
    place = menu.store
    if menu.path[-1:] == ("poe",) or menu.type in ("wlan", "wifi"):
        place = " ".join(menu.path)  # not what all interfaces have
    act = special.VERBS.get((place, command.verb)) or _VERBS.get(command.verb)
    if act is None:
        raise RefusedError(f"failure: {command.verb} is not possible here")
    return await act(run, menu, command)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(map(text_of, value)) if isinstance(value, list) else text_of(value)


async def chosen(run: Run, menu: Menu, command: Command, at: int = 0) -> list[Item]:
    """The items that a command names. Raises RefusedError."""
    value = await run.argument(command, "numbers", at)
    if value is None:
        raise RefusedError("missing value(s) of argument(s) numbers")
    rows = run.device.rows(menu)
    found: list[Item] = []
    for each in items_of(value):
        for word in text_of(each).split(","):
            found.append(_one(run, menu, rows, word))
    return found


def _one(run: Run, menu: Menu, rows: list[Item], word: str) -> Item:
    shown = run.numbers.get(menu.path, rows)
    at = number(word)
    for item in rows:
        if word and word in (item.key, item.name):
            return item
    if at is not None and 0 <= at < len(shown) and shown[at] in rows:
        return shown[at]
    raise RefusedError("no such item")


async def _named(run: Run, menu: Menu, command: Command) -> dict[str, str]:
    """The properties given, checked and in the device's own form."""
    found = {}
    for name, node in command.named.items():
        each = menu.fields.get(name)
        if each is None or name == "numbers":
            continue
        text = _text(await run.value(node))
        kind = each.kind
        found[name] = checked(run.device, kind, name, text, negated=each.negated)
    return found


def _unique(run: Run, menu: Menu, values: dict[str, str], item: Item | None) -> None:
    for keys, said in menu.unique:
        wanted = [values.get(key, "") for key in keys]
        if not any(wanted):
            continue
        for other in run.device.store.items(menu.store):
            if other is item:
                continue
            if keys != ("name",) and menu.type and other.values.get("type") != menu.type:
                continue
            if [other.values.get(key, "") for key in keys] == wanted:
                raise RefusedError(said)


async def _place(run: Run, menu: Menu, node_value: Value) -> int | None:
    words = [text_of(each) for each in items_of(node_value)]
    if not words:
        return None
    item = _one(run, menu, run.device.rows(menu), words[0])
    return run.device.store.items(menu.store).index(item)


async def _add(run: Run, menu: Menu, command: Command) -> Value:
    before = None
    if "place-before" in command.named:
        before = await _place(run, menu, await run.value(command.named["place-before"]))
        others = {k: v for k, v in command.named.items() if k != "place-before"}
        command = Command(menu, "add", command.at, named=others)
    values = await _named(run, menu, command)
    missing = [n for n, each in menu.fields.items() if each.required and n not in values]
    if missing:
        raise RefusedError(f"missing value(s) of argument(s) {' '.join(missing)}")
    if menu.type:
        values["type"] = menu.type
    customs.adding(run.device, menu, values, run.user)
    _unique(run, menu, values, None)
    item = run.device.store.add(menu.store, _kept(run, menu, values), before)
    run.device.changed(run.user, f"{customs.noun(menu)} added")
    return item.key


def _kept(run: Run, menu: Menu, values: dict[str, str]) -> dict[str, str]:
    """Without those that are as they are anyway."""
    fields, device = menu.fields, run.device
    return {
        name: text
        for name, text in values.items()
        if name not in fields or text != (device.default(menu, fields[name]) or "")
    }


async def _set(run: Run, menu: Menu, command: Command) -> Value:
    values = await _named(run, menu, command)
    gone = [word[1:] for word in command.words if word.startswith("!")]
    if menu.single:
        customs.setting(run.device, menu, values, None)
        settings = run.device.store.single(menu)
        for name, text in values.items():
            settings[name] = text
        run.device.changed(run.user, f"{customs.noun(menu)} changed")
        return None
    for item in await chosen(run, menu, command):
        _alter(run, menu, item, dict(values), gone)
    return None


def _alter(run: Run, menu: Menu, item: Item, values: dict[str, str], gone: list[str]) -> None:
    device = run.device
    if item.dynamic:
        raise RefusedError(f"failure: can not change dynamic {customs.noun(menu)}")
    customs.setting(device, menu, values, item)
    after = {**item.values, **values}
    _unique(run, menu, after, item)
    old = item.name
    for name in gone:
        after.pop(name, None)
    item.values = _kept(run, menu, after)
    if "name" in values and values["name"] != old and old:
        device.store.renamed(menu.store, old, values["name"])
    device.changed(run.user, f"{customs.noun(menu)} changed")
    if values.get("disabled") == "no" and menu.store == "interface":
        for fault, what in (("port-err-disabled", "port"), ("radio-off", "radio")):
            device.ground.cured(device, fault, **{what: item.name})


async def _unset(run: Run, menu: Menu, command: Command) -> Value:
    name = text_of(await run.argument(command, "value-name", 1))
    for item in await chosen(run, menu, command):
        _alter(run, menu, item, {}, [name])
    return None


async def _remove(run: Run, menu: Menu, command: Command) -> Value:
    device = run.device
    for item in await chosen(run, menu, command):
        customs.removing(device, menu, item)
        if item.dynamic and menu.store == "ip dhcp-server lease":
            device.forget_lease(item)
        elif item.dynamic:
            raise RefusedError(f"failure: can not remove dynamic {customs.noun(menu)}")
        else:
            device.store.remove(menu.store, item)
            device.changed(run.user, f"{customs.noun(menu)} removed")
    return None


def _switching(text: str) -> Act:
    async def act(run: Run, menu: Menu, command: Command) -> Value:
        for item in await chosen(run, menu, command):
            _alter(run, menu, item, {"disabled": text}, [])
        return None

    return act


async def _comment(run: Run, menu: Menu, command: Command) -> Value:
    text = text_of(await run.argument(command, "comment", 1))
    for item in await chosen(run, menu, command):
        _alter(run, menu, item, {"comment": text}, [] if text else ["comment"])
    return None


async def _move(run: Run, menu: Menu, command: Command) -> Value:
    device, where = run.device, await run.argument(command, "destination", 1)
    items = await chosen(run, menu, command)
    table = device.store.items(menu.store)
    target = None
    if where is not None and text_of(where):
        target = _one(run, menu, device.rows(menu), text_of(items_of(where)[0]))
    for item in items:
        if item is target:
            continue
        table.remove(item)
        table.insert(len(table) if target is None else table.index(target), item)
    device.changed(run.user, f"{customs.noun(menu)} moved")
    return None


async def _find(run: Run, menu: Menu, command: Command) -> Value:
    return [item.key for item in await matching(run, menu, command)]


async def matching(run: Run, menu: Menu, command: Command) -> list[Item]:
    """The items that a command's `where` picks, as they are listed."""
    found = []
    for item in run.device.rows(menu):
        if await run.holds(menu, item, command.where):
            found.append(item)
    return found


async def _get(run: Run, menu: Menu, command: Command) -> Value:
    device = run.device
    if menu.single:
        name = text_of(await run.argument(command, "value-name"))
        if name not in menu.fields:
            raise RefusedError("input does not match any value of value-name")
        return device.asked(menu, None, name)
    if not command.values and "number" not in command.named:
        raise RefusedError("missing value(s) of argument(s) number")
    value = await run.argument(command, "number")
    words = [w for each in items_of(value) for w in text_of(each).split(",")]
    if len(words) != 1:
        raise RefusedError("no such item" if not words else "invalid internal item number")
    item = _one(run, menu, device.rows(menu), words[0])
    asked = await run.argument(command, "value-name", 1)
    if asked is None:
        return printing.as_value(device, menu, item)
    name = text_of(asked)
    flags = [menu.flag(letter) for group in menu.flags for letter in group]
    if name not in menu.fields and name not in flags and name != ".id":
        raise RefusedError("input does not match any value of value-name")
    return device.asked(menu, item, name)


async def _print(run: Run, menu: Menu, command: Command) -> Value:
    if menu.single:
        if "as-value" in command.words:
            return printing.as_value(run.device, menu, None)
        table = menu.store == "system health" and run.device.major >= 7
        run.write(health_table(run.device) if table else printing.single(run.device, menu))
        return None
    items = await matching(run, menu, command)
    run.numbers[menu.path] = items
    if "count-only" in command.words:
        if not run.inside:
            run.write(f"{len(items)}\n")
        return len(items)
    if "as-value" in command.words:
        return [printing.as_value(run.device, menu, item) for item in items]
    if "stats-detail" in command.words:
        run.write(printing.counted(run.device, menu, items))
    elif "stats" in command.words and menu.type == "ether":
        run.write(printing.framed(run.device, items))
    else:
        run.write(printing.listing(run.device, menu, items, command.words, run.width))
    return None


async def _export(run: Run, menu: Menu, command: Command) -> Value:
    run.write(exporting.export(run.device, menu.path, command.words, run.width))
    return None


async def _nothing(run: Run, menu: Menu, command: Command) -> Value:
    return None


_VERBS: dict[str, Act] = {
    "add": _add,
    "set": _set,
    "unset": _unset,
    "remove": _remove,
    "enable": _switching("no"),
    "disable": _switching("yes"),
    "comment": _comment,
    "move": _move,
    "find": _find,
    "get": _get,
    "print": _print,
    "export": _export,
    "reset-counters": _nothing,
}
