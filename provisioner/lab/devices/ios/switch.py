"""An IOS switch: running and startup configuration, the revert timer, and its terminal lines."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from provisioner.lab.devices.device import MANAGEMENT_VLAN, Device, Reader, Session
from provisioner.lab.devices.ios import condition
from provisioner.lab.devices.ios.settings import Running
from provisioner.lab.devices.ios.terminal import Terminal

_BEFORE = 40 * 86400.0 + 3 * 3600
"""Seconds that a switch has been running when the lab comes up."""


@dataclass
class Pending:
    """A change that is taken back unless it is confirmed."""

    before: Running
    file: str
    minutes: int
    idle: bool
    user: str
    since: datetime
    timer: asyncio.TimerHandle


@dataclass
class IosDevice(Device):
    """A switch of 24 ports and 4 uplinks. ``startup`` is what outlives a reload."""

    startup: Running = field(default_factory=lambda: Running("Switch"))
    running: Running = field(default_factory=lambda: Running("Switch"))
    neighbours: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By own port: the device and port at the other end."""
    translating: bool = False
    """Whether somebody's packets are being translated: taking the rule away asks first."""
    key_bits: int = 2048
    """The length of its RSA key; 0 for none."""
    leased: dict[str, str] = field(default_factory=dict)
    """What its DHCP server has given away: hardware address (as IOS writes it) by address."""
    enable_password: str | None = None
    """When given, a login begins in user mode."""
    foreign_nvram: bool = False
    """The startup configuration was written by another version: saving asks first."""
    pending: Pending | None = None
    terminals: dict[int, Terminal] = field(default_factory=dict)
    changed_at: datetime | None = None
    changed_by: str = ""
    saved_at: datetime | None = None
    archived: int = 0
    booted: float = 0.0
    counted: dict[str, condition.Counters] = field(default_factory=dict)
    """By port; a reload begins anew."""

    def boot(self) -> None:
        self.running = copy.deepcopy(self.startup)
        self.pending = None
        self.changed_at = None
        self.counted = {}
        self.booted = time.time() - (0 if self.booted else _BEFORE)

    def configuration(self) -> str:
        return "\n".join(self.running.lines()) + "\n"

    def carries(self, port: str, vlan: int) -> bool:
        interface = self.running.interfaces.get(port)
        return (
            interface is not None
            and vlan in self.running.vlans
            and interface.carries(vlan)
            and not condition.err_disabled(self, port)
            and vlan not in condition.held(self, interface)
        )

    def lit(self, port: str) -> bool:
        interface = self.running.interfaces.get(port)
        dark = interface is None or interface.shutdown
        return not dark and not condition.err_disabled(self, port)

    def starves(self, port: str) -> bool:
        interface = self.running.interfaces.get(port)
        return (
            interface is None
            or not self.lit(port)
            or condition.power(self, interface) in ("never", "power-deny", "faulty")
        )

    def manageable(self) -> bool:
        interface = self.running.interfaces.get(f"Vlan{MANAGEMENT_VLAN}")
        return (
            MANAGEMENT_VLAN in self.running.vlans
            and interface is not None
            and not interface.shutdown
            and bool(interface.address)
        )

    async def shell(self, session: Session) -> None:
        line = min(set(range(self.max_sessions + 1)) - self.terminals.keys())
        terminal = self.terminals[line] = Terminal(self, session, line)
        try:
            await terminal.serve()
        finally:
            del self.terminals[line]

    async def execute(
        self,
        command: str,
        stdin: Reader,
        write: Callable[[bytes], None],
        error: Callable[[bytes], None] | None = None,
    ) -> int:
        output: list[str] = []

        class _Once:
            user, peer = "", ""

            async def read(self) -> bytes:
                return b""

            def write(self, data: str) -> None:
                output.append(data)

        terminal = Terminal(self, _Once(), 0)
        terminal.length = 0
        await terminal.line(command)
        write("".join(output).encode("utf-8", "surrogateescape"))
        return 0

    # ------------------------------------------------- changes

    def now(self) -> datetime:
        return datetime.now(UTC)

    def changed(self, user: str) -> None:
        """Somebody has changed the running configuration."""
        self.changed_at, self.changed_by = self.now(), user
        self.touched()

    def save(self, user: str) -> None:
        self.startup = copy.deepcopy(self.running)
        self.saved_at = self.now()
        self.foreign_nvram = False
        if self.running.archive.path and self.running.archive.write_memory:
            self.archived += 1

    def arm(self, minutes: int, *, idle: bool, user: str) -> Pending:
        """Begin a change that is taken back after so many minutes."""
        now = self.now()
        self.archived += 1
        stamp = now.strftime("%b-%d-%H-%M-%S.") + f"{now.microsecond // 1000:03}"
        file = f"{self.running.archive.path}-{stamp}-{self.archived}"
        before = copy.deepcopy(self.running)
        timer = self.later(minutes, self._expired)
        self.pending = Pending(before, file, minutes, idle, user, now, timer)
        return self.pending

    def rearm(self, minutes: int) -> None:
        """Begin to count anew."""
        if self.pending is not None:
            self.pending.timer.cancel()
            self.pending.minutes, self.pending.since = minutes, self.now()
            self.pending.timer = self.later(minutes, self._expired)

    def confirm(self) -> bool:
        """Keep the change; False when none was pending."""
        if self.pending is None:
            return False
        self.pending.timer.cancel()
        self.pending = None
        return True

    def revert(self) -> str | None:
        """Take the change back now; what the device says, None when none was pending."""
        pending = self.pending
        if pending is None:
            return None
        self.confirm()
        self.running = pending.before
        self.changed(pending.user)
        return (
            f"Rollback Confirmed Change: rolling to:{pending.file}\n\n"
            "Total number of passes: 1\nRollback Done\n\n"
        )

    def _expired(self) -> None:
        said = self.revert()
        for terminal in list(self.terminals.values()):
            if said and terminal.armed:
                terminal.interrupt(said)
