"""Our record of a VM as planning needs it, from the instance's row and the plan that made it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from provisioner.facts.cloud_vps import VmRecord
from provisioner.facts.colocation import ServerRecord
from provisioner.instances.making import COLOCATION, VM
from provisioner.instances.model import Instance, InstanceState
from provisioner.plans.model import Plan
from provisioner.requests.model import Request
from provisioner.runs import store as runs


def making_plan(session: Session, instance: Instance) -> Plan:
    """The plan that made what stands now."""
    run_id = instance.made_by_run or session.get_one(Request, instance.request_id).run_id or ""
    return runs.plan_of(session, runs.get(session, run_id))


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
        ended=instance.end_run_id is not None or instance.state == InstanceState.ENDED,
        ends_at=instance.expires_at,
        plan=making_plan(session, instance).to_json(),
    )
