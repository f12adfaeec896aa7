"""An office to plan in: a real database, requests in it, and the plan service."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from provisioner.catalogue import Inventory
from provisioner.database import Database, now
from provisioner.drivers.hypervisor import Hypervisor
from provisioner.drivers.seat import UserSeat
from provisioner.people.model import Department, Person, Role
from provisioner.people.rules import Actor
from provisioner.plans import store
from provisioner.plans.model import Plan
from provisioner.plans.record import PlanRecord, Reservation, ReservationState
from provisioner.plans.service import PlanService
from provisioner.requests.model import Request
from provisioner.requests.rules import RequestState
from provisioner.services.cloud_vps.planning import CloudVpsPlanning
from provisioner.settings import ClusterSettings
from tests.unit import plans_world as world

TECHNICIAN = Actor(1, "tono", "Tono", frozenset({Role.TECHNICIAN}), None, "en")
APPLICANT = Actor(2, "ani", "Ani", frozenset({Role.APPLICANT}), "dinkes", "id")


class Office:
    """A database with requests, and the plan service on a cluster and a seat."""

    def __init__(
        self,
        database: Database,
        hypervisor: Hypervisor,
        seat: UserSeat,
        inventory: Inventory = world.INVENTORY,
        settings: ClusterSettings = world.SETTINGS,
    ) -> None:
        self.database = database
        self.planning = CloudVpsPlanning(
            inventory, {"dc1": settings}, {"dc1": hypervisor}, seat, lambda: world.OFFICE_KEY
        )
        self.plans = PlanService(database, {"cloud_vps": self.planning})
        with database.write() as session:
            session.add(Department(id="dinkes", name="Dinas Kesehatan"))
            session.add(Department(id="disdik", name="Dinas Pendidikan"))
            session.add(Person(id=1, username="tono", name="Tono", created_at=now()))
            session.add(Person(id=2, username="ani", name="Ani", created_at=now()))

    def ask(self, i: int = 1, **details: Any) -> str:
        number = f"VPS-2026-{i:04d}"
        with self.database.write() as session:
            session.add(
                Request(
                    number=number, service="cloud_vps", department_id="dinkes", applicant={},
                    details={**world.DETAILS, "hostname": f"host-{i}", **details},
                    state=RequestState.SUBMITTED, created_by=2, created_at=now(), pauses=[],
                )
            )  # fmt: skip
        return number

    def request(self, number: str) -> Request:
        with self.database.read() as session:
            return session.scalars(select(Request).where(Request.number == number)).one()

    def move(self, number: str, state: RequestState, busy: bool = False) -> None:
        with self.database.write() as session:
            row = session.scalars(select(Request).where(Request.number == number)).one()
            row.state, row.busy = state, busy

    def rows(self, state: ReservationState | None = None) -> list[Reservation]:
        with self.database.read() as session:
            found = session.scalars(select(Reservation).order_by(Reservation.id)).all()
        return [row for row in found if state is None or row.state == state]

    def keys(self, kind: str) -> list[str]:
        return sorted(row.key for row in self.rows() if row.kind == kind)

    def record(self, number: str) -> PlanRecord:
        with self.database.read() as session:
            found = store.current(session, self.request(number).id)
        assert found is not None
        return found

    def plan(self, number: str) -> Plan:
        return Plan.from_json(self.record(number).body)

    def approve(self, number: str) -> None:
        with self.database.write() as session:
            store.reserve(session, store.by_id(session, self.record(number).id), now())
