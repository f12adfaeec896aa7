"""New code finishes what old code began: every recorded history is carried to its end."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from provisioner.runs.engine import Engine, EngineClient, migrate, workflow_id
from provisioner.runs.runner import Turn
from tests.integration.history.record import FOLDER, RUN, plain

RECORDED = sorted(FOLDER.glob("*.sql"))


@pytest.mark.xdist_group("engine-history")
@pytest.mark.parametrize("history", RECORDED, ids=lambda path: path.stem)
def test_a_recorded_history_is_finished(history: Path, tmp_path: Path) -> None:
    path = tmp_path / "engine.db"
    migrate(f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        connection.executescript(history.read_text())
    asked = threading.Event()

    def last_turn(run_id: str, attempt: int) -> Turn:
        assert (run_id, attempt) == (RUN, 1)
        asked.set()
        return Turn("end")

    engine = Engine(f"sqlite:///{path}", tmp_path, plain(), last_turn)
    engine.start()
    client = EngineClient(f"sqlite:///{path}", plain())
    try:
        assert Engine.under_way([workflow_id(RUN, 1)]), "it was not recovered"
        client.wake(RUN, 1)
        assert asked.wait(20), "the run that slept was not woken"
        finished = threading.Event()
        for _ in range(100):
            if not Engine.under_way([workflow_id(RUN, 1)]):
                break
            finished.wait(0.1)
        assert not Engine.under_way([workflow_id(RUN, 1)])
    finally:
        client.close()
        engine.stop()
    with sqlite3.connect(path) as connection:
        row = connection.execute(
            "select status from workflow_status where workflow_uuid = ?", (workflow_id(RUN, 1),)
        ).fetchone()
    assert row == ("SUCCESS",)
