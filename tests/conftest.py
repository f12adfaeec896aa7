"""Databases for every test: a fresh SQLite file, and a real PostgreSQL without an install."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from provisioner.database import Database
from provisioner.tables import METADATA
from tests.grouping import Grouped
from tests.postgres import Server, server

# how long an example takes says nothing here; the same examples each time, so that CI is steady
settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Grouped:
    """See ``tests.grouping``; in the order of collection, as it is without groups."""
    config.option.loadscopereorder = False
    return Grouped(config, log)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of this process."""
    with server() as started:
        yield started


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an empty SQLite database."""
    return f"sqlite:///{tmp_path / 'provisioner.db'}"


@pytest.fixture
def postgres_url(postgres: Server) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database with all our tables."""
    with postgres.database(postgres.rows) as url:
        yield url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Each of the two databases in turn; None is the SQLite file of the settings."""
    if request.param == "sqlite":
        yield None
        return
    postgres: Server = request.getfixturevalue("postgres")
    with postgres.database(postgres.product) as url:
        yield url


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
