"""Whether the service lives, is ready, and its figures for monitoring."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, PlainTextResponse, Response

from api.metrics import exposition
from api.security import Services

router = APIRouter(tags=["system"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(product: Services) -> Response:
    """The database answers; 503 while it does not."""
    try:
        with product.database.read() as session:
            session.execute(text("select 1"))
    except SQLAlchemyError:
        return JSONResponse({"status": "unavailable", "missing": ["database"]}, 503)
    return JSONResponse({"status": "ready"})


@router.get("/metrics")
def metrics(product: Services) -> Response:
    """Figures in Prometheus' text format; no personal data."""
    return PlainTextResponse(
        exposition(product), media_type="text/plain; version=0.0.4; charset=utf-8"
    )
