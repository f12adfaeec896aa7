"""Runs what was read: variables, operators, and the commands that are known everywhere."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros import everywhere, verbs
from provisioner.lab.devices.routeros.clock import duration
from provisioner.lab.devices.routeros.tree import (
    Code,
    Command,
    Inner,
    Joined,
    Many,
    Node,
    Operation,
    Property,
    Script,
    Text,
    Variable,
)
from provisioner.lab.devices.routeros.words import (
    RefusedError,
    Value,
    is_true,
    items_of,
    number,
    text_of,
)

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import RouterOsDevice
    from provisioner.lab.devices.routeros.menus import Menu, Path
    from provisioner.lab.devices.routeros.store import Item

Ask = Callable[[str], Value]
"""The value of a property of the item that a condition is about."""


@dataclass
class Run:
    """One script or line being run, for that user; ``write`` is where its output goes."""

    device: RouterOsDevice
    user: str
    write: Callable[[str], None]
    width: int = 80
    numbers: dict[Path, list[Item]] = field(default_factory=dict)
    """What `print` has shown last, by menu: items may be named by their place there."""
    scopes: list[dict[str, Value]] = field(default_factory=lambda: [{}])
    inside: int = 0
    """How many [ ] it is in: there `print` gives a value instead of writing it."""

    async def script(self, script: Script) -> Value:
        """The value of its last command. Raises RefusedError, LeftError."""
        last: Value = None
        self.scopes.append({})
        try:
            for command in script.commands:
                last = await self.command(command)
        finally:
            self.scopes.pop()
        return last

    async def command(self, command: Command) -> Value:
        if command.menu is None:
            act: Callable[[Run, Command], Awaitable[Value]] = everywhere.COMMANDS[command.verb]
            return await act(self, command)
        if not command.verb:
            return None
        return await verbs.obey(self, command.menu, command)

    # ------------------------------------------------- variables

    def look(self, name: str) -> Value:
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return self.device.environment.get(name)

    def assign(self, name: str, value: Value) -> None:
        for scope in reversed(self.scopes):
            if name in scope:
                scope[name] = value
                return
        if name not in self.device.environment:
            raise RefusedError("syntax error")
        self.device.environment[name] = value

    # ------------------------------------------------- values

    async def value(self, node: Node | None, ask: Ask | None = None) -> Value:
        """What a node is worth; ``ask`` answers for properties in a condition."""
        match node:
            case None:
                return None
            case Text(text=text):
                return text
            case Joined(parts=parts):
                return "".join([text_of(await self.value(part, ask)) for part in parts])
            case Variable(name=name):
                if ask is not None and (own := ask(name)) not in (None, ""):
                    return own
                return self.look(name)
            case Property(name=name):
                return ask(name) if ask is not None else None
            case Code(script=script):
                return await self.script(script)
            case Inner(script=script):
                self.inside += 1
                try:
                    return await self.script(script)
                finally:
                    self.inside -= 1
            case Many(members=members):
                values = [(key, await self.value(each, ask)) for key, each in members]
                if any(key for key, _ in values):
                    return {key or str(at): each for at, (key, each) in enumerate(values)}
                return [each for _, each in values]
            case Operation(sign=sign, left=left, right=right):
                return await self._operation(sign, left, right, ask)
        raise TypeError(node)

    async def _operation(self, sign: str, left: Node | None, right: Node, ask: Ask | None) -> Value:
        if sign in ("&&", "||"):
            first = is_true(await self.value(left, ask))
            if first is (sign == "||"):
                return first
            return is_true(await self.value(right, ask))
        there = await self.value(right, ask)
        if left is None:
            return not is_true(there) if sign == "!" else -(number(there) or 0)
        return operated(sign, await self.value(left, ask), there)

    async def holds(self, menu: Menu, item: Item, where: Node | None) -> bool:
        """Whether an item is one of those asked for."""
        if where is None:
            return True
        return is_true(await self.value(where, lambda name: self.device.asked(menu, item, name)))

    async def argument(self, command: Command, name: str, at: int = 0) -> Value:
        """A named argument, or the value in its place; None when neither is there."""
        if name in command.named:
            return await self.value(command.named[name])
        return await self.value(command.values[at]) if at < len(command.values) else None


def _plain(value: Value) -> str:
    text = ",".join(map(text_of, value)) if isinstance(value, list) else text_of(value)
    return {"yes": "true", "no": "false"}.get(text, text)


def _ordered(sign: str, left: Value, right: Value) -> bool:
    a: float | str | None = number(left)
    b: float | str | None = number(right)
    if a is None or b is None:
        a, b = duration(text_of(left)), duration(text_of(right))
    if a is None or b is None:
        a, b = text_of(left), text_of(right)
    low, same = a < b, a == b  # type: ignore[operator]  # both are of one kind
    return {"<": low, ">": not low and not same, "<=": low or same, ">=": not low}[sign]


def _within(address: str, network: str) -> bool:
    try:
        return ipaddress.ip_interface(address).ip in ipaddress.ip_network(network, strict=False)
    except ValueError:
        raise RefusedError("cannot compare if value in network") from None


def operated(sign: str, left: Value, right: Value) -> Value:
    """One operator on two values. Raises RefusedError."""
    if sign in ("=", "!="):
        return (_plain(left) == _plain(right)) is (sign == "=")
    if sign == "~":
        try:
            return re.search(text_of(right), _plain(left)) is not None
        except re.error:
            raise RefusedError("bad regexp") from None
    if sign in ("<", ">", "<=", ">="):
        return _ordered(sign, left, right)
    if sign == "in":
        return _within(text_of(left), text_of(right))
    if sign == ".":
        return text_of(left) + text_of(right)
    if sign == ",":
        return [*items_of(left), *items_of(right)]
    if sign == "->":
        return _member(left, right)
    a, b = number(left), number(right)
    if a is None or b is None:
        raise RefusedError(f"cannot apply {sign} to these values")
    if sign in "/%" and not b:
        raise RefusedError("division by zero")
    done = {"+": a + b, "-": a - b, "*": a * b, "&": a & b, "|": a | b, "^": a ^ b}
    if sign in done:
        return done[sign]
    return {"/": a // (b or 1), "%": a % (b or 1)}[sign]


def _member(value: Value, key: Value) -> Value:
    if isinstance(value, Mapping):
        return value.get(text_of(key))
    at = number(key)
    members = items_of(value)
    return members[at] if at is not None and 0 <= at < len(members) else None
