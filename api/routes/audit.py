"""The record over JSON."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from api.security import Person, Services
from provisioner.auditing.views import AuditPage, Look

router = APIRouter(tags=["audit"])


@router.get("/audit")
def audit(
    product: Services,
    actor: Person,
    person: Annotated[str, Query(max_length=64)] = "",
    record: Annotated[str, Query(max_length=64)] = "",
    group: Annotated[str, Query(max_length=40)] = "",
    since: date | None = None,
    until: date | None = None,
    older_than: str | None = None,
    newer_than: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AuditPage:
    """Events newest first; for head, auditor and administrator."""
    look = Look(actor=person, record=record, group=group, since=since, until=until)
    return product.desk.audit.page(
        actor, look, older_than=older_than, newer_than=newer_than, limit=limit
    )
