"""A terminal line of an IOS switch: echo, editing, prompts, pages, and one line after another."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from provisioner.lab.devices.device import Session
from provisioner.lab.devices.ios.commands import narrowing, resolve, words_after
from provisioner.lab.devices.ios.settings import Interface, Running
from provisioner.lab.devices.ios.words import RefusedLineError, UnknownWordError

if TYPE_CHECKING:
    from provisioner.lab.devices.ios.switch import IosDevice

_PROMPT_NAME = 20
"""Of the hostname, this much stands in the prompt of configuration modes."""
_MORE = " --More-- "
_WIPE = "\b" * 9 + " " * 8 + "\b" * 9
_LEAVING = re.compile(r"(end|exit|do\s.*)$", re.IGNORECASE)


class ClosedError(Exception):
    """The client is gone, or has said goodbye."""


class Terminal:
    """One session. ``mode`` '' is exec; ``chosen`` are the interfaces or VLANs being configured."""

    def __init__(self, device: IosDevice, session: Session, number: int) -> None:
        self.device = device
        self.session = session
        self.number = number
        self.mode = ""
        self.chosen: list[Any] = []
        self.privileged = device.enable_password is None
        self.length = 24
        self.width = 80
        self.armed = False
        self._keys = ""
        self._typed = ""
        self._after_return = False
        self._left = False
        self._warning = ""

    # ------------------------------------------------- where it is

    @property
    def user(self) -> str:
        return self.session.user

    @property
    def running(self) -> Running:
        return self.device.running

    @property
    def interfaces(self) -> list[Interface]:
        """Those being configured."""
        known = self.running.interfaces
        return [known[name] for name in self.chosen if name in known]

    def enter(self, mode: str, chosen: Sequence[object] = ()) -> None:
        self.mode, self.chosen = mode, list(chosen)

    def changed(self) -> str:
        """To be called after each change; there is nothing to say about it."""
        self.device.changed(self.user)
        return ""

    def leave(self) -> None:
        self._left = True

    def warn_soon(self) -> None:
        """Say, after the next prompt, that the change will be taken back in a minute."""
        self._warning = (
            "Rollback Confirmed Change: Rollback will begin in one minute.\n"
            'Enter "configure confirm" if you wish to keep what you\'ve configured\n'
        )

    # ------------------------------------------------- in and out

    def write(self, text: str) -> None:
        self.session.write(text.replace("\n", "\r\n"))

    def prompt(self) -> str:
        name = self.device.running.hostname
        if self.mode:
            return f"{name[:_PROMPT_NAME]}({self.mode})#"
        return f"{name}{'#' if self.privileged else '>'}"

    def interrupt(self, text: str) -> None:
        """The device says something by itself, over what is being typed."""
        self.write(f"\n{text}")

    async def key(self) -> str:
        """The next character. Raises ClosedError at the end."""
        while not self._keys:
            data = await self.session.read()
            if not data:
                raise ClosedError
            self._keys = data.decode("utf-8", "surrogateescape")
        key, self._keys = self._keys[0], self._keys[1:]
        if key == "\n" and self._after_return:
            self._after_return = False
            return await self.key()
        self._after_return = key == "\r"
        return "\n" if key == "\r" else key

    async def ask(self, question: str, *, secret: bool = False, once: bool = False) -> str:
        """What is typed in answer; ``once``: one key is enough."""
        self.write(question)
        answer = ""
        while (key := await self.key()) != "\n":
            if key == "\x03":
                answer = "\x03"
                break
            if key in "\x08\x7f":
                answer = answer[:-1]
                continue
            answer += key
            if once:
                break
            if not secret:
                self.write(key)
        self.write("\n")
        return answer

    def _page(self, text: str) -> list[str]:
        lines = text.splitlines(keepends=True)
        size = max(1, self.width)
        return [part for line in lines for part in re.findall(rf"(?s).{{1,{size}}}\n?|\n", line)]

    async def show(self, text: str) -> None:
        """Write it in pages, as long as more is wanted."""
        if not self.length:
            self.write(text)
            return
        rows = self._page(text)
        room = self.length - 1
        while len(rows) > room:
            self.write("".join(rows[:room]))
            rows = rows[room:]
            self.write(_MORE)
            key = await self.key()
            self.write(_WIPE)
            if key == "\n":
                room = 1
            elif key == " ":
                room = self.length - 1
            else:
                return
        self.write("".join(rows))

    # ------------------------------------------------- the line editor

    async def serve(self) -> None:
        self.write(f"\n{self.prompt()}")
        try:
            while True:
                await self._next()
        except ClosedError:
            return

    async def _next(self) -> None:
        while True:
            self._echo_run()
            key = await self.key()
            if key == "\n":
                self.write("\n")
                typed, self._typed = self._typed, ""
                await self.line(typed)
                if self._left:
                    raise ClosedError
                warning, self._warning = self._warning, ""
                self.write(self.prompt() + warning)
                return
            await self._edit(key)

    def _echo_run(self) -> None:
        """Take as many plain characters as have come, at once."""
        found = re.match(r"[^\x00-\x1f?\x7f]+", self._keys)
        if found:
            self._after_return = False
            self._keys = self._keys[found.end() :]
            self._typed += found[0]
            self.session.write(found[0])

    async def _edit(self, key: str) -> None:
        if key == "\x03":
            self._typed = ""
            self.mode, self.chosen = "", []
            self.write(f"^C\n{self.prompt()}")
        elif key == "\x1a":
            self._typed = ""
            self.write("^Z\n")
            if self.mode:
                await self.line("end")
            self.write(self.prompt())
        elif key in "\x08\x7f":
            if self._typed:
                self._typed = self._typed[:-1]
                self.write("\b \b")
        elif key in "\x15\x18":
            self.write("\b \b" * len(self._typed))
            self._typed = ""
        elif key == "\x16":
            self._typed += (key := await self.key())
            self.session.write(key)
        elif key == "?":
            self.write(f"?\n{self._help()}\n{self.prompt()}{self._typed}")
        elif key == "\t":
            self.write(f"\n{self.prompt()}{self._typed}")
        elif key >= " ":
            self._typed += key
            self.session.write(key)

    def _help(self) -> str:
        return "".join(f"  {word}\n" for word in words_after(self, self._typed))

    # ------------------------------------------------- carrying out

    async def line(self, typed: str) -> None:
        """Carry out one line and write what the device answers."""
        text = typed.strip()
        if not text or text.startswith("!"):
            return
        change = bool(self.mode) and not _LEAVING.match(text)
        refusal = await self.device.begin(text, change=change)
        if refusal is None:
            answer = await self._obey(typed)
        else:
            answer = refusal if refusal.endswith("\n") else f"{refusal}\n"
        self.device.done(text, change=change)
        told = next((e for e in reversed(self.device.transcript) if e.line == text), None)
        if told is not None:
            told.answer = answer
        await self.show(answer)

    async def _obey(self, typed: str) -> str:
        column = len(self.prompt()) + len(typed) - len(typed.lstrip())
        text = typed.strip()
        try:
            text, narrow = self._filter(text)
            act, values = resolve(self, text)
            answer = act(self, *values)
            if inspect.isawaitable(answer):
                answer = await answer
        except UnknownWordError as error:
            caret = " " * (column + error.at)
            return f"{caret}^\n% Invalid input detected at '^' marker.\n\n"
        except RefusedLineError as error:
            return str(error)
        return narrow(str(answer))

    def _filter(self, text: str) -> tuple[str, Callable[[str], str]]:
        command, bar, rest = text.partition("|")
        first = command.split()[:2]
        if first and first[0].lower() == "do":
            first = first[1:]
        if not bar or not first or not "show".startswith(first[0].lower()):
            return text, str
        return command.rstrip(), narrowing(rest, len(command) + 1)
