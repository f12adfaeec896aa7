"""What people do with instances: look at them, ask for what is to become of them."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from provisioner.database import Database
from provisioner.drivers.hypervisor import VolumeReading
from provisioner.errors import Conflict, FieldError, Invalid, NotFound
from provisioner.instances.making import COLOCATION, EVENT_WIFI, SITE, VM
from provisioner.instances.model import Instance, InstanceState
from provisioner.instances.views import BackupView, InstanceView
from provisioner.people.rules import Actor, may_file, may_operate, may_see, sees_all
from provisioner.requests.service import RequestService
from provisioner.requests.views import ApplicantIn, NewRequest, RequestView
from provisioner.texts import say

_SIMPLE = ("extend", "end")
_CHANGING = ("change", "settle", *_SIMPLE)
_VM_RUNS = (
    "restart", "stop", "start", "snapshot", "rollback", "delete_snapshot", "backup", "restore",
    "resize", "add_key", "extend", "rebuild", "move", "settle", "suspend", "end",
)  # fmt: skip
_VM_SUSPENDED = ("resume", "extend", "backup", "delete_snapshot", "settle", "end")
ACTIONS: Mapping[tuple[str, str], tuple[str, ...]] = {
    (EVENT_WIFI, InstanceState.ACTIVE): _CHANGING,
    (SITE, InstanceState.ACTIVE): _CHANGING,
    (COLOCATION, InstanceState.ACTIVE): ("settle", *_SIMPLE),
    (VM, InstanceState.ACTIVE): _VM_RUNS,
    (VM, InstanceState.ATTENTION): _VM_RUNS,
    (VM, InstanceState.SUSPENDED): _VM_SUSPENDED,
}
"""By kind and state of instance, in the order of the screen's buttons; each becomes a request."""
OF_THE_OFFICE = frozenset({"move", "settle"})
"""Actions that only the office's own technicians ask for."""


class InstanceService:
    """Instances of all services."""

    def __init__(
        self,
        database: Database,
        requests: RequestService,
        backups: Callable[[str, int], Sequence[VolumeReading]],
    ) -> None:
        """``backups``: what the cluster of that name keeps of a VMID."""
        self._database = database
        self._requests = requests
        self._backups = backups

    def list(
        self,
        actor: Actor,
        *,
        kind: str | None = None,
        older_than: str | None = None,
        ends_by: datetime | None = None,
        limit: int = 500,
    ) -> builtins.list[InstanceView]:
        """Instances that the actor may see, newest first; ``older_than`` one of that id.

        ``ends_by``: of those that stand, what ends until then. Raises NotFound for an id that is
        none.
        """
        newest = (Instance.created_at.desc(), Instance.id.desc())
        query = select(Instance).order_by(*newest).limit(limit)
        if older_than is not None:
            last = self.get(actor, older_than)
            at, id = Instance.created_at, Instance.id
            query = query.where(
                at <= last.created_at,
                or_(at < last.created_at, and_(at == last.created_at, id < last.id)),
            )
        if kind is not None:
            query = query.where(Instance.kind == kind)
        if ends_by is not None:
            query = query.where(
                Instance.expires_at <= ends_by, Instance.state != InstanceState.ENDED
            )
        if not sees_all(actor):
            query = query.where(Instance.department_id == (actor.department or "-"))
        with self._database.read() as session:
            return [instance_view(row, actor) for row in session.scalars(query)]

    def get(self, actor: Actor, id: str) -> InstanceView:
        """One instance. Raises NotFound, also for what the actor may not see."""
        with self._database.read() as session:
            row = session.get(Instance, id)
            if row is None or not may_see(actor, row.department_id):
                raise NotFound(say("There is no instance %(id)s.", id=id[:40]))
            return instance_view(row, actor)

    def name_of(self, id: str) -> str | None:
        """What the instance is called; None for an id that is none."""
        with self._database.read() as session:
            return session.scalar(select(Instance.name).where(Instance.id == id))

    def backups(self, actor: Actor, id: str) -> builtins.list[BackupView]:
        """The backups of a VM since it was made, newest first; read from its cluster now.

        Raises NotFound, and Retriable or ActionNeeded when the cluster cannot be asked.
        """
        found = self.get(actor, id)
        if found.kind != VM or found.cluster is None or found.vmid is None:
            return []
        with self._database.read() as session:
            since = session.get_one(Instance, id).backups_since
        return [
            BackupView(
                volume=kept.volume,
                made_at=kept.made_at,
                size_gb=round(kept.size_gb, 2),
                notes=kept.notes,
                protected=kept.protected,
            )
            for kept in self._backups(found.cluster, found.vmid)
            if kept.made_at is None or kept.made_at >= since
        ]

    def act(self, actor: Actor, id: str, action: str, said: Mapping[str, Any]) -> RequestView:
        """Ask for an action: it becomes a request of the same department, handed in at once.

        Raises NotFound, Conflict (``wrong-state``), Invalid with the gaps of ``said``.
        """
        instance = self.get(actor, id)
        if action not in instance.actions:
            raise Conflict(
                say(
                    "“%(action)s” cannot be done with %(id)s now.",
                    action=action[:40],
                    id=instance.id,
                ),
                slug="wrong-state",
                extra={"state": instance.state, "actions": instance.actions},
            )
        if said.get("confirm", instance.name) != instance.name:
            wrong = say("enter %(name)s, the name of what this is about", name=instance.name)
            raise Invalid([FieldError("/details/confirm", wrong)])
        origin = self._requests.get(actor, instance.request)
        details = {**said, "action": action, "instance": instance.id}
        self._requests.check(origin.service, details)
        made = self._requests.create(
            actor,
            NewRequest(
                service=origin.service,
                department=origin.department,
                applicant=ApplicantIn.model_validate(origin.applicant),
                details=details,
            ),
        )
        return self._requests.submit(actor, made.number)


def instance_view(row: Instance, actor: Actor) -> InstanceView:
    """The row as that reader sees it."""
    starts_at = row.facts.get("starts_at")
    return InstanceView(
        id=row.id,
        kind=row.kind,
        name=row.name,
        cluster=row.cluster,
        node=row.node,
        vmid=row.vmid,
        uuid=row.uuid,
        addresses=row.addresses,
        size=row.size,
        image=row.image,
        user=row.facts.get("user"),
        ssh_port=row.facts.get("ssh_port"),
        host_key=row.facts.get("host_key"),
        place=row.facts.get("place"),
        network=row.facts.get("network"),
        ssid=row.facts.get("ssid"),
        security=row.facts.get("security"),
        access_points=row.facts.get("access_points", []),
        starts_at=datetime.fromisoformat(starts_at) if starts_at else None,
        request=row.request_number,
        department=row.department_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        end_run=row.end_run_id,
        remove_at=row.remove_at,
        snapshots=row.facts.get("snapshots", {}),
        system=row.facts.get("system"),
        rack=row.facts.get("rack"),
        site=row.facts.get("site"),
        location=row.facts.get("location"),
        switch=row.facts.get("switch"),
        port=row.facts.get("port"),
        vlan=row.facts.get("vlan"),
        cidr=row.facts.get("cidr"),
        rate_limit_mbps=row.facts.get("mbps"),
        state=row.state,
        actions=_actions(row, actor),
    )


def _actions(row: Instance, actor: Actor) -> list[str]:
    if row.end_run_id is not None or not may_file(actor, row.department_id):
        return []
    found = ACTIONS.get((row.kind, row.state), ())
    return [action for action in found if action not in OF_THE_OFFICE or may_operate(actor)]
