"""Runs on the real durable engine: many at once, slots kept, restarts, and no secret anywhere."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from provisioner import bootstrap
from provisioner.errors import Conflict
from provisioner.runs.model import Run
from tests.integration.harness import PATIENCE, SPEED, Office
from tests.postgres import engine_table

_WHOLE = ("done", "attention", "planned")


@pytest.fixture
def working(office: Office) -> Iterator[Office]:
    """An office whose engine is at work."""
    office.product.start(worker=True)
    yield office
    office.reconnect()


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _ended(office: Office, numbers: list[str]) -> bool:
    return all(office.request(number).state in _WHOLE for number in numbers)


def _most_clones_at_once(office: Office) -> int:
    """As the cluster itself noted when each of its clones began and ended."""

    def spans(pve: Any) -> list[tuple[float, float]]:
        clones = [task for task in pve.tasklog if task["type"] == "qmclone"]
        return [(task["clock"], task["clock"] + task["seconds"]) for task in clones]

    found: list[tuple[float, float]] = office.lab.call(spans)
    return max(sum(a <= moment < b for a, b in found) for moment, _ in found)


def test_a_batch_of_runs_keeps_to_the_slots_of_its_storage(office: Office) -> None:
    """Two clones at once per storage are configured, and four runs are in line."""
    office.lab.fault("task-slow", type="qmclone", seconds=SPEED)
    numbers = [office.approved()[0] for _ in range(4)]
    office.product.start(worker=True)
    until(lambda: _ended(office, numbers))
    office.reconnect()
    for number in numbers:
        office.assert_fulfilled(number)
    clones = office.settings.clusters["dc1"].concurrency.clones
    assert _most_clones_at_once(office) == clones == 2
    assert office.leases() == []


def test_stop_and_retry_reach_a_run_that_sleeps(working: Office) -> None:
    number, run = working.approved()
    working.lab.fault("task-fails", type="qmstart", text="out of space")
    until(lambda: working.run(run).state == "waiting_person")
    working.product.runs.retry(working.budi, run)
    until(lambda: _ended(working, [number]))
    working.assert_fulfilled(number)
    other, asleep = working.approved()
    working.lab.fault("error", method="POST", path="/clone", status=500, text="no quorum", times=9)
    until(lambda: working.run(asleep).state == "waiting_retry")
    working.product.runs.stop(working.budi, asleep)
    until(lambda: working.run(asleep).state == "stopped")
    assert working.machines(other) == []


def test_a_second_engine_is_refused(working: Office) -> None:
    second = bootstrap.build(working.settings)
    with pytest.raises(Conflict) as refused:
        second.start(worker=True)
    assert refused.value.slug == "engine-running"
    second.client.close()
    second.database.close()


def test_a_restart_goes_on_where_it_was(office: Office) -> None:
    """The process ends in an orderly way in the middle; the next one finishes the runs."""
    numbers = [office.approved()[0] for _ in range(2)]
    office.lab.fault("task-slow", type="qmclone", seconds=200)
    office.product.start(worker=True)
    until(lambda: [t["type"] for t in office.lab.state()["tasks"][-1:]] == ["qmclone"])
    office.reconnect()
    office.lab.clear()
    office.product.start(worker=True)
    until(lambda: _ended(office, numbers))
    office.reconnect()
    for number in numbers:
        office.assert_fulfilled(number)
        assert office.clones_of(number) == 1


def test_a_run_that_the_engine_has_lost_is_taken_up_again(office: Office) -> None:
    """As after a restore of our tables without the engine's: nothing else would carry it on."""
    number, run_id = office.approved()
    table = engine_table(office.product.database)
    with office.product.database.write() as session:
        session.execute(text(f"delete from {table} where workflow_uuid like '{run_id}.%'"))  # noqa: S608
        session.get_one(Run, run_id).created_at -= timedelta(minutes=5)
    office.product.start(worker=True)
    office.product.housekeeping.once()
    until(lambda: _ended(office, [number]))
    office.reconnect()
    office.assert_fulfilled(number)
    assert office.run(run_id).attempt == 2


def test_no_secret_in_database_record_or_log(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """Console password, token and private key, after a run with failures, an undo and a report."""
    caplog.set_level(logging.DEBUG)
    number, run = office.approved()
    office.lab.fault("clone-596")
    office.product.start(worker=True)
    until(lambda: _ended(office, [number]))
    failed, second = office.approved()
    office.lab.fault("task-fails", type="qmstart", text="shrinking disks is not supported")
    until(lambda: _ended(office, [failed]))
    office.reconnect()
    office.assert_fulfilled(number)
    secrets = _secrets(office, number) | _secrets(office, failed)
    assert len(secrets) == 5
    views = [office.run(one).model_dump_json() for one in (run, second)]
    views += [office.texts(one) for one in (number, failed)]
    views += [str(office.product.requests.events(office.budi, n)) for n in (number, failed)]
    places = {"log": caplog.text, "views": "".join(views), **_files(office.directory / "var")}
    places |= _tables(office)
    for place, content in places.items():
        for secret in secrets:
            assert secret not in content, place


def _secrets(office: Office, number: str) -> set[str]:
    product = office.product
    with product.database.read() as session:
        kept = product.secrets.find(session, "console-password", number)
    assert kept is not None
    private = (office.directory / "var" / "id_ed25519").read_text()
    lines = [line for line in private.splitlines() if re.fullmatch(r"[A-Za-z0-9+/=]{60,}", line)]
    body = lines[2]  # the first two carry the public half and are the same for all keys
    status = product.handovers.status(number)
    links = {status.token} if status and status.token else set()
    return {office.lab.token_secret, product.secrets.get(kept), body} | links


def _tables(office: Office) -> dict[str, str]:
    """Every row of every table, ours and the engine's."""
    with office.product.database.engine.connect() as connection:
        found = inspect(connection)
        names = [
            f'"{schema}"."{table}"'
            for schema in found.get_schema_names()
            if schema != "information_schema"
            for table in found.get_table_names(schema)
        ]
        rows = {n: connection.execute(text(f"select * from {n}")).all() for n in names}  # noqa: S608
    assert len(rows) > 30
    return {name: str(content) for name, content in rows.items()}


def _files(directory: Path) -> dict[str, str]:
    """Everything that the product wrote, as it lies on the disk, its two key files left out."""
    kept = {"id_ed25519", "secret.key"}
    return {
        str(path): path.read_bytes().decode("latin-1")
        for path in directory.rglob("*")
        if path.is_file() and path.name not in kept
    }
