"""What an IOS device answers to `show` about neighbours, power, leases, addresses and routing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.lab.devices.device import MANAGEMENT_VLAN
from provisioner.lab.devices.ios.box import MODEL, VERSION, mac
from provisioner.lab.devices.ios.condition import connected, foreign_native
from provisioner.lab.devices.ios.managing import ssh
from provisioner.lab.devices.ios.showing import rows_of
from provisioner.lab.devices.ios.words import Act, short
from provisioner.lab.devices.plan import ROUTER

if TYPE_CHECKING:
    from provisioner.lab.devices.ios.terminal import Terminal


def _seen(terminal: Terminal) -> list[tuple[str, str, str]]:
    """Own port, device, port there: where the cable carries something."""
    known = terminal.running.interfaces
    there = terminal.device.neighbours.items()
    return sorted((p, *far) for p, far in there if connected(terminal.device, known[p]))


def _lldp_detail(terminal: Terminal) -> str:
    if "lldp run" not in terminal.running.others:
        return "% LLDP is not enabled\n"
    seen = _seen(terminal)
    rows: list[str] = []
    for port, neighbour, far in seen:
        kind = "B,W" if far.startswith("eth") else "R" if neighbour.startswith("rt") else "B"
        rows += [
            "-" * 48,
            f"Local Intf: {short(port)}",
            f"Chassis id: {mac(neighbour)}",
            f"Port id: {short(far)}",
            f"Port Description: {far}",
            f"System Name: {neighbour}.kabupaten.example",
            "",
            "System Description:",
            _software(neighbour),
            "",
            "Time remaining: 104 seconds",
            f"System Capabilities: {kind}",
            f"Enabled Capabilities: {kind}",
            "Management Addresses - not advertised",
            "Auto Negotiation - supported, enabled",
            "Physical media capabilities:",
            "    1000baseT(FD)",
            "Media Attachment Unit type: 30",
            "Vlan ID: 1",
            "",
        ]
    return rows_of(["", *rows, "", f"Total entries displayed: {len(seen)}", ""])


def _software(neighbour: str) -> str:
    if neighbour.startswith("ap-"):
        return "OpenWrt 23.05.5 r24106-10cc5fcd00"
    return f"Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version {VERSION}"


def _cdp_detail(terminal: Terminal) -> str:
    if "no cdp run" in terminal.running.others:
        return "% CDP is not enabled\n"
    seen = [each for each in _seen(terminal) if each[1].startswith("sw-")]
    rows: list[str] = []
    for port, neighbour, far in seen:
        rows += [
            "-" * 25,
            f"Device ID: {neighbour}.kabupaten.example",
            "Entry address(es): ",
            f"Platform: cisco {MODEL},  Capabilities: Switch IGMP ",
            f"Interface: {port},  Port ID (outgoing port): {far}",
            "Holdtime : 142 sec",
            "",
            "Version :",
            _software(neighbour),
            "Technical Support: http://www.cisco.com/techsupport",
            "",
            "advertisement version: 2",
            f"Native VLAN: {_native(terminal, port)}",
            "Duplex: full",
            "",
        ]
    return rows_of([*rows, "", f"Total cdp entries displayed : {len(seen)}"])


def _native(terminal: Terminal, port: str) -> int:
    """As the neighbour tells it."""
    interface = terminal.running.interfaces[port]
    far = foreign_native(terminal.device, interface)
    return far[2] if far else interface.native


def _bindings(terminal: Terminal) -> str:
    rows = [
        "Bindings from all pools not associated with VRF:",
        "IP address          Client-ID/              Lease expiration        Type",
        "                    Hardware address/",
        "                    User name",
    ]
    for address, hardware in terminal.device.leased.items():
        digits = "01" + hardware.replace(".", "")
        client = ".".join(digits[i : i + 4] for i in range(0, len(digits), 4))
        rows.append(f"{address:<19} {client:<23} {'Nov 23 2026 09:14 AM':<23} Automatic")
    return rows_of(rows)


def _arp(terminal: Terminal) -> str:
    rows = ["Protocol  Address          Age (min)  Hardware Addr   Type   Interface"]
    own = [each for each in terminal.running.ordered() if each.routed and each.address]
    for each in own:
        address = each.address.split()[0]
        hardware = mac(terminal.device.name)
        rows.append(f"Internet  {address:<23} -   {hardware}  ARPA   {each.name}")
    if terminal.session.peer and terminal.device.ground.upstream(terminal.device):
        hardware, where = mac(ROUTER), f"Vlan{MANAGEMENT_VLAN}"
        rows.append(f"Internet  {terminal.session.peer:<23} 0   {hardware}  ARPA   {where}")
    for address, hardware in terminal.device.leased.items():
        rows.append(f"Internet  {address:<22} 12   {hardware}  ARPA   {own[-1].name}")
    return rows_of(rows)


def _translations(terminal: Terminal) -> str:
    ports = terminal.running.ordered()
    rows = ["Total active translations: 0 (0 static, 0 dynamic; 0 extended)"]
    for way in ("outside", "inside"):
        names = [each.name for each in ports if f"ip nat {way}" in each.others]
        rows += [f"{way.capitalize()} interfaces:", f"  {', '.join(names)}"]
    return rows_of([*rows, "Hits: 0  Misses: 0"])


def _policies(terminal: Terminal) -> str:
    rows: list[str] = []
    for header, lines in terminal.running.blocks.items():
        if header.startswith("policy-map "):
            rows += [f"  Policy Map {header.removeprefix('policy-map ')}"]
            rows += [f"    {line.capitalize()}" for line in lines]
    return rows_of(rows)


SURROUNDINGS: dict[str, Act] = {
    "show lldp neighbors detail": _lldp_detail,
    "show cdp neighbors detail": _cdp_detail,
    "show ip dhcp binding": _bindings,
    "show ip arp": _arp,
    "show ip nat statistics": _translations,
    "show policy-map": _policies,
    "show ip ssh": ssh,
}
