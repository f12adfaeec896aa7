"""A plain SSH client of simulated devices, as a person at a terminal would use them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncssh

from provisioner.drivers.network import Host
from provisioner.lab.devices.lab import DeviceLab

PROMPT = re.compile(r"(?:^|[\r\n\x08])[\w.-]+(?:\([\w-]+\))?[#>]$")
PATIENCE = 5.0


@dataclass
class Typist:
    """One interactive session."""

    process: asyncssh.SSHClientProcess[str]

    async def until(self, pattern: re.Pattern[str] = PROMPT) -> str:
        """Everything that comes until the pattern stands at its end. Raises TimeoutError."""
        text = ""
        async with asyncio.timeout(PATIENCE):
            while not pattern.search(text):
                more = await self.process.stdout.read(4096)
                if not more:
                    raise ConnectionResetError(text)
                text += more
        return text

    async def type(self, text: str, pattern: re.Pattern[str] = PROMPT) -> str:
        """Type it, wait for the pattern, and give what came, newlines only."""
        self.process.stdin.write(text)
        return (await self.until(pattern)).replace("\r\n", "\n")

    async def line(self, text: str) -> str:
        """What the device answers to a line, without its echo and the next prompt."""
        whole = await self.type(text + "\r")
        return whole.split("\n", 1)[1].rpartition("\n")[0] + "\n" if "\n" in whole else whole

    async def lines(self, *texts: str) -> str:
        answers = [await self.line(text) for text in texts]
        return answers[-1]


def connecting(host: Host, **options: object) -> asyncssh.connection._ACMWrapper:  # type: ignore[type-arg]
    """A connection without any trust; ``known_hosts`` and others may be given."""
    return asyncssh.connect(
        host.address,
        host.port,
        **{
            "username": host.user,
            "password": host.password,
            "known_hosts": None,
            "config": None,
            "client_keys": None,
            **options,
        },  # type: ignore[arg-type]
    )


@asynccontextmanager
async def typing(lab: DeviceLab, name: str) -> AsyncIterator[Typist]:
    """An interactive session on that device, at its prompt, pages switched off."""
    async with (
        connecting(lab.hosts()[name]) as connection,
        connection.create_process(term_type="vt100", encoding="utf-8") as process,
    ):
        typist = Typist(process)
        await typist.until()
        await typist.line("terminal length 0")
        yield typist


def told(lab: DeviceLab, name: str, *lines: str) -> str:
    """The answer to the last of the lines, typed one by one in one session."""

    async def go() -> str:
        async with typing(lab, name) as typist:
            return await typist.lines(*lines)

    return asyncio.run(go())
