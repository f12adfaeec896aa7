"""How SQLite carries our queries out: what a test looks at where a slow one would go unseen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event as listening

from provisioner.database import Database


@contextmanager
def plans_of(database: Database) -> Iterator[list[str]]:
    """How SQLite carries out each query that is sent meanwhile."""
    told: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            plan = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", values)
            told.extend(row[3] for row in plan)

    listening.listen(database.engine, "before_cursor_execute", explain)
    try:
        yield told
    finally:
        listening.remove(database.engine, "before_cursor_execute", explain)


def scans(plans: list[str]) -> list[str]:
    """Steps that read a table from end to end, or sort what they have read."""
    whole = ("SCAN prov_request", "SCAN prov_event", "SCAN prov_search_term")
    return [step for step in plans if step.startswith(whole) or step.endswith("ORDER BY")]
