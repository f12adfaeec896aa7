"""``ping``, ``nslookup``, ``date``, ``df``, ``logread``, ``pidof``: with the device's faults."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import partial
from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING

from provisioner.lab.openwrt.calling import Call, Program, UsageError
from provisioner.lab.openwrt.programs_system import SYSTEM_PROGRAMS

if TYPE_CHECKING:
    from provisioner.lab.openwrt.device import OpenWrtDevice

_FLASH = 81920


async def _ping(device: OpenWrtDevice, call: Call) -> int:
    values, rest = _options(call, "cWIwis")
    if len(rest) != 1:
        raise UsageError("usage: ping [OPTIONS] HOST")
    try:
        address = str(IPv4Address(rest[0]))
    except AddressValueError:
        address = device.reach.resolve(rest[0]) or ""
    if not address:
        raise UsageError(f"bad address '{rest[0]}'")
    count = int(values.get("c", "3"))
    share = device.reach.answers(address)
    received = round(count * share)
    await call.shell.system.wait(
        count - 1 + float(values.get("W", "1")) * (1 - share), call.shell.attached
    )
    lost = 100 - 100 * received // count
    call.out(f"PING {rest[0]} ({address}): 56 data bytes\n")
    for number in range(received):
        call.out(f"64 bytes from {address}: seq={number} ttl=63 time=1.204 ms\n")
    call.out(
        f"\n--- {rest[0]} ping statistics ---\n{count} packets transmitted, "
        f"{received} packets received, {lost}% packet loss\n"
    )
    if received:
        call.out("round-trip min/avg/max = 1.101/1.204/1.310 ms\n")
    return 0 if received else 1


def _options(call: Call, valued: str) -> tuple[dict[str, str], list[str]]:
    values, rest = dict[str, str](), list[str]()
    given = list(call.arguments)
    while given:
        word = given.pop(0)
        if word.startswith("-") and word[1:2] in valued and word[1:]:
            values[word[1]] = word[2:] or given.pop(0)
        elif not word.startswith("-"):
            rest.append(word)
    return values, rest


async def _nslookup(device: OpenWrtDevice, call: Call) -> int:
    rest = [word for word in call.arguments if not word.startswith("-")]
    name, server = rest[0], rest[1] if len(rest) > 1 else "127.0.0.1"
    if not device.reach.knows_names(server):
        await call.shell.system.wait(5, call.shell.attached)
        call.out(";; connection timed out; no servers could be reached\n\n")
        return 1
    call.out(f"Server:\t\t{server}\nAddress:\t{server}:53\n\n")
    address = device.reach.resolve(name)
    if address is None:
        call.out(f"** server can't find {name}: NXDOMAIN\n\n")
        return 1
    call.out(f"Non-authoritative answer:\nName:\t{name}\nAddress: {address}\n\n")
    return 0


async def _date(device: OpenWrtDevice, call: Call) -> int:
    given = [word for word in call.arguments if word not in ("-u", "-R", "-I")]
    shape = given[0][1:] if given and given[0].startswith("+") else "%a %b %e %H:%M:%S UTC %Y"
    now = device.kernel.clock()
    call.out(time.strftime(shape.replace("%s", str(int(now))), time.gmtime(now)) + "\n")
    return 0


async def _df(device: OpenWrtDevice, call: Call) -> int:
    used = int(_FLASH * device.kernel.percent("flash", "flash-full") / 100)
    call.out("Filesystem           1K-blocks      Used Available Use% Mounted on\n")
    call.out("/dev/root                 4352      4352         0 100% /rom\n")
    call.out(
        f"/dev/ubi0_1         {_FLASH:>10}{used:>10}{_FLASH - used:>10} {100 * used // _FLASH}% "
        "/overlay\n"
    )
    call.out(
        f"overlayfs:/overlay  {_FLASH:>10}{used:>10}{_FLASH - used:>10} {100 * used // _FLASH}% /\n"
    )
    return 0


async def _logread(device: OpenWrtDevice, call: Call) -> int:
    now = device.kernel.clock()
    day = time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(now))
    stamp = f"[{now:.3f}] " if "-t" in call.arguments else ""
    for line in (*call.shell.system.log, *_noted(device)):
        call.out(f"{day} {stamp}daemon.notice {line}\n")
    return 0


def _noted(device: OpenWrtDevice) -> Iterator[str]:
    """What the programs of a device note of its faults."""
    for station in device.live().values():
        fault = device.shows("join-fails", ssid=station.ssid)
        for number in range(int(fault["count"]) if fault else 0):
            mac = f"02:99:00:00:{number >> 8:02x}:{number & 255:02x}"
            yield f"hostapd: {station.interface}: AP-STA-POSSIBLE-PSK-MISMATCH {mac}"
    rogue = device.shows("rogue-dhcp")
    if rogue and any(device.kernel.scopes()):
        offered = rogue["address"].rpartition(".")[0]
        at = f"br-lan.{rogue['vlan']}" if rogue["vlan"] else "br-lan"
        yield f"dnsmasq-dhcp[1]: DHCPNAK({at}) {offered}.57 02:99:00:00:00:01 wrong server-ID"


async def _pidof(device: OpenWrtDevice, call: Call) -> int:
    daemons = device.daemons()
    found = [
        str(700 + 10 * number) for number, name in enumerate(daemons) if name in call.arguments
    ]
    if found:
        call.out(" ".join(found) + "\n")
        return 0
    return await SYSTEM_PROGRAMS["pidof"](call)


def trying_programs(device: OpenWrtDevice) -> Mapping[str, Program]:
    """The programs of that device."""
    made = {
        "ping": _ping, "nslookup": _nslookup, "date": _date, "df": _df, "logread": _logread,
        "pidof": _pidof,
    }  # fmt: skip
    return {name: partial(each, device) for name, each in made.items()}
