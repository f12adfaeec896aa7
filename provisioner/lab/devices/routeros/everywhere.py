"""The commands that RouterOS knows in every menu: control, variables, texts, arrays."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros import exporting
from provisioner.lab.devices.routeros.clock import duration
from provisioner.lab.devices.routeros.pinging import ping, resolved
from provisioner.lab.devices.routeros.reading import Reader
from provisioner.lab.devices.routeros.tree import Code, Command, Node
from provisioner.lab.devices.routeros.words import (
    LeftError,
    RefusedError,
    UnfinishedError,
    Value,
    WrittenWrongError,
    is_true,
    items_of,
    number,
    text_of,
)

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.running import Run

Act = Callable[["Run", Command], Awaitable[Value]]
_ROUNDS = 100_000
"""So often a loop runs at most: a device would hang."""


class ReturnedError(Exception):
    """:return: ends the script with a value."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


async def _put(run: Run, command: Command) -> Value:
    run.write(text_of(await run.argument(command, "message")) + "\n")
    return None


async def _if(run: Run, command: Command) -> Value:
    branch = "do" if is_true(await run.argument(command, "condition")) else "else"
    return await run.value(command.named.get(branch))


async def _local(run: Run, command: Command) -> Value:
    run.scopes[-1][text_of(await run.argument(command, "name"))] = await _given(run, command)
    return None


async def _global(run: Run, command: Command) -> Value:
    name = text_of(await run.argument(command, "name"))
    if len(command.values) > 1 or "value" in command.named:
        run.device.environment[name] = await _given(run, command)
    else:
        run.device.environment.setdefault(name, None)
    return None


async def _set(run: Run, command: Command) -> Value:
    run.assign(text_of(await run.argument(command, "name")), await _given(run, command))
    return None


async def _given(run: Run, command: Command) -> Value:
    return await run.argument(command, "value", 1)


async def _body(run: Run, body: Node | None, variables: Mapping[str, Value]) -> None:
    run.scopes.append(dict(variables))
    try:
        await run.value(body)
    finally:
        run.scopes.pop()


async def _foreach(run: Run, command: Command) -> Value:
    names = text_of(await run.argument(command, "counter")).split(",")
    over = await run.argument(command, "in", 1)
    pairs = over.items() if isinstance(over, Mapping) else enumerate(list(items_of(over)))
    for key, each in list(pairs):
        values = [each] if len(names) == 1 else [key, each]
        await _body(run, command.named.get("do"), dict(zip(names, values, strict=False)))
    return None


async def _for(run: Run, command: Command) -> Value:
    name = text_of(await run.argument(command, "counter"))
    first = number(await run.argument(command, "from", 9)) or 0
    last = number(await run.argument(command, "to", 9)) or 0
    step = number(await run.argument(command, "step", 9)) or (1 if last >= first else -1)
    for at in range(first, last + (1 if step > 0 else -1), step):
        await _body(run, command.named.get("do"), {name: at})
    return None


async def _while(run: Run, command: Command) -> Value:
    for _ in range(_ROUNDS):
        if not is_true(await run.argument(command, "condition")):
            return None
        await run.value(command.named.get("do"))
    raise RefusedError("interrupted")


async def _do(run: Run, command: Command) -> Value:
    body = command.named.get("do") or command.named.get("command")
    if body is None and command.values:
        body = command.values[0]
    if "on-error" in command.named:
        try:
            return await run.value(body)
        except RefusedError:
            return await run.value(command.named["on-error"])
    found = await run.value(body)
    if "while" in command.named:
        for _ in range(_ROUNDS):
            if not is_true(await run.value(command.named["while"])):
                break
            found = await run.value(body)
    return found


async def _error(run: Run, command: Command) -> Value:
    raise RefusedError(text_of(await run.argument(command, "message")))


async def _delay(run: Run, command: Command) -> Value:
    seconds = duration(text_of(await run.argument(command, "delay-time")))
    if seconds is None:
        raise RefusedError("invalid value for argument delay-time")
    await run.device.sleep(seconds)
    return None


async def _len(run: Run, command: Command) -> Value:
    value = await run.argument(command, "value")
    return len(value) if isinstance(value, (list, Mapping)) else len(text_of(value).encode())


async def _pick(run: Run, command: Command) -> Value:
    value = await run.argument(command, "value")
    begin = number(await run.argument(command, "begin", 1)) or 0
    end = number(await run.argument(command, "end", 2))
    if isinstance(value, (list, Mapping)):
        members = items_of(value)
        if end is None:
            return members[begin] if begin < len(members) else None
        return members[begin:end]
    text = text_of(value)
    return text[begin : begin + 1 if end is None else end]


async def _find(run: Run, command: Command) -> Value:
    where, key = await run.argument(command, "in"), await run.argument(command, "key", 1)
    start = number(await run.argument(command, "from", 2))
    begin = 0 if start is None else start + 1
    if isinstance(where, (list, Mapping)):
        hits = [n for n, m in enumerate(items_of(where)) if text_of(m) == text_of(key)]
        return next((n for n in hits if n >= begin), None)
    found = text_of(where).find(text_of(key), begin)
    return None if found < 0 else found


async def _toarray(run: Run, command: Command) -> Value:
    value = await run.argument(command, "value")
    if isinstance(value, (list, Mapping)):
        return value
    return [part for part in text_of(value).replace(";", ",").split(",") if part]


async def _tostr(run: Run, command: Command) -> Value:
    return text_of(await run.argument(command, "value"))


async def _tonum(run: Run, command: Command) -> Value:
    return number(await run.argument(command, "value"))


async def _toip(run: Run, command: Command) -> Value:
    text = text_of(await run.argument(command, "value"))
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        return None


async def _tobool(run: Run, command: Command) -> Value:
    return is_true(await run.argument(command, "value"))


async def _totime(run: Run, command: Command) -> Value:
    text = text_of(await run.argument(command, "value"))
    return None if duration(text) is None else text


async def _typeof(run: Run, command: Command) -> Value:
    value = await run.argument(command, "value")
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "num"
    return "array" if isinstance(value, (list, Mapping)) else "str"


async def _resolve(run: Run, command: Command) -> Value:
    return resolved(run.device, text_of(await run.argument(command, "domain-name")))


async def _log(run: Run, command: Command) -> Value:
    level = text_of(await run.value(command.values[0])) if command.values else "info"
    run.device.note("script," + level, text_of(await run.argument(command, "message", 1)))
    return None


async def _return(run: Run, command: Command) -> Value:
    raise ReturnedError(await run.argument(command, "value"))


async def _value(run: Run, command: Command) -> Value:
    return await run.value(command.values[0])


async def _parse(run: Run, command: Command) -> Value:
    return Code(read(run, text_of(await run.argument(command, "command"))).read())


async def _nothing(run: Run, command: Command) -> Value:
    return None


async def _quit(run: Run, command: Command) -> Value:
    raise LeftError


async def _export(run: Run, command: Command) -> Value:
    run.write(exporting.export(run.device, (), command.words, run.width))
    return None


async def _undo(run: Run, command: Command) -> Value:
    raise RefusedError("failure: nothing to undo")


def read(run: Run, source: str) -> Reader:
    return Reader(source, run.device.grammar)


async def perform(run: Run, source: str) -> Value:
    """Run a script kept on the device. Raises RefusedError, also when it cannot be read."""
    reader = read(run, source)
    try:
        script = reader.read()
    except WrittenWrongError as error:
        raise RefusedError(error.told(source)) from None
    except UnfinishedError:
        raise RefusedError("syntax error") from None
    try:
        return await run.script(script)
    except ReturnedError as answer:
        return answer.value


COMMANDS: dict[str, Act] = {
    "put": _put,
    "if": _if,
    "local": _local,
    "global": _global,
    "set": _set,
    "foreach": _foreach,
    "for": _for,
    "while": _while,
    "do": _do,
    "error": _error,
    "delay": _delay,
    "len": _len,
    "pick": _pick,
    "find": _find,
    "toarray": _toarray,
    "tostr": _tostr,
    "tonum": _tonum,
    "toip": _toip,
    "tobool": _tobool,
    "totime": _totime,
    "typeof": _typeof,
    "resolve": _resolve,
    "log": _log,
    "return": _return,
    "value": _value,
    "parse": _parse,
    "nothing": _nothing,
    "beep": _nothing,
    "ping": ping,
    "quit": _quit,
    "export": _export,
    "undo": _undo,
    "redo": _undo,
}
