"""What an IOS router is told in configuration mode: DHCP pools, lists, translation, speed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from provisioner.lab.devices.ios.configuring import no_other, other
from provisioner.lab.devices.ios.managing import MANAGED as MODES
from provisioner.lab.devices.ios.words import Act, RefusedLineError

if TYPE_CHECKING:
    from provisioner.lab.devices.ios.terminal import Terminal

_ADDRESS = r"(?:any|host \d+\.\d+\.\d+\.\d+|\d+\.\d+\.\d+\.\d+ \d+\.\d+\.\d+\.\d+)"
_PORT = r"(?: eq (?:\d+|bootpc|bootps|domain|www|443))?"
_EXTENDED = re.compile(
    rf"(?:ip {_ADDRESS} {_ADDRESS}|udp {_ADDRESS}{_PORT} {_ADDRESS}{_PORT}"
    rf"|tcp {_ADDRESS}{_PORT} {_ADDRESS}{_PORT}(?: established)?"
    rf"|icmp {_ADDRESS} {_ADDRESS}(?: echo| echo-reply)?)"
)
_STANDARD = re.compile(rf"{_ADDRESS}|\d+\.\d+\.\d+\.\d+")

_IN_USE = "\nDynamic mapping in use, do you want to delete all entries? [no]: "
_PLACES = ["class", "police", "network", "default-router", "dns-server", "lease"]
"""In this order IOS writes what stands below a pool or a policy."""


def _open(kind: str, mode: str) -> Act:
    """Enters a block, which is there from then on."""

    def act(terminal: Terminal, name: str) -> str:
        header = f"{kind} {name}"
        if header not in terminal.running.blocks:
            terminal.running.blocks[header] = []
            terminal.changed()
        terminal.enter(mode, [header])
        return ""

    return act


def _drop(kind: str) -> Act:
    def act(terminal: Terminal, name: str) -> str:
        terminal.running.blocks.pop(f"{kind} {name}", None)
        return terminal.changed()

    return act


def _lines(terminal: Terminal) -> list[str]:
    return terminal.running.blocks.setdefault(terminal.chosen[0], [])


def _entry(word: str, form: re.Pattern[str]) -> Act:
    def act(terminal: Terminal, text: str) -> str:
        if not form.fullmatch(text):
            raise RefusedLineError("% Invalid input detected at '^' marker.\n\n")
        line = f"{word} {text}"
        if line not in _lines(terminal):
            _lines(terminal).append(line)
        return terminal.changed()

    return act


def _no_entry(word: str) -> Act:
    def act(terminal: Terminal, text: str) -> str:
        line = f"{word} {text}"
        if line in _lines(terminal):
            _lines(terminal).remove(line)
        return terminal.changed()

    return act


def _keyed(key: str) -> Act:
    def act(terminal: Terminal, *values: object) -> str:
        lines = _lines(terminal)
        lines[:] = [line for line in lines if not line.startswith(f"{key} ")]
        lines.append(" ".join([key, *map(str, values)]))
        lines.sort(key=lambda line: _PLACES.index(line.split()[0]))
        return terminal.changed()

    return act


def _no_keyed(key: str) -> Act:
    def act(terminal: Terminal, *_: object) -> str:
        lines = _lines(terminal)
        lines[:] = [line for line in lines if not line.startswith(f"{key} ")]
        return terminal.changed()

    return act


def _class(terminal: Terminal) -> str:
    header = terminal.chosen[0]
    if "class class-default" not in _lines(terminal):
        _lines(terminal).append("class class-default")
        terminal.changed()
    terminal.enter("config-pmap-c", [header])
    return ""


def _police(terminal: Terminal, rate: int) -> str:
    return str(_keyed("police")(terminal, "cir", rate))


def _policy(way: str) -> Act:
    def act(terminal: Terminal, name: str) -> str:
        if f"policy-map {name}" not in terminal.running.blocks:
            return f"% policy map {name} not configured\n"
        if any(each.name.startswith("Vlan") for each in terminal.interfaces):
            return "% Service Policy is not supported on this interface\n"
        return str(other(f"service-policy {way}")(terminal, name))

    return act


def _excluded(terminal: Terminal, *ends: str) -> str:
    line = " ".join(["ip dhcp excluded-address", *ends])
    if line in terminal.running.others:
        return "% The range is already excluded.\n"
    terminal.running.others[line] = line
    return terminal.changed()


def _no_excluded(terminal: Terminal, *ends: str) -> str:
    line = " ".join(["ip dhcp excluded-address", *ends])
    if terminal.running.others.pop(line, None) is None:
        return "% Range is not in the database.\n"
    return terminal.changed()


def _translate(terminal: Terminal, name: str, port: str) -> str:
    line = f"ip nat inside source list {name} interface {port} overload"
    terminal.running.others[line] = line
    return terminal.changed()


async def _no_translate(terminal: Terminal, name: str, port: str) -> str:
    line = f"ip nat inside source list {name} interface {port} overload"
    if terminal.device.translating and not (await terminal.ask(_IN_USE)).startswith("y"):
        return ""
    if terminal.running.others.pop(line, None) is None:
        return "%Dynamic mapping not found\n"
    return terminal.changed()


_KINDS = {
    "ip dhcp pool": "dhcp-config",
    "ip access-list extended": "config-ext-nacl",
    "ip access-list standard": "config-std-nacl",
    "policy-map": "config-pmap",
}
_POOL = ("network <word> <word>", "default-router <line>", "dns-server <line>", "lease <line>")

for _kind, _mode in _KINDS.items():
    MODES["config"][f"{_kind} <word>"] = _open(_kind, _mode)
    MODES["config"][f"no {_kind} <word>"] = _drop(_kind)
for _way in ("input", "output"):
    MODES["config-if"][f"service-policy {_way} <word>"] = _policy(_way)
    MODES["config-if"][f"no service-policy {_way} <word>"] = no_other(f"service-policy {_way}")
MODES["config-subif"] = MODES["config-if"]
MODES["config"] |= {
    "ip dhcp excluded-address <word>": _excluded,
    "ip dhcp excluded-address <word> <word>": _excluded,
    "no ip dhcp excluded-address <word>": _no_excluded,
    "no ip dhcp excluded-address <word> <word>": _no_excluded,
    "ip nat inside source list <word> interface <interface> overload": _translate,
    "no ip nat inside source list <word> interface <interface> overload": _no_translate,
}
MODES["dhcp-config"] = {
    **{pattern: _keyed(pattern.split()[0]) for pattern in _POOL},
    **{f"no {pattern}": _no_keyed(pattern.split()[0]) for pattern in _POOL},
    **{f"no {pattern.split()[0]}": _no_keyed(pattern.split()[0]) for pattern in _POOL},
}
for _mode, _form in (("config-ext-nacl", _EXTENDED), ("config-std-nacl", _STANDARD)):
    MODES[_mode] = {
        **{f"{word} <line>": _entry(word, _form) for word in ("permit", "deny")},
        **{f"no {word} <line>": _no_entry(word) for word in ("permit", "deny")},
    }
MODES["config-pmap"] = {"class class-default": _class}
MODES["config-pmap-c"] = {
    "police cir <number>": _police,
    "police <number>": _police,
    "no police cir <number>": _no_keyed("police"),
}
ROUTED: dict[str, dict[str, Act]] = MODES
"""The commands of each configuration mode, a router's among them."""
