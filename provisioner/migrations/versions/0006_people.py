"""one-time codes of people, and what is known of their sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    with op.batch_alter_table("prov_person") as batch:
        batch.add_column(sa.Column("email", sa.String(), nullable=True))
        batch.add_column(sa.Column("phone", sa.String(), nullable=True))
    op.execute("delete from prov_web_session")  # whoever is signed in does so again
    with op.batch_alter_table("prov_web_session") as batch:
        batch.add_column(sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False))
        batch.add_column(sa.Column("address", sa.String(), nullable=False))
        batch.add_column(sa.Column("browser", sa.String(), nullable=False))
    op.create_table(
        "prov_second_factor",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("secret_id", sa.String(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.Integer(), nullable=False),
        _of_person("prov_second_factor"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_prov_second_factor")),
    )
    _by_digest("prov_recovery_code")
    _by_digest(
        "prov_pending_sign_in",
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    _by_digest(
        "prov_invitation", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False)
    )


def _by_digest(table: str, *columns: sa.Column[object]) -> None:
    """A table of what a person holds and we know by its digest alone."""
    op.create_table(
        table,
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        *columns,
        _of_person(table),
        sa.PrimaryKeyConstraint("digest", name=op.f(f"pk_{table}")),
    )
    with op.batch_alter_table(table) as batch:
        batch.create_index(batch.f(f"ix_{table}_person_id"), ["person_id"])


def _of_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["person_id"], ["prov_person.id"], name=op.f(f"fk_{table}_person_id"), ondelete="CASCADE"
    )
