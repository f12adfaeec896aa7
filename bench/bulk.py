"""Many rows at once into a table of either database, past the ORM and its transactions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from provisioner.database import Database
from provisioner.tables import METADATA

AT_ONCE = 5000


class Bulk:
    """Writes on a connection of its own; what is written stands once ``close`` was called."""

    def __init__(self, database: Database) -> None:
        self._sqlite = database.is_sqlite
        self._connection = database.engine.raw_connection()
        self._cursor = self._connection.cursor()
        if self._sqlite:
            self._cursor.execute("PRAGMA foreign_keys=OFF")
            self._cursor.execute("PRAGMA synchronous=OFF")
            self._cursor.execute("BEGIN IMMEDIATE")
        else:
            self._cursor.execute("set session_replication_role = replica")

    def add(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """``rows`` in the order of ``columns``; JSON values are given as their text."""
        names = ", ".join(columns)
        cells = ([self._cell(value) for value in row] for row in rows)
        if self._sqlite:
            marks = ", ".join("?" * len(columns))
            self._cursor.executemany(
                f"insert into {table} ({names}) values ({marks})",  # noqa: S608
                cells,
            )
        else:
            with self._cursor.copy(f"copy {table} ({names}) from stdin") as copy:
                for row in cells:
                    copy.write_row(row)

    def empty(self, table: str) -> None:
        """Take all its rows away."""
        self._cursor.execute(f"delete from {table}")  # noqa: S608

    def close(self) -> None:
        """Keep it all; on PostgreSQL also move the counters of ids on, and look at the tables."""
        if self._sqlite:
            self._cursor.execute("COMMIT")
            self._cursor.execute("PRAGMA foreign_keys=ON")
            self._cursor.execute("PRAGMA synchronous=FULL")
            self._cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            self._cursor.execute("set session_replication_role = origin")
            for table in METADATA.sorted_tables:
                key = table.autoincrement_column
                if key is not None:
                    self._cursor.execute(
                        f"select setval(pg_get_serial_sequence('{table.name}', '{key.name}'), "  # noqa: S608
                        f"(select coalesce(max({key.name}), 1) from {table.name}))"
                    )
            self._connection.commit()
            self._connection.dbapi_connection.autocommit = True
            self._cursor.execute("vacuum analyze")
            self._connection.dbapi_connection.autocommit = False
        self._connection.close()

    def _cell(self, value: Any) -> Any:
        if isinstance(value, datetime):
            utc = value.astimezone(UTC)
            return utc.strftime("%Y-%m-%d %H:%M:%S.%f") if self._sqlite else utc
        return int(value) if self._sqlite and isinstance(value, bool) else value


def texts_of(session: Any, table: str, **where: Any) -> list[dict[str, Any]]:
    """Rows as plain data with their JSON as text, in the order of the primary key."""
    made = METADATA.tables[table]
    query = sa.select(made).order_by(*made.primary_key.columns)
    for name, value in where.items():
        query = query.where(made.c[name] == value)
    return [
        {
            column.name: _text(value) if isinstance(column.type, sa.JSON) else value
            for column, value in zip(made.columns, row, strict=True)
        }
        for row in session.execute(query)
    ]


def _text(value: Any) -> str | None:
    """As the chain of events hashes it."""
    if value is None:
        return None
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
