"""words by which requests are found, saved filters, and indexes of lists and of the record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_REQUEST = {
    "ix_prov_request_state_id": ["state", "id"],
    "ix_prov_request_service_id": ["service", "id"],
    "ix_prov_request_service_state_id": ["service", "state", "id"],
    "ix_prov_request_department_id_id": ["department_id", "id"],
    "ix_prov_request_department_state_id": ["department_id", "state", "id"],
}
_EVENT = {
    "ix_prov_event_at": ["at", "id"],
    "ix_prov_event_actor_at": ["actor", "at", "id"],
    "ix_prov_event_tag_at": ["tag", "at", "id"],
}
_INSTANCE = {
    "ix_prov_instance_created": ["created_at", "id"],
    "ix_prov_instance_department_created": ["department_id", "created_at", "id"],
}


def upgrade() -> None:
    op.create_table(
        "prov_search_term",
        sa.Column(
            "term",
            sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["prov_request.id"],
            name=op.f("fk_prov_search_term_request_id_prov_request"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("term", "request_id", name=op.f("pk_prov_search_term")),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("ix_prov_search_term_request", "prov_search_term", ["request_id", "term"])
    op.create_table(
        "prov_saved_filter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["prov_person.id"],
            name=op.f("fk_prov_saved_filter_person_id_prov_person"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prov_saved_filter")),
        sa.UniqueConstraint(
            "person_id", "name", name=op.f("uq_prov_saved_filter_person_id_name")
        ),
    )  # fmt: skip
    for table, indexes in (
        ("prov_request", _REQUEST),
        ("prov_event", _EVENT),
        ("prov_instance", _INSTANCE),
    ):
        for name, columns in indexes.items():
            op.create_index(name, table, columns)
    op.create_index("ix_prov_run_state_ended", "prov_run", ["state", "ended_at"])
