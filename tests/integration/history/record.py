"""Records the engine's history of a run under way: `python -m tests.integration.history.record`.

Run it once for each released shape of the workflows and keep the file for ever: new code has to
finish what old code began.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from provisioner.database import Database
from provisioner.runs.engine import VERSION, Engine, EngineClient, EngineSerializer, migrate
from provisioner.runs.runner import Turn

FOLDER = Path(__file__).parent
RUN = "run-recorded"
SKIPPED = ("dbos_migrations", "queues", "sqlite_sequence", "application_versions")
"""What every launch makes anew."""


def plain() -> EngineSerializer:
    """Without encryption: a recording holds nothing but the run's id."""
    return EngineSerializer(str, str)


def main() -> None:
    """Write ``carry_out_{VERSION}.sql``: two turns done, the run asleep until it is woken."""
    directory = Path(tempfile.mkdtemp())
    path = directory / "engine.db"
    url = f"sqlite:///{path}"
    migrate(url)
    turns = iter([Turn("again", 0.1), Turn("again", 36000.0)])
    engine = Engine(url, directory, plain(), lambda _run, _attempt: next(turns))
    engine.start()
    client = EngineClient(url, plain())
    with Database(url).write() as session:
        client.enqueue(session, RUN, 1, "dc1")
    time.sleep(5)
    engine.stop()
    with sqlite3.connect(path) as connection:
        lines = [
            line
            for line in connection.iterdump()
            if line.startswith("INSERT") and not any(f'"{table}"' in line for table in SKIPPED)
        ]
    (FOLDER / f"carry_out_{VERSION}.sql").write_text("\n".join(lines) + "\n")
    sys.stdout.write(f"{len(lines)} rows\n")


if __name__ == "__main__":
    main()
