"""Pages of our own database are made one after the other; all others wait for nobody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from fastapi import Depends, FastAPI

from api.pages.frame import reader, visitor
from api.policy import ROUTES
from api.security import person, proper_address, services
from api.turns import PAGES, TURNS, in_turn


class Seen:
    """How many pages were being made at a time."""

    def __init__(self) -> None:
        self._lock, self._now, self.most = threading.Lock(), 0, 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        yield
        with self._lock:
            self._now -= 1


def application(seen: Seen, together: threading.Barrier) -> FastAPI:
    """Pages as ours are: one of those that take turns, which fails for some, and one that waits."""
    app = FastAPI(dependencies=[Depends(in_turn, scope="function")])
    app.state.turns = asyncio.Semaphore(TURNS)

    @app.get("/audit")
    def audit(fails: bool = False) -> str:
        with seen.one_more():
            threading.Event().wait(0.01)
        if fails:
            raise ValueError("this one")
        return "made"

    @app.get("/topology")
    def topology() -> str:
        together.wait(30)
        return "both were here"

    return app


def asked(app: FastAPI, *paths: str) -> list[int]:
    """What the paths give, asked for at the same time; in a thread without the browser's loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(_asked(app, *paths))).result(60)


async def _asked(app: FastAPI, *paths: str) -> list[int]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://office") as client:
        answers = await asyncio.gather(*(client.get(path) for path in paths))
    return [answer.status_code for answer in answers]


def test_such_pages_are_made_one_after_the_other_and_a_failure_gives_its_turn_back() -> None:
    seen = Seen()
    app = application(seen, threading.Barrier(2))
    paths = ["/audit", "/audit?fails=1", "/audit", "/audit?fails=1", "/audit"]
    assert asked(app, *paths) == [200, 500, 200, 500, 200]
    assert seen.most == TURNS


def test_what_waits_for_something_else_holds_nobody_up() -> None:
    app = application(Seen(), threading.Barrier(2))
    assert asked(app, "/topology", "/topology") == [200, 200]


@pytest.mark.parametrize("path", sorted(PAGES))
def test_every_page_that_takes_a_turn_is_one_of_ours(path: str) -> None:
    assert {("GET", path), ("GET", f"/api/v1{path}")} & set(ROUTES)


def test_what_a_page_needs_beforehand_takes_no_thread() -> None:
    """But for the look-up of who asks, which reads the database and stands in no list here."""
    for needed in (person, reader, visitor, services, proper_address):
        assert asyncio.iscoroutinefunction(needed), needed
