"""A lab of simulated RouterOS devices, and Netmiko's own driver as a client of them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from netmiko import ConnectHandler
from netmiko.base_connection import BaseConnection

from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import CampusPlan, DevicePlan
from tests.lab.devices import Typist, connecting

KIND = "mikrotik_routeros"
PROMPT = re.compile(r"\[[^\[\]\r\n]+\] [^\r\n]*> (?:\x1b\[K)?$")
FIRST = re.compile(r"\r{4}[^\r]+> (?:\x1b\[K)?\r[^\r]+> $")
"""The first prompt is painted twice."""
CAMPUS = CampusPlan(
    devices=(
        DevicePlan("rt-7", KIND, "pendopo", role="router"),
        DevicePlan("rt-6", KIND, "pendopo", role="router", version="6.49.18"),
        DevicePlan("sw-7", KIND, "pendopo", wireless="wifi"),
        DevicePlan("sw-6", KIND, "pendopo", version="6.49.18", wireless="wireless"),
        DevicePlan("ct-6", KIND, "pendopo", version="6.49.18", wireless="caps-man"),
    ),
    links=(("rt-7:ether2", "sw-7:ether1"), ("sw-7:ether2", "sw-6:ether1")),
    routers=("rt-7",),
    minute=0.05,
    boot_seconds=0.02,
)


@contextmanager
def entered(lab: DeviceLab, name: str) -> Iterator[BaseConnection]:
    """Netmiko's driver for RouterOS, logged in."""
    host = lab.hosts()[name]
    made = ConnectHandler(
        device_type=KIND,
        host=host.address,
        port=host.port,
        username=host.user,
        password=host.password,
    )
    try:
        yield made
    finally:
        made.disconnect()


def asked(lab: DeviceLab, name: str, *lines: str) -> str:
    """What that device answers to the last of the lines, without prompts."""
    return asyncio.run(_asked(lab, name, lines))


async def _asked(lab: DeviceLab, name: str, lines: tuple[str, ...]) -> str:
    async with typing(lab, name) as typist:
        answer = ""
        for line in lines:
            answer = await said(typist, line)
        return answer


async def said(typist: Typist, line: str) -> str:
    """The answer to one line: what comes between its echo and the next prompt."""
    whole = await typist.type(line + "\r", PROMPT)
    _, _, rest = whole.partition("\n")
    return re.sub(r"^\r", "", rest).rpartition("\r\r\r\r")[0]


@asynccontextmanager
async def typing(lab: DeviceLab, name: str, suffix: str = "+ct511w4098h") -> AsyncIterator[Typist]:
    """An interactive session on that device, at its prompt."""
    host = lab.hosts()[name]
    async with (
        connecting(host, username=f"{host.user}{suffix}") as connection,
        connection.create_process(term_type="vt100", encoding="utf-8") as process,
    ):
        typist = Typist(process)
        await typist.until(FIRST)
        yield typist
