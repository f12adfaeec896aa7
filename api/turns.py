"""Pages that read our own database and nothing else take turns instead of slowing each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request

TURNS = 1
"""How many such pages are made at a time.

All threads share one interpreter, and whoever reads rows gives it away with each row: beside a page
that is being written, one that reads a thousand rows gets a few of them every five milliseconds.
Made one after the other each is done in the time that it needs alone, and fewer processor seconds
are spent altogether.
"""
PAGES = frozenset(
    {
        "/", "/requests", "/requests/{number}", "/instances", "/instances/{id}", "/overview",
        "/findings", "/complaints", "/letters", "/audit", "/reports", "/reports/{month}",
        "/supervision", "/supervision/{username}",
    }
)  # fmt: skip
"""Lists, searches, records and reports, as pages and as JSON.

No address stands here that asks a device, a cluster or a mail server, or makes a PDF: while such a
one waits, the others go on."""


async def in_turn(request: Request) -> AsyncIterator[None]:
    """Hold a turn until the page is made; sending it to a slow reader is no part of that."""
    if request.method != "GET" or request.scope["route"].path not in PAGES:
        yield
        return
    turns: asyncio.Semaphore = request.app.state.turns
    async with turns:
        yield
