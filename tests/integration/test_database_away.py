"""The database goes away in the middle of runs: they go on by themselves, nobody is asked."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text

from tests.integration.harness import Office
from tests.integration.test_runs_engine import until

_BREAK = text(
    "select pg_terminate_backend(pid) from pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid()"
)


def test_connections_that_the_database_breaks(office: Office) -> None:
    """As when it is started anew: whatever was being written down is written again, or done again.

    At every step that is begun all connections end, those that wait for the engine's news too.
    """
    if office.product.database.is_sqlite:
        pytest.skip("SQLite has no connections to break")
    number, run = office.approved()
    office.product.start(worker=True)
    until(lambda: len(office.attempts(run)) > 0)
    for _ in range(5):
        with office.product.database.write() as session:
            session.execute(_BREAK)
        time.sleep(0.3)
    until(lambda: office.request(number).state in ("done", "attention"))
    office.reconnect()
    office.assert_fulfilled(number)
    assert office.clones_of(number) == 1
