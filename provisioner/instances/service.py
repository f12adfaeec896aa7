"""What people do with instances: look at them."""

from __future__ import annotations

import builtins

from sqlalchemy import select

from provisioner.database import Database
from provisioner.errors import NotFound
from provisioner.instances.model import Instance
from provisioner.instances.views import InstanceView
from provisioner.people.rules import Actor, may_see, sees_all
from provisioner.texts import say


class InstanceService:
    """Instances of all services."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, actor: Actor, *, limit: int = 500) -> builtins.list[InstanceView]:
        """Instances that the actor may see, newest first."""
        query = select(Instance).order_by(Instance.created_at.desc()).limit(limit)
        if not sees_all(actor):
            query = query.where(Instance.department_id == (actor.department or "-"))
        with self._database.read() as session:
            return [instance_view(row) for row in session.scalars(query)]

    def get(self, actor: Actor, id: str) -> InstanceView:
        """One instance. Raises NotFound, also for what the actor may not see."""
        with self._database.read() as session:
            row = session.get(Instance, id)
            if row is None or not may_see(actor, row.department_id):
                raise NotFound(say("There is no instance %(id)s.", id=id[:40]))
            return instance_view(row)


def instance_view(row: Instance) -> InstanceView:
    """The row as callers see it."""
    return InstanceView(
        id=row.id,
        kind=row.kind,
        cluster=row.cluster,
        node=row.node,
        vmid=row.vmid,
        uuid=row.uuid,
        name=row.name,
        addresses=row.addresses,
        size=row.size,
        image=row.image,
        user=row.facts.get("user"),
        ssh_port=row.facts.get("ssh_port"),
        host_key=row.facts.get("host_key"),
        request=row.request_number,
        department=row.department_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        state=row.state,
    )
