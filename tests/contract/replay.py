"""A device that answers with recordings over real SSH: ``show_version.raw`` to ``show version``."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from provisioner.drivers.network import Host

USER, PASSWORD = "replay", "replay-PASSWORD"


@dataclass
class Recordings:
    """What is answered: files of ``folder``, then ``more`` by command; ``unknown`` to all else.

    ``prompt`` is written after each answer, ``stamp`` before it (as ``terminal exec prompt
    timestamp`` does), ``banner`` at login; ``pages`` pauses with ``--More--`` after so many rows
    until ``quiet`` is typed. Everything goes out with ``line_end``.
    """

    folder: Path
    prompt: str = "router1#"
    more: Mapping[str, str] = field(default_factory=dict)
    unknown: str = "% Invalid input detected at '^' marker.\n\n"
    silent: tuple[str, ...] = ("terminal length 0", "terminal width 511")
    """Commands that are answered with nothing."""
    banner: str = ""
    stamp: str = ""
    pages: int = 0
    quiet: str = "terminal length 0"
    line_end: str = "\r\n"
    typed: list[str] = field(default_factory=list)

    def answer(self, command: str) -> str:
        if command in self.silent:
            return ""
        if command in self.more:
            return self.more[command]
        file = self.folder / f"{command.replace(' ', '_')}.raw"
        text = file.read_bytes().decode("utf-8", "replace") if file.is_file() else self.unknown
        return text if text.endswith("\n") else f"{text}\n"


class _Session(asyncssh.SSHServerSession[str]):
    def __init__(self, recordings: Recordings) -> None:
        self._recordings, self._typed, self._rest = recordings, "", list[str]()
        self._pages = recordings.pages

    def connection_made(self, chan: asyncssh.SSHServerChannel[str]) -> None:
        self._channel = chan

    def pty_requested(self, *_: object) -> bool:
        return True

    def shell_requested(self) -> bool:
        return True

    def session_started(self) -> None:
        self._write(f"{self._recordings.banner}\n{self._recordings.prompt}")

    def _write(self, text: str) -> None:
        ends = self._recordings.line_end
        self._channel.write(text.replace("\r\n", "\n").replace("\n", ends))

    def data_received(self, data: str, datatype: asyncssh.DataType) -> None:
        for key in data:
            if self._rest:
                self._write("\b" * 9 + " " * 8 + "\b" * 9)
                self._page()
            elif key in "\r\n":
                self._line()
            else:
                self._typed += key
                self._channel.write(key)

    def _line(self) -> None:
        command, self._typed = self._typed.strip(), ""
        self._write("\n")
        if command in ("exit", "logout", "/quit"):
            self._channel.exit(0)
            return
        if command:
            self._recordings.typed.append(command)
            self._pages = 0 if command == self._recordings.quiet else self._pages
            stamp = self._recordings.stamp if command.startswith("show") else ""
            self._rest = (stamp + self._recordings.answer(command)).splitlines(keepends=True)
        self._page()

    def _page(self) -> None:
        size = self._pages or len(self._rest)
        rows, self._rest = self._rest[:size], self._rest[size:]
        self._write("".join(rows))
        self._write(" --More-- " if self._rest else self._recordings.prompt)

    def break_received(self, msec: int) -> bool:
        return True

    def eof_received(self) -> bool:
        return False


class _Server(asyncssh.SSHServer):
    def __init__(self, recordings: Recordings) -> None:
        self._recordings = recordings

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username.partition("+")[0], password) == (USER, PASSWORD)  # RouterOS: options

    def session_requested(self) -> _Session:
        return _Session(self._recordings)


@contextmanager
def replaying(
    recordings: Recordings, name: str, platform: str, known_hosts: Path
) -> Iterator[Host]:
    """The host to put into an inventory; its key is written into ``known_hosts``."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    key = asyncssh.generate_private_key("ssh-ed25519")

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.create_server(
            lambda: _Server(recordings), "127.0.0.1", 0, server_host_keys=[key], line_editor=False
        )

    async def close(server: asyncssh.SSHAcceptor) -> None:
        server.close()
        await server.wait_closed()

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result()
    try:
        port = server.get_port()
        public = key.export_public_key("openssh").decode().strip()
        known_hosts.write_text(f"[127.0.0.1]:{port} {public}\n")
        yield Host(name, platform, frozenset(), "127.0.0.1", port, USER, password=PASSWORD)
    finally:
        asyncio.run_coroutine_threadsafe(close(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
