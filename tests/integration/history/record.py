"""Records the engine's history of a run under way: `python -m tests.integration.history.record`.

Run it once for each released shape of the workflows and keep the files for ever: new code has to
finish what old code began.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from provisioner.database import Database
from provisioner.runs.engine import VERSION, Engine, EngineClient, EngineSerializer, migrate
from provisioner.runs.runner import Turn
from tests.integration.history.rows import keep
from tests.postgres import server

FOLDER = Path(__file__).parent
RUN = "run-recorded"


def plain() -> EngineSerializer:
    """Without encryption: a recording holds nothing but the run's id."""
    return EngineSerializer(str, str)


def record(url: str, directory: Path) -> int:
    """Two turns done, the run asleep until it is woken; returns how many rows were kept."""
    migrate(url)
    turns = iter([Turn("again", 0.1), Turn("again", 36000.0)])
    engine = Engine(url, directory, plain(), lambda _run, _attempt: next(turns))
    engine.start()
    client = EngineClient(url, plain())
    database = Database(url)
    with database.write() as session:
        client.enqueue(session, RUN, 1, "dc1")
    time.sleep(5)
    client.close()
    engine.stop()
    rows = keep(database, FOLDER / f"carry_out_{VERSION}.{database.engine.dialect.name}.json")
    database.close()
    return rows


def main() -> None:
    """Write ``carry_out_{VERSION}.{database}.json`` for each of the two databases."""
    directory = Path(tempfile.mkdtemp())
    with server() as started, started.database() as url:
        for one in (f"sqlite:///{directory / 'engine.db'}", url):
            sys.stdout.write(f"{record(one, directory)} rows\n")


if __name__ == "__main__":
    main()
