"""Our record of a network instance: what the plans that were carried out left on the devices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner.database import now
from provisioner.instances.making import COLOCATION, EVENT_WIFI, SITE
from provisioner.instances.model import Instance, InstanceState
from provisioner.instances.records import KEYED_BY, is_ending, making_plan
from provisioner.requests.model import Request
from provisioner.services.network_findings import NetworkRecord, standing_of

KINDS = (EVENT_WIFI, SITE, COLOCATION)
"""Kinds of instances that stand on network devices."""


def network_records(
    session: Session, ids: Iterable[str] | None = None
) -> Mapping[str, NetworkRecord]:
    """The records by identifier; of all network instances without ``ids``. Ended ones are not."""
    query = select(Instance).where(Instance.kind.in_(KINDS), Instance.state != InstanceState.ENDED)
    if ids is not None:
        query = query.where(Instance.id.in_(list(ids)))
    return {row.id: _record(session, row) for row in session.scalars(query)}


def network_record(session: Session, id: str) -> NetworkRecord | None:
    """The record, or None where that is no network instance that stands."""
    return network_records(session, [id]).get(id)


def key_owners(session: Session, marks: Iterable[str]) -> Mapping[str, str]:
    """Mark of a WiFi to the request with which its passphrase is kept now."""
    query = select(Instance.request_number, Instance.facts).where(
        Instance.kind.in_(KINDS), Instance.request_number.in_(list(marks))
    )
    return {number: str(facts.get(KEYED_BY, number)) for number, facts in session.execute(query)}


def _record(session: Session, row: Instance) -> NetworkRecord:
    over = row.expires_at is not None and row.expires_at <= now()
    return NetworkRecord(
        id=row.id,
        number=row.request_number,
        department=row.department_id,
        service=session.get_one(Request, row.request_id).service,
        name=row.name,
        ended=is_ending(row) or over,
        ends_at=row.expires_at,
        standing=standing_of(row.request_number, [making_plan(session, row)]),
        accepted=row.facts.get("accepted", {}),
        keyed_by=str(row.facts.get(KEYED_BY, row.request_number)),
    )
