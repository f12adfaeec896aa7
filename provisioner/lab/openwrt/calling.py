"""Carries out one simple command: a function, a builtin, or a program of the device."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.lab.openwrt import expansion, syntax
from provisioner.lab.openwrt.endings import ExitShell, ReturnFrom, ShellError
from provisioner.lab.openwrt.filesystem import File, FileError, FileSystem, normal
from provisioner.lab.openwrt.streams import BrokenPipeSignal

if TYPE_CHECKING:
    from provisioner.lab.openwrt.shell import Shell

Builtin = Callable[["Shell", list[str]], Awaitable[int]]
SPECIAL = frozenset(
    {
        "break", ":", "continue", ".", "eval", "exec", "exit", "export", "readonly", "return",
        "set", "shift", "trap", "unset",
    }
)  # fmt: skip
MARK = b"\x7fELF "
"""A program on the device: this and its name."""
_WRITERS = frozenset(
    {
        "cp", "mv", "rm", "ln", "mkdir", "rmdir", "touch", "chmod", "wifi", "reload_config",
        "reboot", "start-stop-daemon", "kill", "killall", "passwd", "service",
    }
)  # fmt: skip
_UCI_READS = frozenset({"show", "get", "export", "changes"})


class UsageError(Exception):
    """A program was called as it cannot be; the text goes to standard error, status 1."""


@dataclass
class Call:
    """One run of a program: its arguments and what it reads and writes."""

    shell: Shell
    name: str
    arguments: list[str]

    @property
    def files(self) -> FileSystem:
        return self.shell.system.files

    def path(self, text: str) -> str:
        return normal(text, self.shell.here) if text else ""

    def mode(self, wanted: int) -> int:
        """What the umask leaves of a mode."""
        return wanted & ~self.shell.umask

    def out(self, text: str | bytes) -> None:
        stream = self.shell.streams.get(1)
        if stream is not None:
            self.shell.emit(stream, text if isinstance(text, bytes) else encoded(text))

    def error(self, text: str) -> None:
        self.shell.write(2, f"{self.name}: {text}\n")

    async def input(self) -> bytes:
        """Standard input up to its end."""
        stream = self.shell.streams.get(0)
        return b"" if stream is None else await stream.read()

    async def content(self, path: str) -> bytes:
        """A file's bytes; standard input's for ``-``. Raises FileError."""
        return await self.input() if path == "-" else self.files.read(self.path(path))

    def options(self, letters: str) -> tuple[set[str], list[str]]:
        """Leading single-letter options, and what follows; raises UsageError for others."""
        found: set[str] = set()
        rest = list(self.arguments)
        while rest and rest[0].startswith("-") and len(rest[0]) > 1:
            option = rest.pop(0)
            if option == "--":
                break
            for letter in option[1:]:
                if letter not in letters:
                    raise UsageError(f"unrecognized option: {letter}")
                found.add(letter)
        return found, rest


Program = Callable[[Call], Awaitable[int]]


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


async def simple(shell: Shell, node: syntax.Simple) -> int:
    """Expand, redirect and run one simple command; its status."""
    shell.substituted = 0
    words = [field for word in node.words for field in await expansion.fields(shell, word)]
    name = words[0] if words else ""
    function = shell.functions.get(name)
    builtin = None if function is not None else shell.system.builtins.get(name)
    outside = bool(words) and function is None and builtin is None
    opens = any(redirection.operator in (">", ">>", ">|") for redirection in node.redirections)
    told = shell.attached and not shell.inner and (outside or opens)
    if told:
        change = _changes(words, opens)
        refusal = await shell.system.before(node.source, change)
        if refusal is not None:
            shell.write(2, refusal.rstrip("\n") + "\n")
            return 1
        status = await _run(shell, node, words, function, builtin)
        await shell.system.after(node.source, change)
        return status
    return await _run(shell, node, words, function, builtin)


def _changes(words: list[str], opens: bool) -> bool:
    name, *arguments = words or [""]
    base = name.rpartition("/")[2]
    if base == "ip":
        return "set" in arguments
    if base == "uci":
        verbs = [word for word in arguments if not word.startswith("-")]
        return not verbs or verbs[0] not in _UCI_READS
    return opens or base in _WRITERS or "/init.d/" in name or (base == "sed" and "-i" in arguments)


async def _run(
    shell: Shell,
    node: syntax.Simple,
    words: list[str],
    function: syntax.Command | None,
    builtin: Builtin | None,
) -> int:
    if words and words[0] == "exec":
        return await _exec(shell, node, words[1:])
    async with shell.redirected(node.redirections) as refused:
        if refused:
            if words and words[0] in SPECIAL:
                raise ShellError("", 1)
            return 1
        values = [(name, await expansion.text(shell, word)) for name, word in node.assignments]
        if not words or words[0] in SPECIAL:
            for name, value in values:
                shell.put(name, value)
            if "x" in shell.flags:
                shell.write(2, "+ " + " ".join([*(f"{n}={v}" for n, v in values), *words]) + "\n")
            if builtin is None:
                return shell.substituted
            return await builtin(shell, words[1:])
        if "x" in shell.flags:
            shell.write(2, "+ " + " ".join([*(f"{n}={v}" for n, v in values), *words]) + "\n")
        with _environment(shell, values, outside=function is None and builtin is None):
            if function is not None:
                return await call_function(shell, function, words[1:])
            if builtin is not None:
                return await builtin(shell, words[1:])
            return await program(shell, words)


@contextmanager
def _environment(shell: Shell, values: list[tuple[str, str]], outside: bool) -> Iterator[None]:
    """Variables set for one command only."""
    before = {name: shell.variables.get(name) for name, _ in values}
    exported = set(shell.exported)
    for name, value in values:
        shell.put(name, value)
        if outside:
            shell.exported.add(name)
    try:
        yield
    finally:
        shell.exported = exported
        restore(shell, before)


def restore(shell: Shell, before: dict[str, str | None]) -> None:
    """Put variables back as they were; None: unset."""
    for name, old in before.items():
        if old is None:
            shell.variables.pop(name, None)
        else:
            shell.variables[name] = old


async def _exec(shell: Shell, node: syntax.Simple, words: list[str]) -> int:
    if not await shell.open(node.redirections):
        raise ShellError("", 1)
    if not words:
        return 0
    shell.traps.pop("EXIT", None)
    raise ExitShell(await program(shell, words))


async def call_function(shell: Shell, body: syntax.Command, arguments: list[str]) -> int:
    """Run a function: its own parameters and locals."""
    kept, loops = shell.parameters, shell.loops
    shell.parameters, shell.loops = arguments, 0
    shell.locals.append({})
    if len(shell.locals) > 80:
        raise ShellError("out of memory: too many nested functions")
    try:
        return await shell.execute(body)
    except ReturnFrom as left:
        return left.status
    finally:
        restore(shell, shell.locals.pop())
        shell.parameters, shell.loops = kept, loops


def located(shell: Shell, name: str) -> str | None:
    """The path of the program that a name means; None if there is none."""
    if "/" in name:
        path = normal(name, shell.here)
        return path if shell.files.find(path) is not None else None
    for folder in (shell.get("PATH") or "").split(":"):
        path = f"{folder}/{name}"
        node = shell.files.find(path)
        if isinstance(node, File) and node.mode & 0o111:
            return path
    return None


async def program(shell: Shell, words: list[str]) -> int:
    """Run a program of the device: one of ours, or a script on its files."""
    path = located(shell, words[0])
    if path is None:
        shell.complain(f"{words[0]}: not found")
        return 127
    node = shell.files.find(path)
    if not isinstance(node, File) or not node.mode & 0o111:
        shell.complain(f"{words[0]}: Permission denied")
        return 126
    if not node.data.startswith(MARK):
        return await _script(shell, words, path, decoded(node.data))
    name = decoded(node.data.removeprefix(MARK)).strip()
    call = Call(shell, words[0].rpartition("/")[2], words[1:])
    try:
        return await shell.system.programs[name](call)
    except BrokenPipeSignal:
        return 141
    except (UsageError, FileError) as error:
        call.error(str(error))
        return 1
    finally:
        await asyncio.sleep(0)


async def _script(shell: Shell, words: list[str], path: str, text: str) -> int:
    first = text.partition("\n")[0]
    if not first.startswith("#!"):
        return await program(shell, ["sh", path, *words[1:]])
    interpreter, *option = first[2:].split(None, 1)
    shell.inner += 1
    try:
        return await program(shell, [interpreter, *option, words[0], *words[1:]])
    finally:
        shell.inner -= 1
