"""complaints, suggestions and appreciation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def _complaint() -> None:
    op.create_table(
        "prov_complaint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("reference", sa.String()),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("summary", sa.String()),
        sa.Column("privacy", sa.String(), nullable=False),
        sa.Column("reporter", sa.JSON(none_as_null=True)),
        sa.Column("department_id", sa.String()),
        sa.Column("handed_in_by", sa.Integer()),
        sa.Column("recorded_by", sa.Integer()),
        sa.Column("key_digest", sa.String()),
        sa.Column("said_request", sa.String()),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("classification", sa.String()),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("warned_for", sa.DateTime(timezone=True)),
        sa.Column("overdue_for", sa.DateTime(timezone=True)),
        sa.Column("officer_id", sa.Integer()),
        sa.Column("team", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.String()),
        sa.Column("erased_at", sa.DateTime(timezone=True)),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"], ["prov_department.id"], name=op.f("fk_prov_complaint_department_id")
        ),
        sa.ForeignKeyConstraint(
            ["handed_in_by"], ["prov_person.id"], name=op.f("fk_prov_complaint_handed_in_by")
        ),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["prov_person.id"], name=op.f("fk_prov_complaint_officer_id")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["prov_person.id"], name=op.f("fk_prov_complaint_recorded_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_complaint")),
        sa.UniqueConstraint("key_digest", name=op.f("uq_prov_complaint_key_digest")),
        sa.UniqueConstraint("number", name=op.f("uq_prov_complaint_number")),
    )
    op.create_index("ix_prov_complaint_state_due", "prov_complaint", ["state", "due_at"])
    for column in ("received_at", "department_id", "handed_in_by", "officer_id"):
        op.create_index(op.f(f"ix_prov_complaint_{column}"), "prov_complaint", [column])


def upgrade() -> None:
    _complaint()
    op.create_table(
        "prov_complaint_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("complaint_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("by", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["by"], ["prov_person.id"], name=op.f("fk_prov_complaint_answer_by")
        ),
        sa.ForeignKeyConstraint(
            ["complaint_id"],
            ["prov_complaint.id"],
            name=op.f("fk_prov_complaint_answer_complaint_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_complaint_answer")),
    )
    op.create_index(
        op.f("ix_prov_complaint_answer_complaint_id"), "prov_complaint_answer", ["complaint_id"]
    )
    op.create_table(
        "prov_complaint_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("complaint_id", sa.Integer(), nullable=False),
        sa.Column("answer_id", sa.Integer()),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"],
            ["prov_complaint_answer.id"],
            name=op.f("fk_prov_complaint_file_answer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["complaint_id"],
            ["prov_complaint.id"],
            name=op.f("fk_prov_complaint_file_complaint_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_complaint_file")),
    )
    for column in ("complaint_id", "sha256"):
        op.create_index(op.f(f"ix_prov_complaint_file_{column}"), "prov_complaint_file", [column])
    op.create_table(
        "prov_complaint_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("complaint_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["complaint_id"],
            ["prov_complaint.id"],
            name=op.f("fk_prov_complaint_link_complaint_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_complaint_link")),
        sa.UniqueConstraint(
            "complaint_id",
            "kind",
            "target",
            name=op.f("uq_prov_complaint_link_complaint_id_kind_target"),
        ),
    )
    op.create_index(op.f("ix_prov_complaint_link_target"), "prov_complaint_link", ["target"])
