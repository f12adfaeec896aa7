"""The database's shape: Alembic's migrations for our tables, the engine's own for its."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from provisioner.database import PREFIX, Database
from provisioner.errors import Misconfigured
from provisioner.runs.engine import migrate
from provisioner.texts import say

VERSION_TABLE = f"{PREFIX}alembic_version"
_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> None:
    """Make all tables, or bring them up to date; doing it again changes nothing."""
    if database.is_sqlite and database.engine.url.database:
        Path(database.engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    migrate(database.url)
    with database.engine.connect() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check(database: Database, config_file: str) -> None:
    """Raises Misconfigured when the tables are not those of this version."""
    is_, wanted = revision(database), ScriptDirectory.from_config(_config()).get_current_head()
    if is_ != wanted:
        raise Misconfigured(
            config_file,
            "database_url",
            say("the database is not up to date; run `provisioner db upgrade`"),
        )


def revision(database: Database) -> str | None:
    """The revision at which the database stands; None for an empty one."""
    if database.is_sqlite and not Path(str(database.engine.url.database)).exists():
        return None
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return context.get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    return config
