"""What an IOS switch answers to `show`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from provisioner.lab.devices.ios import condition
from provisioner.lab.devices.ios.condition import connected
from provisioner.lab.devices.ios.settings import Running, vlan_text
from provisioner.lab.devices.ios.words import Act, short

if TYPE_CHECKING:
    from provisioner.lab.devices.ios.switch import IosDevice
    from provisioner.lab.devices.ios.terminal import Terminal

_NVRAM = 524288
_PORTS_WIDTH = 31


def rows_of(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def clock(moment: datetime) -> str:
    return moment.strftime("%H:%M:%S UTC %a %b %-d %Y")


# ---------------------------------------------------------------------- configurations


def _header(device: IosDevice) -> list[str]:
    found = ["!"]
    if device.changed_at:
        by = f" by {device.changed_by}" if device.changed_by else ""
        found += [f"! Last configuration change at {clock(device.changed_at)}{by}"]
    if device.saved_at:
        found += [f"! NVRAM config last updated at {clock(device.saved_at)}"]
    return [*found, "!"] if len(found) > 1 else found


def _running(terminal: Terminal) -> str:
    device = terminal.device
    lines = device.running.lines()
    if device.shows("dhcp-dead"):
        lines.insert(lines.index("service password-encryption") + 1, "no service dhcp")
    text = rows_of([*_header(device), *lines])
    return f"Building configuration...\n\nCurrent configuration : {len(text)} bytes\n{text}\n"


def _running_interface(terminal: Terminal, name: str) -> str:
    interface = terminal.running.interfaces.get(name)
    if interface is None:
        return "% Invalid input detected at '^' marker.\n\n"
    text = rows_of(["!", *interface.lines(), "end"])
    return f"Building configuration...\n\nCurrent configuration : {len(text)} bytes\n{text}\n"


def _startup(terminal: Terminal) -> str:
    device = terminal.device
    saved = [f"! NVRAM config last updated at {clock(device.saved_at)}"] if device.saved_at else []
    text = rows_of(["!", *saved, *(["!"] if saved else []), *device.startup.lines()])
    return f"Using {len(text)} out of {_NVRAM} bytes\n{text}\n"


# ---------------------------------------------------------------------- VLANs and ports


def _ports(running: Running, vlan: int) -> list[str]:
    return [
        short(each.name)
        for each in running.ordered()
        if not each.routed and each.mode != "trunk" and each.access == vlan
    ]


def _vlan_rows(running: Running) -> Iterable[str]:
    yield "VLAN Name                             Status    Ports"
    yield "---- -------------------------------- --------- " + "-" * _PORTS_WIDTH
    for vlan in sorted(running.vlans):
        status = "act/unsup" if 1002 <= vlan <= 1005 else "active"
        ports = textwrap.wrap(", ".join(_ports(running, vlan)), _PORTS_WIDTH) or [""]
        ports = [row.removesuffix(",") for row in ports]
        yield f"{vlan:<4} {running.vlan_name(vlan):<32} {status:<9} {ports[0]}"
        yield from (" " * 48 + row for row in ports[1:])


def _vlan_brief(terminal: Terminal) -> str:
    return "\n" + rows_of(_vlan_rows(terminal.running))


_TYPES = {1002: "fddi", 1003: "tr", 1004: "fdnet", 1005: "trnet"}


def _vlan(terminal: Terminal) -> str:
    rows = [
        "",
        "VLAN Type  SAID       MTU   Parent RingNo BridgeNo Stp  BrdgMode Trans1 Trans2",
        "---- ----- ---------- ----- ------ ------ -------- ---- -------- ------ ------",
    ]
    for vlan in sorted(terminal.running.vlans):
        kind = _TYPES.get(vlan, "enet")
        stp = {1004: "ieee", 1005: "ibm"}.get(vlan, "-")
        mode = "srb" if vlan == 1003 else "-"
        rows.append(
            f"{vlan:<4} {kind:<5} {100000 + vlan:<10} 1500  -      -      -        "
            f"{stp:<4} {mode:<8} 0      0   "
        )
    rows += ["", "Remote SPAN VLANs", "-" * 78, "", ""]
    rows += ["Primary Secondary Type              Ports"]
    rows += ["------- --------- ----------------- ------------------------------------------", ""]
    return _vlan_brief(terminal) + rows_of(rows)


def _status(terminal: Terminal) -> str:
    rows = ["", "Port      Name               Status       Vlan       Duplex  Speed Type"]
    for each in terminal.running.ordered():
        if each.made:
            continue
        up = connected(terminal.device, each)
        state = "disabled" if each.shutdown else "connected" if up else "notconnect"
        if not each.shutdown and condition.err_disabled(terminal.device, each.name):
            state = "err-disabled"
        vlan = "trunk" if each.mode == "trunk" and up else str(each.access)
        vlan = "routed" if each.layer3 else vlan
        told = condition.set_speed(each)
        duplex, speed = ("a-full", told or "a-1000") if up else ("auto", told or "auto")
        if up and condition.half(terminal.device, each.name):
            duplex, speed = "a-half", "a-100"
        kind = "10/100/1000BaseTX" if int(each.name.rpartition("/")[2]) <= 24 else "Not Present"
        rows.append(
            f"{short(each.name):<9} {each.description[:18]:<18} {state:<12} {vlan:<10} "
            f"{duplex:>6} {speed:>6} {kind}"
        )
    return rows_of(rows)


def _description(terminal: Terminal) -> str:
    rows = ["Interface                      Status         Protocol Description"]
    for each in terminal.running.ordered(vlans_first=True):
        up = connected(terminal.device, each)
        status = "admin down" if each.shutdown else "up" if up else "down"
        protocol = "up" if up else "down"
        rows.append(f"{short(each.name):<30} {status:<14} {protocol:<8} {each.description}")
    return rows_of(rows)


def _brief(terminal: Terminal) -> str:
    rows = ["Interface                  IP-Address      OK? Method Status                Protocol"]
    for each in terminal.running.ordered(vlans_first=True):
        up = connected(terminal.device, each)
        address = each.address.split()[0] if each.address else "unassigned"
        method = "NVRAM" if each.routed else "unset"
        status = "administratively down" if each.shutdown else "up" if up else "down"
        rows.append(
            f"{each.name:<26} {address:<15} YES {method:<6} {status:<21} {'up' if up else 'down'}"
        )
    return rows_of(rows)


def _trunk(terminal: Terminal) -> str:
    device, running = terminal.device, terminal.running
    trunks = [e for e in running.ordered() if e.mode == "trunk" and connected(device, e)]
    if not trunks:
        return ""
    every = frozenset(range(1, 4095))

    def table(title: str, vlans: dict[str, frozenset[int]]) -> list[str]:
        rows = ["", f"{'Port':<11} {title}"]
        for port, ids in vlans.items():
            wrapped = textwrap.wrap(vlan_text(ids) or "none", 66, break_on_hyphens=False)
            rows.append(f"{port:<11} {wrapped[0]}")
            rows += [" " * 12 + row for row in wrapped[1:]]
        return rows

    allowed = {short(e.name): every if e.allowed is None else e.allowed for e in trunks}
    known = frozenset(v for v in running.vlans if not 1002 <= v <= 1005)
    active = {port: ids & known for port, ids in allowed.items()}
    held = {short(e.name): condition.held(device, e) for e in trunks}
    forwarding = {port: ids - held[port] for port, ids in active.items()}
    rows = ["", "Port        Mode             Encapsulation  Status        Native vlan"]
    rows += [
        f"{short(e.name):<11} on               802.1q         trunking      {e.native}"
        for e in trunks
    ]
    rows += table("Vlans allowed on trunk", allowed)
    rows += table("Vlans allowed and active in management domain", active)
    rows += table("Vlans in spanning tree forwarding state and not pruned", forwarding)
    return rows_of(rows)


def _switchport(terminal: Terminal) -> str:
    names = [each.name for each in terminal.running.ordered() if not each.routed]
    return "".join(_switchport_of(terminal, name) for name in names)


def _switchport_of(terminal: Terminal, name: str) -> str:
    running = terminal.running
    each = running.interfaces.get(name)
    if each is None or each.routed:
        return "% Invalid input detected at '^' marker.\n\n"
    up = connected(terminal.device, each)
    mode = {"access": "static access", "trunk": "trunk"}.get(each.mode, "dynamic auto")
    now = ("trunk" if each.mode == "trunk" else "static access") if up else "down"

    def named(vlan: int) -> str:
        return f"{vlan} ({running.vlan_name(vlan) if vlan in running.vlans else 'Inactive'})"

    enabled = "ALL" if each.allowed is None else vlan_text(each.allowed) or "NONE"
    rows = [
        f"Name: {short(name)}",
        "Switchport: Enabled",
        f"Administrative Mode: {mode}",
        f"Operational Mode: {now}",
        "Administrative Trunking Encapsulation: dot1q",
        *(["Operational Trunking Encapsulation: dot1q"] if now == "trunk" else []),
        f"Negotiation of Trunking: {'Off' if each.mode == 'access' else 'On'}",
        f"Access Mode VLAN: {named(each.access)}",
        f"Trunking Native Mode VLAN: {named(each.native)}",
        "Administrative Native VLAN tagging: enabled",
        f"Voice VLAN: {named(each.voice) if each.voice else 'none'}",
        *(f"Administrative private-vlan {what}: {value}" for what, value in _PRIVATE),
        "Operational private-vlan: none",
        *textwrap.wrap(
            f"Trunking VLANs Enabled: {enabled}",
            79,
            subsequent_indent="     ",
            break_on_hyphens=False,
        ),
        "Pruning VLANs Enabled: 2-1001",
        "Capture Mode Disabled",
        "Capture VLANs Allowed: ALL",
        "",
        "Protected: false",
        "Unknown unicast blocked: disabled",
        "Unknown multicast blocked: disabled",
        "Appliance trust: none",
        "",
    ]
    return rows_of(rows)


_PRIVATE = (
    ("host-association", "none"),
    ("mapping", "none"),
    ("trunk native VLAN", "none"),
    ("trunk Native VLAN tagging", "enabled"),
    ("trunk encapsulation", "dot1q"),
    ("trunk normal VLANs", "none"),
    ("trunk associations", "none"),
    ("trunk mappings", "none"),
)


SHOWING: dict[str, Act] = {
    "show running-config": _running,
    "show running-config all": _running,
    "show running-config interface <interface>": _running_interface,
    "show startup-config": _startup,
    "show vlan": _vlan,
    "show vlan brief": _vlan_brief,
    "show interfaces status": _status,
    "show interfaces trunk": _trunk,
    "show interfaces switchport": _switchport,
    "show interfaces <interface> switchport": _switchport_of,
    "show interfaces description": _description,
    "show ip interface brief": _brief,
}
