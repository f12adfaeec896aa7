"""checks with their results, last looks at devices, and causes that stand open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "prov_check",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("request_number", sa.String(), nullable=True),
        sa.Column("instance_id", sa.String(), nullable=True),
        sa.Column("department_id", sa.String(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("again_of", sa.String(), nullable=True),
        sa.Column("wanted", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("worker", sa.String(), nullable=True),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("progress", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("results", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("diagnosis", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("colour", sa.String(), nullable=True),
        sa.Column("failure", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("comparison", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_check")),
    )
    with op.batch_alter_table("prov_check") as batch:
        batch.create_index("ix_prov_check_target_asked_at", ["target", "asked_at"])
        batch.create_index("ix_prov_check_state_due_at", ["state", "due_at"])
        for name in ("request_number", "instance_id", "ended_at"):
            batch.create_index(batch.f(f"ix_prov_check_{name}"), [name])
    op.create_table(
        "prov_check_remedy",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("check_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_prov_check_remedy")),
    )
    with op.batch_alter_table("prov_check_remedy") as batch:
        batch.create_index(batch.f("ix_prov_check_remedy_check_id"), ["check_id"])
    op.create_table(
        "prov_sighting",
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sighting", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("device", name=op.f("pk_prov_sighting")),
    )
    op.create_table(
        "prov_alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("cause", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("targets", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", sa.String(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_alert")),
    )
    with op.batch_alter_table("prov_alert") as batch:
        batch.create_index("ix_prov_alert_key_place", ["key", "place"])
        batch.create_index(batch.f("ix_prov_alert_closed_at"), ["closed_at"])
