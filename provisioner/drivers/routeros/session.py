"""One session with a router: Netmiko's driver, and an answer to every line that proves itself."""

from __future__ import annotations

import re
import time

from netmiko.mikrotik.mikrotik_ssh import MikrotikRouterOsSSH

from provisioner.drivers.routeros.examining_lines import reads
from provisioner.drivers.routeros.masking import masked
from provisioner.drivers.sessions.access import Login
from provisioner.drivers.sessions.terminal import RejectedError, SessionEndedError, Terminal
from provisioner.errors import ActionNeeded
from provisioner.texts import Message, say

SUFFIX = "+ct511w4098h"
"""Behind the user's name: no colours, no detection, so many columns and rows."""
_QUIET = 0.3
"""Seconds of silence after which a prompt without its proof is believed."""
_SURE = 0.03
_PROMPT_LENGTH = 400

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[()][A-Z0-9]|[=>78MDEHcZ])")
_PART_OF_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[()])?$")
_PROMPT = re.compile(
    r"(?:^|\n) ?\[[^\]\n]+@[^\n]*?\] (?:<SAFE> )?[a-z0-9 /-]*(?:(?:<SAFE> ?)?>|<SAFE>) ?$"
)
_PAGE = re.compile(r"-- \[Q quit[^\]]*\]$")
_FIRST_SCREEN = (
    (re.compile(r"new password> ?$"), say("it asks for a new password")),
    (re.compile(r"software license\?[^\n]*$"), say("it asks whether to show its licence")),
    (re.compile(r"type \"r\" to remove|default configuration type \"r\""),
     say("it shows its default configuration")),
    (re.compile(r"press \"Enter\" to continue! ?$", re.IGNORECASE),
     say("it tells that it has no licence")),
)  # fmt: skip
_FULL = re.compile(r"too many|maximum number of|session limit", re.IGNORECASE)
_POPPED_UP = re.compile(
    r"^(?:(?:[a-z]{3}/\d\d(?:/\d{4})?|\d{4}-\d\d-\d\d) )?\d\d:\d\d:\d\d echo: .*$"
    r"|^\(?\d+ messages? (?:not shown|discarded)\)?$",
)
_REJECTED = re.compile(
    r"^\s*(?:bad command name|bad parameter|bad argument|expected |syntax error|failure:|no such "
    r"|input does not match|invalid |value of .* (?:out of range|must|should|expects|contains)"
    r"|ambiguous |not enough permissions|missing |error:|unknown |couldn't |can't |cannot "
    r"|action (?:failed|timed out|cancelled)|already have|duplicate |interrupted|timeout"
    r"|doesn't match|range of |must be |permission denied|std failure|script error|not permitted"
    r"|password is incorrect|access denied|Script Error)",
    re.IGNORECASE,
)
_SAFE_TAKEN = re.compile(r"\[Safe Mode taken\]", re.IGNORECASE)
_SAFE_GIVEN = re.compile(r"\[Safe Mode (?:released|off)\]", re.IGNORECASE)
_SAFE_HELD = re.compile(r"Hijacking Safe Mode from (?P<who>.+?) - .*?\[u/r/d\]:? ?$", re.MULTILINE)
_CTRL_X = "\x18"


def rejected(answer: str) -> str | None:
    """What a router says about a line that it does not take; None where it says nothing such."""
    return next((row.strip() for row in answer.splitlines() if _REJECTED.match(row)), None)


class Session(Terminal, MikrotikRouterOsSSH):
    """A session at the console, from ``open`` to ``disconnect``.

    Every line ends with the output of a number that only this line prints, computed so that its
    echo does not show it. Whatever is redrawn, coloured, broken or told in between: the line was
    carried out if, and only if, that number came.
    """

    device_kind = "mikrotik_routeros"
    hide = staticmethod(masked)

    def __init__(self, login: Login, connect: float, command: float) -> None:
        super().__init__(login, connect, command)
        self.username = bare_user(self.username) + SUFFIX
        self._count = 0
        self.began = time.monotonic()
        self.login_seconds = 0.0
        """How long it took until the first prompt."""

    def open(self) -> None:
        """See ``Terminal.open``."""
        self.began = time.monotonic()
        super().open()
        self.login_seconds = time.monotonic() - self.began

    def reads(self, line: str) -> bool:
        """See ``Terminal.reads``."""
        return reads(line)

    # ------------------------------------------------- connecting

    def session_preparation(self) -> None:
        """Wait for the first prompt. Raises ActionNeeded for screens that a person has to see."""
        deadline = time.monotonic() + self.conn_timeout
        while True:
            text = self._clean()
            if _FULL.search(text) and not _PROMPT.search(text):
                raise SessionEndedError("all of its sessions are taken")
            if _PROMPT.search(text[-_PROMPT_LENGTH:]):
                return
            for pattern, why in _FIRST_SCREEN:
                if pattern.search(text) and not self._receive(deadline, _QUIET):
                    raise _first_screen(self.login.host.name, why)
            self._receive(deadline)

    # ------------------------------------------------- speaking

    def ask(self, line: str, seconds: float | None = None) -> str:
        """Send one line; its answer, without echo, prompt and what popped up.

        Raises SessionEndedError, and RejectedError where the line was not carried out.
        """
        self._guard(line)
        self._count += 1
        number = str(self._count)
        deadline = time.monotonic() + (seconds or self._command)
        self._buffer = ""
        self._type(f'{line}; :put ("ok-" . "{number}")\r\n')
        answer, proven = self._answer(number, deadline)
        if not proven:
            raise RejectedError(line, answer, rejected(answer) or " ".join(answer.split())[:200])
        return answer

    def tell(self, line: str, seconds: float | None = None) -> str:
        """Like ``ask`` for a line that says nothing; what sounds like a refusal counts as one."""
        answer = self.ask(line, seconds)
        if why := rejected(answer):
            raise RejectedError(line, answer, why)
        return answer

    def safe_mode_of(self) -> str | None:
        """Who holds the configuration in safe mode, '' for somebody; None: nobody does.

        Takes it for a moment and gives it back; what another holds is not touched.
        """
        self._guard(_CTRL_X)
        deadline = time.monotonic() + self._command
        self._buffer = ""
        self._type(_CTRL_X)
        while True:
            text = self._clean()
            if held := _SAFE_HELD.search(text):
                self._type("d")
                self._until_prompt(deadline, len(text))
                return "" if held["who"] == "someone" else held["who"]
            if _SAFE_TAKEN.search(text) and _PROMPT.search(text):
                break
            self._receive(deadline)
        self._buffer = ""
        self._type(_CTRL_X)
        while not (_SAFE_GIVEN.search(self._clean()) and _PROMPT.search(self._clean())):
            self._receive(deadline)
        return None

    # ------------------------------------------------- listening

    def _answer(self, number: str, deadline: float) -> tuple[str, bool]:
        """What stands between the echo and the proof; or, without a proof, before the prompt."""
        tail = r"\n?".join(map(re.escape, f'"{number}")'))  # a long line may have been broken
        echo = re.compile(rf"{tail} *\n")
        proof = re.compile(rf"^ok-{number} *$", re.MULTILINE)
        while True:
            if not _PROMPT.search(_cleaned(self._buffer[-2 * _PROMPT_LENGTH :])):
                self._receive(deadline)  # nothing else is looked for: it may be a flood
                continue
            text = self._clean()
            if proven := proof.search(text):
                begins = [found.end() for found in echo.finditer(text, 0, proven.start())]
                self._until_prompt(deadline, proven.end())
                return _told(text[begins[-1] if begins else 0 : proven.start()]), True
            begun = echo.search(text)
            ended = begun and _PROMPT.search(text[begun.end() - 1 :][-_PROMPT_LENGTH:])
            if begun and ended and not self._receive(deadline, self._patience(text)):
                if not proof.search(self._clean()):
                    return _told(text[begun.end() :]), False
            elif not ended:
                self._receive(deadline)

    def _patience(self, text: str) -> float:
        """A line that only reads and was refused in plain words will not be proven later."""
        return _SURE if self._until is not None and rejected(text) else _QUIET

    def _until_prompt(self, deadline: float, start: int) -> None:
        while not _PROMPT.search(self._clean()[start:]):
            self._receive(deadline)

    def _clean(self) -> str:
        """The buffer without colours and cursor moves; every kind of line end is one."""
        return _cleaned(self._buffer)

    def _reply(self) -> None:
        if _PAGE.search(self._buffer[-100:].rstrip()):
            self._type("D")
            self._buffer = self._buffer[: self._buffer.rindex("-- [Q quit")]


def _cleaned(text: str) -> str:
    text = _ANSI.sub("", _PART_OF_ANSI.sub("", text))
    return re.sub(r"\r*\n|\r", "\n", text)


def bare_user(name: str) -> str:
    """The user without what a console's options have been written behind."""
    return name.partition("+")[0]


def _told(text: str) -> str:
    """Rows of an answer; without what the device tells by itself, and without its prompt."""
    rows = [row.rstrip() for row in text.split("\n") if not _POPPED_UP.match(row)]
    while rows and (not rows[-1] or _PROMPT.fullmatch(f"{rows[-1]} ")):
        rows.pop()
    while rows and not rows[0]:
        del rows[0]
    return "\n".join(rows)


def _first_screen(host: str, why: Message) -> ActionNeeded:
    return ActionNeeded(
        say("%(host)s does not come to its prompt: %(why)s.", host=host, why=why),
        meaning=say("Nobody has finished setting it up yet. Nothing was changed on it."),
        next=say("Log in to it by hand, answer what it asks, set a password; then retry."),
        who="administrator",
    )
