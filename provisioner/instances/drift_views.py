"""Differences between record and world as callers see them, in the reader's language."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner.instances.looks import Look
from provisioner.instances.model import Instance, InstanceState
from provisioner.people.rules import Actor, sees_all
from provisioner.texts import from_json, render, unpack


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class TroubleView(_View):
    """Why a look gave nothing."""

    kind: str
    what: str
    meaning: str
    next: str


class FindingView(_View):
    """One difference; ``ways`` are what a ``settle`` request may do about it."""

    key: str
    what: str
    expected: str
    found: str
    seen: str
    severity: str
    ways: list[str]
    caution: str | None


class DriftView(_View):
    """The last look at one VM; ``looked_at`` is None where nobody ever looked."""

    instance: str
    request: str
    department: str
    name: str
    cluster: str
    vmid: int
    looked_at: datetime | None
    answered_at: datetime | None
    trouble: TroubleView | None
    findings: list[FindingView]


class ClusterLookView(_View):
    """The last look at one cluster."""

    cluster: str
    looked_at: datetime | None
    answered_at: datetime | None
    trouble: TroubleView | None


def drift_view(instance: Instance, look: Look | None, language: str) -> DriftView:
    """An instance and its last look."""
    return DriftView(
        instance=instance.id,
        request=instance.request_number,
        department=instance.department_id,
        name=instance.name,
        cluster=instance.cluster or "",
        vmid=instance.vmid or 0,
        looked_at=look.looked_at if look else None,
        answered_at=look.answered_at if look else None,
        trouble=trouble_view(look, language),
        findings=[_finding(one, language) for one in look.found] if look else [],
    )


def drift_list(session: Session, actor: Actor, kinds: Collection[str]) -> tuple[DriftView, ...]:
    """What stands, of these kinds, and whose last look found something or failed, by name.

    Only as far as the actor may see it.
    """
    query = (
        select(Instance, Look)
        .join(Look, Look.subject == Instance.id)
        .where(Instance.kind.in_(kinds), Instance.state != InstanceState.ENDED)
        .order_by(Instance.name)
    )
    if not sees_all(actor):
        query = query.where(Instance.department_id == (actor.department or "-"))
    return tuple(
        drift_view(instance, look, actor.language)
        for instance, look in session.execute(query)
        if look.found or look.trouble
    )


def cluster_view(cluster: str, look: Look | None, language: str) -> ClusterLookView:
    """A cluster and the last look at it."""
    return ClusterLookView(
        cluster=cluster,
        looked_at=look.looked_at if look else None,
        answered_at=look.answered_at if look else None,
        trouble=trouble_view(look, language),
    )


def trouble_view(look: Look | None, language: str) -> TroubleView | None:
    """Why the last look gave nothing, if it did."""
    if look is None or look.trouble is None:
        return None
    said = look.trouble
    texts = {name: render(from_json(said[name]), language) for name in ("what", "meaning", "next")}
    return TroubleView(kind=said["kind"], **texts)


def _finding(said: Mapping[str, Any], language: str) -> FindingView:
    texts = {name: phrase(said[name], language) for name in ("what", "expected", "found")}
    return FindingView(
        key=said["key"],
        seen=said["seen"],
        severity=said["severity"],
        ways=said["ways"],
        caution=phrase(said["caution"], language) if said["caution"] else None,
        **texts,
    )


def phrase(packed: Any, language: str) -> str:
    """A packed phrase in the reader's language."""
    return render(unpack(packed), language)
