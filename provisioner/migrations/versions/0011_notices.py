"""who wants to be told of what, and how; what was told of deadlines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def _time(name: str, *, empty: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=empty)


def upgrade() -> None:
    op.create_table(
        "prov_deadline_mark",
        sa.Column("request_id", sa.Integer(), nullable=False),
        _time("due_at"),
        sa.Column("stage", sa.Integer(), nullable=False),
        _time("at"),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_prov_deadline_mark")),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["prov_request.id"],
            name=op.f("fk_prov_deadline_mark_request_id_prov_request"),
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "prov_calendar_mark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        _time("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_calendar_mark")),
    )
    op.create_table(
        "prov_notice_pending",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        _time("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_notice_pending")),
    )
    op.create_index(op.f("ix_prov_notice_pending_record"), "prov_notice_pending", ["record"])
    op.create_table(
        "prov_notice_choice",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("topics", sa.JSON(none_as_null=True), nullable=False),
        _time("updated_at"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_prov_notice_choice")),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["prov_person.id"],
            name=op.f("fk_prov_notice_choice_person_id_prov_person"),
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "prov_notice_channel",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        _time("delivered_at", empty=True),
        _time("failing_since", empty=True),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        _time("tried_at", empty=True),
        sa.PrimaryKeyConstraint("person_id", "channel", name=op.f("pk_prov_notice_channel")),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["prov_person.id"],
            name=op.f("fk_prov_notice_channel_person_id_prov_person"),
            ondelete="CASCADE",
        ),
    )
