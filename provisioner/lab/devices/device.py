"""What every simulated device is: its state, sessions, timers, and where faults strike it."""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

MANAGEMENT_VLAN = 99
_KEPT = 2000
"""Lines that a device's transcript goes back."""


class SessionEndedError(Exception):
    """A fault or a reboot has ended this session; let it pass through, the server ends it."""


class Reader(Protocol):
    """Standard input of a command."""

    async def read(self, n: int = -1) -> bytes:
        """Up to ``n`` bytes, all there is for -1; empty at the end."""
        ...


class Session(Protocol):
    """One interactive channel with a terminal."""

    user: str
    peer: str
    """Address of the client."""

    async def read(self) -> bytes:
        """What was typed since, as it came; empty once the client is gone."""
        ...

    def write(self, data: str) -> None: ...


class Ground(Protocol):
    """What lies beneath a device: the lab's faults, its cables, and its notebook."""

    async def before(self, device: Device, line: str, *, change: bool) -> str | None:
        """See ``Device.begin``."""
        ...

    def behind(self, device: Device, line: str, *, change: bool) -> None:
        """See ``Device.done``."""
        ...

    def shown(self, device: Device, name: str, **asked: object) -> Mapping[str, str] | None:
        """See ``Device.shows``."""
        ...

    def link(self, device: Device, port: str) -> bool | None:
        """See ``Device.link``."""
        ...

    def far(self, device: Device, port: str) -> tuple[Device, str] | None:
        """The simulated device and its port at the other end of the cable in that port."""
        ...

    def upstream(self, device: Device) -> str:
        """Its port towards the office, where people and the product sit; '' without one."""
        ...

    def answers(self, device: Device, address: str) -> bool | None:
        """Whether a device of the lab with that address answers; None where it is none of them."""
        ...

    def abroad(self, device: Device, name: str) -> Mapping[str, str] | None:
        """As ``shown``, of the device itself or else of a router on its way to the outside."""
        ...

    def cured(self, device: Device, name: str, **asked: object) -> None:
        """What was done on the device has ended that fault, if it was there."""
        ...

    def timer_fires(self, device: Device) -> bool:
        """Whether a timer that has run out does what it is there for."""
        ...

    def moved(self, device: Device) -> None:
        """That device's configuration or power changed: find out who is reachable still."""
        ...

    def end_sessions(self, device: Device) -> None:
        """Cut every connection of that device (a reset, not a farewell)."""
        ...


@dataclass
class Entry:
    """One line or command that a device was given, as ``DeviceLab.transcript`` tells it."""

    at: float
    session: int
    line: str
    answer: str = ""


@dataclass
class Device:
    """One simulated device; a dialect subclasses it. All methods run in the lab's event loop.

    The dialect calls ``begin`` before each line or command that it carries out and ``done`` after
    it, ``touched`` whenever its configuration has changed, and ``later`` for timers. It implements
    ``boot``, ``configuration``, ``carries``, and ``shell`` or ``execute`` or both.
    """

    name: str
    """The name in the inventory; the hostname on the device may come to differ."""
    platform: str
    """As the inventory says it: ``cisco_ios``, ``openwrt``."""
    minute: float = 60.0
    """Real seconds in one minute of the device's clock: ``sleep 60`` lasts that long."""
    delay: float = 0.0
    """Real seconds that each line or command takes."""
    boot_seconds: float = 0.2
    """Real seconds that a reboot takes; nobody answers meanwhile."""
    password: str | None = None
    """That of every user; None allows none."""
    authorized_keys: str = ""
    """Public keys that may log in, in the format of authorized_keys."""
    max_sessions: int = 16
    """Connections at once (VTYs); one more is closed as soon as it comes."""
    up: bool = True
    """False while it boots or is dead."""
    ground: Ground = field(init=False, repr=False)
    """Set by the lab before anything else happens."""
    transcript: deque[Entry] = field(default_factory=lambda: deque(maxlen=_KEPT), repr=False)
    _timers: set[asyncio.TimerHandle] = field(default_factory=set, repr=False)
    _processes: set[asyncio.Task[None]] = field(default_factory=set, repr=False)

    # ------------------------------------------------- what a dialect implements

    def boot(self) -> None:
        """Start from what a real device keeps over a power cut: stored files, startup-config.

        The lab calls it once before the device answers, and again at each power-on.
        """
        raise NotImplementedError

    def configuration(self) -> str:
        """The whole running configuration, deterministic; for assertions."""
        raise NotImplementedError

    def carries(self, port: str, vlan: int) -> bool:
        """Whether that port passes that VLAN's frames as the device is configured now."""
        return True

    def owns(self, address: str) -> bool | None:
        """Whether it answers at that address in a network of users; None where it is not its."""
        return None

    def lit(self, port: str) -> bool:
        """Whether that port is switched on, so that the other end of a cable sees a link."""
        return True

    def starves(self, port: str) -> bool:
        """Whether an access point gets no power from that port."""
        return False

    def manageable(self) -> bool:
        """Whether its own management interface is as it must be to answer at all."""
        return True

    def disturb(self, faults: Collection[str]) -> None:
        """Those of the lab's faults that concern what a dialect has by itself are active now."""

    def double(self, menu: str, name: str) -> bool:
        """Add an item once more, as somebody else might; False when there is none of that name."""
        return False

    async def shell(self, session: Session) -> None:
        """Serve one interactive channel; returning closes it."""
        session.write("No shell here.\r\n")

    async def execute(
        self,
        command: str,
        stdin: Reader,
        write: Callable[[bytes], None],
        error: Callable[[bytes], None] | None = None,
    ) -> int:
        """Carry out one command of an exec channel; ``write`` is its output, ``error`` what it
        says on standard error (with the output where not given).

        Returns the exit status.
        """
        return 127

    # ------------------------------------------------- what a dialect may use

    def shows(self, name: str, **asked: object) -> Mapping[str, str] | None:
        """The options of the active fault of that name that concerns this device and, where
        ``asked``, that port, radio …; None without one."""
        return self.ground.shown(self, name, **asked)

    def link(self, port: str) -> bool | None:
        """Whether there is light from the other end of the cable in that port; None where no cable
        is known to be in it."""
        return self.ground.link(self, port)

    async def begin(self, line: str, *, change: bool = False) -> str | None:
        """Before each line: waits ``delay``, then lets faults strike.

        ``change``: the line belongs to a change (IOS: typed in configuration mode; OpenWrt: a
        command that writes). Returns the text with which the device is to refuse the line instead
        of carrying it out, else None. Raises SessionEndedError.
        """
        if self.delay:
            await asyncio.sleep(self.delay)
        return await self.ground.before(self, line, change=change)

    def done(self, line: str, *, change: bool = False) -> None:
        """After each line that was carried out, before its answer is written.

        Raises SessionEndedError when a fault drops the session or reboots the device here: the
        line has had its effect, its answer is never seen.
        """
        self.ground.behind(self, line, change=change)

    def touched(self) -> None:
        """To be called after each change of the configuration, by whatever caused it."""
        self.ground.moved(self)

    def later(self, minutes: float, act: Callable[[], None]) -> asyncio.TimerHandle:
        """Do ``act`` after so many minutes of the device's clock, unless cancelled or rebooted.

        A lab told that this device's timers do not fire lets it pass without effect.
        """

        def fire() -> None:
            self._timers.discard(handle)
            if self.ground.timer_fires(self):
                act()

        handle = asyncio.get_running_loop().call_later(minutes * self.minute, fire)
        self._timers.add(handle)
        return handle

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run ``work`` as a process of the device, beside all sessions, until it ends or reboots.

        No fault that counts the lines of a session concerns it.
        """
        task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
        self._processes.add(task)
        task.add_done_callback(self._processes.discard)
        return task

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds of the device's clock."""
        await asyncio.sleep(seconds * self.minute / 60)

    # ------------------------------------------------- power

    def reboot(self) -> None:
        """Lose memory, timers and sessions; answer again after ``boot_seconds``, booted anew."""
        self.power_off()
        asyncio.get_running_loop().call_later(self.boot_seconds, self.power_on)

    def power_off(self) -> None:
        self.up = False
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        for process in self._processes:
            process.cancel()
        self.ground.end_sessions(self)
        self.ground.moved(self)

    def power_on(self) -> None:
        self.boot()
        self.up = True
        self.ground.moved(self)
