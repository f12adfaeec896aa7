"""All pages of the console under one router."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages import (
    decisions,
    handover,
    instances,
    queue,
    request,
    request_form,
    review,
    run,
    session,
    source,
    topology,
)

router = APIRouter()
for module in (
    session, source, queue, request_form, review, decisions, run, instances, handover, topology,
    request,
):  # fmt: skip
    router.include_router(module.router)
