"""Checks that nobody asks for: once a night, after hand-over, and while something is broken."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioner.checks.tables import CheckRow
from provisioner.database import Database, now
from provisioner.settings import CheckSettings
from tests.integration.check_stage import RINA, SITES, VM, Stage, request, result

EVERY = [f"site:{key}" for key in SITES]


@pytest.fixture
def stage(database: Database) -> Stage:
    """An office that has been at work for a week."""
    made = Stage(database)
    made.lived_since(now() - timedelta(days=7))
    return made


def test_a_missed_night_is_made_up_for_once(stage: Stage) -> None:
    stage.schedule.once()
    stage.schedule.once()
    assert targets(stage) == EVERY
    stage.work()
    stage.schedule.once()
    assert targets(stage) == EVERY, "this night is over"
    stage.later(timedelta(days=1))
    stage.schedule.once()
    assert targets(stage) == EVERY * 2


def test_the_checks_of_a_night_are_spread(stage: Stage) -> None:
    stage.schedule.nightly()
    due = [row.due_at for row in stage.rows()]
    assert len(set(due)) == len(SITES)
    assert max(due) - min(due) >= timedelta(minutes=9)


def test_two_clocks_ask_once(stage: Stage) -> None:
    other = Stage(stage.database)
    stage.schedule.nightly()
    other.schedule.nightly()
    assert targets(stage) == EVERY


def test_who_was_set_up_after_the_hour_has_missed_nothing(database: Database) -> None:
    fresh = Stage(database)
    fresh.schedule.once()
    fresh.lived_since(now())
    fresh.schedule.once()
    assert targets(fresh) == []


def test_without_nights_nothing_is_looked_at_by_itself(database: Database) -> None:
    quiet = Stage(database, settings=CheckSettings(nightly=False))
    quiet.lived_since(now() - timedelta(days=7))
    quiet.schedule.once()
    assert targets(quiet) == []


def test_a_check_by_a_person_does_not_replace_the_night(stage: Stage) -> None:
    stage.check(EVERY[0])
    stage.schedule.nightly()
    assert targets(stage).count(EVERY[0]) == 2


def test_what_was_handed_over_is_checked_once_a_day_later(database: Database) -> None:
    stage = Stage(database, settings=CheckSettings(nightly=False))
    done = {"state": "done", "instance_id": VM}
    request(database, "VPS-2026-0001", {}, **done, closed_at=now() - timedelta(hours=25))
    request(database, "VPS-2026-0003", {}, **done, closed_at=now() - timedelta(hours=23))
    ended = {**done, "instance_id": "vm-that-ended"}
    request(database, "VPS-2026-0004", {}, **ended, closed_at=now() - timedelta(hours=25))
    request(database, "VPS-2026-0005", {}, **done, closed_at=now() - timedelta(days=30))
    stage.schedule.once()
    stage.schedule.once()
    stage.work()
    stage.schedule.once()
    [row] = stage.rows()
    assert (row.target, row.purpose, row.request_number, row.department_id) == (
        f"instance:{VM}", "handover", "VPS-2026-0001", "dinkes",
    )  # fmt: skip
    assert [each.tag for each in stage.events("VPS-2026-0001")] == ["check:finished"]


def test_where_something_is_broken_it_is_looked_again_every_hour(database: Database) -> None:
    stage = Stage(database)
    for target in EVERY[:2]:
        stage.found[target] = [result("port.down")]
        stage.check(target)
    stage.schedule.again()
    assert len(stage.rows()) == 2, "it was looked at just now"
    stage.later(timedelta(minutes=61))
    stage.schedule.again()
    stage.schedule.again()
    stage.work()
    assert targets(stage) == [*EVERY[:2], *EVERY[:2]]
    stage.found.clear()
    stage.later(timedelta(minutes=61))
    stage.schedule.again()
    stage.work()
    stage.schedule.again()
    stage.work()
    stage.later(timedelta(minutes=61))
    stage.schedule.again()
    assert len(stage.rows()) == 6, "all are green again"


def test_what_people_wait_for_goes_before_the_night(stage: Stage) -> None:
    stage.schedule.nightly()
    asked = stage.service.start(RINA, target=EVERY[9])
    assert stage.worker.once()
    assert stage.examined == [EVERY[9]]
    assert stage.service.get(RINA, asked.id).state == "done"


def targets(stage: Stage) -> list[str]:
    return [row.target for row in sorted(stage.rows(), key=_order)]


def _order(row: CheckRow) -> tuple[float, str]:
    return (round(row.asked_at.timestamp() / 60), row.target)
