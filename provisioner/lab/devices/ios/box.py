"""What an IOS switch answers to `show` about itself, its users, archive and neighbours."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from provisioner.lab.devices.device import MANAGEMENT_VLAN
from provisioner.lab.devices.ios.showing import clock, connected, rows_of
from provisioner.lab.devices.ios.words import Act, short

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


def _version(terminal: Terminal) -> str:
    device = terminal.device
    minutes = int(time.time() - device.booted) // 60
    uptime = f"{minutes // 60} hours, {minutes % 60} minutes"
    return rows_of(
        [
            f"Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version {VERSION}, "
            "RELEASE SOFTWARE (fc3)",
            "Technical Support: http://www.cisco.com/techsupport",
            "Copyright (c) 1986-2022 by Cisco Systems, Inc.",
            "Compiled Mon 05-Sep-22 12:00 by prod_rel_team",
            "",
            "ROM: Bootstrap program is C2960X boot loader",
            "",
            f"{device.running.hostname} uptime is {uptime}",
            "System returned to ROM by power-on",
            f'System image file is "flash:/c2960x-universalk9-mz.{VERSION}.bin"',
            "Last reload reason: power-on",
            "",
            "",
            f"cisco {MODEL} (APM86XXX) processor (revision A0) with 524288K bytes of memory.",
            f"Processor board ID {serial(device.name)}",
            "Last reset from power-on",
            "2 Virtual Ethernet interfaces",
            "28 Gigabit Ethernet interfaces",
            "The password-recovery mechanism is enabled.",
            "",
            "512K bytes of flash-simulated non-volatile configuration memory.",
            f"Model number                    : {MODEL}",
            f"System serial number            : {serial(device.name)}",
            "",
            "Configuration register is 0xF",
            "",
        ]
    )


def _inventory(terminal: Terminal) -> str:
    return (
        f'NAME: "1", DESCR: "{MODEL}"\n'
        f"PID: {MODEL}  , VID: V05  , SN: {serial(terminal.device.name)}\n\n"
    )


def _time(terminal: Terminal) -> str:
    now = terminal.device.now()
    return now.strftime("*%H:%M:%S.") + now.strftime("%f")[:3] + now.strftime(" UTC %a %b %-d %Y\n")


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
        if interface.carries(vlan):
            rows.append(f"{vlan:>4}    {mac(neighbour)}    DYNAMIC     {short(port)}")
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
    "show version": _version,
    "show inventory": _inventory,
    "show clock": _time,
    "show archive": _archive,
    "show archive config rollback timer": _rollback_timer,
    "show users": _users,
    "show privilege": _privilege,
    "show mac address-table": _addresses,
    "show lldp neighbors": _lldp,
}
