"""One device's SSH server; between TCP and SSH stands a gate that can hold every byte back."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast

import asyncssh

from provisioner.lab.devices.device import Device, SessionEndedError
from provisioner.lab.devices.typing import CONSOLE

log = logging.getLogger(__name__)
LEGACY = {
    "kex_algs": ["diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1"],
    "encryption_algs": ["aes128-cbc", "aes256-cbc", "3des-cbc"],
    "mac_algs": ["hmac-sha1"],
    "signature_algs": ["ssh-rsa"],
}
"""What old switches offer, and nothing else."""


@dataclass(eq=False)
class Running:
    """One session: what it has been told so far."""

    number: int
    gate: Gate
    user: str
    lines: int = 0
    changes: int = 0


RUNNING: ContextVar[Running | None] = ContextVar("running", default=None)


def _reset(transport: asyncio.Transport) -> None:
    """No farewell: a device without power says nothing, and this is as near as loopback comes."""
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


@dataclass(eq=False)
class Gate(asyncio.Protocol):
    """A TCP connection of a device; asyncssh sees it as its transport.

    While it is held nothing goes in or out, and what was on its way arrives after ``release``, as
    TCP would send it again.
    """

    server: DeviceServer
    held: bool = False
    _transport: asyncio.Transport | None = None
    _inner: asyncssh.SSHServerConnection | None = None
    _waiting: list[bytes] = field(default_factory=list)
    _closing: bool = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if not self.server.admit(self):
            if not self.server.device.up:
                _reset(self._transport)
            self._transport.abort()
        elif self.server.cut and not self._at_the_console():
            self.hold()
        else:
            self._begin()

    def _at_the_console(self) -> bool:
        """Somebody stands before the device: no cable has to be whole for that."""
        peer = self.get_extra_info("peername")
        return bool(peer) and peer[0] == CONSOLE

    def _begin(self) -> None:
        self._inner = self.server.connection()
        self._inner.connection_made(self)  # type: ignore[arg-type]  # it needs these methods only

    def hold(self) -> None:
        if not (self.held or self._transport is None or self._at_the_console()):
            self.held = True
            self._transport.pause_reading()

    def release(self) -> None:
        if not self.held or self._transport is None:
            return
        self.held = False
        if self._inner is None:
            self._begin()
        for data in self._waiting:
            self._transport.write(data)
        self._waiting.clear()
        if self._closing:
            self._transport.close()
        else:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        if self._inner is not None:
            self._inner.data_received(data)

    def eof_received(self) -> None:
        if self._inner is not None:
            self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.gates.discard(self)
        if self._inner is not None:
            self._inner.connection_lost(exc)

    # ------------------------------------------------- what asyncssh asks of its transport

    def write(self, data: bytes) -> None:
        if self.held:
            self._waiting.append(data)
        elif self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        self._closing = True
        if not self.held and self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default if self._transport is None else self._transport.get_extra_info(name, default)


class _Login(asyncssh.SSHServer):
    def __init__(self, server: DeviceServer) -> None:
        self._server = server

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return self._server.device.password is not None

    def validate_password(self, username: str, password: str) -> bool:
        return self._server.lets_in() and password == self._server.device.password

    def public_key_auth_supported(self) -> bool:
        return bool(self._server.device.authorized_keys)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        lines = self._server.device.authorized_keys.splitlines()
        known = [asyncssh.import_public_key(line) for line in lines if line.strip()]
        return self._server.lets_in() and key in known


@dataclass
class _Terminal:
    process: asyncssh.SSHServerProcess[bytes]
    user: str
    peer: str

    async def read(self) -> bytes:
        while True:
            try:
                return await self.process.stdin.read(4096)
            except (asyncssh.TerminalSizeChanged, asyncssh.BreakReceived, asyncssh.SignalReceived):
                continue

    def write(self, data: str) -> None:
        self.process.stdout.write(data.encode("utf-8", "surrogateescape"))


@dataclass(eq=False)
class DeviceServer:
    """Listens for one device at ``address``; ``lets_in`` False refuses every login."""

    device: Device
    address: str
    key: asyncssh.SSHKey
    room: Callable[[], int]
    """How many connections it takes at once."""
    lets_in: Callable[[], bool]
    opened: Callable[[Running], None]
    """Called as each session begins; may raise SessionEndedError."""
    legacy: bool = False
    cut: bool = False
    """Nobody reaches it, and it reaches nobody."""
    port: int = 0
    gates: set[Gate] = field(default_factory=set)
    seen: int = 0
    """Sessions so far."""
    _listener: asyncio.Server | None = None
    _options: asyncssh.SSHServerConnectionOptions | None = None

    async def listen(self, port: int) -> None:
        """Raises OSError when the port is taken there."""
        self.show_key(self.key)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: Gate(self), self.address, port, backlog=128
        )
        self.port = self._listener.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        self.abort()

    def abort(self) -> None:
        for gate in list(self.gates):
            gate.abort()

    def show_key(self, key: asyncssh.SSHKey) -> None:
        """The host key that connections from now on see."""
        self._options = asyncssh.SSHServerConnectionOptions(
            server_factory=lambda: _Login(self),
            server_host_keys=[key],
            process_factory=self._serve,
            encoding=None,
            line_editor=False,
            login_timeout=60,
            gss_host=None,
            config=None,
            **(LEGACY if self.legacy else {}),
        )

    def admit(self, gate: Gate) -> bool:
        if not self.device.up or len(self.gates) >= self.room():
            return False
        self.gates.add(gate)
        return True

    def connection(self) -> asyncssh.SSHServerConnection:
        options = cast(asyncssh.SSHServerConnectionOptions, self._options)
        return asyncssh.SSHServerConnection(asyncio.get_running_loop(), options)

    def set_cut(self, cut: bool) -> None:
        self.cut = cut
        for gate in list(self.gates):
            if cut:
                gate.hold()
            else:
                gate.release()

    async def _serve(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        gate = process.get_extra_info("connection")._transport
        self.seen += 1
        user = process.get_extra_info("username")
        running = Running(self.seen, gate, user)
        RUNNING.set(running)
        terminal = _Terminal(process, user, process.get_extra_info("peername")[0])
        try:
            self.opened(running)
            if process.subsystem is not None:
                process.exit(127)
            elif process.command is None:
                await self.device.shell(terminal)
                process.exit(0)
            else:
                out, err = process.stdout.write, process.stderr.write
                status = await self.device.execute(process.command, process.stdin, out, err)
                process.exit(status)
        except SessionEndedError:
            gate.abort()
        except (ConnectionError, asyncssh.Error) as error:
            log.debug("%s: session ended: %s", self.device.name, error)
