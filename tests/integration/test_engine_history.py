"""New code finishes what old code began: every recorded history is carried to its end."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from provisioner.database import Database
from provisioner.runs.engine import Engine, EngineClient, migrate, workflow_id
from provisioner.runs.runner import Turn
from tests.integration.harness import PATIENCE
from tests.integration.history.record import FOLDER, RUN, plain
from tests.integration.history.rows import put_back
from tests.postgres import engine_table

RECORDED = sorted(FOLDER.glob("*.json"))
_URLS = {"sqlite": "sqlite_url", "postgresql": "empty_postgres_url"}


@pytest.mark.parametrize("history", RECORDED, ids=lambda path: path.stem)
def test_a_recorded_history_is_finished(
    history: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(_URLS[history.suffixes[0][1:]])
    migrate(url)
    database = Database(url)
    put_back(database, history)
    asked = threading.Event()

    def last_turn(run_id: str, attempt: int) -> Turn:
        assert (run_id, attempt) == (RUN, 1)
        asked.set()
        return Turn("end")

    engine = Engine(url, tmp_path, plain(), last_turn)
    engine.start()
    client = EngineClient(url, plain())
    try:
        assert Engine.under_way([workflow_id(RUN, 1)]), "it was not recovered"
        client.wake(RUN, 1)
        assert asked.wait(PATIENCE), "the run that slept was not woken"
        deadline = time.monotonic() + PATIENCE
        while Engine.under_way([workflow_id(RUN, 1)]):
            assert time.monotonic() < deadline, "it was not finished"
            time.sleep(0.05)
    finally:
        client.close()
        engine.stop()
    query = f"select status, count(*) from {engine_table(database)} group by status"  # noqa: S608
    with database.engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(text(query))] == [("SUCCESS", 4)]
    database.close()
