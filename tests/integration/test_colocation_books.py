"""Places in the data centre in real books: held, kept, given back; and what is printed of them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm.attributes import flag_modified

from provisioner.database import Database, now
from provisioner.errors import Conflict, NotFound
from provisioner.people.model import Department, Person
from provisioner.plans import store
from provisioner.plans.record import Reservation, ReservationState
from provisioner.plans.service import PlanService
from provisioner.reports.labels import Labels
from provisioner.requests.model import Request
from provisioner.requests.rules import RequestState
from provisioner.runs import store as runs
from provisioner.runs.starting import make_run
from provisioner.texts import render
from tests.integration.plans_office import TECHNICIAN
from tests.unit.colocation_world import DETAILS, Seat, planning
from tests.unit.test_colocation_steps import REPORT


class Centre:
    """A database with requests for places, and the plan service."""

    def __init__(self, database: Database) -> None:
        self.database, self.seat = database, Seat()
        self.plans = PlanService(database, {"colocation": planning(seat=self.seat)})
        with database.write() as session:
            session.add(Department(id="dinkes", name="Dinas Kesehatan"))
            session.add(Person(id=1, username="tono", name="Tono", created_at=now()))

    def ask(self, i: int = 1, **details: Any) -> str:
        number = f"COL-2026-{i:04d}"
        with self.database.write() as session:
            session.add(
                Request(
                    number=number, service="colocation", department_id="dinkes", applicant={},
                    details={**DETAILS, "server_name": f"server-{i}", **details},
                    state=RequestState.SUBMITTED, created_by=1, created_at=now(), pauses=[],
                )
            )  # fmt: skip
        return number

    def rows(self) -> list[Reservation]:
        with self.database.read() as session:
            return list(session.scalars(select(Reservation).order_by(Reservation.id)))

    def approve(self, number: str) -> str:
        """The run's rows, as the approval makes them; returns its id."""
        with self.database.allocate() as session:
            request = session.scalars(select(Request).where(Request.number == number)).one()
            record = store.current(session, request.id)
            assert record is not None
            store.reserve(session, record, now())
            run = make_run(session, request.id, number, record.id, store.plan(record))
            request.run_id = run.id
            return run.id


@pytest.fixture
def centre(sqlite_database: Database) -> Centre:
    return Centre(sqlite_database)


def test_every_unit_watt_and_port_is_held_once(database: Database) -> None:
    centre = Centre(database)
    for i in range(1, 6):
        centre.plans.make(TECHNICIAN, centre.ask(i, power_feeds=1, watts=200))
    with pytest.raises(Conflict) as caught:
        centre.plans.make(TECHNICIAN, centre.ask(6, power_feeds=1, watts=200))
    assert caught.value.slug == "no-capacity"  # the ports are used up
    rows = [(r.kind, r.scope, r.key) for r in centre.rows()]
    assert len(rows) == len(set(rows))
    assert sum(kind == "rack_unit" for kind, _, _ in rows) == 10
    kinds = {kind for kind, _, _ in rows}
    assert kinds == {"rack_unit", "rack_power", "switch_port", "address", "device_object"}


def test_a_stranger_at_an_address_is_passed_over(centre: Centre) -> None:
    centre.seat.answering["10.10.40.22"] = "icmp"
    view = centre.plans.make(TECHNICIAN, centre.ask())
    assert "10.10.40.23" in view.summary


def test_at_the_end_everything_is_free_but_the_address_rests(centre: Centre) -> None:
    number = centre.ask()
    centre.plans.make(TECHNICIAN, number)
    centre.approve(number)
    with centre.database.write() as session:
        request = session.scalars(select(Request).where(Request.number == number)).one()
        store.give_to_instance(session, request.id, "colocation-1")
    with centre.database.write() as session:
        store.release_instance(session, "colocation-1", now())
    (resting,) = centre.rows()
    assert (resting.kind, resting.state) == ("address", ReservationState.QUARANTINE)
    view = centre.plans.make(TECHNICIAN, centre.ask(2))
    assert "10.10.40.23" in view.summary


def test_label_and_sheet_are_printed_from_the_approved_plan_on(centre: Centre) -> None:
    labels = Labels(centre.database, "https://layanan.example/")
    number = centre.ask()
    centre.plans.make(TECHNICIAN, number)
    assert not labels.has(number)
    with pytest.raises(NotFound):
        labels.label(number)
    run_id = centre.approve(number)
    assert labels.has(number)
    label = labels.label(number)
    assert label.name == "server-1"
    assert ("Owner", "Dinas Kesehatan") in [(str(a), b) for a, b in label.rows]
    before = labels.sheet(number)
    assert [item.done for item in before.items] == [False] * 7
    with centre.database.write() as session:
        step = runs.step(session, run_id, "colocation.rack")
        step.memory = {"completed": REPORT}
        flag_modified(step, "memory")
    after = labels.sheet(number)
    assert all(item.done for item in after.items)
    assert render(after.items[1].text, "id").startswith("Label")
    assert after.photos == tuple(REPORT["photos"])
