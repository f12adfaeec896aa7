"""Where the faults of a lab strike its devices: before and after each line, and at timers."""

from __future__ import annotations

import asyncio
import re
import time

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
        running.lines += 1
        running.changes += change
        fault = self._strikes("line-rejected", device, running, line, change=change)
        return fault.options["text"] if fault else None

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
