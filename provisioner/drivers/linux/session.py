"""A session with a Linux host: scripts go in over standard input, their answers come out."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Any, ClassVar

import paramiko

from provisioner.drivers.linux.scripting import only_reads
from provisioner.drivers.sessions.access import Login, OnlyKnown
from provisioner.drivers.sessions.terminal import (
    FLOOD,
    NotReadingError,
    RejectedError,
    SessionEndedError,
)

_READY = b"prov-ready\n"
_PRELUDE = 65_536
"""Bytes that may come before a shell is there."""


class CutShortError(SessionEndedError):
    """A script did not come to its end; ``said`` is what it had told until then."""

    def __init__(self, why: str, said: str) -> None:
        super().__init__(why)
        self.said = said


class Session:
    """See ``batches.Closable``. ``connect`` and ``command``: seconds to log in, and for a script.

    Nothing of this machine is used: no agent, no keys, no known hosts but ours. Where the user is
    not root, sudo makes it so; its password is sent over standard input alone.
    """

    reading: ClassVar[frozenset[tuple[str, str]]] = frozenset(
        {("provisioner.drivers.linux", "examine")}
    )
    """Package and name of the scripts that are known to change nothing: all that is run once the
    session has been told to only read."""

    def __init__(self, login: Login, connect: float, command: float) -> None:
        self._login, self._connect, self._command = login, connect, command
        self._client: paramiko.SSHClient | None = None
        self._socket: socket.socket | None = None
        self._shell = "exec sh -s"
        self._password: str | None = None
        self._until: float | None = None
        self._received = 0

    def only_read(self, seconds: float) -> None:
        """See ``batches.Looking``; the lines are scripts here."""
        self._until = time.monotonic() + seconds

    def open(self) -> None:
        """Connect, log in, and find out how to become root.

        Raises OSError, paramiko's SSHException and its kinds, SessionEndedError, RejectedError.
        """
        try:
            self._log_in()
            if self._login.host.user != "root":
                self._become_root()
        except BaseException:
            self.disconnect()
            raise

    def _log_in(self) -> None:
        host = self._login.host
        self._socket = socket.create_connection((host.address, host.port), self._connect)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = client = paramiko.SSHClient()
        client.set_missing_host_key_policy(OnlyKnown())
        self._login.pin(client)
        client.connect(
            host.address,
            host.port,
            username=host.user,
            password=host.password,
            pkey=self._login.key,
            sock=self._socket,
            look_for_keys=False,
            allow_agent=False,
            disabled_algorithms=self._login.disabled_algorithms,
            timeout=self._connect,
            banner_timeout=self._connect,
            auth_timeout=self._connect,
            channel_timeout=self._connect,
            transport_factory=self._login.transport,
        )

    def _become_root(self) -> None:
        """Raises RejectedError where sudo does not let us."""
        ready = "sh -c 'echo prov-ready; exec sh -s'"
        password = self._login.host.become_password
        self._shell = f"exec sudo -n {ready}"
        try:
            self._knock()
        except RejectedError:
            if password is None:
                raise
            self._shell = f"exec sudo -k -S -p '' {ready}"
            self._password = password
            self._knock()

    def _knock(self) -> None:
        """Try sudo; with nothing more to come it does not ask again for a wrong password."""
        deadline = time.monotonic() + min(self._connect, self._command)
        with contextlib.closing(self._channel(deadline)) as channel:
            if self._password is not None:
                channel.sendall(f"{self._password}\n".encode())
            channel.shutdown_write()
            self._let_in(channel, deadline)

    def run(self, script: str, seconds: float | None = None) -> str:
        """What a script says; ``seconds`` that it may take, where not what all may.

        Raises CutShortError when it does not come to its end, SessionEndedError when it could not
        begin, RejectedError when sudo does not let us, NotReadingError.
        """
        if self._until is not None and not only_reads(script, self.reading):
            raise NotReadingError("a script that is not known to only read")
        deadline = self._deadline(self._command if seconds is None else seconds)
        self._received = 0 if self._until is None else self._received
        said = bytearray()
        try:
            channel = self._channel(deadline)
            with contextlib.closing(channel):
                if self._password is not None:
                    channel.sendall(f"{self._password}\n".encode())
                if self._shell != "exec sh -s":
                    self._let_in(channel, deadline)
                channel.settimeout(_left(deadline))
                channel.sendall(script.encode())
                channel.shutdown_write()
                while data := self._next(channel, deadline):
                    said += data
        except TimeoutError as error:
            raise _cut("the device did not answer in time", said) from error
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise _cut("the session broke", said) from error
        except SessionEndedError as error:
            raise _cut(str(error), said) from error
        return said.decode(errors="replace")

    def _deadline(self, seconds: float) -> float:
        """Of what begins now; where the session only reads, all of it has one end."""
        return time.monotonic() + seconds if self._until is None else self._until

    def _channel(self, deadline: float) -> paramiko.Channel:
        transport = self._client and self._client.get_transport()
        if not transport:
            raise SessionEndedError("the session is closed")
        channel = transport.open_session(timeout=min(self._connect, _left(deadline)))
        channel.settimeout(min(self._connect, _left(deadline)))
        channel.exec_command(self._shell)
        return channel

    def _let_in(self, channel: paramiko.Channel, deadline: float) -> None:
        """Until sudo has given us its shell. Raises RejectedError where it does not."""
        said = b""
        while not said.endswith(_READY):
            data = self._next(channel, deadline, 1)
            if not data:
                raise RejectedError("sudo", "", said.decode(errors="replace").strip())
            said += data
            if len(said) > _PRELUDE:
                raise SessionEndedError("the device sends without end")

    def _next(self, channel: paramiko.Channel, deadline: float, most: int = 65_536) -> bytes:
        """What comes next; nothing at the end. Raises TimeoutError, SessionEndedError."""
        channel.settimeout(_left(deadline))
        data: Any = channel.recv(most)
        self._received += len(data)
        if time.monotonic() >= deadline:
            raise TimeoutError
        if self._received > FLOOD:
            raise SessionEndedError("the device sends without end")
        return bytes(data)

    def disconnect(self) -> None:
        """Close the session, whatever state it is in; never waits for the device."""
        try:
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)  # wakes the reading thread
        except OSError:
            pass  # it was closed already
        finally:
            if self._client is not None:
                self._client.close()
            if self._socket is not None:
                self._socket.close()
            self._client = self._socket = None


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.001)


def _cut(why: str, said: bytearray) -> CutShortError:
    return CutShortError(why, said.decode(errors="replace"))
