"""One session with a switch: Netmiko's driver, waiting for the answer and not for the clock."""

from __future__ import annotations

import codecs
import re
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import paramiko
from netmiko.channel import SSHChannel
from netmiko.cisco.cisco_ios import CiscoIosSSH

from provisioner.drivers.ios.access import Login, OnlyKnown
from provisioner.drivers.ios.masking import masked

_WIDTH, _HEIGHT = 511, 1000
_PROMPT_LENGTH = 200
_LONG = 60
"""Characters of a line beyond which a terminal of 80 columns might scroll its echo sideways."""
_QUIET = 0.3
"""Seconds of silence after which a prompt under another name is believed."""

_ANY_PROMPT = re.compile(r"(?:^|\n)([A-Za-z0-9][\w.:\-]*)(\([^\s()]+\))?([#>]) ?$")
_AFTER_PROMPT = r"(?:\r*\n|$|(?=Rollback Confirmed Change|[*.]?[A-Z][a-z]{2} +\d|%[A-Z]))"
"""Nothing, or what the device tells by itself while it waits for us."""
_MORE = re.compile(r" ?--More-- ?(?:\x08+ +\x08+|\r +\r)?")
_MORE_WAITS = re.compile(r"--More-- ?$")
_LINE_END = re.compile(r"\r+\n")

_SECRET_WANTED = re.compile(r"assword(:) ?$")
_QUESTION = re.compile(
    r"(?:(?P<enter>\[confirm\]|Destination filename \[[^\]]*\]\?)"
    r"|(?P<yes>proceed\. ?\? \[no\]:)) ?$"
)
"""Those that saving and rolling back ask: return is typed, or yes."""

_REJECTED = re.compile(
    # Everything that begins with a percent sign, but for what only tells of something.
    r"^\s*%(?!\s?(?:Access VLAN does not exist|Warning\b|Generating|[A-Z0-9_]+-\d-[A-Z0-9_]+:))"
    r"|Command rejected|Command authorization failed|authorization failed"
    r"|VTP VLAN configuration not allowed|not allowed in current VTP mode"
    r"|have an identical name|^\s*Translating \"|^ERROR\b|Configuration mode is locked",
    re.MULTILINE | re.IGNORECASE,
)


@cache
def _prompt_of(name: str) -> re.Pattern[str]:
    return re.compile(
        rf"^{re.escape(name)}[\w.:\-]*(\([^\s()]+\))?([#>]) ?{_AFTER_PROMPT}", re.MULTILINE
    )


def rejected(answer: str) -> bool:
    """Whether the device says in ``answer`` that it does not take a line."""
    return _REJECTED.search(answer) is not None


class SessionEndedError(Exception):
    """The switch has closed the session, or has not answered in time."""


class RejectedError(Exception):
    """The switch did not take a line."""

    def __init__(self, line: str, answer: str) -> None:
        super().__init__(line, answer)
        self.line, self.answer = line, answer

    @property
    def reason(self) -> str:
        """The line of the answer that says so."""
        said = [row.strip() for row in self.answer.splitlines()]
        return next((row for row in said if _REJECTED.search(row)), " ".join(said)[:200])


@dataclass(frozen=True)
class _Prompt:
    end: int
    mode: str
    sign: str


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


class Session(CiscoIosSSH):
    """A session in privileged mode, from ``open`` to ``disconnect``; a context manager closes it.

    ``connect`` and ``command``: seconds to log in, and for one line to be answered. Nothing of
    this machine is used: no agent, no keys, no configuration, no known hosts but ours.
    """

    def __init__(self, login: Login, connect: float, command: float) -> None:
        host = login.host
        super().__init__(
            host=host.address,
            port=host.port,
            username=host.user,
            password=host.password,
            secret=host.become_password or "",
            pkey=login.key,
            device_type="cisco_ios",
            ssh_strict=True,
            disabled_algorithms=login.disabled_algorithms,
            conn_timeout=connect,
            banner_timeout=connect,
            auth_timeout=connect,
            auto_connect=False,
        )
        self.login = login
        self.in_configuration = False
        self._command = command
        self._buffer = ""
        self._answer = ""
        self._scanned = 0
        self._heard: list[str] = []
        self._name = ""
        self._socket: socket.socket | None = None
        self.remote_conn_pre = None

    # ------------------------------------------------- connecting

    def __enter__(self) -> Session:
        return self

    def open(self) -> None:
        """Connect, log in, become privileged.

        Raises OSError, paramiko's SSHException and its kinds, SessionEndedError, RejectedError
        (``enable`` was not granted).
        """
        try:
            self.establish_connection(_WIDTH, _HEIGHT)
            self.session_preparation()
        except BaseException:
            self.disconnect()
            raise

    def _build_ssh_client(self) -> paramiko.SSHClient:
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(OnlyKnown())
        self.login.pin(client)
        return client

    def establish_connection(self, width: int = _WIDTH, height: int = _HEIGHT) -> None:
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

    def session_preparation(self) -> None:
        """Find out the prompt, once, and become privileged where that is not so yet."""
        prompt = self._until_prompt(time.monotonic() + self.conn_timeout)
        if prompt.sign == ">":
            self._become()

    def _become(self) -> None:
        self._type("enable\n")
        deadline = time.monotonic() + self.conn_timeout
        self._echo("enable", deadline)
        prompt = self._until_prompt(deadline, _SECRET_WANTED)
        if prompt.sign == ":":
            self._type(f"{self.secret}\n")
            prompt = self._until_prompt(deadline, _SECRET_WANTED)
        if prompt.sign != "#":
            raise RejectedError("enable", "the enable secret was not accepted")

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

    # ------------------------------------------------- speaking

    def ask(self, line: str, seconds: float | None = None) -> str:
        """Send one line and return its answer, without echo and prompt.

        What the device echoes has to be the line. Raises SessionEndedError.
        """
        deadline = time.monotonic() + (seconds or self._command)
        self._type(f"{line}\n")
        self._echo(line, deadline)
        prompt = self._until_prompt(deadline)
        self.in_configuration = prompt.mode.startswith("(config")
        return self._answer.rstrip("\n")

    def tell(self, line: str, seconds: float | None = None) -> str:
        """Like ``ask``; raises RejectedError where the device does not take the line."""
        answer = self.ask(line, seconds)
        if rejected(answer):
            raise RejectedError(line, answer)
        return answer

    def configure(self, lines: Sequence[str], timer: int = 0) -> None:
        """Send lines in configuration mode, under a revert timer of so many minutes if not 0.

        Configuration mode is left whatever happens, as long as there is a session.
        """
        if any(len(line) > _LONG for line in lines):
            self.ask(f"terminal width {_WIDTH}")
        enter = "configure terminal" + (f" revert timer {timer}" if timer else "")
        try:
            answer = self.tell(enter)
            if not self.in_configuration:
                raise RejectedError(enter, answer)
            for line in lines:
                self.tell(line)
        except SessionEndedError:
            raise  # nobody is left to be told
        except BaseException:
            if self.in_configuration:
                self.ask("end")
            raise
        self.tell("end")

    def save(self, seconds: float) -> None:
        """Copy the running configuration to where it survives a reboot."""
        answer = self.tell("write memory", seconds)
        if "[OK]" not in answer:
            raise RejectedError("write memory", answer)

    def transcript(self, secrets: Sequence[str] = ()) -> str:
        """All that was said, without secrets."""
        text = _LINE_END.sub("\n", "".join(self._heard))
        return masked(text, (self.password, self.secret, *secrets))

    # ------------------------------------------------- typing and listening

    def _type(self, text: str) -> None:
        try:
            self.write_channel(text)
        except OSError as error:
            raise SessionEndedError("the session is closed") from error

    def _receive(self, deadline: float, quiet: float | None = None) -> bool:
        """Wait for more; False when nothing came within ``quiet`` seconds."""
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
        self._heard.append(text)
        self._buffer += text
        self._reply()
        return True

    def _reply(self) -> None:
        tail = self._buffer[-_PROMPT_LENGTH:]
        if _MORE_WAITS.search(tail):
            self._type(" ")
        elif asked := _QUESTION.search(tail):
            self._type("\n" if asked["enter"] else "y\n")

    def _echo(self, line: str, deadline: float) -> None:
        """Read up to the end of the line as the device got it: it has to be the one sent.

        What the device tells by itself before that is passed over.
        """
        self._scanned = 0
        while True:
            row, end, rest = self._buffer.partition("\n")
            if not end:
                self._receive(deadline)
                continue
            self._buffer = rest
            got = row.strip("\r ")
            if got == line or got.endswith((f"#{line}", f">{line}")):
                return

    def _until_prompt(self, deadline: float, question: re.Pattern[str] | None = None) -> _Prompt:
        """Read up to the prompt, or up to ``question``; its sign is the question's first group."""
        while True:
            if prompt := self._prompt():
                self._take(prompt.end)
                return prompt
            if question and (asked := question.search(self._buffer)):
                self._take(len(self._buffer))
                return _Prompt(0, "", asked[1])
            other = _ANY_PROMPT.search(self._buffer[-_PROMPT_LENGTH:])
            if other is None:
                self._receive(deadline)
            elif not self._name or not self._receive(deadline, _QUIET):
                # The first one, or the one under a new name after which nothing comes. Should it
                # have been a line of a banner, the next one is believed in the same way.
                self._name = other[1]

    def _prompt(self) -> _Prompt | None:
        """The prompt in the buffer, under the name known so far; it may be cut at 20 characters."""
        if not self._name:
            return None
        line = self._buffer.rfind("\n", 0, self._scanned) + 1
        found = _prompt_of(self._name[:16]).search(self._buffer, line)
        self._scanned = max(0, len(self._buffer) - _PROMPT_LENGTH)
        return _Prompt(found.end(), found[1] or "", found[2]) if found else None

    def _take(self, end: int) -> None:
        """Move what has been read from the buffer into the answer."""
        text = _LINE_END.sub("\n", _MORE.sub("", self._buffer[:end]))
        self._answer = text[: text.rfind("\n", 0, len(text.rstrip("\n"))) + 1]
        self._buffer = self._buffer[end:]
        self._scanned = 0
