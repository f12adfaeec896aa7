"""Deadlines that come near, pass and move: told once, on both databases, whatever restarts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event

from provisioner import events
from provisioner.catalogue import Catalogue, Inventory, Network, Office
from provisioner.database import Database, now
from provisioner.people.model import Department, Person
from provisioner.requests.deadlines import Deadlines, due_of
from provisioner.requests.model import Request
from tests.unit.test_worktime import office, wib

TUESDAY = "2026-11-03T07:30"


def inventory(here: Office | None = None) -> Inventory:
    terms = {"services": {"internet": {"sla_working_days": 3, "letters": []}}}
    return Inventory(Catalogue.model_validate(terms), Network(), here or office())


class Desk:
    """Requests as rows, and the clock in the test's hand."""

    def __init__(self, database: Database, here: Office | None = None) -> None:
        self.database, self.inventory = database, inventory(here)
        self.deadlines = Deadlines(database, self.inventory)
        with database.write() as session:
            session.add(Department(id="dinkes", name="Dinas Kesehatan"))
            person = Person(username="sari", name="Sari", created_at=now(), department_id="dinkes")
            session.add(person)
            session.flush()
            self.person = person.id

    def request(self, number: str, received: str = TUESDAY, **changes: Any) -> str:
        moment = wib(received)
        values = {"state": "submitted", "pauses": [], **changes}
        row = Request(
            number=number, service="internet", department_id="dinkes", applicant={}, details={},
            created_by=self.person, created_at=moment, submitted_at=moment, **values,
        )  # fmt: skip
        row.due_at = due_of(row, self.inventory)
        with self.database.write() as session:
            session.add(row)
        return number

    def change(self, number: str, **values: Any) -> None:
        with self.database.write() as session:
            row = session.query(Request).filter_by(number=number).one()
            for name, value in values.items():
                setattr(row, name, value)

    def told(self, number: str) -> list[str]:
        with self.database.read() as session:
            return [one.tag for one in events.read(session, number)]


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def test_each_stage_is_told_once_in_its_order(desk: Desk) -> None:
    number = desk.request("NET-2026-0001")  # 8.5 + 8.5 + 8.5 + 7 hours, due Friday 14:30
    steps = [
        ("2026-11-05T16:00", []),  # 25.5 of 32.5 hours: 78 %
        ("2026-11-06T08:30", ["request:due-soon"]),  # 81 %
        ("2026-11-06T14:30", []),  # due this very moment: not late
        ("2026-11-06T14:31", ["request:overdue"]),
        ("2026-11-08T12:00", []),
        ("2026-11-09T16:00", []),  # one working day late, not more
        ("2026-11-09T16:01", ["request:escalated-late"]),
        ("2026-12-01T09:00", []),
    ]
    told: list[str] = []
    for moment, new in steps:
        told += new
        for clock in (desk.deadlines, Deadlines(desk.database, desk.inventory)):
            clock.once(wib(moment))
            assert desk.told(number) == told, moment


def test_after_a_long_absence_late_comes_before_the_superior(desk: Desk) -> None:
    number = desk.request("NET-2026-0001")
    late = wib("2026-11-25T09:00")
    assert [desk.deadlines.once(late) for _ in range(3)] == [1, 1, 0]
    assert desk.told(number) == ["request:overdue", "request:escalated-late"]


def test_only_a_clock_that_runs_is_told(desk: Desk) -> None:
    for n, state in enumerate(("draft", "needs_info", "scheduled", "done", "rejected"), 1):
        desk.request(f"NET-2026-000{n}", state=state)
    assert desk.deadlines.once(wib("2026-12-01T09:00")) == 0


def test_another_due_date_begins_anew(desk: Desk) -> None:
    number = desk.request("NET-2026-0001")
    desk.deadlines.once(wib("2026-11-06T09:00"))
    pauses = [[wib("2026-11-06T09:30").isoformat(), wib("2026-11-20T09:00").isoformat()]]
    desk.change(number, pauses=pauses, due_at=wib("2026-11-20T14:30"))
    desk.deadlines.once(wib("2026-11-20T09:30"))
    assert desk.told(number) == ["request:due-soon", "request:due-soon"]
    desk.deadlines.once(wib("2026-11-20T15:00"))
    assert desk.told(number)[-1] == "request:overdue"


def test_what_was_confirmed_in_time_waits_for_its_event_without_being_late(desk: Desk) -> None:
    number = desk.request("NET-2026-0001", state="in_progress")
    desk.change(number, due_at=now() + timedelta(hours=1))
    with desk.database.write() as session:
        events.append(session, number, "request:scheduled")
    assert desk.deadlines.once(now() + timedelta(days=9)) == 0
    assert desk.told(number) == ["request:scheduled"]


def test_two_processes_tell_once(desk: Desk) -> None:
    numbers = [desk.request(f"NET-2026-{n:04d}") for n in range(1, 9)]
    clocks = [Deadlines(desk.database, desk.inventory) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda clock: clock.once(wib("2026-11-06T14:31")), clocks))
    assert sum(counts) == 8
    assert all(desk.told(number) == ["request:overdue"] for number in numbers)


def test_only_what_may_be_near_is_read(desk: Desk) -> None:
    for n in range(1, 30):
        desk.request(f"NET-2026-{n:04d}", received="2026-11-16T08:00")
    rows = 0

    def count(*_: object) -> None:
        nonlocal rows
        rows += 1

    sqlalchemy_event.listen(Request, "load", count)
    try:
        desk.deadlines.once(wib("2026-11-03T08:00"))
    finally:
        sqlalchemy_event.remove(Request, "load", count)
    assert rows == 0


def test_a_changed_calendar_moves_open_deadlines_and_says_so(database: Database) -> None:
    desk = Desk(database)
    open_one, closed = desk.request("NET-2026-0001"), desk.request("NET-2026-0002", state="done")
    assert desk.deadlines.follow_calendar() == 0
    off = office(extra_holidays={date(2026, 11, 5): "Libur daerah"})
    changed = Deadlines(database, inventory(off))
    assert [move.number for move in changed.moves(off)] == [open_one]
    assert changed.follow_calendar() == 1
    assert changed.follow_calendar() == 0
    assert desk.told(open_one) == ["request:due-moved"]
    assert desk.told(closed) == []
    with database.read() as session:
        row = session.query(Request).filter_by(number=open_one).one()
        [moved] = events.read(session, open_one)
    assert row.due_at == wib("2026-11-09T16:00")
    assert moved.payload
    assert moved.payload["before"] == wib("2026-11-06T14:30").astimezone(UTC).isoformat()
    assert moved.payload["after"] == row.due_at.isoformat()
    assert "09/11/2026" in str(moved.payload["text"])
    assert Deadlines(database, inventory()).follow_calendar() == 1, "and back again"


def test_what_if_a_day_were_off_moves_nothing(desk: Desk) -> None:
    near = desk.request("NET-2026-0001")
    desk.request("NET-2026-0002", received="2026-10-26T08:00")
    desk.request("NET-2026-0003", received="2026-11-09T08:00")
    [move] = desk.deadlines.what_if(date(2026, 11, 6), works=False)
    assert (move.number, move.after) == (near, wib("2026-11-09T16:00").astimezone(UTC))
    moves = desk.deadlines.what_if(date(2026, 11, 7), works=True)
    assert moves == [], "Saturday comes after its due date"
    assert desk.deadlines.what_if(date(2026, 12, 25), works=False) == []
    assert desk.told(near) == []


def test_the_moment_of_receipt_on_paper_begins_the_clock(desk: Desk) -> None:
    row = Request(
        service="internet", submitted_at=wib(TUESDAY), received_at=wib("2026-11-02T10:00"),
        pauses=[],
    )  # fmt: skip
    assert due_of(row, desk.inventory) == datetime(2026, 11, 5, 9, tzinfo=UTC)
