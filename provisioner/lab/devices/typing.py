"""Somebody at a device's own console: lines typed on it, as no plan of ours would."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncssh

CONSOLE = "127.0.0.77"
"""From where lines are typed: a device that is cut off takes them all the same."""
_PATIENCE = 20.0


async def typed(address: str, port: int, user: str, password: str, lines: Sequence[str]) -> str:
    """Log in there over SSH, type the lines, leave; returns what was answered.

    The host key is not compared: it is the lab's own device. Raises OSError, asyncssh.Error.
    """
    async with asyncio.timeout(_PATIENCE):
        async with asyncssh.connect(
            address, port, username=user, password=password, known_hosts=None, config=None,
            client_keys=None, local_addr=(CONSOLE, 0),
        ) as connection:  # fmt: skip
            if user == "root":  # OpenWrt: a shell that takes a script
                done = await connection.run("sh -s", input="\n".join(lines) + "\n")
                return str(done.stdout)
            return await _at_the_prompt(connection, lines)


async def _at_the_prompt(connection: asyncssh.SSHClientConnection, lines: Sequence[str]) -> str:
    async with connection.create_process(term_type="vt100", term_size=(511, 1000)) as process:
        heard = await _until_quiet(process)
        for line in lines:
            process.stdin.write(f"{line}\r")
            heard += await _until_quiet(process)
        return heard


async def _until_quiet(process: asyncssh.SSHClientProcess[str]) -> str:
    """What comes until nothing has come for a moment."""
    heard = ""
    while True:
        try:
            text = await asyncio.wait_for(process.stdout.read(4096), 0.15)
        except TimeoutError:
            return heard
        if not text:
            return heard
        heard += text
