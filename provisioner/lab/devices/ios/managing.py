"""What an IOS switch is told about itself on its first day: services, keys, terminal lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from provisioner.lab.devices.ios.configuring import MODES
from provisioner.lab.devices.ios.words import Act

if TYPE_CHECKING:
    from provisioner.lab.devices.ios.terminal import Terminal

CHAIN = "ip ssh pubkey-chain"
_SERVICES = ("ip http server", "ip http secure-server")
_LINES = ("transport input", "exec-timeout", "login", "logging synchronous", "access-class")


def _service(key: str, *, on: bool) -> Act:
    """Both states are written down."""

    def act(terminal: Terminal) -> str:
        terminal.running.others[key] = key if on else f"no {key}"
        return terminal.changed()

    return act


def _one(key: str) -> Act:
    def act(terminal: Terminal, text: str) -> str:
        terminal.running.others[key] = f"{key} {text}"
        return terminal.changed()

    return act


def _many(key: str, *, there: bool) -> Act:
    def act(terminal: Terminal, text: str) -> str:
        line = f"{key} {text}"
        terminal.running.others.pop(line, None)
        if there:
            terminal.running.others[line] = line
        return terminal.changed()

    return act


def _generate(terminal: Terminal, bits: int) -> str:
    terminal.device.key_bits = bits
    return (
        f"The name for the keys will be: {terminal.running.hostname}\n"
        f"% The key modulus size is {bits} bits\n"
        f"% Generating {bits} bit RSA keys, keys will be non-exportable...\n"
        "[OK] (elapsed time was 2 seconds)\n"
    )


def ssh(terminal: Terminal) -> str:
    """``show ip ssh``"""
    version = "2.0" if "ip ssh version" in terminal.running.others else "1.99"
    if not terminal.device.key_bits:
        return "SSH Disabled - version 1.99\n%Please create RSA keys to enable SSH.\n"
    return (
        f"SSH Enabled - version {version}\n"
        "Authentication methods:publickey,keyboard-interactive,password\n"
        "Authentication timeout: 120 secs; Authentication retries: 3\n"
        "Minimum expected Diffie Hellman key size : 2048 bits\n"
        f"Modulus Size : {terminal.device.key_bits} bits\n"
    )


def _chain(terminal: Terminal) -> str:
    terminal.running.blocks.setdefault(CHAIN, [])
    terminal.enter("conf-ssh-pubkey")
    return terminal.changed()


def _no_chain(terminal: Terminal) -> str:
    terminal.running.blocks.pop(CHAIN, None)
    return terminal.changed()


def _user(terminal: Terminal, name: str) -> str:
    if f"username {name}" not in terminal.running.blocks[CHAIN]:
        terminal.running.blocks[CHAIN].append(f"username {name}")
    terminal.enter("conf-ssh-pubkey-user", [f"username {name}"])
    return terminal.changed()


def _hash(terminal: Terminal, text: str) -> str:
    if not re.fullmatch(r"ssh-rsa [0-9A-F]{32}(?: \S+)?", text):
        return "%SSH: Failed to decode the Key Value\n"
    lines, at = terminal.running.blocks[CHAIN], 0
    at = lines.index(terminal.chosen[0]) + 1
    while at < len(lines) and not lines[at].startswith("username"):
        del lines[at]
    lines.insert(at, f"key-hash {text}")
    return terminal.changed()


def _no_user(terminal: Terminal, name: str) -> str:
    lines = terminal.running.blocks[CHAIN]
    if (first := f"username {name}") in lines:
        at = lines.index(first)
        del lines[at]
        while at < len(lines) and not lines[at].startswith("username"):
            del lines[at]
    return terminal.changed()


def _line(terminal: Terminal, first: int, last: int) -> str:
    """The whole of them under one heading takes the others' place."""
    known = terminal.running.lines_of
    header = f"line vty {first} {last}"
    if (first, last) == (0, 15) and header not in known:
        known.clear()
    known.setdefault(header, [])
    terminal.enter("config-line", [header])
    return terminal.changed()


def _below(key: str, *, there: bool) -> Act:
    def act(terminal: Terminal, text: str = "") -> str:
        lines = terminal.running.lines_of[terminal.chosen[0]]
        lines[:] = [line for line in lines if not f"{line} ".startswith(f"{key} ")]
        if there:
            lines.append(f"{key} {text}".strip())
        return terminal.changed()

    return act


for _key in _SERVICES:
    MODES["config"][_key] = _service(_key, on=True)
    MODES["config"][f"no {_key}"] = _service(_key, on=False)
MODES["config"] |= {
    "clock timezone <line>": _one("clock timezone"),
    "ip name-server <line>": _many("ip name-server", there=True),
    "no ip name-server <line>": _many("ip name-server", there=False),
    "crypto key generate rsa modulus <number>": _generate,
    CHAIN: _chain,
    f"no {CHAIN}": _no_chain,
    "line vty <number> <number>": _line,
}
MODES["conf-ssh-pubkey"] = {"username <word>": _user, "no username <word>": _no_user}
MODES["conf-ssh-pubkey-user"] = {"key-hash <line>": _hash}
MODES["config-line"] = {
    pattern: act
    for key in _LINES
    for pattern, act in (
        (f"{key} <line>", _below(key, there=True)),
        (key, _below(key, there=True)),
        (f"no {key} <line>", _below(key, there=False)),
        (f"no {key}", _below(key, there=False)),
    )
}
MANAGED = MODES
"""The commands of each configuration mode, those of the first day among them."""
