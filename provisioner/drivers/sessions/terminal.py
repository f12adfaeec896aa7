"""A command line over SSH: Netmiko's driver, waiting for the answer and not for the clock."""

from __future__ import annotations

import codecs
import re
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

import paramiko
from netmiko.base_connection import BaseConnection
from netmiko.channel import SSHChannel

from provisioner.drivers.sessions.access import Login, OnlyKnown

WIDTH, HEIGHT = 511, 1000
_LINE_END = re.compile(r"\r+\n")


class SessionEndedError(Exception):
    """The device has closed the session, or has not answered in time."""


class NotReadingError(Exception):
    """A line that is not known to only read was about to be sent on a session for looking."""


FLOOD = 8_000_000
"""Characters after which a device that only has to be read is no longer listened to."""


class RejectedError(Exception):
    """The device did not take a line; ``reason`` is what it said about that."""

    def __init__(self, line: str, answer: str, reason: str) -> None:
        super().__init__(line, answer)
        self.line, self.answer, self.reason = line, answer, reason


class _Waiting(SSHChannel):
    """Netmiko's channel, but reading waits for what comes instead of asking again and again."""

    def __init__(self, conn: paramiko.Channel, encoding: str) -> None:
        super().__init__(conn, encoding)
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")

    def wait(self, seconds: float) -> str:
        """What comes; raises TimeoutError, and SessionEndedError at the end."""
        if self.remote_conn is None:
            raise SessionEndedError("the session is closed")
        self.remote_conn.settimeout(seconds)
        data = self.remote_conn.recv(65536)
        if not data:
            raise SessionEndedError("the device closed the session")
        return self._decoder.decode(data)


class Terminal(BaseConnection):
    """The part of a session that no vendor has a say in; a platform's class brings the rest.

    To be named before Netmiko's class among the bases, as in ``class Session(Terminal,
    CiscoIosSSH)``. What was read and not yet used is in ``_buffer``. ``connect`` and ``command``:
    seconds to log in, and for one line to be answered. Nothing of this machine is used: no agent,
    no keys, no configuration, no known hosts but ours.
    """

    device_kind = ""
    """Netmiko's name of the platform."""
    hide: Callable[..., str] = staticmethod(lambda text, secrets=(): text)
    """Takes secrets out of a transcript: ``hide(text, secrets)``."""

    def __init__(self, login: Login, connect: float, command: float) -> None:
        host = login.host
        super().__init__(
            host=host.address,
            port=host.port,
            username=host.user,
            password=host.password,
            secret=host.become_password or "",
            pkey=login.key,
            device_type=self.device_kind,
            ssh_strict=True,
            disabled_algorithms=login.disabled_algorithms,
            conn_timeout=connect,
            banner_timeout=connect,
            auth_timeout=connect,
            auto_connect=False,
        )
        self.login = login
        self._command = command
        self._buffer = ""
        self._heard: list[str] = []
        self._until: float | None = None
        self._received = 0
        self._socket: socket.socket | None = None
        self.remote_conn_pre = None

    def open(self) -> None:
        """Connect, log in, prepare.

        Raises OSError, paramiko's SSHException and its kinds, SessionEndedError, RejectedError.
        """
        try:
            self.establish_connection(WIDTH, HEIGHT)
            self.session_preparation()
        except BaseException:
            self.disconnect()
            raise

    def only_read(self, seconds: float) -> None:
        """See ``batches.Closable``."""
        self._until = time.monotonic() + seconds

    def reads(self, line: str) -> bool:
        """Whether the line is known to change nothing, on this platform."""
        return False

    def _build_ssh_client(self) -> paramiko.SSHClient:
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(OnlyKnown())
        self.login.pin(client)
        return client

    def establish_connection(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        """Like Netmiko's, but failures keep their kind and small packets leave at once."""
        self._socket = socket.create_connection((self.host, self.port), self.conn_timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.remote_conn_pre = client = self._build_ssh_client()
        parameters: dict[str, Any] = self._connect_params_dict()
        parameters |= {"sock": self._socket, "channel_timeout": self.conn_timeout}
        parameters["transport_factory"] = self.login.transport
        client.connect(**parameters)
        self.remote_conn = client.invoke_shell("vt100", width, height)
        self.channel = self._waiting = _Waiting(self.remote_conn, self.encoding)

    def disconnect(self) -> None:
        """Close the session, whatever state it is in; never waits for the device."""
        try:
            if self.remote_conn is not None:
                self.remote_conn.close()
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)  # wakes the reading thread
        except (OSError, EOFError, paramiko.SSHException):
            pass  # it was closed already
        finally:
            self.remote_conn = None
            super().disconnect()
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def cleanup(self, command: str = "") -> None:
        """Nothing: Netmiko's would ask for the mode once more; ours is known."""

    def transcript(self, secrets: Sequence[str] = ()) -> str:
        """All that was said, without secrets."""
        text = _LINE_END.sub("\n", "".join(self._heard))
        return type(self).hide(text, (self.password, self.secret, *secrets))

    def _guard(self, line: str) -> None:
        """To be called with every line before it is sent. Raises NotReadingError."""
        if self._until is not None and not self.reads(line):
            raise NotReadingError(line)

    def _type(self, text: str) -> None:
        try:
            self.write_channel(text)
        except OSError as error:
            raise SessionEndedError("the session is closed") from error

    def _receive(self, deadline: float, quiet: float | None = None) -> bool:
        """Wait for more in ``_buffer``; False when nothing came within ``quiet`` seconds.

        Raises SessionEndedError at the deadline (of ``time.monotonic``) and at the end.
        """
        if self._until is not None:
            deadline = min(deadline, self._until)
        left = deadline - time.monotonic()
        seconds = max(left if quiet is None else min(left, quiet), 0.001)
        try:
            text = self._waiting.wait(seconds)
        except TimeoutError as error:
            if quiet is not None and left > quiet:
                return False
            raise SessionEndedError("the device did not answer in time") from error
        except OSError as error:
            raise SessionEndedError("the session broke") from error
        self._received += len(text)
        if self._until is not None and self._received > FLOOD:
            raise SessionEndedError("the device sends without end")
        self._heard.append(text)
        self._buffer += text
        self._reply()
        return True

    def _reply(self) -> None:
        """Answer what the device asks while it is listened to (paging, confirmations)."""
