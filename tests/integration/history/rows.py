"""The engine's rows as JSON, by table and column: how a history is kept, and put back."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, inspect, select

from provisioner.database import PREFIX, Database

SKIPPED = ("dbos_migrations", "queues", "sqlite_sequence", "application_versions")
"""What every launch makes anew."""


def keep(database: Database, path: Path) -> int:
    """Write every row of the engine's tables; returns how many."""
    with database.engine.connect() as connection:
        kept = {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in _tables(connection)
        }
    kept = {name: rows for name, rows in kept.items() if rows}
    path.write_text(json.dumps(kept, indent=1) + "\n")
    return sum(map(len, kept.values()))


def put_back(database: Database, path: Path) -> None:
    """Into the engine's tables as they are now; what was of another machine is of this one."""
    kept: dict[str, list[dict[str, Any]]] = json.loads(path.read_text())
    with database.engine.begin() as connection:
        for table in _tables(connection):
            for row in kept.pop(table.name, []):
                mine = {"executor_id": executor(database)} if row.get("executor_id") else {}
                connection.execute(table.insert().values({**row, **mine}))
    assert not kept, "the engine has no such tables any more"


def executor(database: Database) -> str:
    """By what a worker finds its own work again after a crash; never to be changed."""
    return "local" if database.is_sqlite else f"{socket.gethostname()}-1"


def _tables(connection: Connection) -> list[Table]:
    """Parents first, each with the columns that it has now."""
    schema = None if connection.dialect.name == "sqlite" else "dbos"
    names = [
        name
        for name in inspect(connection).get_table_names(schema)
        if name not in SKIPPED and not name.startswith(PREFIX)
    ]
    metadata = MetaData(schema=schema)
    metadata.reflect(connection, only=names)
    return metadata.sorted_tables
