"""Per department what stands: VMs and their size, WiFi, colocated servers, and what ends next."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Row, select

from provisioner.database import Database
from provisioner.instances.looks import Look
from provisioner.instances.making import VM
from provisioner.instances.model import Instance, InstanceState
from provisioner.people.model import Department
from provisioner.people.rules import Actor, sees_all
from provisioner.plans.record import Reservation, ReservationState

SOONEST = 5
"""How many ends are named per department."""


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class EndView(_View):
    """One instance that ends."""

    instance: str
    name: str
    kind: str
    expires_at: datetime


class DepartmentView(_View):
    """What one department has. Memory in MiB, disk in GiB, as promised to it in our books."""

    department: str
    title: str
    count: dict[str, int]
    """Instances that stand, by kind (``vm``, ``event_wifi``, ``colocation``)."""
    states: dict[str, int]
    """The same instances by state."""
    cores: int
    memory_mb: int
    disk_gb: int
    rack_units: int
    differing: int
    """VMs whose last look found a difference from our record."""
    ends_soonest: list[EndView]


class OverviewView(_View):
    """All departments that have something, and the sum of them."""

    departments: list[DepartmentView]
    count: dict[str, int]
    cores: int
    memory_mb: int
    disk_gb: int


class OverviewService:
    """Reads our own tables only: two queries, whatever the number of instances."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def view(self, actor: Actor) -> OverviewView:
        """Every department that the actor may see and that has something standing."""
        query = (
            select(
                Instance.id, Instance.name, Instance.kind, Instance.state, Instance.expires_at,
                Instance.department_id, Department.name.label("title"), Look.found,
            )
            .join(Department, Department.id == Instance.department_id)
            .outerjoin(Look, Look.subject == Instance.id)
            .where(Instance.state != InstanceState.ENDED)
        )  # fmt: skip
        claims = select(Reservation.instance_id, Reservation.kind, Reservation.amounts).where(
            Reservation.instance_id.is_not(None),
            Reservation.state == ReservationState.RESERVED,
            Reservation.kind.in_(("capacity", "rack_unit")),
        )
        if not sees_all(actor):
            own = Instance.department_id == (actor.department or "-")
            query = query.where(own)
            claims = claims.join(Instance, Instance.id == Reservation.instance_id).where(own)
        with self._database.read() as session:
            rows = session.execute(query).all()
            sizes = _sizes(session.execute(claims).all())
        of: dict[str, list[Row[Any]]] = defaultdict(list)
        for row in rows:
            of[row.department_id].append(row)
        found = [_department(id, standing, sizes) for id, standing in of.items()]
        return OverviewView(
            departments=sorted(found, key=lambda one: one.title.casefold()),
            count=dict(sum((Counter(one.count) for one in found), Counter())),
            cores=sum(one.cores for one in found),
            memory_mb=sum(one.memory_mb for one in found),
            disk_gb=sum(one.disk_gb for one in found),
        )


def _sizes(claims: Iterable[Row[Any]]) -> Mapping[str, Counter[str]]:
    """Instance to the sum of its claims; a VM on its way to another node is counted once."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for claim in claims:
        size = found[claim.instance_id]
        if claim.kind == "rack_unit":
            size["rack_units"] += 1
        elif not claim.amounts.get("moving"):
            for name in ("cores", "memory_mb", "disk_gb", "extra_disk_gb"):
                size[name] += int(claim.amounts.get(name) or 0)
    return found


def _department(
    id: str, rows: Sequence[Row[Any]], sizes: Mapping[str, Counter[str]]
) -> DepartmentView:
    size: Counter[str] = sum((sizes[r.id] for r in rows if r.id in sizes), Counter())
    ending = sorted((r for r in rows if r.expires_at is not None), key=lambda r: r.expires_at)
    return DepartmentView(
        department=id,
        title=rows[0].title,
        count=dict(Counter(row.kind for row in rows)),
        states=dict(Counter(str(row.state) for row in rows)),
        cores=size["cores"],
        memory_mb=size["memory_mb"],
        disk_gb=size["disk_gb"] + size["extra_disk_gb"],
        rack_units=size["rack_units"],
        differing=sum(1 for row in rows if row.kind == VM and row.found),
        ends_soonest=[
            EndView(instance=r.id, name=r.name, kind=r.kind, expires_at=r.expires_at)
            for r in ending[:SOONEST]
        ],
    )
