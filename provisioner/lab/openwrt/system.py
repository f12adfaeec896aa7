"""The device's kernel and init: processes, signals, open files, boot."""

from __future__ import annotations

import asyncio
import contextvars
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioner.lab.openwrt.calling import MARK, Builtin, Program, encoded
from provisioner.lab.openwrt.filesystem import Directory, File, FileError, FileSystem, Special
from provisioner.lab.openwrt.streams import Appender, Descriptors, Stream, Text

if TYPE_CHECKING:
    from provisioner.lab.openwrt.shell import Shell

SIGNALS = {
    "HUP": 1, "INT": 2, "QUIT": 3, "KILL": 9, "USR1": 10, "USR2": 12,
    "PIPE": 13, "ALRM": 14, "TERM": 15,
}  # fmt: skip
_FIRST_PID = 1200


@dataclass(eq=False)
class Process:
    """One process; ``pending`` are signals that its shell has a trap for."""

    pid: int
    arguments: tuple[str, ...]
    shell_pid: int
    parent: int = 1
    shell: Shell | None = None
    task: asyncio.Task[int] | None = None
    pending: list[str] = field(default_factory=list)


class System:
    """What programs see of the machine they run on.

    ``before`` and ``after`` are told each command of a session, ``wait`` lets seconds of the
    device's clock pass.
    """

    def __init__(
        self,
        builtins: Mapping[str, Builtin],
        programs: Mapping[str, Program],
        wait: Callable[[float, bool], Awaitable[None]],
    ) -> None:
        self.files = FileSystem()
        self.builtins = builtins
        self.programs = programs
        self.wait = wait
        self.processes: dict[int, Process] = {}
        self.locks: set[str] = set()
        self.held: dict[str, Stream] = {}
        """Files that an open file holds by ``flock``, until the last descriptor of it closes."""
        self.log: list[str] = []
        self._next_pid = _FIRST_PID

    async def before(self, line: str, change: bool) -> str | None:
        """A session is about to run a command; a text refuses it."""
        return None

    async def after(self, line: str, change: bool) -> None:
        """A session has run a command."""

    def reboot(self) -> None:
        """Somebody has typed ``reboot``."""

    def hostname(self) -> str:
        return self.files.read("/proc/sys/kernel/hostname").decode().strip()

    # ------------------------------------------------------------------ processes

    def process(self, arguments: tuple[str, ...], parent: Process | None = None) -> Process:
        """A new process, not started yet."""
        self._next_pid += 1
        pid = self._next_pid
        made = Process(pid, arguments, parent.shell_pid if parent else pid)
        made.parent = parent.pid if parent else 1
        self.processes[pid] = made
        line = encoded("\0".join(arguments) + "\0")
        self.files.put(f"/proc/{pid}", Directory({"cmdline": File(line, 0o444)}))
        return made

    def gone(self, process: Process) -> None:
        self.processes.pop(process.pid, None)
        if self.files.is_directory(f"/proc/{process.pid}"):
            self.files.remove(f"/proc/{process.pid}")

    def start(self, process: Process, shell: Shell, work: Callable[[], Awaitable[int]]) -> None:
        """Let a process run by itself from now on."""
        process.shell = shell

        async def run() -> int:
            try:
                return await shell.run(work)
            except asyncio.CancelledError:
                return 143
            finally:
                self.gone(process)

        loop = asyncio.get_running_loop()
        process.task = loop.create_task(run(), context=contextvars.Context())

    def signal(self, pid: int, name: str) -> bool:
        """Send a signal; False if there is no such process."""
        process = self.processes.get(pid)
        if process is None:
            return False
        trap = process.shell.traps.get(name) if process.shell and name != "KILL" else None
        if trap is not None:
            process.pending.append(name)
        elif process.task is not None and name not in ("0", "CHLD"):
            process.task.cancel()
            self.gone(process)
        return True

    def stop(self) -> None:
        """Every process ends at once, as without power."""
        for process in list(self.processes.values()):
            if process.task is not None:
                process.task.cancel()
        self.processes.clear()
        self.locks.clear()
        self.held.clear()
        self.log.clear()

    # ------------------------------------------------------------------ files

    def open(self, path: str, target: str, operator: str, mode: int) -> Stream:
        """The stream of a redirection to or from a path; raises FileError in ash's words."""
        if path == "/dev/null":
            return Text(b"")
        if operator in ("<", "<>"):
            try:
                return Text(self.files.read(path))
            except FileError as error:
                text = str(error)
                missing = text.startswith("No such")
                raise FileError(
                    f"can't open {target}: {'no such file' if missing else text}"
                ) from None
        try:
            if operator == ">>" and isinstance(self.files.find(path), File):
                return Appender(self.files, path)
            self.files.write(path, b"", mode=mode)
        except FileError as error:
            text = str(error)
            missing = text.startswith("No such") or not target
            raise FileError(
                f"can't create {target}: {'nonexistent directory' if missing else text}"
            ) from None
        return Appender(self.files, path)

    def mount(self, uptime: Callable[[], float], hostname: Special) -> None:
        """Directories in memory as they are right after a boot."""
        self.files.mount()
        for folder in ("tmp/run", "tmp/lock", "tmp/state", "tmp/log", "tmp/.uci", "proc/sys"):
            self.files.make_directory(f"/{folder}", parents=True)
        self.files.make_directory("/proc/sys/kernel")
        self.files.put("/proc/uptime", Special(lambda _n: encoded(f"{uptime():.2f} 0.00\n")))
        self.files.put("/proc/1", Directory({"cmdline": File(b"/sbin/procd\0", 0o444)}))
        self.files.put("/dev/null", Special(lambda _n: b""))
        self.files.put("/dev/urandom", Special(secrets.token_bytes))
        self.files.put("/proc/sys/kernel/hostname", hostname)
        self.files.put("/dev/console", Special(lambda _n: b""))

    def install(self, places: Mapping[str, str]) -> None:
        """Put programs on the flash: their name by their path."""
        for path, name in places.items():
            self.files.make_directory(path.rpartition("/")[0], parents=True)
            self.files.write(path, MARK + name.encode(), mode=0o755)

    def streams(self) -> Descriptors:
        """Those of a process without a terminal."""
        return Descriptors({0: Text(b""), 1: Text(b""), 2: Text(b"")})
