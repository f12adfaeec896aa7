"""Routes that honour ``Idempotency-Key``: a call sent twice is carried out once."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.security import known, permitted
from provisioner.errors import Conflict, FieldError, Invalid
from provisioner.idempotency import Answer, Idempotency
from provisioner.texts import say

HEADER = "idempotency-key"
REPLAYED = "Idempotent-Replayed"
_WAIT_SECONDS = 20.0
_LOOK_EVERY = 0.2

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Replaying(APIRoute):
    """A route whose POST answers are kept for the caller's key and given again."""

    def get_route_handler(self) -> _Handler:
        carry_out = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if request.method != "POST" or HEADER not in request.headers:
                return await carry_out(request)
            return await _once(request, carry_out)

        return handle


async def _once(request: Request, carry_out: _Handler) -> Response:
    key = request.headers[HEADER]
    if not (1 <= len(key) <= 255 and key.isprintable()):
        raise Invalid([FieldError("?Idempotency-Key", say("must be 1 to 255 plain characters"))])
    await run_in_threadpool(permitted, request)  # a kept answer is not for everybody either
    actor = known(request)
    fingerprint = await _fingerprint(request)
    keeper = Idempotency(request.app.state.product.database)
    if answer := await _claim(keeper, actor.id, key, fingerprint):
        headers = {REPLAYED: "true"}
        if answer.location:
            headers["Location"] = answer.location
        return Response(answer.body, answer.status, headers, media_type=answer.media_type)
    kept = False
    try:
        response = await carry_out(request)
        given = Answer(
            response.status_code,
            response.headers.get("content-type"),
            response.headers.get("location"),
            bytes(response.body),
        )
        await run_in_threadpool(keeper.keep, actor.id, key, given)
        kept = True
        return response
    finally:  # refused, or broken: nothing was changed, the key is free again
        if not kept:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(keeper.release, actor.id, key)


async def _claim(keeper: Idempotency, person_id: int, key: str, fingerprint: str) -> Answer | None:
    """Waits a while for a call that is being carried out; raises Conflict when it takes longer."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            return await run_in_threadpool(keeper.claim, person_id, key, fingerprint)
        except Conflict as error:
            if error.slug != "idempotency-in-progress" or time.monotonic() > deadline:
                raise
        await anyio.sleep(_LOOK_EVERY)


async def _fingerprint(request: Request) -> str:
    """Of method, path and body; the boundary of a form, new on every try, is left out.

    Keyed, since a body may hold a passphrase: nobody who only reads the table can try guesses.
    """
    body = await request.body()
    _, _, boundary = request.headers.get("content-type", "").partition("boundary=")
    if boundary:
        body = body.replace(boundary.strip('"').encode("latin-1"), b"")
    head = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    settings = request.app.state.product.settings
    key = await run_in_threadpool(settings.secret, settings.secrets.key)
    return hmac.new(key.encode(), head + body, hashlib.sha256).hexdigest()
