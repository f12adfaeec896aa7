"""What an IOS switch does outside configuration mode, and which words it knows in which mode."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from provisioner.lab.devices.ios.box import ABOUT
from provisioner.lab.devices.ios.health import HEALTH
from provisioner.lab.devices.ios.portstate import PORTS
from provisioner.lab.devices.ios.reaching import REACHING
from provisioner.lab.devices.ios.routing import ROUTED
from provisioner.lab.devices.ios.showing import SHOWING
from provisioner.lab.devices.ios.surroundings import SURROUNDINGS
from provisioner.lab.devices.ios.words import Act, Node, UnknownWordError, grammar, understand

if TYPE_CHECKING:
    from provisioner.lab.devices.ios.terminal import Terminal

_ENTER = "Enter configuration commands, one per line.  End with CNTL/Z.\n"
_NOTHING_PENDING = "%No Rollback Confirmed Change pending\n"
_NO_ARCHIVE = "%Turn config archive on before using Rollback Confirmed Change\n"
_OTHER_VERSION = (
    "Warning: Attempting to overwrite an NVRAM configuration previously written\n"
    "by a different version of the system image.\n"
    "Overwrite the previous NVRAM configuration?[confirm]"
)


async def _enable(terminal: Terminal) -> str:
    wanted = terminal.device.enable_password
    for _ in range(3):
        if terminal.privileged or wanted is None:
            break
        if await terminal.ask("Password: ", secret=True) == wanted:
            break
    else:
        return "% Bad secrets\n\n"
    terminal.privileged = True
    return ""


def _disable(terminal: Terminal) -> str:
    terminal.privileged = False
    return ""


def _leave(terminal: Terminal) -> str:
    terminal.leave()
    return ""


def _length(terminal: Terminal, rows: int) -> str:
    terminal.length = rows
    return ""


def _width(terminal: Terminal, columns: int) -> str:
    terminal.width = columns
    return ""


def _nothing(terminal: Terminal) -> str:
    return ""


def _configure(terminal: Terminal) -> str:
    terminal.enter("config")
    return _ENTER


async def _configure_from(terminal: Terminal) -> str:
    answer = await terminal.ask("Configuring from terminal, memory, or network [terminal]? ")
    return _configure(terminal) if "terminal".startswith(answer.lower()) else "?Must be terminal\n"


def _timed(terminal: Terminal, minutes: int, *, idle: bool = False) -> str:
    device = terminal.device
    if not device.running.archive.path:
        return _NO_ARCHIVE
    if device.pending is not None:
        return "%Rollback Confirmed Change already pending\n"
    pending = device.arm(minutes, idle=idle, user=terminal.user)
    terminal.armed = True
    terminal.enter("config")
    said = f"Rollback Confirmed Change: Backing up current running config to {pending.file}\n\n"
    if minutes == 1:
        terminal.warn_soon()
    return said + _ENTER


def _timed_idle(terminal: Terminal, minutes: int) -> str:
    return _timed(terminal, minutes, idle=True)


def _confirm(terminal: Terminal) -> str:
    return "" if terminal.device.confirm() else _NOTHING_PENDING


def _revert(terminal: Terminal) -> str:
    return terminal.device.revert() or _NOTHING_PENDING


def _retime(terminal: Terminal, minutes: int) -> str:
    device = terminal.device
    if device.pending is None:
        return _NOTHING_PENDING
    device.rearm(minutes)
    return ""


async def _write(terminal: Terminal) -> str:
    if terminal.device.foreign_nvram:
        answer = await terminal.ask(_OTHER_VERSION, once=True)
        if answer.lower() not in ("", "y"):
            return ""
    terminal.device.save(terminal.user)
    return "Building configuration...\n[OK]\n"


async def _copy(terminal: Terminal) -> str:
    answer = await terminal.ask("Destination filename [startup-config]? ")
    if answer not in ("", "startup-config"):
        return "%Error parsing filename (No such device)\n"
    return await _write(terminal)


async def _reload(terminal: Terminal) -> str:
    device = terminal.device
    if device.running.lines() != device.startup.lines():
        question = "\nSystem configuration has been modified. Save? [yes/no]: "
        answer = (await terminal.ask(question)).lower()
        if answer and "yes".startswith(answer):
            terminal.write(await _write(terminal))
    if (await terminal.ask("Proceed with reload? [confirm]", once=True)).lower() in ("", "y"):
        device.reboot()
        terminal.leave()
    return "\n"


_BOTH: dict[str, Act] = {
    "enable": _enable,
    "disable": _disable,
    "exit": _leave,
    "logout": _leave,
    "quit": _leave,
    "terminal length <length>": _length,
    "terminal width <length>": _width,
    "terminal no monitor": _nothing,
    "terminal monitor": _nothing,
}
_PRIVILEGED: dict[str, Act] = {
    "configure": _configure_from,
    "configure terminal": _configure,
    "configure terminal revert timer <minutes>": _timed,
    "configure terminal revert timer idle <minutes>": _timed_idle,
    "configure confirm": _confirm,
    "configure revert now": _revert,
    "configure revert timer <minutes>": _retime,
    "write": _write,
    "write memory": _write,
    "copy running-config startup-config": _copy,
    "reload": _reload,
}
_USER_SHOWS = ("show version", "show clock", "show users", "show privilege", "show lldp neighbors")
_SHOWS = {**SHOWING, **ABOUT, **SURROUNDINGS, **PORTS, **HEALTH, **REACHING}
_USER = grammar({**_BOTH, **{k: v for k, v in _SHOWS.items() if k in _USER_SHOWS}})
_EXEC = grammar({**_BOTH, **_PRIVILEGED, **_SHOWS})
_CONFIGURE = {mode: grammar(commands) for mode, commands in ROUTED.items()}


async def _do(terminal: Terminal, rest: str) -> str:
    """``do show …`` in configuration mode."""
    try:
        act, values = understand(_EXEC, rest)
    except UnknownWordError as error:
        raise UnknownWordError(error.at + len("do ")) from error
    answer = act(terminal, *values)
    return answer if isinstance(answer, str) else await answer


def _end(terminal: Terminal) -> str:
    terminal.mode, terminal.chosen = "", []
    return ""


def _up(terminal: Terminal) -> str:
    if terminal.mode == "config":
        return _end(terminal)
    terminal.enter("config")
    return ""


for _node in _CONFIGURE.values():
    _node.add("do <line>", _do)
    _node.add("end", _end)
    _node.add("exit", _up)


def tree(terminal: Terminal) -> Node:
    """The words that the terminal's mode knows."""
    if terminal.mode:
        return _CONFIGURE[terminal.mode.removesuffix("-range")]
    return _EXEC if terminal.privileged else _USER


def resolve(terminal: Terminal, text: str) -> tuple[Act, list[object]]:
    """What the line does; in a submode the words of configuration mode are known too."""
    try:
        return understand(tree(terminal), text)
    except UnknownWordError as error:
        if terminal.mode in ("", "config"):
            raise
        try:
            act, values = understand(_CONFIGURE["config"], text)
        except UnknownWordError as outer:
            raise UnknownWordError(max(error.at, outer.at)) from outer
        terminal.enter("config")
        return act, values


def words_after(terminal: Terminal, text: str) -> list[str]:
    """What `?` lists after that text; empty where nothing is known."""
    node = tree(terminal)
    done, _, last = text.lstrip().rpartition(" ")
    for word in done.split():
        found = node.following(word)
        if len(found) == 1:
            node = node.words[found[0]]
        elif node.parameters:
            node = next(iter(node.parameters.values()))
        else:
            return []
    found = sorted(w for w in node.words if w.startswith(last.lower()))
    if not last:
        found += [name.upper().strip("<>") for name in node.parameters]
        found += ["<cr>"] if node.act else []
    return found


# ---------------------------------------------------------------------- | include …


def narrowing(text: str, column: int) -> Callable[[str], str]:
    """What ``| include X`` and its like do. Raises UnknownWordError."""
    words = text.split(maxsplit=1)
    names = ("include", "exclude", "begin", "section", "count")
    found = [n for n in names if words and n.startswith(words[0].lower())]
    if len(found) != 1 or len(words) < 2:
        raise UnknownWordError(column + len(text) - len(text.lstrip()))
    kind, wanted = found[0], words[1].strip()
    if kind == "section":
        inner = re.match(r"(?i)(include|exclude)\s+(.+)", wanted)
        wanted = inner[2] if inner else wanted
        kind = "outside" if inner and inner[1].lower() == "exclude" else kind
    try:
        pattern = re.compile(wanted)
    except re.error:
        pattern = re.compile(re.escape(wanted))
    return lambda answer: "".join(_narrow(kind, pattern, answer.splitlines(keepends=True)))


def _narrow(kind: str, pattern: re.Pattern[str], lines: list[str]) -> list[str]:
    hits = [pattern.search(line.rstrip("\n")) is not None for line in lines]
    if kind == "include":
        return [line for line, hit in zip(lines, hits, strict=True) if hit]
    if kind == "exclude":
        return [line for line, hit in zip(lines, hits, strict=True) if not hit]
    if kind == "begin":
        return lines[hits.index(True) :] if True in hits else []
    if kind == "count":
        return [f"Number of lines which match regexp = {sum(hits)}\n"]
    inside: list[bool] = []
    depth: int | None = None
    for line, hit in zip(lines, hits, strict=True):
        indent = len(line) - len(line.lstrip(" "))
        if depth is not None and indent <= depth:
            depth = None
        if depth is None and hit:
            depth = indent
        inside.append(depth is not None)
    wanted = kind == "section"
    return [line for line, within in zip(lines, inside, strict=True) if within == wanted]
