"""what a VM needs as time goes by: grace, runs of its own, snapshots that expire, looks at it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("prov_instance") as batch:
        batch.add_column(sa.Column("made_by_run", sa.String(), nullable=True))
        batch.add_column(sa.Column("made_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("remove_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("upkeep_run_id", sa.String(), nullable=True))
        batch.add_column(sa.Column("next_tidy_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("warned_days", sa.Integer(), nullable=True))
        batch.create_index(batch.f("ix_prov_instance_remove_at"), ["remove_at"], unique=False)
        batch.create_index(batch.f("ix_prov_instance_next_tidy_at"), ["next_tidy_at"], unique=False)
    op.execute("UPDATE prov_instance SET made_at = created_at")
    op.create_table(
        "prov_look",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("listing", sa.String(), nullable=True),
        sa.Column("found", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("trouble", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_prov_look")),
    )
    op.create_table(
        "prov_capacity_reading",
        sa.Column("cluster", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amounts", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("cluster", "day", name=op.f("pk_prov_capacity_reading")),
    )
    with op.batch_alter_table("prov_instance") as batch:
        batch.alter_column("made_at", existing_type=sa.DateTime(timezone=True), nullable=False)
