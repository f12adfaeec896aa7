"""A session with a Linux host: scripts go in over standard input, their answers come out."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Any

import paramiko

from provisioner.drivers.sessions.access import Login, OnlyKnown
from provisioner.drivers.sessions.terminal import RejectedError, SessionEndedError

_READY = b"prov-ready\n"


class Session:
    """See ``batches.Closable``. ``connect`` and ``command``: seconds to log in, and for a script.

    Nothing of this machine is used: no agent, no keys, no known hosts but ours. Where the user is
    not root, sudo makes it so; its password is sent over standard input alone.
    """

    def __init__(self, login: Login, connect: float, command: float) -> None:
        self._login, self._connect, self._command = login, connect, command
        self._client: paramiko.SSHClient | None = None
        self._socket: socket.socket | None = None
        self._shell = "exec sh -s"
        self._password: str | None = None

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
        deadline = time.monotonic() + self._command
        with contextlib.closing(self._channel()) as channel:
            if self._password is not None:
                channel.sendall(f"{self._password}\n".encode())
            channel.shutdown_write()
            self._let_in(channel, deadline)

    def run(self, script: str) -> str:
        """What a script says. Raises SessionEndedError when it is cut short, RejectedError when
        sudo does not let us."""
        deadline = time.monotonic() + self._command
        try:
            channel = self._channel()
            with contextlib.closing(channel):
                if self._password is not None:
                    channel.sendall(f"{self._password}\n".encode())
                if self._shell != "exec sh -s":
                    self._let_in(channel, deadline)
                channel.settimeout(max(deadline - time.monotonic(), 0.001))
                channel.sendall(script.encode())
                channel.shutdown_write()
                said, _ = self._heard(channel, deadline)
        except TimeoutError as error:
            raise SessionEndedError("the device did not answer in time") from error
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise SessionEndedError("the session broke") from error
        return said.decode(errors="replace")

    def _channel(self) -> paramiko.Channel:
        transport = self._client and self._client.get_transport()
        if not transport:
            raise SessionEndedError("the session is closed")
        channel = transport.open_session(timeout=self._connect)
        channel.settimeout(self._connect)
        channel.exec_command(self._shell)
        return channel

    def _let_in(self, channel: paramiko.Channel, deadline: float) -> None:
        said, ended = self._heard(channel, deadline, until=_READY)
        if ended:
            raise RejectedError("sudo", "", said.decode(errors="replace").strip())

    def _heard(
        self, channel: paramiko.Channel, deadline: float, until: bytes | None = None
    ) -> tuple[bytes, bool]:
        """What came, and whether it was all; with ``until``, no more than up to that."""
        said = b""
        while until is None or not said.endswith(until):
            channel.settimeout(max(deadline - time.monotonic(), 0.001))
            data: Any = channel.recv(65536 if until is None else 1)
            if not data:
                return said, True
            said += data
        return said, False

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
