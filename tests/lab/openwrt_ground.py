"""An access point without a network: its shell and its radios, driven from a test directly."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from provisioner.lab.devices.device import Device, SessionEndedError
from provisioner.lab.openwrt.device import OpenWrtDevice

T = TypeVar("T")


@dataclass
class Ground:
    """Stands in for the lab: notes commands, and strikes where a test says."""

    lines: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    drop_after: int | None = None
    reject: str | None = None
    reboot_after: int | None = None
    timers: bool = True
    cut: int = 0

    async def before(self, device: Device, line: str, *, change: bool) -> str | None:
        self.lines.append(line)
        if change:
            self.changes.append(line)
        return "refused" if self.reject and self.reject in line else None

    def behind(self, device: Device, line: str, *, change: bool) -> None:
        if self.reboot_after == len(self.lines):
            device.reboot()
            raise SessionEndedError(device.name)
        if self.drop_after == len(self.lines):
            raise SessionEndedError(device.name)

    def shown(self, device: Device, name: str, **asked: object) -> Mapping[str, str] | None:
        return None

    def link(self, device: Device, port: str) -> bool | None:
        return None

    def far(self, device: Device, port: str) -> tuple[Device, str] | None:
        return None

    def upstream(self, device: Device) -> str:
        return ""

    def answers(self, device: Device, address: str) -> bool | None:
        return None

    def abroad(self, device: Device, name: str) -> Mapping[str, str] | None:
        return None

    def cured(self, device: Device, name: str, **asked: object) -> None: ...

    def timer_fires(self, device: Device) -> bool:
        return self.timers

    def moved(self, device: Device) -> None: ...

    def end_sessions(self, device: Device) -> None:
        self.cut += 1


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self._data = data

    async def read(self, n: int = -1) -> bytes:
        taken, self._data = self._data, b""
        return taken


@dataclass
class AccessPoint:
    device: OpenWrtDevice
    ground: Ground

    async def run(self, command: str, stdin: str = "") -> tuple[str, str, int]:
        """Standard output, standard error and status of one command."""
        out, err = bytearray(), bytearray()
        status = await self.device.execute(
            command, _Bytes(stdin.encode("utf-8", "surrogateescape")), out.extend, err.extend
        )
        return out.decode("utf-8", "surrogateescape"), err.decode(), status

    async def out(self, command: str, stdin: str = "") -> str:
        return (await self.run(command, stdin))[0]

    async def until(self, holds: Callable[[], bool | Awaitable[bool]]) -> None:
        """Wait until that holds; fails after ten seconds."""
        async with asyncio.timeout(10):
            while True:
                found = holds()
                if await found if inspect.isawaitable(found) else found:
                    return
                await asyncio.sleep(0.01)

    async def up(self) -> None:
        await self.until(
            lambda: (
                self.device.up
                and self.device.manageable()
                and not self.device.radios.pending
                and ("procd",) not in self.device.processes
            )
        )


def with_access_point(work: Callable[[AccessPoint], Awaitable[T]], minute: float = 0.6) -> T:
    """Do something with a freshly booted access point; ``minute`` is one of its minutes."""

    async def everything() -> T:
        ground = Ground()
        device = OpenWrtDevice("ap-1", "openwrt", address="192.0.2.11")
        device.ground = ground
        device.minute, device.boot_seconds = minute, 0.02
        device.boot()
        access_point = AccessPoint(device, ground)
        await access_point.up()
        try:
            return await work(access_point)
        finally:
            device.power_off()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    return asyncio.run(everything())
