"""What an IOS switch does in configuration mode: VLANs, ports, archive, and the rest as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Interface
from typing import TYPE_CHECKING

from provisioner.lab.devices.ios import condition
from provisioner.lab.devices.ios.settings import (
    ALL_VLANS,
    Archive,
    BadVlanListError,
    Interface,
    vlan_list,
)
from provisioner.lab.devices.ios.words import Act, RefusedLineError

if TYPE_CHECKING:
    from provisioner.lab.devices.ios.terminal import Terminal

_LONGEST_NAME = 32
_LONGEST_DESCRIPTION = 240
_UNTAGGED = (
    "% Configuring IP routing on a LAN subinterface is only allowed if that\n"
    "subinterface is already configured as part of an IEEE 802.10, IEEE 802.1Q,\n"
    "or ISL vLAN.\n"
)
_REAPPEARS = (
    "% Not all config may be removed and may reappear after reactivating the sub-interface\n"
)


def _vlans(text: str) -> frozenset[int]:
    try:
        return vlan_list(text)
    except BadVlanListError as error:
        raise RefusedLineError(f"Command rejected: {error}\n") from error


def _hostname(terminal: Terminal, name: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]{0,62}", name):
        return (
            "% Hostname contains one or more illegal characters.\n"
            if re.match("[A-Za-z]", name)
            else "% Hostname can only start with a letter.\n"
        )
    terminal.running.hostname = name
    return terminal.changed()


def _no_hostname(terminal: Terminal) -> str:
    terminal.running.hostname = "Switch"
    return terminal.changed()


# ---------------------------------------------------------------------- VLANs


def _vlan(terminal: Terminal, text: str) -> str:
    chosen = _vlans(text)
    for vlan in chosen:
        terminal.running.vlans.setdefault(vlan, "")
    terminal.enter("config-vlan", sorted(chosen))
    return terminal.changed()


def _no_vlan(terminal: Terminal, text: str) -> str:
    said = ""
    for vlan in sorted(_vlans(text)):
        if terminal.running.default_vlan(vlan):
            said += f"%Default VLAN {vlan} may not be deleted.\n"
        else:
            terminal.running.vlans.pop(vlan, None)
    terminal.enter("config")
    return said + terminal.changed()


def _vlan_name(terminal: Terminal, name: str) -> str:
    if len(terminal.chosen) != 1:
        return "% Name cannot be set for more than one VLAN at a time.\n"
    vlan, running = terminal.chosen[0], terminal.running
    if running.default_vlan(vlan):
        return f"Default VLAN {vlan} may not have its name changed.\n"
    if len(name) > _LONGEST_NAME:
        return f"Command rejected: VLAN name is longer than {_LONGEST_NAME} characters.\n"
    for other in running.vlans:
        if other != vlan and running.vlan_name(other) == name:
            return f"VLAN #{vlan} and #{other} have an identical name: {name}\n"
    running.vlans[vlan] = "" if name == f"VLAN{vlan:04}" else name
    return terminal.changed()


def _no_vlan_name(terminal: Terminal, *_: str) -> str:
    for vlan in terminal.chosen:
        if not terminal.running.default_vlan(vlan):
            terminal.running.vlans[vlan] = ""
    return terminal.changed()


# ---------------------------------------------------------------------- interfaces


def _interface(terminal: Terminal, name: str) -> str:
    return _choose(terminal, [name], "config-if")


def _range(terminal: Terminal, names: list[str]) -> str:
    return _choose(terminal, names, "config-if-range")


def _choose(terminal: Terminal, names: list[str], mode: str) -> str:
    interfaces = terminal.running.interfaces
    for name in names:
        stem, dot, _ = name.partition(".")
        parent = interfaces.get(stem) if dot else None
        known = name in interfaces or name.startswith("Vlan")
        if not known and not (parent and parent.routed):
            return "%Invalid interface type and number\n"
    if any("." in name for name in names):
        mode = "config-subif"
    for name in names:
        if name not in interfaces:
            interfaces[name] = Interface(name)
            terminal.changed()
    terminal.enter(mode, names)
    return ""


def _no_interface(terminal: Terminal, name: str) -> str:
    if not name.startswith("Vlan") and "." not in name:
        return "% Removal of physical interfaces is not permitted\n"
    terminal.running.interfaces.pop(name, None)
    terminal.changed()
    return _REAPPEARS if "." in name else ""


def _set(what: str) -> Act:
    """Sets a field of the chosen interfaces."""

    def act(terminal: Terminal, value: object) -> str:
        for each in terminal.interfaces:
            setattr(each, what, value)
        return terminal.changed()

    return act


def _reset(what: str, value: object) -> Act:
    def act(terminal: Terminal, *_: object) -> str:
        for each in terminal.interfaces:
            setattr(each, what, value)
        return terminal.changed()

    return act


def _no_shutdown(terminal: Terminal) -> str:
    """After a ``shutdown`` the switch gives a port that it had switched off another try."""
    for each in terminal.interfaces:
        why = condition.err_disabled(terminal.device, each.name)
        if each.shutdown and why != condition.PERSISTENT:
            terminal.device.ground.cured(terminal.device, "port-err-disabled", port=each.name)
        each.shutdown = False
    return terminal.changed()


def _powered(terminal: Terminal) -> str:
    """After ``power inline never`` the switch tries anew to feed what is plugged in."""
    for each in terminal.interfaces:
        if each.others.pop("power inline", "").endswith("never"):
            terminal.device.ground.cured(terminal.device, "poe-fault", port=each.name)
    return terminal.changed()


def _description(terminal: Terminal, text: str) -> str:
    for each in terminal.interfaces:
        each.description = text[:_LONGEST_DESCRIPTION]
    return terminal.changed()


def _access(terminal: Terminal, vlan: int) -> str:
    said = ""
    if vlan not in terminal.running.vlans:
        terminal.running.vlans[vlan] = ""
        said = f"% Access VLAN does not exist. Creating vlan {vlan}\n"
    for each in terminal.interfaces:
        each.access = vlan
    return said + terminal.changed()


def _allowed(change: Callable[[frozenset[int], frozenset[int]], frozenset[int]]) -> Act:
    """A change of the trunks' lists; it gets the old VLANs and those named."""

    def act(terminal: Terminal, text: str = "1-4094") -> str:
        named = _vlans(text)
        for each in terminal.interfaces:
            old = frozenset(ALL_VLANS) if each.allowed is None else each.allowed
            new = change(old, named)
            each.allowed = None if new == frozenset(ALL_VLANS) else new
        return terminal.changed()

    return act


def _address(terminal: Terminal, address: str, mask: str) -> str:
    if any(not each.routed for each in terminal.interfaces):
        return "% Invalid input detected: this is a switch port\n"
    wanted = IPv4Interface(f"{address}/{mask}").network
    for other in terminal.running.interfaces.values():
        there = IPv4Interface(other.address.replace(" ", "/")) if other.address else None
        if other not in terminal.interfaces and there and wanted.overlaps(there.network):
            return f"% {wanted.network_address} overlaps with {other.name}\n"
    if any("." in each.name and each.encapsulation is None for each in terminal.interfaces):
        return _UNTAGGED
    for each in terminal.interfaces:
        each.address = f"{address} {mask}"
    return terminal.changed()


def other(key: str, text: str = "") -> Act:
    """Keeps a line of an interface as it was typed, once per ``key``."""

    def act(terminal: Terminal, *values: object) -> str:
        line = " ".join([text or key, *map(str, values)])
        for each in terminal.interfaces:
            each.others[key] = line
        return terminal.changed()

    return act


def no_other(key: str) -> Act:
    def act(terminal: Terminal, *_: object) -> str:
        for each in terminal.interfaces:
            each.others.pop(key, None)
        return terminal.changed()

    return act


def _interface_commands() -> dict[str, Act]:
    found: dict[str, Act] = {
        "description <line>": _description,
        "no description": _reset("description", ""),
        "no description <line>": _reset("description", ""),
        "shutdown": _reset("shutdown", True),
        "no shutdown": _no_shutdown,
        "switchport mode access": _reset("mode", "access"),
        "switchport mode trunk": _reset("mode", "trunk"),
        "no switchport mode": _reset("mode", ""),
        "no switchport mode access": _reset("mode", ""),
        "no switchport mode trunk": _reset("mode", ""),
        "switchport access vlan <vlan>": _access,
        "no switchport access vlan": _reset("access", 1),
        "no switchport access vlan <vlan>": _reset("access", 1),
        "switchport voice vlan <vlan>": _set("voice"),
        "no switchport voice vlan": _reset("voice", None),
        "no switchport voice vlan <vlan>": _reset("voice", None),
        "switchport trunk native vlan <vlan>": _set("native"),
        "no switchport trunk native vlan": _reset("native", 1),
        "no switchport trunk native vlan <vlan>": _reset("native", 1),
        "switchport trunk allowed vlan <word>": _allowed(lambda old, named: named),
        "switchport trunk allowed vlan add <word>": _allowed(lambda old, named: old | named),
        "switchport trunk allowed vlan remove <word>": _allowed(lambda old, named: old - named),
        "switchport trunk allowed vlan except <word>": _allowed(
            lambda old, named: frozenset(ALL_VLANS) - named
        ),
        "switchport trunk allowed vlan all": _allowed(lambda old, named: named),
        "switchport trunk allowed vlan none": _allowed(lambda old, named: frozenset()),
        "no switchport trunk allowed vlan": _allowed(lambda old, named: frozenset(ALL_VLANS)),
        "ip address <word> <word>": _address,
        "no ip address": _reset("address", ""),
        "no ip address <word> <word>": _reset("address", ""),
        "switchport": _reset("layer3", False),
        "no switchport": _reset("layer3", True),
        "encapsulation dot1q <vlan>": _set("encapsulation"),
        "ip nat inside": other("ip nat inside"),
        "ip nat outside": other("ip nat outside"),
        "no ip nat inside": no_other("ip nat inside"),
        "no ip nat outside": no_other("ip nat outside"),
    }
    for key in ("switchport nonegotiate", "spanning-tree portfast", "spanning-tree portfast trunk"):
        found[key] = other(key)
        found[f"no {key}"] = no_other(key)
    found["power inline auto"] = _powered
    for key in (
        "speed",
        "duplex",
        "ip access-group",
        "mtu",
        "power inline",
        "storm-control",
        "spanning-tree guard",
    ):
        found[f"{key} <line>"] = other(key)
        found[f"no {key}"] = no_other(key)
        found[f"no {key} <line>"] = no_other(key)
    return found


# ---------------------------------------------------------------------- archive and the rest


def _archive(terminal: Terminal) -> str:
    terminal.enter("config-archive")
    return ""


def _no_archive(terminal: Terminal) -> str:
    terminal.running.archive = Archive()
    return terminal.changed()


def _archive_set(what: str, value: object = None) -> Act:
    def act(terminal: Terminal, *values: object) -> str:
        setattr(terminal.running.archive, what, values[0] if values else value)
        return terminal.changed()

    return act


def _archive_reset(what: str, value: object) -> Act:
    def act(terminal: Terminal, *_: object) -> str:
        setattr(terminal.running.archive, what, value)
        return terminal.changed()

    return act


def _global(key: str, *, many: bool = False) -> Act:
    def act(terminal: Terminal, *values: object) -> str:
        line = " ".join([key, *map(str, values)])
        terminal.running.others[line if many else key] = line
        return terminal.changed()

    return act


def _no_global(key: str, *, many: bool = False) -> Act:
    def act(terminal: Terminal, *values: object) -> str:
        line = " ".join([key, *map(str, values)])
        terminal.running.others.pop(line if many else key, None)
        return terminal.changed()

    return act


def _global_commands() -> dict[str, Act]:
    found: dict[str, Act] = {
        "hostname <word>": _hostname,
        "no hostname": _no_hostname,
        "vlan <word>": _vlan,
        "no vlan <word>": _no_vlan,
        "interface <interface>": _interface,
        "interface range <interfaces>": _range,
        "no interface <interface>": _no_interface,
        "archive": _archive,
        "no archive": _no_archive,
    }
    for key in ("ip default-gateway", "ip domain-name", "spanning-tree mode", "ip ssh version"):
        found[f"{key} <line>"] = _global(key)
        found[f"no {key}"] = _no_global(key)
        found[f"no {key} <line>"] = _no_global(key)
    for key in (
        "lldp run", "cdp run", "ip http server", "aaa new-model", "ip routing", "ip dns server",
    ):  # fmt: skip
        found[key] = _global(key)
        found[f"no {key}"] = _no_global(key)
    for key in ("ntp server", "logging host", "snmp-server", "username", "ip route"):
        found[f"{key} <line>"] = _global(key, many=True)
        found[f"no {key} <line>"] = _no_global(key, many=True)
    return found


MODES: dict[str, dict[str, Act]] = {
    "config": _global_commands(),
    "config-if": _interface_commands(),
    "config-vlan": {
        "name <word>": _vlan_name,
        "no name": _no_vlan_name,
        "no name <word>": _no_vlan_name,
    },
    "config-archive": {
        "path <word>": _archive_set("path"),
        "no path": _archive_reset("path", ""),
        "maximum <number>": _archive_set("maximum"),
        "no maximum": _archive_reset("maximum", None),
        "write-memory": _archive_set("write_memory", True),
        "no write-memory": _archive_reset("write_memory", False),
    },
}
"""The commands of each configuration mode."""
