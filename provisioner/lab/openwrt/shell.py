"""The shell itself: carries out the syntax tree as ash does, on the device's own files only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from copy import copy
from functools import partial
from typing import TYPE_CHECKING

from provisioner.lab.openwrt import calling, expansion, patterns, syntax
from provisioner.lab.openwrt.endings import ExitShell, LeaveLoop, ReturnFrom, ShellError
from provisioner.lab.openwrt.filesystem import FileError, FileSystem, normal
from provisioner.lab.openwrt.parser import lines
from provisioner.lab.openwrt.streams import BrokenPipeSignal, Descriptors, Pipe, Stream, Text

if TYPE_CHECKING:
    from provisioner.lab.openwrt.system import Process, System


class Shell:
    """One shell process: variables, functions, descriptors, options, traps."""

    def __init__(self, system: System, process: Process, streams: Descriptors) -> None:
        self.system = system
        self.process = process
        self.streams = streams
        self.name = "ash"
        self.file: str | None = None
        self.here = "/root"
        self.variables: dict[str, str] = {"IFS": " \t\n", "OPTIND": "1"}
        self.exported: set[str] = set()
        self.readonly: set[str] = set()
        self.functions: dict[str, syntax.Command] = {}
        self.parameters: list[str] = []
        self.flags: set[str] = set()
        self.traps: dict[str, str] = {}
        self.umask = 0o022
        self.status = 0
        self.substituted = 0
        """How the last command substitution ended."""
        self.last_background: int | None = None
        self.children: dict[int, Process] = {}
        """Started in the background and not waited for yet."""
        self.locals: list[dict[str, str | None]] = []
        self.loops = 0
        self.sourced = 0
        self.tested = 0
        """Above zero: a failure here is part of a condition and does not end the shell."""
        self.attached = True
        """The client's session still waits for this shell."""
        self.inner = 0
        """Above zero: inside a script of the device's own, whose commands nobody sent."""
        self._line = 0

    # ------------------------------------------------------------------ scope of an expansion

    @property
    def files(self) -> FileSystem:
        return self.system.files

    def get(self, name: str) -> str | None:
        if name.isdigit():
            number = int(name)
            if number == 0:
                return self.file or self.name
            return self.parameters[number - 1] if number <= len(self.parameters) else None
        if name == "$":
            return str(self.process.shell_pid)
        special = {
            "?": str(self.status),
            "#": str(len(self.parameters)),
            "-": "".join(sorted(self.flags)),
            "!": None if self.last_background is None else str(self.last_background),
        }
        return special[name] if name in special else self.variables.get(name)

    def put(self, name: str, value: str) -> None:
        if name in self.readonly:
            raise ShellError(f"{name}: is read only")
        self.variables[name] = value
        if "a" in self.flags:
            self.exported.add(name)

    async def substitute(self, program: syntax.Sequence) -> str:
        pipe = Pipe()
        child = self.fork()
        child.tested = 0
        child.streams.set(1, pipe.writer)
        self.substituted = await child.run(lambda: child.execute(program))
        written = await pipe.reader.read()
        return written.decode("utf-8", "surrogateescape").replace("\0", "").rstrip("\n")

    # ------------------------------------------------------------------ life

    def fork(self, process: Process | None = None) -> Shell:
        """A subshell: everything copied, traps gone."""
        child = copy(self)
        child.process = process or self.process
        child.streams = self.streams.fork()
        child.variables = dict(self.variables)
        child.exported = set(self.exported)
        child.readonly = set(self.readonly)
        child.functions = dict(self.functions)
        child.parameters = list(self.parameters)
        child.children = {}
        child.flags = set(self.flags)
        child.traps = {name: action for name, action in self.traps.items() if not action}
        child.locals = [dict(saved) for saved in self.locals]
        return child

    async def run(self, work: Callable[[], Awaitable[int]]) -> int:
        """Carry out the work and end this shell: its exit trap, its descriptors."""
        try:
            status = await self._ended(work())
            trap = self.traps.pop("EXIT", "")
            if trap:
                self.status = status
                self.tested = 0
                status = await self._ended(self._trapped(trap, status))
            return status
        except BrokenPipeSignal:
            return 141
        finally:
            self.streams.close()

    async def _trapped(self, trap: str, status: int) -> int:
        await self.text(trap)
        return status

    async def _ended(self, work: Awaitable[int]) -> int:
        try:
            return await work
        except (ExitShell, ReturnFrom) as left:
            return left.status
        except LeaveLoop:
            return 0
        except (ShellError, expansion.ExpansionError) as error:
            if str(error):
                self.complain(str(error))
            return error.status if isinstance(error, ShellError) else 2

    async def text(self, text: str) -> int:
        """Carry out a program line by line; raises ShellError for what is none."""
        try:
            for line in lines(text):
                self.status = await self.execute(line)
        except syntax.ShellSyntaxError as error:
            self._line = error.line
            raise ShellError(f"syntax error: {error}") from None
        return self.status

    def complain(self, message: str) -> None:
        """Say on standard error what is wrong, as ash does."""
        where = f"{self.file}: line {self._line}" if self.file else self.name
        self.write(2, f"{where}: {message}\n")

    def write(self, number: int, text: str) -> None:
        stream = self.streams.get(number)
        if stream is not None:
            self.emit(stream, text.encode("utf-8", "surrogateescape"))

    def emit(self, stream: Stream, data: bytes) -> None:
        """Write; raises BrokenPipeSignal unless that signal is ignored."""
        try:
            stream.write(data)
        except BrokenPipeSignal:
            if self.traps.get("PIPE") != "":
                raise

    # ------------------------------------------------------------------ the tree

    async def execute(self, node: syntax.Command) -> int:
        status = await self._carry_out(node)
        self.status = status
        await self.signals()
        checked = isinstance(node, syntax.Simple | syntax.Pipeline | syntax.Subshell)
        if isinstance(node, syntax.Pipeline) and node.negated:
            checked = False
        if status and checked and "e" in self.flags and not self.tested:
            raise ExitShell(status)
        return status

    async def _carry_out(self, node: syntax.Command) -> int:
        if isinstance(node, syntax.Simple):
            self._line = node.line
            return await calling.simple(self, node)
        if isinstance(node, syntax.Sequence):
            status = 0
            for command in node.commands:
                status = await self.execute(command)
            return status
        if isinstance(node, syntax.AndOr):
            return await self._and_or(node)
        if isinstance(node, syntax.If):
            return await self._if(node)
        if isinstance(node, syntax.Loop):
            return await self._loop(node)
        if isinstance(node, syntax.For):
            return await self._for(node)
        if isinstance(node, syntax.Case):
            return await self._case(node)
        if isinstance(node, syntax.Redirected):
            async with self.redirected(node.redirections) as refused:
                return 1 if refused else await self.execute(node.body)
        if isinstance(node, syntax.Function):
            self.functions[node.name] = node.body
            return 0
        if isinstance(node, syntax.Subshell):
            child = self.fork()
            return await child.run(lambda: child.execute(node.body))
        if isinstance(node, syntax.Background):
            return self._background(node)
        return await self._pipeline(node)

    @contextmanager
    def _testing(self, on: bool = True) -> Iterator[None]:
        self.tested += on
        try:
            yield
        finally:
            self.tested -= on

    async def _and_or(self, node: syntax.AndOr) -> int:
        chain = [("&&", node.first), *node.rest]
        status = 0
        for place, (operator, command) in enumerate(chain):
            if (status == 0) != (operator == "&&"):
                continue
            with self._testing(place < len(chain) - 1):
                status = await self.execute(command)
        return status

    async def _if(self, node: syntax.If) -> int:
        for condition, body in node.branches:
            with self._testing():
                status = await self.execute(condition)
            if status == 0:
                return await self.execute(body)
        return await self.execute(node.otherwise) if node.otherwise else 0

    async def _loop(self, node: syntax.Loop) -> int:
        status = 0
        while True:
            with self._testing():
                try:
                    condition = await self.execute(node.condition)
                except LeaveLoop as leave:
                    if self._leaves(leave):
                        return status
                    continue
            if (condition == 0) == node.until:
                return status
            done, status = await self._turn(node.body)
            if done:
                return status

    async def _for(self, node: syntax.For) -> int:
        values = list(self.parameters)
        if node.words is not None:
            values = [value for word in node.words for value in await expansion.fields(self, word)]
        status = 0
        for value in values:
            self.put(node.name, value)
            done, status = await self._turn(node.body)
            if done:
                break
        return status

    async def _turn(self, body: syntax.Sequence) -> tuple[bool, int]:
        """One turn of a loop: whether it is the last, and its status."""
        self.loops += 1
        try:
            status = await self.execute(body)
        except LeaveLoop as leave:
            return self._leaves(leave), 0
        finally:
            self.loops -= 1
        await asyncio.sleep(0)
        return False, status

    @staticmethod
    def _leaves(leave: LeaveLoop) -> bool:
        if leave.levels > 1:
            raise LeaveLoop(leave.levels - 1, leave.again)
        return not leave.again

    async def _case(self, node: syntax.Case) -> int:
        subject = await expansion.text(self, node.subject)
        for words, body in node.arms:
            for word in words:
                if patterns.matches(await expansion.pattern(self, word), subject):
                    return await self.execute(body)
        return 0

    def _background(self, node: syntax.Background) -> int:
        child = self.fork(self.system.process(("ash",), self.process))
        child.attached = False
        child.tested = 0
        child.streams.set(0, Text(b""))
        self.system.start(child.process, child, lambda: child.execute(node.body))
        self.children[child.process.pid] = child.process
        self.last_background = child.process.pid
        return 0

    async def _pipeline(self, node: syntax.Pipeline) -> int:
        with self._testing(node.negated):
            if len(node.commands) == 1:
                status = await self.execute(node.commands[0])
            else:
                status = await self._piped(node.commands)
        return int(status == 0) if node.negated else status

    async def _piped(self, commands: list[syntax.Command]) -> int:
        children: list[Shell] = []
        incoming: Stream | None = None
        for place in range(len(commands)):
            child = self.fork()
            if incoming is not None:
                child.streams.set(0, incoming)
            if place < len(commands) - 1:
                pipe = Pipe()
                child.streams.set(1, pipe.writer)
                incoming = pipe.reader
            children.append(child)
        tasks = [
            asyncio.ensure_future(child.run(partial(child.execute, command)))
            for child, command in zip(children, commands, strict=True)
        ]
        try:
            return (await asyncio.gather(*tasks))[-1]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # ------------------------------------------------------------------ redirections, signals

    @asynccontextmanager
    async def redirected(self, redirections: list[syntax.Redirection]) -> AsyncIterator[bool]:
        """With other descriptors; yields whether one could not be opened, after saying so."""
        kept = Descriptors({})
        numbers = {redirection.fd for redirection in redirections}
        for number in numbers:
            kept.set(number, self.streams.get(number))
        try:
            yield not await self.open(redirections)
        finally:
            for number in numbers:
                self.streams.set(number, kept.get(number))
            kept.close()

    async def open(self, redirections: list[syntax.Redirection]) -> bool:
        for redirection in redirections:
            try:
                self.streams.set(redirection.fd, await self._stream(redirection))
            except FileError as error:
                self.complain(str(error))
                return False
        return True

    async def _stream(self, redirection: syntax.Redirection) -> Stream | None:
        operator = redirection.operator
        target = await expansion.text(self, redirection.target)
        if operator == "<<":
            return Text(target.encode("utf-8", "surrogateescape"))
        if operator in ("<&", ">&"):
            if target == "-":
                return None
            stream = self.streams.get(int(target)) if target.isdigit() else None
            if stream is None:
                raise FileError(f"{target}: Bad file descriptor")
            return stream
        path = normal(target, self.here) if target else ""
        return self.system.open(path, target, operator, 0o666 & ~self.umask)

    async def signals(self) -> None:
        """Carry out the traps of the signals that came meanwhile."""
        while self.process.pending and self.process.shell is self:
            trap = self.traps.get(self.process.pending.pop(0), "")
            if trap:
                status = self.status
                await self.text(trap)
                self.status = status
