"""What an IOS device answers to `show` about neighbours, power, leases, addresses and routing."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from provisioner.lab.devices.ios.box import MODEL, VERSION, mac
from provisioner.lab.devices.ios.managing import ssh
from provisioner.lab.devices.ios.showing import connected, rows_of
from provisioner.lab.devices.ios.words import Act, short

if TYPE_CHECKING:
    from provisioner.lab.devices.ios.settings import Interface
    from provisioner.lab.devices.ios.terminal import Terminal

_POWERED = 24
"""Ports that can feed what is plugged in."""
_WATTS = 15.4


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
            "Native VLAN: 1",
            "Duplex: full",
            "",
        ]
    return rows_of([*rows, "", f"Total cdp entries displayed : {len(seen)}"])


def _power(terminal: Terminal) -> str:
    ports = [
        each
        for each in terminal.running.ordered()
        if not each.made and int(each.name.rpartition("/")[2]) <= _POWERED
    ]
    rows, used = list[str](), 0.0
    for each in ports:
        set_off = each.others.get("power inline", "").endswith("never")
        far = terminal.device.neighbours.get(each.name, ("", ""))[0]
        on = far.startswith("ap-") and not set_off and not each.shutdown
        used += _WATTS if on else 0
        rows.append(
            f"{short(each.name):<9} {'off' if set_off else 'auto':<6} {'on' if on else 'off':<10} "
            f"{_WATTS if on else 0.0:<7} {'Ieee PD' if on else 'n/a':<19} "
            f"{'3' if on else 'n/a':<5} 30.0"
        )
    return rows_of(
        [
            "",
            "Module   Available     Used     Remaining",
            "          (Watts)     (Watts)    (Watts) ",
            "------   ---------   --------   ---------",
            f"1           370.0      {used:5.1f}       {370 - used:5.1f}",
            "Interface Admin  Oper       Power   Device              Class Max",
            "                            (Watts)                            ",
            "--------- ------ ---------- ------- ------------------- ----- ----",
            *rows,
        ]
    )


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
    for address, hardware in terminal.device.leased.items():
        rows.append(f"Internet  {address:<22} 12   {hardware}  ARPA   {own[-1].name}")
    return rows_of(rows)


def _interfaces(terminal: Terminal) -> str:
    return "".join(_interface(terminal, each) for each in terminal.running.ordered())


def _interface(terminal: Terminal, each: Interface) -> str:
    up = connected(terminal.device, each)
    state = "administratively down" if each.shutdown else "up" if up else "down"
    detail = "" if each.shutdown else " (connected)" if up else " (notconnect)"
    hardware = mac(terminal.device.name + each.name)
    errors = int(hashlib.sha256(each.name.encode()).hexdigest()[0], 16)
    return rows_of(
        [
            f"{each.name} is {state}, line protocol is {'up' if up else 'down'}{detail} ",
            f"  Hardware is Gigabit Ethernet, address is {hardware} (bia {hardware})",
            *([f"  Description: {each.description}"] if each.description else []),
            "  MTU 1500 bytes, BW 1000000 Kbit/sec, DLY 10 usec, ",
            "     reliability 255/255, txload 1/255, rxload 1/255",
            "  Encapsulation ARPA, loopback not set",
            "  Keepalive set (10 sec)",
            f"  {'Full-duplex, 1000Mb/s' if up else 'Auto-duplex, Auto-speed'}, media type is "
            "10/100/1000BaseTX",
            "  ARP type: ARPA, ARP Timeout 04:00:00",
            "  Last input 00:00:00, output 00:00:01, output hang never",
            '  Last clearing of "show interface" counters never',
            "  5 minute input rate 0 bits/sec, 0 packets/sec",
            "  5 minute output rate 0 bits/sec, 0 packets/sec",
            "     324 packets input, 48614 bytes, 0 no buffer",
            "     Received 0 broadcasts (0 multicasts)",
            "     0 runts, 0 giants, 0 throttles ",
            f"     {errors} input errors, 0 CRC, 0 frame, 0 overrun, 0 ignored",
            "     703 packets output, 62737 bytes, 0 underruns",
            "     0 output errors, 0 collisions, 2 interface resets",
        ]
    )


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


def _routes(terminal: Terminal) -> str:
    if "ip routing" not in terminal.running.others:
        return rows_of(
            [
                "Default gateway is not set",
                "",
                "Host               Gateway           Last Use    Total Uses  Interface",
                "ICMP redirect cache is empty",
            ]
        )
    return rows_of(["Gateway of last resort is not set", ""])


SURROUNDINGS: dict[str, Act] = {
    "show lldp neighbors detail": _lldp_detail,
    "show cdp neighbors detail": _cdp_detail,
    "show power inline": _power,
    "show ip dhcp binding": _bindings,
    "show ip arp": _arp,
    "show interfaces": _interfaces,
    "show ip nat statistics": _translations,
    "show policy-map": _policies,
    "show ip route": _routes,
    "show ip ssh": ssh,
}
