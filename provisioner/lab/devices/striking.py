"""Where the faults of a lab strike its devices: before and after each line, and at timers."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Mapping

from provisioner.lab.devices.device import Device, Entry, SessionEndedError
from provisioner.lab.devices.faults import KINDS
from provisioner.lab.devices.server import RUNNING, DeviceServer, Running
from provisioner.lab.faults import Fault, Faults

_STRIKES = ("session-drop", "device-reboots")


class Striking:
    """The active faults of all devices, and what they do to sessions."""

    def __init__(self) -> None:
        self.faults = Faults(KINDS)
        self._servers: dict[str, DeviceServer] = {}

    def shown(self, device: Device, name: str, **asked: object) -> Mapping[str, str] | None:
        fault = self.faults.active(name, host=device.name, **asked)
        return None if fault is None else fault.options

    def cured(self, device: Device, name: str, **asked: object) -> None:
        while fault := self.faults.active(name, host=device.name, **asked):
            fault.left = 1
            self.faults.strike(fault)

    def _active(self, name: str, device: Device) -> Fault | None:
        return self.faults.active(name, host=device.name)

    def _room(self, device: Device) -> int:
        return 0 if self._active("vty-full", device) else device.max_sessions

    async def before(self, device: Device, line: str, *, change: bool) -> str | None:
        running = self._running(device)
        device.transcript.append(Entry(time.time(), running.number if running else 0, line))
        slow = self._active("device-slow", device)
        if slow is not None:
            await asyncio.sleep(float(slow.options["seconds"]))
        if running is None:
            return None
        await self._hang(device, line)
        running.lines += 1
        running.changes += change
        strange = self._strange(device, line)
        if strange is not None:
            return strange
        fault = self._strikes("line-rejected", device, running, line, change=change)
        return fault.options["text"] if fault else None

    def _hit(self, name: str, device: Device, line: str) -> Fault | None:
        fault = self._active(name, device)
        return fault if fault and re.search(fault.options["line"], line) else None

    async def _hang(self, device: Device, line: str) -> None:
        if self._hit("device-hangs", device, line):
            await asyncio.Event().wait()

    def _strange(self, device: Device, line: str) -> str | None:
        """What a device out of its mind answers to that line."""
        if self._hit("device-floods", device, line):
            return "0123456789 abcdef\n" * 700_000
        if self._hit("device-garbles", device, line):
            return "".join(map(chr, random.Random(line).choices(range(1, 255), k=4000)))  # noqa: S311
        return None

    def behind(self, device: Device, line: str, *, change: bool) -> None:
        running = self._running(device)
        if running is not None:
            self._strike(device, running, line, change=change)

    def _strike(self, device: Device, running: Running, line: str, *, change: bool = True) -> None:
        """End the session here if a fault says so."""
        for name in _STRIKES:
            if self._strikes(name, device, running, line, change=change):
                if name == "device-reboots":
                    device.reboot()
                raise SessionEndedError(device.name)

    def _running(self, device: Device) -> Running | None:
        running = RUNNING.get()
        if running is not None and running.gate not in self._servers[device.name].gates:
            raise SessionEndedError(device.name)
        return running

    def _strikes(
        self, name: str, device: Device, running: Running, line: str, *, change: bool
    ) -> Fault | None:
        for fault in self.faults:
            if fault.name != name or not fault.says(host=device.name):
                continue
            options = fault.options
            if options["line"]:
                hit = line != "" and re.search(options["line"], line) is not None
            elif options["of"] == "change":
                hit = change and running.changes == int(options["after"])
            else:
                hit = running.lines == int(options["after"])
            if hit:
                self.faults.strike(fault)
                return fault  # type: ignore[no-any-return]  # Faults iterates over Any
        return None

    def timer_fires(self, device: Device) -> bool:
        return self._active("timer-stuck", device) is None
