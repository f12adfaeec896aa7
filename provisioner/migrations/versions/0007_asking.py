"""forms that are being filled in, and how a request came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("prov_request") as batch:
        batch.add_column(sa.Column("channel", sa.String(), nullable=False, server_default="web"))
        batch.add_column(sa.Column("received_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "prov_form",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("answers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("letter", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["prov_person.id"],
            name=op.f("fk_prov_form_person_id_prov_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_form")),
    )
    with op.batch_alter_table("prov_form") as batch:
        batch.create_index(batch.f("ix_prov_form_person_id"), ["person_id"])
        batch.create_index(batch.f("ix_prov_form_updated_at"), ["updated_at"])
