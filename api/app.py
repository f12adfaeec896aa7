"""The web application: the JSON interface, the console and their common guards."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Scope

from api import errors
from api.pages import console
from api.routes import (
    asking,
    audit,
    calendar,
    checks,
    complaints,
    devices,
    instances,
    letters,
    notices,
    people,
    reports,
    requests,
    runs,
    seeing,
    system,
    topology,
)
from api.security import Guard, permitted, proper_address
from api.turns import TURNS, in_turn
from provisioner.bootstrap import Product, build
from provisioner.settings import load_settings

STATIC = Path(__file__).parent / "static"
ROLE_VARIABLE = "PROVISIONER_SERVE"
"""``web``: pages and API only, the runs are carried out by another process; else both."""


class _Static(StaticFiles):
    """Our files; an address that carries the content's hash never changes its content."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        scope: Scope = args[2]
        versioned = b"v=" in scope["query_string"]
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if versioned else "no-cache"
        )
        return response


def create_app(product: Product, worker: bool) -> FastAPI:
    """The application around a product; ``worker`` also carries out runs in this process."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(product.start, worker=worker)
        try:
            yield
        finally:
            await run_in_threadpool(product.stop)

    app = FastAPI(
        title="provisioner",
        version=version("provisioner"),
        lifespan=lifespan,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[
            Depends(proper_address),
            Depends(in_turn, scope="function"),
            Depends(permitted),
        ],
    )
    app.state.product = product
    app.state.turns = asyncio.Semaphore(TURNS)
    errors.install(app)
    app.add_middleware(Guard, https=product.settings.web.public_url.startswith("https://"))
    add_routes(app)
    app.mount("/static", _Static(directory=STATIC), name="static")
    return app


def add_routes(app: FastAPI) -> None:
    """Everything that can be asked, JSON and pages."""
    for module in (
        requests, runs, instances, checks, topology, devices, seeing, people, complaints,
    ):  # fmt: skip
        app.include_router(module.router, prefix="/api/v1")
    for module in (asking, calendar, notices, audit, letters, reports):
        app.include_router(module.router, prefix="/api/v1")
    app.include_router(system.router)
    for pages in console.PAGES:
        app.include_router(pages.router, include_in_schema=False)


def from_environment() -> FastAPI:
    """For ``uvicorn --factory api.app:from_environment``: configured by PROVISIONER_CONFIG."""
    product = build(load_settings())
    app = create_app(product, worker=os.environ.get(ROLE_VARIABLE, "all") != "web")
    gc.collect()
    gc.freeze()  # else every so often a page waits while all that is loaded is looked through
    return app
