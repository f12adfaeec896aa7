"""The live stream of a record's events, as server-sent events."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import anyio
from fastapi.sse import format_sse_event
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from provisioner.bootstrap import Product
from provisioner.people.service import Actor
from provisioner.requests.rules import OPEN

POLL_SECONDS = 0.5
COMMENT_SECONDS = 15.0


def stream(
    request: Request, product: Product, actor: Actor, number: str, after: int, language: str
) -> StreamingResponse:
    """Replay the request's events with an id above ``after`` from the table, then follow it.

    Each message's ``id`` is the event's number on the record and its data the event as JSON. An
    ``end`` event tells that nothing follows any more: the request has reached its final state.
    """
    return StreamingResponse(
        _follow(request, product, actor, number, after, language),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


async def _follow(
    request: Request, product: Product, actor: Actor, number: str, after: int, language: str
) -> AsyncIterator[bytes]:
    said = time.monotonic()
    yield format_sse_event(comment="begin")
    while not await request.is_disconnected():
        # The state is read before the events: a final state has all its events in the table.
        view = await run_in_threadpool(product.requests.get, actor, number)
        events = await run_in_threadpool(product.requests.events, actor, number, after, language)
        for event in events:
            after = event.id
            yield format_sse_event(data_str=event.model_dump_json(), id=str(event.id))
            said = time.monotonic()
        if view.state not in OPEN:
            yield format_sse_event(event="end", data_str=view.state)
            return
        if time.monotonic() - said > COMMENT_SECONDS:
            yield format_sse_event(comment="still here")
            said = time.monotonic()
        await anyio.sleep(POLL_SECONDS)
