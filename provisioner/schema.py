"""The database's shape: Alembic's migrations for our tables, the engine's own for its."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect, text

from provisioner.database import PREFIX, Database
from provisioner.errors import Misconfigured
from provisioner.runs.engine import migrate
from provisioner.texts import say

VERSION_TABLE = f"{PREFIX}alembic_version"
_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> None:
    """Make all tables, or bring them up to date; doing it again changes nothing."""
    # only here: a worker that starts again after a crash has no use for Alembic
    from alembic import command
    from alembic.config import Config

    if database.is_sqlite and database.engine.url.database:
        Path(database.engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    migrate(database.url)
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check(database: Database, config_file: str) -> None:
    """Raises Misconfigured when the tables are not those of this version."""
    if revision(database) != head():
        raise Misconfigured(
            config_file,
            "database_url",
            say("the database is not up to date; run `provisioner db upgrade`"),
        )


def head() -> str:
    """The newest revision: migrations are files named by their number, in one line."""
    return max(path.name for path in (_SCRIPTS / "versions").glob("[0-9]*.py")).partition("_")[0]


def revision(database: Database) -> str | None:
    """The revision at which the database stands; None for an empty one."""
    if database.is_sqlite and not Path(str(database.engine.url.database)).exists():
        return None
    if not inspect(database.engine).has_table(VERSION_TABLE):
        return None
    with database.engine.connect() as connection:
        found: str | None = connection.scalar(text(f"select version_num from {VERSION_TABLE}"))  # noqa: S608
        return found
