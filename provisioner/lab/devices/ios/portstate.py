"""What an IOS switch shows of its ports: state, counters, spanning tree, power."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from provisioner.lab.devices.ios import condition
from provisioner.lab.devices.ios.box import mac
from provisioner.lab.devices.ios.condition import GIGABIT, connected
from provisioner.lab.devices.ios.showing import rows_of
from provisioner.lab.devices.ios.words import Act, short
from provisioner.lab.devices.plan import UPLINK

if TYPE_CHECKING:
    from provisioner.lab.devices.ios.settings import Interface
    from provisioner.lab.devices.ios.switch import IosDevice
    from provisioner.lab.devices.ios.terminal import Terminal

_POWERED = 24
"""Ports that can feed what is plugged in."""
_WATTS, _BUDGET = 15.4, 370.0


def _interfaces(terminal: Terminal) -> str:
    return "".join(_of(terminal.device, each) for each in terminal.running.ordered())


def _interface(terminal: Terminal, name: str) -> str:
    each = terminal.running.interfaces.get(name)
    return _of(terminal.device, each) if each else "%Invalid interface type and number\n"


def _of(device: IosDevice, each: Interface) -> str:
    up, failed = connected(device, each), condition.err_disabled(device, each.name)
    state = "administratively down" if each.shutdown else "up" if up else "down"
    why = "connected" if up else "err-disabled" if failed else "notconnect"
    detail = "" if each.shutdown or each.made else f" ({why})"
    hardware = mac(device.name + each.name)
    duplex = "Half-duplex, 100Mb/s" if condition.half(device, each.name) else None
    speed = condition.set_speed(each) or "1000"
    duplex = (duplex or f"Full-duplex, {speed}Mb/s") if up else "Auto-duplex, Auto-speed"
    seen, base = condition.counters(device, each.name), hashlib.sha256(each.name.encode())
    errors = int(base.hexdigest()[0], 16) + int(seen.errors)
    into, out = condition.rates(device, each.name) if up else (0, 0)
    load = [max(1, rate * 255 // GIGABIT) for rate in (out, into)]
    return rows_of(
        [
            f"{each.name} is {state}, line protocol is {'up' if up else 'down'}{detail} ",
            f"  Hardware is Gigabit Ethernet, address is {hardware} (bia {hardware})",
            *([f"  Description: {each.description}"] if each.description else []),
            "  MTU 1500 bytes, BW 1000000 Kbit/sec, DLY 10 usec, ",
            f"     reliability 255/255, txload {load[0]}/255, rxload {load[1]}/255",
            "  Encapsulation ARPA, loopback not set",
            "  Keepalive set (10 sec)",
            f"  {duplex}, media type is 10/100/1000BaseTX",
            "  ARP type: ARPA, ARP Timeout 04:00:00",
            "  Last input 00:00:00, output 00:00:01, output hang never",
            '  Last clearing of "show interface" counters never',
            "  Input queue: 0/75/0/0 (size/max/drops/flushes); Total output drops: "
            f"{int(seen.drops)}",
            "  Queueing strategy: fifo",
            "  Output queue: 0/40 (size/max)",
            f"  5 minute input rate {into} bits/sec, {into // 8000} packets/sec",
            f"  5 minute output rate {out} bits/sec, {out // 8000} packets/sec",
            "     324 packets input, 48614 bytes, 0 no buffer",
            "     Received 0 broadcasts (0 multicasts)",
            "     0 runts, 0 giants, 0 throttles ",
            f"     {errors} input errors, {int(seen.errors)} CRC, 0 frame, 0 overrun, 0 ignored",
            "     703 packets output, 62737 bytes, 0 underruns",
            f"     0 output errors, {int(seen.late)} collisions, "
            f"{2 + int(seen.changes) // 2} interface resets",
            f"     0 babbles, {int(seen.late)} late collision, 0 deferred",
        ]
    )


def _failed(terminal: Terminal) -> str:
    found = [
        (each, why)
        for each in terminal.running.ordered()
        if not each.shutdown and (why := condition.err_disabled(terminal.device, each.name))
    ]
    rows = ["", "Port      Name               Status       Reason               Err-disabled Vlans"]
    rows += [
        f"{short(each.name):<9} {each.description[:18]:<18} err-disabled {why}"
        for each, why in found
    ]
    return rows_of(rows) if found else ""


# ---------------------------------------------------------------------- spanning tree


def _tree(terminal: Terminal) -> str:
    device, running = terminal.device, terminal.running
    found: list[str] = []
    for vlan in sorted(running.vlans):
        ports = [
            each
            for each in running.ordered()
            if not each.routed and not each.made and connected(device, each) and each.carries(vlan)
        ]
        if ports and not 1002 <= vlan <= 1005:
            found += _tree_of(device, vlan, ports)
    return rows_of(found) if found else "\nNo spanning tree instances exist.\n\n"


def _tree_of(device: IosDevice, vlan: int, ports: list[Interface]) -> list[str]:
    bridge = mac(device.name)
    rows = [
        "",
        f"VLAN{vlan:04}",
        "  Spanning tree enabled protocol rstp",
        f"  Root ID    Priority    {32768 + vlan}",
        f"             Address     {mac('root')}",
        "             Hello Time   2 sec  Max Age 20 sec  Forward Delay 15 sec",
        "",
        f"  Bridge ID  Priority    {32768 + vlan}  (priority 32768 sys-id-ext {vlan})",
        f"             Address     {bridge}",
        "             Hello Time   2 sec  Max Age 20 sec  Forward Delay 15 sec",
        "             Aging Time  300 sec",
        "",
        "Interface           Role Sts Cost      Prio.Nbr Type",
        "------------------- ---- --- --------- -------- --------------------------------",
    ]
    for each in ports:
        role, state, kind = ("Root" if each.name == UPLINK else "Desg"), "FWD", "P2p "
        if vlan in condition.broken(device, each):
            state, kind = "BKN*", "P2p *PVID_Inc "
        elif condition.looped(device, each.name):
            role, state = "Back", "BLK"
        number = each.name.rpartition("/")[2]
        rows.append(f"{short(each.name):<19} {role} {state:<4}4         128.{number:<4} {kind}")
    return [*rows, ""]


# ---------------------------------------------------------------------- power


def _power(terminal: Terminal) -> str:
    rows, used = list[str](), 0.0
    denied = False
    for each in terminal.running.ordered():
        if each.made or int(each.name.rpartition("/")[2]) > _POWERED:
            continue
        state = condition.power(terminal.device, each)
        admin = "off" if state == "never" else "auto"
        on, denied = state == "on", denied or state == "power-deny"
        used += _WATTS if on else 0
        told = state if state in ("on", "power-deny", "faulty") else "off"
        rows.append(
            f"{short(each.name):<9} {admin:<6} {told:<10} {_WATTS if on else 0.0:<7} "
            f"{'Ieee PD' if on or told == 'power-deny' else 'n/a':<19} "
            f"{'3' if on else 'n/a':<5} 30.0"
        )
    used = max(used, _BUDGET - 5) if denied else used
    return rows_of(
        [
            "",
            "Module   Available     Used     Remaining",
            "          (Watts)     (Watts)    (Watts) ",
            "------   ---------   --------   ---------",
            f"1           {_BUDGET:.1f}      {used:5.1f}       {_BUDGET - used:5.1f}",
            "Interface Admin  Oper       Power   Device              Class Max",
            "                            (Watts)                            ",
            "--------- ------ ---------- ------- ------------------- ----- ----",
            *rows,
        ]
    )


PORTS: dict[str, Act] = {
    "show interfaces": _interfaces,
    "show interfaces <interface>": _interface,
    "show interfaces status err-disabled": _failed,
    "show spanning-tree": _tree,
    "show power inline": _power,
}
