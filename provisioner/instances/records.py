"""Our record of a VM as planning needs it, from the instance's row and the plan that made it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from provisioner.facts.cloud_vps import VmRecord
from provisioner.facts.colocation import ServerRecord
from provisioner.facts.internet import SiteRecord
from provisioner.instances.making import COLOCATION, SITE, VM
from provisioner.instances.model import Instance, InstanceState
from provisioner.plans.model import Plan
from provisioner.requests.model import Request
from provisioner.runs import store as runs
from provisioner.services.standing import standing

CHANGED_BY, CHANGED, KEYED_BY = "changed_by", "changed", "keyed_by"
"""Among an instance's facts: the runs that changed it since it was made, the answers that they
replaced, and the request whose passphrase it has."""


def making_plan(session: Session, instance: Instance) -> Plan:
    """The plan that made what stands now, as if it had made every change since."""
    run_id = instance.made_by_run or session.get_one(Request, instance.request_id).run_id or ""
    made, *changes = (
        runs.plan_of(session, runs.get(session, id))
        for id in (run_id, *instance.facts.get(CHANGED_BY, ()))
    )
    return standing(made, *changes)


def details_now(session: Session, instance: Instance) -> dict[str, Any]:
    """The answers that count: those of the first request, and over them those of every change."""
    request = session.get_one(Request, instance.request_id)
    return {**request.details, **instance.facts.get(CHANGED, {})}


def is_ending(instance: Instance) -> bool:
    """Whether it stands no longer, or its end has begun."""
    return instance.end_run_id is not None or instance.state == InstanceState.ENDED


def site_record(session: Session, instance: Instance | None) -> SiteRecord | None:
    """The record of a connected site, or None where the instance is none."""
    if instance is None or instance.kind != SITE:
        return None
    return SiteRecord(
        id=instance.id,
        number=instance.request_number,
        department=instance.department_id,
        name=instance.name,
        ended=is_ending(instance),
        ends_at=instance.expires_at,
        plan=making_plan(session, instance).to_json(),
        details=details_now(session, instance),
        keyed_by=str(instance.facts.get(KEYED_BY, instance.request_number)),
    )


def vm_record(session: Session, instance: Instance | None) -> VmRecord | None:
    """The record, or None where the instance is no VM."""
    if instance is None or instance.kind != VM:
        return None
    request = session.get_one(Request, instance.request_id)
    facts = instance.facts
    return VmRecord(
        id=instance.id,
        number=instance.request_number,
        department=instance.department_id,
        name=instance.name,
        cluster=instance.cluster or "",
        vmid=instance.vmid or 0,
        uuid=instance.uuid or "",
        node=instance.node or "",
        address=instance.addresses[0],
        user=str(facts["user"]),
        ssh_port=int(facts["ssh_port"]),
        host_key=facts.get("host_key"),
        size=instance.size or "",
        image=instance.image or "",
        state=instance.state,
        ending=instance.end_run_id is not None or instance.state == InstanceState.ENDED,
        ends_at=instance.expires_at,
        remove_at=instance.remove_at,
        details=dict(request.details),
        plan=making_plan(session, instance).to_json(),
        facts=dict(facts),
        wanted=facts.get("wanted", {}),
        accepted=facts.get("accepted", {}),
        made_at=instance.backups_since,
    )


def server_record(session: Session, instance: Instance | None) -> ServerRecord | None:
    """The record of a department's own server, or None where the instance is none."""
    if instance is None or instance.kind != COLOCATION:
        return None
    return ServerRecord(
        id=instance.id,
        number=instance.request_number,
        department=instance.department_id,
        name=instance.name,
        ended=is_ending(instance),
        ends_at=instance.expires_at,
        plan=making_plan(session, instance).to_json(),
    )
