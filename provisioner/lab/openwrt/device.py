"""An OpenWrt access point of the lab: flash, boot, sessions, what is on the air."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

from provisioner.lab.devices.device import (
    MANAGEMENT_VLAN,
    Device,
    Reader,
    SessionEndedError,
)
from provisioner.lab.openwrt import firmware
from provisioner.lab.openwrt.builtins import BUILTINS
from provisioner.lab.openwrt.calling import decoded, encoded, program
from provisioner.lab.openwrt.filesystem import (
    File,
    FileSystem,
    Link,
    Special,
)
from provisioner.lab.openwrt.kernel import Kernel
from provisioner.lab.openwrt.programs_air import air_programs
from provisioner.lab.openwrt.programs_files import FILE_PROGRAMS
from provisioner.lab.openwrt.programs_net import Surroundings, net_programs
from provisioner.lab.openwrt.programs_system import SYSTEM_PROGRAMS
from provisioner.lab.openwrt.programs_text import TEXT_PROGRAMS
from provisioner.lab.openwrt.programs_trying import trying_programs
from provisioner.lab.openwrt.programs_uci import UCI_PROGRAMS
from provisioner.lab.openwrt.radios import Radios, Station, words
from provisioner.lab.openwrt.radios import text as value_of
from provisioner.lab.openwrt.reach import Reach
from provisioner.lab.openwrt.shell import Shell
from provisioner.lab.openwrt.streams import Descriptors, Incoming, Outgoing
from provisioner.lab.openwrt.system import Process, System
from provisioner.lab.openwrt.ubus import Netifd, programs
from provisioner.lab.openwrt.uci import CONFIG, Uci

_MAD = ("device-floods", "device-garbles")
_ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "USER": "root", "LOGNAME": "root",
    "SHELL": "/bin/ash", "SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22",
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
            refusal = await self.device.begin(line, change=change)
            if refusal and any(map(self.device.shows, _MAD)):
                session.streams[0].write(encoded(refusal))  # whatever it was to be part of
                session.flush()
                return ""
            return refusal
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
    down: set[str] = field(default_factory=set)
    """Ports that somebody has switched off; a boot brings them up."""
    kernel: Kernel = field(init=False, repr=False)
    reach: Reach = field(init=False, repr=False)
    netifd: Netifd = field(init=False, repr=False)
    system: _Machine = field(init=False, repr=False)
    radios: Radios = field(init=False, repr=False)
    surroundings: Surroundings = field(init=False, repr=False)
    hostname: str = field(init=False, default="OpenWrt")
    _ran: bool = field(init=False, default=False)
    _leases: bytes = field(init=False, default=b"", repr=False)

    def __post_init__(self) -> None:
        self.radios = Radios(
            Uci(FileSystem()), lambda seconds: seconds * self.minute / 60, self._moved
        )
        self.kernel, self.reach = Kernel(self), Reach(self)
        self.netifd = Netifd(self.radios, lambda: self.hostname, self.live, self._started)
        self.surroundings = Surroundings(self.neighbours)
        known = {
            **FILE_PROGRAMS, **TEXT_PROGRAMS, **SYSTEM_PROGRAMS, **UCI_PROGRAMS,
            **programs(self.netifd), **net_programs(self), **air_programs(self),
            **trying_programs(self),
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
        files.put("/etc/resolv.conf", Link("/tmp/resolv.conf"))  # noqa: S108
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
        self.kernel.boots(anew=self._ran)
        self._ran, self._leases = True, b""
        self.down.clear()
        self.hostname = "OpenWrt"
        name = Special(lambda _n: encoded(self.hostname + "\n"), self._set_hostname)
        self.system.mount(self.kernel.uptime, name)
        for path, node in self.kernel.files().items():
            self.system.files.make_directory(path.rpartition("/")[0], parents=True)
            self.system.files.put(path, node)
        leases = Special(lambda _n: self._leases + encoded(self.kernel.filler()), self._lease)
        self.system.files.put("/tmp/dhcp.leases", leases)  # noqa: S108 - the device's own
        resolvers = f"nameserver {self.gateway}\n"
        for place in ("/tmp/resolv.conf", "/tmp/resolv.conf.auto"):  # noqa: S108
            self.system.files.write(place, encoded(resolvers))
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

    def _lease(self, data: bytes) -> None:
        self._leases = data

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
        return frozenset(station.ssid for station in self.live().values())

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
        """The VLAN of management as it reaches us by; others with their tags."""
        if port in self.down:
            return False
        if vlan == MANAGEMENT_VLAN:
            return self.manageable()
        devices = {value_of(each, "device", "") for each in self.radios.interfaces()}
        devices |= set(self.kernel.interfaces())
        return any(
            name.endswith(f".{vlan}") and port in self.radios.ports(name) | {name.partition(".")[0]}
            for name in devices
        )

    def lit(self, port: str) -> bool:
        return port not in self.down

    def _moved(self) -> None:
        files = self.system.files
        files.make_directory("/sys/class", parents=True)
        files.put("/sys/class/net", self.kernel.net())
        self.touched()

    # ------------------------------------------------------------------ how it is doing

    def live(self) -> dict[str, Station]:
        """The wireless interfaces that transmit."""
        return {
            name: station
            for name, station in self.radios.stations.items()
            if self.shows("radio-off", radio=station.radio) is None
        }

    def _started(self, radio: str) -> None:
        for each in self.radios.load("wireless").sections:
            if each.kind == "wifi-device" and radio in ("", each.name):
                self.ground.cured(self, "radio-off", radio=each.name)

    def daemons(self) -> list[str]:
        """What runs by itself."""
        found = ["netifd", "dropbear"]
        found += [] if self.shows("clock-wrong") else ["ntpd"]
        found += ["lldpd"] if self.neighbours else []
        serves = self.system.files.find(f"{CONFIG}/dhcp") and not self.shows("dhcp-dead")
        return [*found, *(["dnsmasq"] if serves else [])]

    def uplink(self) -> str:
        """The interface that its own address is on."""
        return next(
            (
                value_of(each, "device", "")
                for each in self.radios.interfaces()
                if self.address in words(each, "ipaddr")
            ),
            "br-lan",
        )
