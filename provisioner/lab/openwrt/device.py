"""An OpenWrt access point of the lab: flash, boot, sessions, what is on the air."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

from provisioner.lab.devices.device import Device, Reader, SessionEndedError
from provisioner.lab.openwrt import firmware
from provisioner.lab.openwrt.builtins import BUILTINS
from provisioner.lab.openwrt.calling import decoded, encoded, program
from provisioner.lab.openwrt.filesystem import (
    Directory,
    File,
    FileSystem,
    Link,
    Node,
    Special,
)
from provisioner.lab.openwrt.programs_files import FILE_PROGRAMS
from provisioner.lab.openwrt.programs_net import Surroundings, net_programs
from provisioner.lab.openwrt.programs_system import SYSTEM_PROGRAMS
from provisioner.lab.openwrt.programs_text import TEXT_PROGRAMS
from provisioner.lab.openwrt.programs_uci import UCI_PROGRAMS
from provisioner.lab.openwrt.radios import Radios, words
from provisioner.lab.openwrt.radios import text as value_of
from provisioner.lab.openwrt.shell import Shell
from provisioner.lab.openwrt.streams import Descriptors, Incoming, Outgoing
from provisioner.lab.openwrt.system import Process, System
from provisioner.lab.openwrt.ubus import Netifd, programs
from provisioner.lab.openwrt.uci import CONFIG, Uci

_ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "USER": "root", "LOGNAME": "root",
    "SHELL": "/bin/ash",
}  # fmt: skip


@dataclass(eq=False)
class _Session:
    """One exec channel while the client waits for it."""

    shell: Shell
    streams: tuple[Outgoing, Outgoing]
    task: asyncio.Task[int] | None = None
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def flush(self) -> None:
        for stream in self.streams:
            stream.flush()


_SESSION: ContextVar[_Session | None] = ContextVar("session", default=None)


class _Machine(System):
    """The system, its sessions told to the lab's faults."""

    device: OpenWrtDevice

    async def before(self, line: str, change: bool) -> str | None:
        session = _SESSION.get()
        if session is None or session.over.is_set():
            return None
        session.flush()
        try:
            return await self.device.begin(line, change=change)
        except SessionEndedError:
            await self._hang_up(session)
            return None

    async def after(self, line: str, change: bool) -> None:
        session = _SESSION.get()
        if session is None or session.over.is_set():
            return
        try:
            self.device.done(line, change=change)
        except SessionEndedError:
            await self._hang_up(session)
        else:
            session.flush()

    async def _hang_up(self, session: _Session) -> None:
        """The client is gone: a shell that does not ignore it ends, as one with a terminal."""
        session.over.set()
        for stream in session.streams:
            stream.broken = True
        if session.shell.traps.get("HUP") != "" and session.task is not None:
            session.task.cancel()
            await asyncio.Event().wait()

    def reboot(self) -> None:
        self.files.sync()
        asyncio.get_running_loop().call_soon(self.device.reboot)


@dataclass
class OpenWrtDevice(Device):
    """Keeps /etc over a reboot and loses what is in memory; see ``announced`` and ``system``."""

    address: str = "192.0.2.2"
    netmask: str = "255.255.255.0"
    gateway: str = "192.0.2.1"
    neighbours: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What is at the other end of its own ports: device and port."""
    ports: tuple[str, ...] = ("eth0",)
    """Its wired ports, the one towards the switches first."""
    system: _Machine = field(init=False, repr=False)
    radios: Radios = field(init=False, repr=False)
    surroundings: Surroundings = field(init=False, repr=False)
    hostname: str = field(init=False, default="OpenWrt")
    _booted: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.radios = Radios(
            Uci(FileSystem()), lambda seconds: seconds * self.minute / 60, self._moved
        )
        netifd = Netifd(self.radios, lambda: self.hostname)
        self.surroundings = Surroundings(self.neighbours)
        known = {
            **FILE_PROGRAMS, **TEXT_PROGRAMS, **SYSTEM_PROGRAMS, **UCI_PROGRAMS, **programs(netifd),
            **net_programs(self.surroundings),
        }  # fmt: skip
        self.system = _Machine(BUILTINS, known, self._wait)
        self.system.device = self
        self.radios.uci = Uci(self.system.files)
        self._flash()

    def _flash(self) -> None:
        """What the factory and the office have put on the flash."""
        files = self.system.files
        for folder in ("/root", "/etc/rc.d", "/etc/init.d", "/etc/config", "/usr/lib", "/lib"):
            files.make_directory(folder, parents=True)
        self.system.install(
            {path: name for path, name in firmware.places().items() if name in self.system.programs}
        )
        files.write("/etc/rc.common", encoded(firmware.RC_COMMON), mode=0o755)
        for path, text in firmware.FILES.items():
            files.write(path, encoded(text))
        for name, text in firmware.INIT_SCRIPTS.items():
            files.write(f"/etc/init.d/{name}", encoded(text), mode=0o755)
            start = text.partition("START=")[2][:2]
            files.put(f"/etc/rc.d/S{start}{name}", Link(f"../init.d/{name}"))
        made = firmware.configuration(self.name, self.address, self.netmask, self.gateway)
        for name, text in made.items():
            files.write(f"{CONFIG}/{name}", encoded(text), mode=0o600)
        files.sync()

    def refit(self, files: Mapping[str, str], ports: tuple[str, ...]) -> None:
        """Make another kind of device of it: the files of /etc/config and the wired ports."""
        self.ports = ports
        for name, text in files.items():
            self.system.files.write(f"{CONFIG}/{name}", encoded(text), mode=0o600)
        self.system.files.sync()
        self.radios.restart()

    # ------------------------------------------------------------------ power

    def boot(self) -> None:
        """Mount, then run the enabled init scripts in order; the network comes with its own."""
        self.system.stop()
        self.radios.stop()
        self._booted = time.monotonic()
        self.hostname = "OpenWrt"
        name = Special(lambda _n: encoded(self.hostname + "\n"), self._set_hostname)
        self.system.mount(lambda: time.monotonic() - self._booted, name)
        process = self.system.process(("procd",))
        shell = self._shell(process, self.system.streams())
        shell.attached = False
        self.system.start(process, shell, lambda: self._rc(shell))

    async def _rc(self, shell: Shell) -> int:
        for name in self.system.files.names("/etc/rc.d"):
            if name.startswith("S"):
                await program(shell, [f"/etc/rc.d/{name}", "boot"])
        return 0

    def power_off(self) -> None:
        """Without a warning: what no ``sync`` has brought to the flash is lost."""
        super().power_off()
        self.system.stop()
        self.system.files.power_cut()
        self.radios.stop()

    def _set_hostname(self, data: bytes) -> None:
        self.hostname = decoded(data).strip()

    async def _wait(self, seconds: float, attached: bool) -> None:
        """Let device time pass; a process without a session waits on a timer of the lab."""
        if attached:
            await self.sleep(seconds)
            return
        passed = asyncio.Event()
        timer = self.later(seconds / 60, passed.set)
        try:
            await passed.wait()
        finally:
            timer.cancel()

    # ------------------------------------------------------------------ sessions

    def _shell(self, process: Process, streams: Descriptors) -> Shell:
        shell = Shell(self.system, process, streams)
        shell.variables.update(_ENVIRONMENT)
        shell.exported.update(_ENVIRONMENT)
        process.shell = shell
        return shell

    async def execute(
        self,
        command: str,
        stdin: Reader,
        write: Callable[[bytes], None],
        error: Callable[[bytes], None] | None = None,
    ) -> int:
        """Interpret one command of an exec channel; ``error`` takes its standard error."""
        out = Outgoing(write)
        err = out if error is None else Outgoing(error)
        process = self.system.process(("ash", "-c", command))
        shell = self._shell(process, Descriptors({0: Incoming(stdin), 1: out, 2: err}))
        session = _Session(shell, (out, err))
        _SESSION.set(session)
        task = asyncio.get_running_loop().create_task(self._run(shell, command))
        session.task = process.task = task
        gone = asyncio.get_running_loop().create_task(session.over.wait())
        try:
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            session.over.set()
            out.broken = err.broken = True
            raise
        finally:
            gone.cancel()
            _SESSION.set(None)
        if session.over.is_set() or task.cancelled():
            raise SessionEndedError(self.name)
        session.flush()
        return task.result()

    async def _run(self, shell: Shell, command: str) -> int:
        try:
            return await shell.run(lambda: shell.text(command))
        finally:
            self.system.gone(shell.process)

    # ------------------------------------------------------------------ to look at

    @property
    def announced(self) -> frozenset[str]:
        """SSIDs that are on the air now."""
        return frozenset(station.ssid for station in self.radios.stations.values())

    def configuration(self) -> str:
        """All files of /etc/config, in order."""
        files = self.system.files
        return "".join(
            f"# {CONFIG}/{name}\n{decoded(files.read(f'{CONFIG}/{name}'))}"
            for name in files.names(CONFIG)
        )

    def tree(self, folder: str = "/etc") -> dict[str, bytes]:
        """Every file below a folder, for assertions."""
        return {
            path: node.data
            for path, node in self.system.files.walk(folder)
            if isinstance(node, File)
        }

    @property
    def processes(self) -> list[tuple[str, ...]]:
        """The arguments of what runs now, sessions and background alike."""
        return [process.arguments for process in self.system.processes.values()]

    def manageable(self) -> bool:
        """Its own address is on an interface that reaches the wired port."""
        return any(
            self.address in words(section, "ipaddr")
            and self.ports[0] in self.radios.ports(value_of(section, "device", ""))
            for section in self.radios.interfaces()
        )

    def carries(self, port: str, vlan: int) -> bool:
        return self.manageable()

    def _moved(self) -> None:
        names = {"lo", *self.ports}
        for section in self.radios.interfaces():
            device = value_of(section, "device", "lo")
            names |= {device} | self.radios.ports(device)
        names |= set(self.radios.stations)
        ports = {name: self._port(name) for name in sorted(names) if name}
        self.system.files.put("/sys/class", Directory({"net": Directory({**ports})}))
        self.touched()

    def _port(self, name: str) -> Directory:
        """What the kernel tells of a port."""
        plugged = name in self.neighbours or name not in self.ports
        facts = {"carrier": f"{int(plugged)}", "flags": "0x1003", "speed": "1000"}
        if not plugged:
            facts |= {"speed": "-1"}
        files: dict[str, Node] = {n: File(encoded(v + "\n"), 0o444) for n, v in facts.items()}
        return Directory({**files, "statistics": Directory({"rx_errors": File(b"0\n", 0o444)})})
