"""Migrations make exactly the tables that the models declare, on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from provisioner import schema
from provisioner.database import PREFIX, Database
from provisioner.errors import Misconfigured
from provisioner.tables import METADATA


@pytest.fixture(params=["sqlite_url", "empty_postgres_url"])
def empty(request: pytest.FixtureRequest) -> Database:
    return Database(request.getfixturevalue(request.param))


def _ours(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    return kind != "table" or str(name).startswith(PREFIX)


def test_migrations_make_what_the_models_declare(empty: Database) -> None:
    assert schema.revision(empty) is None
    with pytest.raises(Misconfigured, match="db upgrade"):
        schema.check(empty, "provisioner.toml")
    schema.upgrade(empty)
    schema.upgrade(empty)
    schema.check(empty, "provisioner.toml")
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": schema.VERSION_TABLE,
                "include_object": _ours,
                "compare_type": True,
            },
        )
        assert compare_metadata(context, METADATA) == []
    empty.close()


def test_the_newest_revision_is_known_without_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.head()
