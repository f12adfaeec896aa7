"""A terminal of a RouterOS device: login pages, echo and repaint, safe mode, line after line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from provisioner.lab.devices.device import Session
from provisioner.lab.devices.routeros.everywhere import ReturnedError
from provisioner.lab.devices.routeros.menus import Path, children
from provisioner.lab.devices.routeros.reading import Reader
from provisioner.lab.devices.routeros.running import Run
from provisioner.lab.devices.routeros.store import Item
from provisioner.lab.devices.routeros.tree import Script
from provisioner.lab.devices.routeros.words import (
    LeftError,
    RefusedError,
    UnfinishedError,
    WrittenWrongError,
    text_of,
)

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import RouterOsDevice

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_CHANGING = re.compile(
    r"(?<![:\w.-])(?:add|set|remove|enable|disable|comment|move|unset|run|reboot|provision)\b(?!=)"
)
_ESCAPE = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z~]?|O.|.)?")
_HIJACK = "Hijacking Safe Mode from someone - unroll/release/don't take it [u/r/d]: "
_MORE = "-- [Q quit|D dump|down]"


def changing(line: str) -> bool:
    """Whether a line belongs to a change."""
    return _CHANGING.search(_QUOTED.sub('""', line)) is not None


class ClosedError(Exception):
    """The client is gone, or has said goodbye."""


class Terminal:
    """One session; what follows `+` in the user's name says how it shows itself."""

    def __init__(self, device: RouterOsDevice, session: Session) -> None:
        self.device = device
        self.session = session
        self.user, _, suffix = session.user.partition("+")
        sizes = dict(re.findall(r"(\d+)([wh])", suffix))
        by_kind = {kind: int(size) for size, kind in sizes.items()}
        self.width, self.height = by_kind.get("w", 80), by_kind.get("h", 24)
        letters = re.sub(r"\d+[wh]", "", suffix)
        self.colours, self.detects = "c" not in letters, "t" not in letters
        self.path: Path = ()
        self.numbers: dict[Path, list[Item]] = {}
        self._keys = ""
        self._typed = ""
        self._before = ""
        self._after_return = False
        self._goodbye = False

    # ------------------------------------------------- in and out

    @property
    def safe(self) -> bool:
        return self.device.held is not None and self.device.held.owner is self

    def prompt(self) -> str:
        where = ("/" if self.device.major >= 7 else " ").join(self.path)
        where = f"/{where}" if where else ""
        space = "" if where else " "
        safe = f"{space}<SAFE>{' ' if not where else ''}" if self.safe else space
        return f"[{self.user}@{self.device.identity}]{' ' if where else ''}{where}{safe}> "

    def write(self, text: str) -> None:
        self.session.write(text.replace("\n", "\r\n"))

    def _paint(self) -> str:
        if not self.colours:
            return self.prompt()
        name = f"\x1b[m\x1b[36m{self.user}\x1b[m@\x1b[m\x1b[32m{self.device.identity}\x1b[m"
        return self.prompt().replace(f"{self.user}@{self.device.identity}", name, 1)

    def _show_prompt(self) -> None:
        self._typed = ""
        end = "\x1b[K" if self.colours else ""
        self.session.write(f"\r\r\r\r{self._paint()}{end}")

    async def key(self) -> str:
        """The next character. Raises ClosedError at the end."""
        while True:
            if self._keys.startswith("\x1b"):
                found = _ESCAPE.match(self._keys)
                self._keys = self._keys[found.end() if found else 1 :]
            if not self._keys:
                data = await self.session.read()
                if not data:
                    raise ClosedError
                self._keys = data.decode("utf-8", "surrogateescape")
                continue
            key, self._keys = self._keys[0], self._keys[1:]
            if key == "\n" and self._after_return:
                self._after_return = False
                continue
            self._after_return = key == "\r"
            return "\n" if key == "\r" else key

    # ------------------------------------------------- beginning and end

    async def serve(self) -> None:
        try:
            await self._welcome()
            self._show_prompt()
            self.session.write(f"\r{self._paint()}")
            while True:
                await self._next()
        except ClosedError:
            return

    async def _welcome(self) -> None:
        if self.detects:
            self.session.write("\x1bZ  \b\b\x1b[6n")
        if self.device.first_login == "licence":
            self.write("\nDo you want to see the software license? [Y/n]: ")
            if (await self.key()).lower() != "n":
                self.write("\nMIKROTIK SOFTWARE LICENCE AGREEMENT\n")
            self.write("\n")
        year = "2024" if self.device.major >= 7 else "2023"
        self.write(
            f"\n\n  MikroTik RouterOS {self.device.version} (c) 1999-{year}"
            "       https://www.mikrotik.com/\n\n"
        )
        self.write("Press F1 for help\n\n" if self.device.major >= 7 else "[?]  Gives help\n\n")
        note = self.device.store.singles.get("system note", {}).get("note")
        if note:
            self.write(f"{note}\n\n")
        if self.device.first_login == "password":
            await self._new_password()

    async def _new_password(self) -> None:
        self.write("Change your password\n\nnew password> ")
        while (key := await self.key()) not in "\x03\n":
            self.write("*" if key >= " " else "")
        self.write("\n")
        if key == "\n":
            self.write("repeat new password> ")
            while await self.key() not in "\x03\n":
                self.write("*")
            self.write("\nPassword changed\n")
            self.device.first_login = ""

    def ended(self) -> None:
        """The session is over: what was done in safe mode is undone, unless it was left well."""
        if self.safe:
            if self._goodbye:
                self.device.held = None
            else:
                self.device.unroll()

    # ------------------------------------------------- the line editor

    async def _next(self) -> None:
        self._echo_run()
        key = await self.key()
        if key == "\n":
            await self._entered()
        elif key == "\x03":
            self._before = ""
            self.write("\n")
            self._show_prompt()
        elif key == "\x04":
            if not self._typed:
                raise ClosedError
        elif key == "\x18":
            await self._safe_mode()
        elif key in "\x08\x7f":
            if self._typed:
                self._typed = self._typed[:-1]
                self._repaint("\b \b")
        elif key == "\x15":
            self._typed = ""
            self._repaint(f"\r{self._paint()}\x1b[K")
        elif key == "?" and not self._typed.endswith("\\"):
            self.write(f"\n{self._help()}\n")
            self.session.write(f"\r{self._paint()}{self._typed}")
        elif key >= " ":
            self._typed += key
            self._repaint(key)

    def _echo_run(self) -> None:
        """Take as many plain characters as have come, at once."""
        found = re.match(r"[^\x00-\x1f?\x7f]+", self._keys)
        if found:
            self._after_return = False
            self._keys = self._keys[found.end() :]
            self._typed += found[0]
            self._repaint(found[0])

    def _repaint(self, added: str) -> None:
        """Show what was typed; what is too long for the row is scrolled out of it."""
        room = self.width - len(self.prompt()) - 1
        if len(self._typed) >= room:
            self.session.write(f"\r{self._paint()}<{self._typed[-max(room - 1, 1) :]}")
        elif self.colours:
            self.session.write(f"\r{self._paint()}\x1b[m{self._typed}\x1b[K")
        else:
            self.session.write(added)

    def _help(self) -> str:
        device = self.device
        menu = device.grammar.menu(self.path)
        words = [*children(device.major, device.packages, self.path), *menu.all_verbs()]
        return "".join(f"{word} -- \n" for word in sorted(set(words)))

    async def _entered(self) -> None:
        typed = self._typed
        room = self.width - len(self.prompt()) - 1
        again = f"\r{self._paint()}{typed}" if len(typed) < room and not self._before else ""
        self.session.write(f"{again}\r\n\r")
        source = self._before + typed
        self._before = ""
        reader = Reader(source, self.device.grammar, self.path)
        script: Script | WrittenWrongError
        try:
            if re.search(r"(?<!\\)(?:\\\\)*\\$", source):
                raise UnfinishedError("\\")
            script = reader.read()
        except UnfinishedError as open_:
            self._before, self._typed = source + "\n", ""
            self.session.write(f"{open_}... ")
            return
        except WrittenWrongError as error:
            script = error
        if source.strip():
            await self._line(source, script, reader.path)
        self._show_prompt()

    # ------------------------------------------------- carrying out

    async def _line(self, source: str, script: Script | WrittenWrongError, path: Path) -> None:
        text = source.strip()
        change = changing(text)
        refusal = await self.device.begin(text, change=change)
        output: list[str] = []
        if refusal is not None:
            output.append(f"{refusal}\n")
        elif isinstance(script, WrittenWrongError):
            output.append(f"{script.told(source)}\n")
        else:
            await self._carry_out(script, output)
            self.path = path
        self.device.done(text, change=change)
        answer = "".join(output)
        told = next((e for e in reversed(self.device.transcript) if e.line == text), None)
        if told is not None:
            told.answer = answer
        await self._show(answer, source)
        if self._goodbye:
            raise ClosedError

    async def _carry_out(self, script: Script, output: list[str]) -> None:
        run = Run(self.device, self.user, output.append, self.width, self.numbers)
        try:
            await run.script(script)
        except RefusedError as error:
            output.append(f"{error}\n")
        except ReturnedError as answer:
            output.append(f"{text_of(answer.value)}\n")
        except LeftError:
            self._goodbye = True
            output.append("interrupted\n")

    async def _show(self, text: str, source: str) -> None:
        if "without-paging" in source:
            self.write(text)
            return
        rows = text.splitlines(keepends=True)
        while len(rows) >= self.height:
            self.write("".join(rows[: self.height - 1]) + _MORE)
            rows = rows[self.height - 1 :]
            key = (await self.key()).lower()
            self.session.write("\r" + " " * len(_MORE) + "\r")
            if key == "q":
                return
            if key == "d":
                break
        self.write("".join(rows))

    async def _safe_mode(self) -> None:
        held = self.device.held
        if held is None:
            self.device.take_safe_mode(self, self.user)
            self.write("\n[Safe Mode taken]\n")
        elif held.owner is self:
            self.device.held = None
            self.write("\n[Safe Mode released]\n")
        else:
            await self._hijack()
        typed = self._typed
        self._show_prompt()
        self._typed = typed
        self.session.write(typed)

    async def _hijack(self) -> None:
        self.write(f"\n{_HIJACK}")
        while (key := (await self.key()).lower()) not in "urd\x03":
            continue
        self.write(f"{key}\n" if key >= " " else "\n")
        held = self.device.held
        if key not in "ur" or held is None:
            return
        if key == "u":
            self.device.unroll()
        if held.owner is not None:
            held.owner.session.write("\r\n[Safe mode released by another user]\r\n")
        self.device.take_safe_mode(self, self.user)
        self.write("[Safe Mode taken]\n")


async def once(device: RouterOsDevice, source: str) -> str:
    """What a command given with the connection itself answers."""
    text, output = source.strip(), list[str]()
    refusal = await device.begin(text, change=changing(text))
    if refusal is not None:
        output.append(f"{refusal}\n")
    else:
        run = Run(device, "provisioner", output.append, 511)
        try:
            await run.script(Reader(source, device.grammar).read())
        except WrittenWrongError as error:
            output.append(f"{error.told(source)}\n")
        except UnfinishedError:
            output.append("syntax error\n")
        except RefusedError as error:
            output.append(f"{error}\n")
        except (LeftError, ReturnedError):
            pass
    device.done(text, change=changing(text))
    return "".join(output).replace("\n", "\r\n")
