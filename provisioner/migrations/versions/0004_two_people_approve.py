"""the first of two approvals of a change with high impact."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "prov_first_approval",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("override_reason", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["prov_request.id"],
            name=op.f("fk_prov_first_approval_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["prov_plan.id"], name=op.f("fk_prov_first_approval_plan_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["prov_person.id"],
            name=op.f("fk_prov_first_approval_person_id"),
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_prov_first_approval")),
    )  # fmt: skip
