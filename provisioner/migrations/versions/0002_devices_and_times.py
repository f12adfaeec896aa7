"""runs with a time and a purpose, waiting lines for devices, instances that are no VM."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_OF_VMS: dict[str, sa.types.TypeEngine[Any]] = {
    "cluster": sa.String(),
    "node": sa.String(),
    "vmid": sa.Integer(),
    "uuid": sa.String(),
    "size": sa.String(),
    "image": sa.String(),
}


def upgrade() -> None:
    op.create_table(
        "prov_lease_wait",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("resources", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["prov_run.id"], name=op.f("fk_prov_lease_wait_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_prov_lease_wait")),
    )
    op.create_table(
        "prov_device_sight",
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_prov_device_sight")),
    )
    with op.batch_alter_table("prov_run") as batch:
        batch.add_column(sa.Column("purpose", sa.String(), nullable=False, server_default="fulfil"))
        batch.add_column(sa.Column("instance_id", sa.String(), nullable=True))
        batch.add_column(sa.Column("begin_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("look_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("prov_run") as batch:
        batch.alter_column("purpose", server_default=None)
    with op.batch_alter_table("prov_instance") as batch:
        for name, kind in _OF_VMS.items():
            batch.alter_column(name, existing_type=kind, nullable=True)
        batch.add_column(sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("end_run_id", sa.String(), nullable=True))
        batch.create_index(batch.f("ix_prov_instance_expires_at"), ["expires_at"], unique=False)
