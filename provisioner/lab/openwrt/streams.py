"""What a process reads and writes: pipes, files, and the session's own ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from provisioner.lab.openwrt.filesystem import FileSystem


class BrokenPipeSignal(Exception):
    """Nobody reads what a process writes any more; it ends there, as by SIGPIPE."""


class Source(Protocol):
    async def read(self, n: int = -1) -> bytes: ...


class Stream:
    """One open file; shared by several descriptors, closed with the last of them."""

    def __init__(self) -> None:
        self.holders = 0
        self.path: str | None = None
        """Of a file of the device, where it is one."""

    async def read(self, n: int = -1) -> bytes:
        """Up to ``n`` bytes, everything up to the end for -1; empty at the end."""
        return b""

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...

    async def line(self) -> bytes:
        """One line with its newline; without one at the end."""
        taken = b""
        while not taken.endswith(b"\n"):
            char = await self.read(1)
            if not char:
                break
            taken += char
        return taken


class Pipe:
    """A pipe: what one end writes, the other reads; its two ends are streams."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._closed = False
        self._changed = asyncio.Event()
        self.reader = _PipeReader(self)
        self.writer = _PipeWriter(self)

    async def take(self, n: int) -> bytes:
        while not self._closed and (n < 0 or not self._data):
            self._changed.clear()
            await self._changed.wait()
        taken = bytes(self._data if n < 0 else self._data[:n])
        del self._data[: len(taken)]
        return taken

    def add(self, data: bytes) -> None:
        self._data += data
        self._changed.set()

    def end(self) -> None:
        self._closed = True
        self._changed.set()


class _PipeReader(Stream):
    def __init__(self, pipe: Pipe) -> None:
        super().__init__()
        self._pipe = pipe

    async def read(self, n: int = -1) -> bytes:
        return await self._pipe.take(n)


class _PipeWriter(Stream):
    def __init__(self, pipe: Pipe) -> None:
        super().__init__()
        self._pipe = pipe

    def write(self, data: bytes) -> None:
        self._pipe.add(data)

    def close(self) -> None:
        self._pipe.end()


class Text(Stream):
    """Reading from bytes that are there already."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data

    async def read(self, n: int = -1) -> bytes:
        taken = self._data if n < 0 else self._data[:n]
        self._data = self._data[len(taken) :]
        return taken


class Appender(Stream):
    """Writing to a file of the device."""

    def __init__(self, files: FileSystem, path: str) -> None:
        super().__init__()
        self._files = files
        self.path: str = path

    def write(self, data: bytes) -> None:
        self._files.write(self.path, data, append=True)


class Incoming(Stream):
    """A session's standard input; byte by byte where the shell reads its program from it."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self._buffer = b""
        self._ended = False

    async def read(self, n: int = -1) -> bytes:
        while not self._ended and (n < 0 or not self._buffer):
            more = await self._source.read(65536)
            self._buffer += more
            self._ended = not more
        taken = self._buffer if n < 0 else self._buffer[:n]
        self._buffer = self._buffer[len(taken) :]
        return taken


class Outgoing(Stream):
    """A session's standard output or error, held back until ``flush``; broken without a session."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        super().__init__()
        self._write = write
        self._held = bytearray()
        self.broken = False

    def write(self, data: bytes) -> None:
        if self.broken:
            raise BrokenPipeSignal
        self._held += data

    def flush(self) -> None:
        held, self._held = bytes(self._held), bytearray()
        if held and not self.broken:
            self._write(held)


class Descriptors:
    """The numbered open files of one process."""

    def __init__(self, streams: Mapping[int, Stream]) -> None:
        self._streams = dict(streams)
        for stream in self._streams.values():
            stream.holders += 1

    def get(self, number: int) -> Stream | None:
        return self._streams.get(number)

    def set(self, number: int, stream: Stream | None) -> None:
        """Put another open file (or none) under that number."""
        if stream is not None:
            stream.holders += 1
        old = self._streams.pop(number, None)
        if stream is not None:
            self._streams[number] = stream
        if old is not None:
            _release(old)

    def fork(self) -> Descriptors:
        return Descriptors(self._streams)

    def close(self) -> None:
        for number in list(self._streams):
            self.set(number, None)


def _release(stream: Stream) -> None:
    stream.holders -= 1
    if stream.holders == 0:
        stream.close()
