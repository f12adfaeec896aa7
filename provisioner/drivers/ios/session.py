"""One session with a switch: Netmiko's driver, waiting for the answer and not for the clock."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from netmiko.cisco.cisco_ios import CiscoIosSSH

from provisioner.drivers.ios.masking import masked
from provisioner.drivers.sessions.access import Login
from provisioner.drivers.sessions.terminal import WIDTH, RejectedError, SessionEndedError, Terminal

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
    r"|(?P<yes>(?:proceed\. ?\?|delete all entries\?) \[no\]:)) ?$"
)
"""Those that saving and rolling back ask: return is typed, or yes."""

_LOGGED = re.compile(
    r"^(?:\d+: )?(?:[*.]?[A-Z][a-z]{2} +\d+ [^%\n]{0,40}: )?%[A-Z0-9_]+-\d-[A-Z0-9_]+: .*\n?",
    re.MULTILINE,
)
"""What it reports by itself meanwhile."""

_STAMPED = re.compile(r"\ALoad for five secs: .*\n(?:(?:Time source is|No time source).*\n)?\n?")
"""What stands before every answer where a line says ``exec prompt timestamp``."""

_NOT_PLAIN = re.compile(r"[^ -~]")
_READS = re.compile(
    r"show (?!te(?:c\S*)?(?: |$))[\w.:/ -]+"
    r"|ping [\w.-]+(?: (?:repeat|timeout) \d{1,2}){0,2}"
    r"|terminal (?:length|width) \d{1,3}|enable|disable|exit|logout"
)
"""Lines that change nothing; ``show tech`` keeps an old switch busy for minutes."""
_NARROWS = re.compile(r" ?(?:include|exclude|begin|section|count) \S")
_WRITES = re.compile(r"\s*(?:r(?:e\w*)?|t(?:e\w*)?|a(?:p\w*)?)\s+\S", re.IGNORECASE)
"""``redirect``, ``tee`` and ``append`` after a further pipe, in any length."""

_REJECTED = re.compile(
    # Everything that begins with a percent sign, but for what only tells of something.
    r"^\s*%(?!\s?(?:Access VLAN does not exist|Not all config may be removed|Warning\b"
    r"|Generating|[A-Z0-9_]+-\d-[A-Z0-9_]+:))"
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


def refused(line: str, answer: str) -> RejectedError:
    said = [row.strip() for row in answer.splitlines()]
    reason = next((row for row in said if _REJECTED.search(row)), " ".join(said)[:200])
    return RejectedError(line, answer, reason)


@dataclass(frozen=True)
class _Prompt:
    end: int
    mode: str
    sign: str


class Session(Terminal, CiscoIosSSH):
    """A session in privileged mode, from ``open`` to ``disconnect``."""

    device_kind = "cisco_ios"
    hide = staticmethod(masked)

    def __init__(self, login: Login, connect: float, command: float) -> None:
        super().__init__(login, connect, command)
        self.in_configuration = False
        self._answer = ""
        self._scanned = 0
        self._name = ""
        self.login_seconds = 0.0
        """How long ``open`` took."""

    def __enter__(self) -> Session:
        return self

    # ------------------------------------------------- connecting

    def open(self) -> None:
        """See ``Terminal``."""
        began = time.monotonic()
        super().open()
        self.login_seconds = time.monotonic() - began

    def reads(self, line: str) -> bool:
        """``show`` without what writes files, ``ping``, and what concerns this terminal alone."""
        command, *pipes = line.split("|")
        if _NOT_PLAIN.search(line) or not _READS.fullmatch(command.strip()):
            return False
        if pipes and not (command.startswith("show ") and _NARROWS.match(pipes[0])):
            return False
        return not any(_WRITES.match(each) for each in pipes)

    def session_preparation(self) -> None:
        """Find out the prompt, once, and become privileged where that is not so yet."""
        prompt = self._until_prompt(time.monotonic() + self.conn_timeout)
        if prompt.sign == ">":
            self._become()

    def _become(self) -> None:
        self._guard("enable")
        self._type("enable\n")
        deadline = time.monotonic() + self.conn_timeout
        self._echo("enable", deadline)
        prompt = self._until_prompt(deadline, _SECRET_WANTED)
        if prompt.sign == ":":
            self._type(f"{self.secret}\n")
            prompt = self._until_prompt(deadline, _SECRET_WANTED)
        if prompt.sign != "#":
            raise refused("enable", "the enable secret was not accepted")

    # ------------------------------------------------- speaking

    def ask(self, line: str, seconds: float | None = None) -> str:
        """Send one line and return its answer, without echo and prompt.

        What the device echoes has to be the line. Raises SessionEndedError.
        """
        return _STAMPED.sub("", _LOGGED.sub("", self.hear(line, seconds))).rstrip("\n")

    def hear(self, line: str, seconds: float | None = None) -> str:
        """Like ``ask``, but with what it tells by itself: its log looks the same."""
        self._guard(line)
        deadline = time.monotonic() + (seconds or self._command)
        self._type(f"{line}\n")
        self._echo(line, deadline)
        prompt = self._until_prompt(deadline)
        self.in_configuration = "config" in prompt.mode
        return self._answer.rstrip("\n")

    def tell(self, line: str, seconds: float | None = None) -> str:
        """Like ``ask``; raises RejectedError where the device does not take the line."""
        answer = self.ask(line, seconds)
        if rejected(answer):
            raise refused(line, answer)
        return answer

    def configure(self, lines: Sequence[str], timer: int = 0) -> None:
        """Send lines in configuration mode, under a revert timer of so many minutes if not 0.

        Configuration mode is left whatever happens, as long as there is a session.
        """
        if any(len(line) > _LONG for line in lines):
            self.ask(f"terminal width {WIDTH}")
        enter = "configure terminal" + (f" revert timer {timer}" if timer else "")
        try:
            answer = self.tell(enter)
            if not self.in_configuration:
                raise refused(enter, answer)
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
            raise refused("write memory", answer)

    # ------------------------------------------------- typing and listening

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
