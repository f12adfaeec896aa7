"""Runs on the real durable engine: many at once, slots kept, restarts, and no secret anywhere."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from provisioner import bootstrap
from provisioner.errors import Conflict
from provisioner.runs.model import Run
from tests.integration.harness import PATIENCE, Office

_WHOLE = ("done", "attention", "planned")


@pytest.fixture
def working(office: Office) -> Iterator[Office]:
    """An office whose engine is at work."""
    office.product.start(worker=True)
    yield office
    office.reconnect()


def _until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _ended(office: Office, numbers: list[str]) -> bool:
    return all(office.request(number).state in _WHOLE for number in numbers)


def _most_clones_at_once(office: Office, ended: threading.Event, seen: list[int]) -> None:
    while not ended.is_set():
        tasks = office.lab.state()["tasks"]
        running = [t for t in tasks if t["type"] == "qmclone" and not t["exitstatus"]]
        seen.append(len(running))
        time.sleep(0.02)


def test_a_batch_of_runs_keeps_to_the_slots_of_its_storage(office: Office) -> None:
    """Two clones at once per storage are configured; the cluster is watched while six run."""
    office.lab.fault("task-slow", type="qmclone", seconds=80)
    numbers = [office.approved()[0] for _ in range(6)]
    office.product.start(worker=True)
    seen: list[int] = []
    ended = threading.Event()
    watch = threading.Thread(target=_most_clones_at_once, args=(office, ended, seen))
    watch.start()
    _until(lambda: _ended(office, numbers))
    ended.set()
    watch.join()
    office.reconnect()
    for number in numbers:
        office.assert_fulfilled(number)
    assert max(seen) == office.settings.clusters["dc1"].concurrency.clones == 2
    assert office.leases() == []


def test_stop_and_retry_reach_a_run_that_sleeps(working: Office) -> None:
    number, run = working.approved()
    working.lab.fault("task-fails", type="qmstart", text="out of space")
    _until(lambda: working.run(run).state == "waiting_person")
    working.product.runs.retry(working.budi, run)
    _until(lambda: _ended(working, [number]))
    working.assert_fulfilled(number)
    other, asleep = working.approved()
    working.lab.fault("error", method="POST", path="/clone", status=500, text="no quorum", times=9)
    _until(lambda: working.run(asleep).state == "waiting_retry")
    working.product.runs.stop(working.budi, asleep)
    _until(lambda: working.run(asleep).state == "stopped")
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
    _until(lambda: [t["type"] for t in office.lab.state()["tasks"][-1:]] == ["qmclone"])
    office.reconnect()
    office.lab.clear()
    office.product.start(worker=True)
    _until(lambda: _ended(office, numbers))
    office.reconnect()
    for number in numbers:
        office.assert_fulfilled(number)
        assert office.clones_of(number) == 1


def test_a_run_that_the_engine_has_lost_is_taken_up_again(office: Office) -> None:
    """As after a restore of our tables without the engine's: nothing else would carry it on."""
    number, run_id = office.approved()
    with office.product.database.write() as session:
        session.execute(text("delete from workflow_status where workflow_uuid like :run"),
                        {"run": f"{run_id}.%"})  # fmt: skip
        session.get_one(Run, run_id).created_at -= timedelta(minutes=5)
    office.product.start(worker=True)
    office.product.housekeeping.once()
    _until(lambda: _ended(office, [number]))
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
    _until(lambda: _ended(office, [number]))
    failed, second = office.approved()
    office.lab.fault("task-fails", type="qmstart", text="shrinking disks is not supported")
    _until(lambda: _ended(office, [failed]))
    office.reconnect()
    office.assert_fulfilled(number)
    secrets = _secrets(office, number) | _secrets(office, failed)
    assert len(secrets) == 5
    views = [office.run(one).model_dump_json() for one in (run, second)]
    views += [office.texts(one) for one in (number, failed)]
    views += [str(office.product.requests.events(office.budi, n)) for n in (number, failed)]
    places = {"log": caplog.text, "views": "".join(views), **_files(office.directory / "var")}
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


def _files(directory: Path) -> dict[str, str]:
    """Everything that the product wrote, as it lies on the disk, its two key files left out."""
    kept = {"id_ed25519", "secret.key"}
    return {
        str(path): path.read_bytes().decode("latin-1")
        for path in directory.rglob("*")
        if path.is_file() and path.name not in kept
    }
