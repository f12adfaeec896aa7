"""Whom an IOS switch or router reaches: routes, pings, names, and its address pools."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import TYPE_CHECKING

from provisioner.lab.devices.ios.showing import rows_of
from provisioner.lab.devices.ios.words import Act

if TYPE_CHECKING:
    from provisioner.lab.devices.ios.switch import IosDevice
    from provisioner.lab.devices.ios.terminal import Terminal

_OFFICE = (IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16"))
"""Addresses that are nobody's unless a device of the lab has them."""
_NAMED = "198.51.100.80"
"""What every name outside resolves to."""


def _gateway(device: IosDevice) -> str:
    others = device.running.others
    default = "ip route 0.0.0.0 0.0.0.0 "
    routes = [line.removeprefix(default).split()[0] for line in others if line.startswith(default)]
    if "ip routing" in others:
        return routes[0] if routes else ""
    return others.get("ip default-gateway", "").removeprefix("ip default-gateway").strip()


def _routes(terminal: Terminal) -> str:
    gateway = _gateway(terminal.device)
    if "ip routing" not in terminal.running.others:
        return rows_of(
            [
                f"Default gateway is {gateway or 'not set'}",
                "",
                "Host               Gateway           Last Use    Total Uses  Interface",
                "ICMP redirect cache is empty",
            ]
        )
    if not gateway:
        return rows_of(["Gateway of last resort is not set", ""])
    return rows_of(
        [
            "Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP",
            "",
            f"Gateway of last resort is {gateway} to network 0.0.0.0",
            "",
            f"S*    0.0.0.0/0 [1/0] via {gateway}",
        ]
    )


# ---------------------------------------------------------------------- pings and names


def _received(device: IosDevice, address: str, sent: int) -> int:
    known = device.ground.answers(device, address)
    if known is not None:
        return sent if known else 0
    if address == _gateway(device):
        return 0 if device.shows("gateway-dead") else sent
    if any(IPv4Address(address) in each for each in _OFFICE):
        return 0
    if any(device.ground.abroad(device, each) for each in ("internet-dead", "gateway-dead")):
        return 0
    lossy = device.ground.abroad(device, "internet-lossy")
    return round(sent * (1 - float(lossy["loss"]) / 100)) if lossy else sent


def _ping(terminal: Terminal, target: str, sent: int = 5, seconds: int = 2) -> str:
    device, said, address = terminal.device, "", target
    try:
        IPv4Address(target)
    except AddressValueError:
        servers = _resolvers(device)
        if device.ground.abroad(device, "dns-dead") or not servers:
            return (
                f'Translating "{target}"...domain server ({servers or "255.255.255.255"})\n'
                "% Unrecognized host or address, or protocol not running.\n\n"
            )
        said = f'Translating "{target}"...domain server ({servers}) [OK]\n\n'
        address = _NAMED
    got = _received(device, address, sent)
    share = 100 * got // sent
    trip = ", round-trip min/avg/max = 1/2/4 ms" if got else ""
    return said + rows_of(
        [
            "Type escape sequence to abort.",
            f"Sending {sent}, 100-byte ICMP Echos to {address}, timeout is {seconds} seconds:",
            "!" * got + "." * (sent - got),
            f"Success rate is {share} percent ({got}/{sent}){trip}",
        ]
    )


def _resolvers(device: IosDevice) -> str:
    lines = [line for line in device.running.others if line.startswith("ip name-server ")]
    return " ".join(" ".join(line.split()[2:]) for line in lines)


# ---------------------------------------------------------------------- address pools


def _excluded(device: IosDevice, network: IPv4Network) -> int:
    found: set[IPv4Address] = set()
    for line in device.running.others:
        if line.startswith("ip dhcp excluded-address "):
            ends = [IPv4Address(end) for end in line.split()[3:]]
            span = range(int(ends[0]), int(ends[-1]) + 1)
            found |= {IPv4Address(each) for each in span}
    return sum(address in network for address in found)


def _pools(terminal: Terminal) -> str:
    return "".join(
        _pool(terminal.device, header.removeprefix("ip dhcp pool "), lines)
        for header, lines in sorted(terminal.running.blocks.items())
        if header.startswith("ip dhcp pool ")
    )


def _pool(device: IosDevice, name: str, lines: list[str]) -> str:
    said = next((line.split()[1:3] for line in lines if line.startswith("network ")), None)
    rows = [
        "",
        f"Pool {name} :",
        " Utilization mark (high/low)    : 100 / 0",
        " Subnet size (first/next)       : 0 / 0 ",
    ]
    if said is None:
        return rows_of([*rows, " Total addresses                : 0", " 0 subnet is in the pool"])
    network = IPv4Network("/".join(said))
    total, shut = network.num_addresses - 2, _excluded(device, network)
    empty = device.shows("scope-empty", network=str(network))
    used = total - shut if empty else sum(IPv4Address(a) in network for a in device.leased)
    return rows_of(
        [
            *rows,
            f" Total addresses                : {total}",
            f" Leased addresses               : {used}",
            f" Excluded addresses             : {shut}",
            " Pending event                  : none",
            " 1 subnet is currently in the pool :",
            " Current index        IP address range                    Leased/Excluded/Total",
            f" {network[1]!s:<20} {network[1]!s:<16} - {network[-2]!s:<16} "
            f"{used:<5} / {shut:<5} / {total}",
        ]
    )


def _conflicts(terminal: Terminal) -> str:
    return "IP address        Detection method   Detection time          VRF\n"


async def _forget(terminal: Terminal, address: str) -> str:
    if address not in terminal.device.leased:
        return "%Unable to find the specified binding.\n"
    del terminal.device.leased[address]
    terminal.device.ground.cured(terminal.device, "scope-empty")
    return ""


REACHING: dict[str, Act] = {
    "show ip route": _routes,
    "show ip dhcp pool": _pools,
    "show ip dhcp conflict": _conflicts,
    "ping <word>": _ping,
    "ping <word> repeat <number>": _ping,
    "ping <word> repeat <number> timeout <number>": _ping,
    "clear ip dhcp binding <word>": _forget,
}
