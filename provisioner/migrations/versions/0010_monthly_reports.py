"""monthly reports with their meetings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "prov_monthly_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("figures_sha256", sa.String(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.Column("pdf_sha256", sa.String(), nullable=False),
        sa.Column("xlsx", sa.LargeBinary(), nullable=False),
        sa.Column("xlsx_sha256", sa.String(), nullable=False),
        sa.Column("issued_by", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_monthly_report")),
        sa.UniqueConstraint(
            "month", "revision", name=op.f("uq_prov_monthly_report_month_revision")
        ),
    )
    op.create_table(
        "prov_report_meeting",
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=True),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("attendance", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("minutes", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_prov_report_meeting")),
    )
    op.create_table(
        "prov_report_action",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_report_action")),
    )
    op.create_index("ix_prov_request_closed_at", "prov_request", ["closed_at"])
    op.create_index(
        "ix_prov_request_submitted_at_closed_at", "prov_request", ["submitted_at", "closed_at"]
    )
    with op.batch_alter_table("prov_report_action") as batch:
        batch.create_index(batch.f("ix_prov_report_action_month"), ["month"])
