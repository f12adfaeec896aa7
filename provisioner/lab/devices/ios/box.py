"""What an IOS switch answers to `show` about itself, its users, archive and neighbours."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from provisioner.lab.devices.device import MANAGEMENT_VLAN
from provisioner.lab.devices.ios.condition import connected
from provisioner.lab.devices.ios.showing import clock, rows_of
from provisioner.lab.devices.ios.words import Act, short
from provisioner.lab.devices.plan import ROUTER

if TYPE_CHECKING:
    from provisioner.lab.devices.ios.terminal import Terminal

VERSION = "15.2(7)E7"
MODEL = "WS-C2960X-24TS-L"


def serial(name: str) -> str:
    return "FOC" + hashlib.sha256(name.encode()).hexdigest()[:8].upper()


def mac(name: str) -> str:
    """A hardware address for a name: always the same one."""
    digits = "00a1" + hashlib.sha256(name.encode()).hexdigest()[:8]
    return ".".join(digits[i : i + 4] for i in (0, 4, 8))


def _inventory(terminal: Terminal) -> str:
    return (
        f'NAME: "1", DESCR: "{MODEL}"\n'
        f"PID: {MODEL}  , VID: V05  , SN: {serial(terminal.device.name)}\n\n"
    )


def _archive(terminal: Terminal) -> str:
    archive, count = terminal.running.archive, terminal.device.archived
    if not archive.path:
        return " Archive feature not enabled\n"
    kept = min(count, archive.maximum or 10)
    return rows_of(
        [
            f"The maximum archive configurations allowed is {archive.maximum or 10}.",
            f"There are currently {kept} archive configurations saved.",
            f"The next archive file will be named {archive.path}-<timestamp>-{count}",
            " Archive #  Name",
            *(f"   {number:<9}{archive.path}-{number}" for number in range(1, kept + 1)),
        ]
    )


def _rollback_timer(terminal: Terminal) -> str:
    pending = terminal.device.pending
    if pending is None:
        return "%No Rollback Confirmed Change pending\n"
    return rows_of(
        [
            f"Time configured(or reconfigured): {clock(pending.since)}",
            f"Timer type: {'idle' if pending.idle else 'absolute'} timer",
            f"Timer value: {pending.minutes} min",
            f"User: {pending.user}",
        ]
    )


def _users(terminal: Terminal) -> str:
    rows = ["    Line       User       Host(s)              Idle       Location"]
    for number, each in sorted(terminal.device.terminals.items()):
        star = "*" if each is terminal else " "
        rows.append(
            f"{star} {number + 1:>2} {f'vty {number}':<9} {each.user:<10} {'idle':<20} "
            f"{'00:00:00':<10} {each.session.peer}"
        )
    return rows_of(
        [*rows, "", "  Interface    User               Mode         Idle     Peer Address"]
    )


def _privilege(terminal: Terminal) -> str:
    return f"Current privilege level is {15 if terminal.privileged else 1}\n"


def _addresses(terminal: Terminal) -> str:
    rows = [
        "          Mac Address Table",
        "-" * 43,
        "",
        "Vlan    Mac Address       Type        Ports",
        "----    -----------       --------    -----",
        " All    0100.0ccc.cccc    STATIC      CPU",
    ]
    known = 1
    for port, (neighbour, _) in sorted(terminal.device.neighbours.items()):
        interface = terminal.running.interfaces[port]
        vlan = interface.native if interface.mode == "trunk" else interface.access
        vlan = vlan if interface.carries(vlan) else MANAGEMENT_VLAN
        if interface.carries(vlan) and connected(terminal.device, interface):
            rows.append(f"{vlan:>4}    {mac(neighbour)}    DYNAMIC     {short(port)}")
            known += 1
    port = terminal.device.ground.upstream(terminal.device)
    towards = terminal.running.interfaces.get(port)
    direct = terminal.device.neighbours.get(port, (ROUTER, ""))[0] == ROUTER
    if towards and not direct and connected(terminal.device, towards):
        rows.append(f"{MANAGEMENT_VLAN:>4}    {mac(ROUTER)}    DYNAMIC     {short(port)}")
        known += 1
    if stranger := terminal.device.shows("rogue-dhcp"):
        hardware = stranger["mac"].replace(":", "")
        hardware = ".".join(hardware[at : at + 4] for at in (0, 4, 8))
        behind = terminal.running.interfaces.get(stranger["port"])
        vlan = int(stranger["vlan"] or (behind.access if behind else 1))
        rows.append(f"{vlan:>4}    {hardware}    DYNAMIC     {short(stranger['port'])}")
        known += 1
    return rows_of([*rows, f"Total Mac Addresses for this criterion: {known}"])


def _lldp(terminal: Terminal) -> str:
    if "lldp run" not in terminal.running.others:
        return "% LLDP is not enabled\n"
    rows = [
        "",
        "Capability codes:",
        "    (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device",
        "    (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other",
        "",
        "Device ID           Local Intf     Hold-time  Capability      Port ID",
    ]
    seen = [
        (port, *far)
        for port, far in terminal.device.neighbours.items()
        if connected(terminal.device, terminal.running.interfaces[port])
    ]
    for port, neighbour, far in sorted(seen):
        kind = "B,W" if far.startswith("eth") else "R" if neighbour.startswith("rt") else "B"
        rows.append(f"{neighbour[:20]:<20}{short(port):<15}{'120':<11}{kind:<16}{short(far)}")
    return rows_of([*rows, "", f"Total entries displayed: {len(seen)}", ""])


ABOUT: dict[str, Act] = {
    "show inventory": _inventory,
    "show archive": _archive,
    "show archive config rollback timer": _rollback_timer,
    "show users": _users,
    "show privilege": _privilege,
    "show mac address-table": _addresses,
    "show lldp neighbors": _lldp,
}
