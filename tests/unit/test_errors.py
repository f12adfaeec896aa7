"""What cannot be answered at the moment is told as that, and may be asked again."""

from __future__ import annotations

import asyncio

import httpx
from fastapi import FastAPI
from sqlalchemy import create_engine
from sqlalchemy.pool import QueuePool

from api import errors
from api.security import Guard


def test_that_every_connection_is_in_use_is_no_fault_of_ours() -> None:
    """Under load on PostgreSQL this was told as an error that nobody expected."""
    engine = create_engine(
        "sqlite://", poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.05
    )
    app = FastAPI()
    errors.install(app)
    app.add_middleware(Guard, https=False)

    @app.get("/api/v1/asked")
    def asked() -> None:
        engine.connect()

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/api/v1/asked")

    with engine.connect():
        answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/database-away")
    assert answer.headers["Retry-After"] == "10"
    engine.dispose()
