"""What an IOS switch shows of itself: version, load, memory, flash, heat, clock, log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from provisioner.lab.devices.ios import condition
from provisioner.lab.devices.ios.box import MODEL, VERSION, serial
from provisioner.lab.devices.ios.condition import connected
from provisioner.lab.devices.ios.showing import clock, rows_of
from provisioner.lab.devices.ios.words import Act, short

if TYPE_CHECKING:
    from provisioner.lab.devices.ios.switch import IosDevice
    from provisioner.lab.devices.ios.terminal import Terminal

_POOL, _FLASH = 262_144_000, 122_185_728
_USED, _FULL = 35.0, 40.0
"""Percent of memory and flash that are in use at all times."""
_BUSY = 7
_WARM, _YELLOW, _RED = 38, 66, 76
_LOGGED = 60
"""Lines of a port's changes that are still in the log."""


def _percent(device: IosDevice, name: str, otherwise: float) -> float:
    shown = device.shows(name)
    return float(shown["percent"]) if shown else otherwise


def _running_for(device: IosDevice) -> tuple[float, str]:
    """Seconds, and why it started."""
    if shown := device.shows("rebooted"):
        return float(shown["seconds"]), shown["reason"]
    return time.time() - device.booted, "power-on"


def _since(seconds: float) -> str:
    left, found = int(seconds) // 60, list[str]()
    for name, size in (("week", 10080), ("day", 1440), ("hour", 60), ("minute", 1)):
        count, left = divmod(left, size)
        if count or (name == "minute" and not found):
            found.append(f"{count} {name}{'' if count == 1 else 's'}")
    return ", ".join(found)


def _version(terminal: Terminal) -> str:
    device = terminal.device
    seconds, reason = _running_for(device)
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
            f"{device.running.hostname} uptime is {_since(seconds)}",
            f"System returned to ROM by {reason}",
            f"System restarted at {clock(_clock(device) - timedelta(seconds=seconds))}",
            f'System image file is "flash:/c2960x-universalk9-mz.{VERSION}.bin"',
            f"Last reload reason: {reason}",
            "",
            "",
            f"cisco {MODEL} (APM86XXX) processor (revision A0) with 524288K bytes of memory.",
            f"Processor board ID {serial(device.name)}",
            f"Last reset from {reason}",
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


def _processes(terminal: Terminal) -> str:
    busy = int(_percent(terminal.device, "cpu-busy", _BUSY))
    return rows_of(
        [
            f"CPU utilization for five seconds: {busy}%/0%; one minute: {busy}%; "
            f"five minutes: {busy}%",
            " PID Runtime(ms)     Invoked      uSecs   5Sec   1Min   5Min TTY Process ",
            "   1           0          22          0  0.00%  0.00%  0.00%   0 Chunk Manager    ",
            f"  91     4176001      920690         45 {busy:>2}.00% {busy:>2}.00% {busy:>2}.00%"
            "   0 Hulc LED Process ",
        ]
    )


def _memory(terminal: Terminal) -> str:
    used = int(_POOL * _percent(terminal.device, "memory-low", _USED) / 100)
    return rows_of(
        [
            f"Processor Pool Total: {_POOL:>10} Used: {used:>10} Free: {_POOL - used:>10}",
            "      I/O Pool Total:   41943040 Used:   14254404 Free:   27688636",
            "Driver te Pool Total:    1048576 Used:         40 Free:    1048536",
            "",
            " PID TTY  Allocated      Freed    Holding    Getbufs    Retbufs Process",
            "   0   0  209299480   13474544  178205704          0          0 *Init*          ",
        ]
    )


def _environment(terminal: Terminal) -> str:
    hot = terminal.device.shows("overheated")
    degrees = float(hot["celsius"]) if hot else _WARM
    state = "RED" if degrees >= _RED else "YELLOW" if degrees >= _YELLOW else "GREEN"
    return rows_of(
        [
            "SYSTEM FAN is OK",
            f"SYSTEM TEMPERATURE is {'OK' if state == 'GREEN' else 'FAULTY'}",
            f"System Temperature Value: {degrees:.0f} Degree Celsius",
            f"System Temperature State: {state}",
            f"Yellow Threshold : {_YELLOW} Degree Celsius",
            f"Red Threshold    : {_RED} Degree Celsius",
            "SW  PID                 Serial#     Status           Sys Pwr  PoE Pwr  Watts",
            "--  ------------------  ----------  ---------------  -------  -------  -----",
            " 1  Built-in                                         Good",
            "",
        ]
    )


def _files(terminal: Terminal) -> str:
    free = int(_FLASH * (100 - _percent(terminal.device, "flash-full", _FULL)) / 100)
    rows = ["File Systems:", "", "       Size(b)       Free(b)      Type  Flags  Prefixes"]
    rows += [
        f"*    {_FLASH:>9}     {free:>9}     flash     rw   flash: flash1:",
        "        524288        518972     nvram     rw   nvram:",
    ]
    for kind, flags, name in (("opaque", "rw", "system"), ("network", "rw", "tftp")):
        rows.append(f"             -             -    {kind:<7}    {flags}   {name}:")
    return rows_of([*rows, ""])


# ---------------------------------------------------------------------- time and log


def _clock(device: IosDevice) -> datetime:
    """What it takes for the time."""
    wrong = device.shows("clock-wrong")
    return device.now() + timedelta(seconds=float(wrong["seconds"]) if wrong else 0)


def _time(terminal: Terminal) -> str:
    mark = "*" if terminal.device.shows("clock-wrong") else ""
    now = _clock(terminal.device)
    told = now.strftime("%H:%M:%S.") + now.strftime("%f")[:3]
    return f"{mark}{told} UTC {now.strftime('%a %b %-d %Y')}\n"


def _time_detail(terminal: Terminal) -> str:
    wrong = terminal.device.shows("clock-wrong")
    return _time(terminal) + f"{'No time source' if wrong else 'Time source is NTP'}\n"


def _ntp(terminal: Terminal) -> str:
    if terminal.device.shows("clock-wrong"):
        return "Clock is unsynchronized, stratum 16, no reference clock\n"
    return "Clock is synchronized, stratum 3, reference is 10.10.0.1     \n"


def _events(device: IosDevice) -> Iterator[str]:
    for each in device.running.ordered():
        if each.made:
            continue
        flapped = min(int(condition.counters(device, each.name).changes), _LOGGED)
        for number in range(flapped):
            state = "up" if number % 2 else "down"
            yield f"%LINK-3-UPDOWN: Interface {each.name}, changed state to {state}"
        if (why := condition.err_disabled(device, each.name)) and not each.shutdown:
            yield (
                f"%PM-4-ERR_DISABLE: {why} error detected on {short(each.name)}, putting "
                f"{short(each.name)} in err-disable state"
            )
        if (far := condition.foreign_native(device, each)) and connected(device, each):
            yield (
                f"%CDP-4-NATIVE_VLAN_MISMATCH: Native VLAN mismatch discovered on {each.name} "
                f"({each.native}), with {far[0].name} {far[1]} ({far[2]})."
            )
        fed = condition.power(device, each)
        if fed == "power-deny":
            what = "inline power denied"
            yield f"%ILPOWER-5-ILPOWER_POWER_DENY: Interface {short(each.name)}: {what}"
        if fed == "faulty":
            what = f"Controller port error, Interface {short(each.name)}"
            yield f"%ILPOWER-3-CONTROLLER_PORT_ERR: {what}"
    if stranger := device.shows("rogue-dhcp"):
        digits = stranger["mac"].replace(":", "")
        hardware = ".".join(digits[at : at + 4] for at in (0, 4, 8))
        yield (
            "%DHCP_SNOOPING-5-DHCP_SNOOPING_UNTRUSTED_PORT: DHCP_SNOOPING drop message on "
            f"untrusted port, message type: DHCPOFFER, MAC sa: {hardware}"
        )


def _log(terminal: Terminal) -> str:
    now = _clock(terminal.device)
    stamp = now.strftime("%b %e %H:%M:%S.") + now.strftime("%f")[:3]
    events = [f"{stamp}: {event}" for event in _events(terminal.device)]
    return rows_of(
        [
            "Syslog logging: enabled (0 messages dropped, 2 messages rate-limited, 0 flushes, "
            "0 overruns, xml disabled, filtering disabled)",
            "",
            "    Console logging: level debugging, 120 messages logged, xml disabled,",
            "                     filtering disabled",
            "    Buffer logging:  level debugging, 120 messages logged, xml disabled,",
            "                    filtering disabled",
            "",
            "Log Buffer (16384 bytes):",
            "",
            *events,
        ]
    )


HEALTH: dict[str, Act] = {
    "show version": _version,
    "show processes cpu": _processes,
    "show processes memory": _memory,
    "show environment all": _environment,
    "show file systems": _files,
    "show clock": _time,
    "show clock detail": _time_detail,
    "show ntp status": _ntp,
    "show logging": _log,
}
