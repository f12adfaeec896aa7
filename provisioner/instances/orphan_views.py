"""What nobody owns as callers see it, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from provisioner.instances.drift_views import TroubleView, phrase, trouble_view
from provisioner.instances.looks import Look


class OrphanView(BaseModel):
    """One find; ``line`` is what a person may run at ``where`` after having checked."""

    model_config = ConfigDict(frozen=True)

    kind: str
    key: str
    what: str
    where: str
    whose: str
    advice: str
    line: str | None
    size_gb: float | None
    since: datetime | None
    request: str | None
    """The request that its mark names."""


class OrphansView(BaseModel):
    """The last search on one cluster; ``looked_at`` is None where there was none."""

    model_config = ConfigDict(frozen=True)

    cluster: str
    looked_at: datetime | None
    answered_at: datetime | None
    trouble: TroubleView | None
    found: list[OrphanView]


def orphans_view(cluster: str, look: Look | None, language: str) -> OrphansView:
    """The last look for what nobody owns."""
    return OrphansView(
        cluster=cluster,
        looked_at=look.looked_at if look else None,
        answered_at=look.answered_at if look else None,
        trouble=trouble_view(look, language),
        found=[_orphan(one, language) for one in look.found] if look else [],
    )


def _orphan(said: Mapping[str, Any], language: str) -> OrphanView:
    return OrphanView(
        kind=said["kind"],
        key=said["key"],
        what=phrase(said["what"], language),
        where=said["where"],
        whose=phrase(said["whose"], language),
        advice=phrase(said["advice"], language),
        line=said["line"],
        size_gb=said["size_gb"],
        since=said["since"],
        request=said["number"],
    )
