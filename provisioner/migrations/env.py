"""Runs migrations on the connection that ``provisioner.schema`` hands over."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from provisioner.database import PREFIX, UtcDateTime
from provisioner.schema import VERSION_TABLE
from provisioner.tables import METADATA


def _ours(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """The engine's tables lie beside ours and are none of Alembic's business."""
    return kind != "table" or bool(name and name.startswith(PREFIX))


def _render(kind: str, thing: Any, _context: Any) -> str | Literal[False]:
    """Our time type as plain SQLAlchemy, so that old migrations never import today's code."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    include_object=_ours,
    render_as_batch=True,
    compare_type=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
