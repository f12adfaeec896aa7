"""All pages of the console under one router."""

from __future__ import annotations

from fastapi import APIRouter

from api.pages import (
    acting,
    checks,
    decisions,
    devices,
    handover,
    instances,
    queue,
    racks,
    request,
    request_form,
    review,
    run,
    seeing,
    session,
    source,
    topology,
)

router = APIRouter()
for module in (
    session, source, queue, request_form, review, decisions, run, acting, instances, handover,
    racks, seeing, topology, devices, checks, request,
):  # fmt: skip
    router.include_router(module.router)
